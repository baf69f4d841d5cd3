using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Rollout;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Rollout;

/// <summary>One rollout with every event that it wrote.</summary>
public sealed partial class RolloutPage
{
    [Parameter] public string Id { get; set; } = "";

    [Inject] private RolloutService Rollouts { get; set; } = null!;

    [Inject] private Journal Journal { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var rollout = await Rollouts.Get(Principal, Id, ct);
        var events = await Journal.Read(Principal, new JournalQuery(Limit: 1000, Subject: rollout.Endpoint, NewestFirst: true), ct);
        return new Shown(rollout, await Rollouts.History(Principal, Id, ct), events, [.. events.Where(e => e.Detail.TryGetProperty("rollout_id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() == Id)]);
    }

    public sealed record Shown(RolloutInfo Rollout, RolloutHistory? History, IReadOnlyList<JournalEvent> Events, IReadOnlyList<JournalEvent> Own);
}
