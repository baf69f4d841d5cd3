using System.Globalization;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Kernel;

/// <summary>Everything that was decided, newest first.</summary>
public sealed partial class JournalPage
{
    private const int Length = 100;

    [SupplyParameterFromQuery] private string? Kind { get; set; }

    [SupplyParameterFromQuery] private string? Subject { get; set; }

    [SupplyParameterFromQuery] private string? Before { get; set; }

    [Inject] private Journal Journal { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        _ = long.TryParse(Before, NumberStyles.None, CultureInfo.InvariantCulture, out var before);
        var events = await Journal.Read(Principal, new JournalQuery(before, Length + 1, Kind, Subject, NewestFirst: true), ct);
        return events.Count <= Length
            ? new Shown(events, null)
            : new Shown([.. events.Take(Length)], events[Length - 1].Seq.ToString(CultureInfo.InvariantCulture));
    }

    public sealed record Shown(IReadOnlyList<JournalEvent> Events, string? More);
}
