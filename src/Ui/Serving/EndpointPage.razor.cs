using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Serving;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Serving;

/// <summary>One endpoint: who answers, what is being rolled out on which evidence, and how its data looks.</summary>
public sealed partial class EndpointPage
{
    [Parameter] public string Name { get; set; } = "";

    [SupplyParameterFromQuery] private string? Tab { get; set; }

    [SupplyParameterFromQuery(Name = "role")] private string? WithRole { get; set; }

    [SupplyParameterFromQuery] private string? Labelled { get; set; }

    [SupplyParameterFromQuery] private string? From { get; set; }

    [SupplyParameterFromQuery] private string? Until { get; set; }

    [SupplyParameterFromQuery] private string? Where { get; set; }

    [SupplyParameterFromQuery] private string? Cursor { get; set; }

    [Inject] private ServingService Serving { get; set; } = null!;

    [Inject] private MonitoringService Monitoring { get; set; } = null!;

    [Inject] private PredictionService Predictions { get; set; } = null!;

    [Inject] private RolloutService Rollouts { get; set; } = null!;

    [Inject] private AbService Tests { get; set; } = null!;

    [Inject] private Journal Journal { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var endpoint = await Serving.Get(Principal, Name, ct);
        var monitor = (await Monitoring.List(Principal, ct)).FirstOrDefault(m => m.Endpoint == Name);
        var rollouts = await Rollouts.List(Principal, Name, 20, ct);
        var events = await Journal.Read(Principal, new JournalQuery(Limit: 300, Subject: Name, NewestFirst: true), ct);
        var history = rollouts is [var newest, ..] ? await Rollouts.History(Principal, newest.Id, ct) : null;
        var tests = await Tests.List(Principal, Name, 10, ct);
        return new Shown(endpoint, monitor, Predictions.Completeness(new EndpointKey(Principal.WorkspaceId, Name)), rollouts, history, tests, events);
    }

    public sealed record Shown(EndpointState Endpoint, MonitorInfo? Monitor, LogCompleteness Log, IReadOnlyList<RolloutInfo> Rollouts, RolloutHistory? History, IReadOnlyList<AbTestInfo> Tests, IReadOnlyList<JournalEvent> Events);
}
