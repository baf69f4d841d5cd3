using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Ui.Serving;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Shell;

/// <summary>How things stand: endpoints, what is wrong, what moves, and the latest decisions.</summary>
public sealed partial class HomePage
{
    [Inject] private ServingService Serving { get; set; } = null!;

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    [Inject] private PredictionService Predictions { get; set; } = null!;

    [Inject] private RolloutService Rollouts { get; set; } = null!;

    [Inject] private Journal Journal { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var endpoints = await EndpointRows.Of(Principal, Serving, Monitoring, Predictions, ct);
        var open = await Monitoring.Incidents(Principal, status: "open", limit: 20, ct: ct);
        var rollouts = (await Rollouts.List(Principal, limit: 50, ct: ct)).Where(r => r.Status is not ("completed" or "rolled_back")).ToList();
        var events = await Journal.Read(Principal, new JournalQuery(Limit: 30, NewestFirst: true), ct);
        return new Shown(endpoints, open, rollouts, events);
    }

    public sealed record Shown(IReadOnlyList<EndpointRow> Endpoints, IReadOnlyList<Incident> Open, IReadOnlyList<RolloutInfo> Rollouts, IReadOnlyList<JournalEvent> Events);
}
