using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>Rollouts: a model version on its way to all traffic.</summary>
public sealed class RolloutsClient
{
    private readonly Transport _transport;

    internal RolloutsClient(Transport transport) => _transport = transport;

    /// <summary>Starts a rollout: shadow, canary, gradual, full, as the endpoint declares.</summary>
    /// <param name="request">Endpoint and model.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<RolloutInfo> Deploy(DeployRequest request, CancellationToken ct = default) => _transport.Post<RolloutInfo>("/api/v1/rollouts", request, ct);

    /// <summary>A rollout with its steps, counts and evidence.</summary>
    /// <param name="id">The rollout.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<RolloutInfo> Get(string id, CancellationToken ct = default) => _transport.Get<RolloutInfo>($"/api/v1/rollouts/{Query.Part(id)}", ct);

    /// <summary>Rollouts, newest first.</summary>
    /// <param name="endpoint">Only of this endpoint.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<IReadOnlyList<RolloutInfo>> List(string? endpoint = null, int limit = 50, CancellationToken ct = default) =>
        (await _transport.Get<PageOf<RolloutInfo>>(Query.Path("/api/v1/rollouts", ("endpoint", endpoint), ("limit", limit)), ct)).Items;

    /// <summary>The evidence of a rollout over time.</summary>
    /// <param name="id">The rollout.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<RolloutHistory> Evidence(string id, CancellationToken ct = default) => _transport.Get<RolloutHistory>($"/api/v1/rollouts/{Query.Part(id)}/evidence", ct);

    /// <summary>Latencies, errors and predictions of both sides.</summary>
    /// <param name="id">The rollout.</param>
    /// <param name="kept">The time after the end, while the former version is kept.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<ComparisonInfo> Compare(string id, bool kept = false, CancellationToken ct = default) =>
        _transport.Get<ComparisonInfo>($"/api/v1/rollouts/{Query.Part(id)}/comparison{(kept ? "?kept=true" : "")}", ct);

    /// <summary>Steers a rollout by hand.</summary>
    /// <param name="id">The rollout.</param>
    /// <param name="action"><c>promote</c>, <c>approve</c>, <c>hold</c>, <c>pause</c>, <c>resume</c>, <c>rollback</c> or <c>set-weight</c>.</param>
    /// <param name="reason">Why; it stands in the Journal.</param>
    /// <param name="weight">For <c>set-weight</c>: share of traffic, 0..1.</param>
    /// <param name="ct">Ends the request.</param>
    public Task<RolloutInfo> Act(string id, string action, string? reason = null, double? weight = null, CancellationToken ct = default) =>
        _transport.Post<RolloutInfo>($"/api/v1/rollouts/{Query.Part(id)}/{Query.Part(action)}", new RolloutAction(reason, weight), ct);
}
