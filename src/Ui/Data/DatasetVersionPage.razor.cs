using Holdfast.Data;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Data;

/// <summary>One content: its columns as they are and as they are expected.</summary>
public sealed partial class DatasetVersionPage
{
    [Parameter] public string Dataset { get; set; } = "";

    [Parameter] public int Version { get; set; }

    [Inject] private DataService Data { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => null;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var reference = $"{Dataset}@v{Version}";
        return new Shown(await Data.Get(Principal, reference, ct), await Data.Profile(Principal, reference, ct));
    }

    private static List<double> Shape(ColumnProfile column) =>
        column.Bins is { } bins ? [.. bins.Select(b => (double)b)] : column.Top is { } top ? [.. top.Values.Take(20).Select(c => (double)c)] : [];

    private static double? Median(ColumnProfile column) => column.Quantiles is { Count: 7 } q ? q[3] : null;

    private static string When(double? milliseconds) =>
        Figure.Time(milliseconds is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds((long)ms) : null);

    private static string Expected(DatasetVersion version, ColumnProfile column)
    {
        if (version.Schema.Find(column.Name) is not { } field)
        {
            return "";
        }

        var parts = new List<string>();
        if (field.Categories is { Count: > 0 } categories)
        {
            parts.Add(string.Join(" · ", categories));
        }
        else if (field.Type != "time" && (field.Min is not null || field.Max is not null))
        {
            parts.Add($"{Figure.Number(field.Min)} to {Figure.Number(field.Max)}");
        }

        if (field.MaxMissing > 0)
        {
            parts.Add($"up to {Figure.Percent(field.MaxMissing)} missing");
        }

        return string.Join(", ", parts);
    }

    public sealed record Shown(DatasetVersion Version, DatasetProfile Profile);
}
