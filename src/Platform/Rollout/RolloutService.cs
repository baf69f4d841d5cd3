using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The door of Rollout: how versions come to an endpoint, and who moves them by hand.</summary>
public sealed class RolloutService
{
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly GuardDirectory _guards;
    private readonly ServingService _serving;
    private readonly PredictionService _predictions;
    private readonly RolloutReconciler _reconciler;

    internal RolloutService(Db db, TimeProvider time, Journal journal, GuardDirectory guards, ServingService serving, PredictionService predictions, RolloutReconciler reconciler) =>
        (_db, _time, _journal, _guards, _serving, _predictions, _reconciler) = (db, time, journal, guards, serving, predictions, reconciler);

    /// <summary>Declares (or changes) the steps of an endpoint. A rollout under way keeps the steps that it started with.</summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplySpec(Principal p, string endpoint, RolloutSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults(endpoint) is { Count: > 0 } faults)
            throw new HoldfastException($"The rollout of {endpoint} cannot be applied.", faults);
        return await _db.Write(tx => RolloutStore.PutSpec(tx, p.WorkspaceId, endpoint, spec, managedBy, _time.GetUtcNow()), ct: ct);
    }

    /// <summary>Goes back to the steps that hold for an endpoint that declares nothing.</summary>
    public Task<bool> RemoveSpec(Principal p, string endpoint, CancellationToken ct = default) =>
        _db.Write(tx => RolloutStore.RemoveSpec(tx, p.WorkspaceId, endpoint), ct: ct);

    /// <summary>The declared steps, or the ones that hold without a declaration.</summary>
    public Task<RolloutSpec> Spec(Principal p, string endpoint, CancellationToken ct = default) => _db.Read(tx => RolloutStore.Spec(tx, p.WorkspaceId, endpoint), ct);

    /// <summary>
    /// Begins a rollout; the same idempotency key gives the same one. Another version that is under way on the endpoint is superseded: it is over, and its
    /// route stands until the new one enters its first step. Refused for the version that is under way already, and without a shadow step in front of a
    /// version that serves unless the plan says why. Events <c>rollout.started</c>, and <c>rollout.rolled_back</c> for the one superseded.
    /// </summary>
    public async Task<RolloutState> Start(Principal p, StartRollout request, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(request);
        if (request.IdempotencyKey is { } key && await _db.Read(tx => RolloutStore.ByKey(tx, p.WorkspaceId, key), ct) is { } known)
            return known;
        var endpoint = await _serving.Get(p, request.Endpoint, ct);
        if (endpoint.Plan.Primary is { } primary && primary.Model == request.Model && primary.Version == request.Version)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"{request.Model}/{request.Version} is the primary of '{request.Endpoint}' already.", "Deploy another version.");
        if (endpoint.Plan.RolloutId is { } test && test.StartsWith(AbTest.IdPrefix, StringComparison.Ordinal))
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"An A/B test is under way on '{request.Endpoint}'.", $"Wait for it, or end it: holdfast ab stop {request.Endpoint}");
        var spec = await Spec(p, request.Endpoint, ct);
        var steps = Steps(spec, request.ShadowFor);
        if (endpoint.Plan.Primary is { } live && steps[0].Kind != StepSpec.Shadow && spec.SkipShadow is null)
            throw NoShadow(request.Endpoint, live);
        var earlier = (await _db.Read(tx => RolloutStore.List(tx, p.WorkspaceId, request.Endpoint, 500), ct)).Count;
        // The id is the salt of the sticky buckets: a replay must draw the same units.
        var id = Ids.Hex32From($"rollout/{p.WorkspaceId}/{request.Endpoint}/{request.Model}/{request.Version}/{earlier}");
        var now = _predictions.Now(new EndpointKey(p.WorkspaceId, request.Endpoint));
        var state = new RolloutState(
            id, p.WorkspaceId, request.Endpoint, request.Model, request.Version, endpoint.Plan.Primary, endpoint.Plan.Primary is null && endpoint.Spec.Fallback.Length == 0,
            request.Cause, request.IncidentId, steps, spec.Guard, spec.OnInconclusive, RolloutStatus.Running, -1, RolloutReconciler.Nothing, now, endpoint.Plan.Revision, [],
            Before: new RoutePlan(0, endpoint.Plan.Primary, null, RouteMode.None, 0, "", null), Calendar: spec.Calendar, Keep: spec.Keep ?? KeepSpec.Default, Notify: spec.Notify, Staging: spec.Staging);
        _guards.Set(id, spec.Guard);
        return await _db.Write(tx =>
        {
            if (request.IdempotencyKey is { } again && RolloutStore.ByKey(tx, p.WorkspaceId, again) is { } other)
                return other;
            var running = RolloutStore.List(tx, p.WorkspaceId, request.Endpoint, 20).Find(r => !r.HasEnded);
            if (running is not null)
                Supersede(tx, p, running, state, now);
            RolloutStore.Insert(tx, state, request.IdempotencyKey ?? id);
            _journal.Append(
                tx, p, new RolloutStarted(id, state.Endpoint, state.Model, state.Version, state.FromPrimary?.Version, state.Cause, state.FromPrimary is null ? null : spec.SkipShadow, running?.Id), state.Endpoint, now);
            return state;
        }, ct: ct);
    }

    /// <summary>Why a plan may not be applied to an endpoint that is served by a model; null when it may.</summary>
    public static Fault? ShadowFault(RolloutSpec spec, string endpoint, VariantRef? live)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return live is null || spec.SkipShadow is not null || spec.Steps is not [{ Kind: not StepSpec.Shadow }, ..]
            ? null
            : new Fault($"endpoints.{endpoint}.rollout.steps", NoShadow(endpoint, live).Message, NoShadow(endpoint, live).Hint);
    }

    private static HoldfastException NoShadow(string endpoint, VariantRef live) =>
        new(ErrorCode.FailedPrecondition, $"The plan of '{endpoint}' has no shadow step, and {live} serves.", "Begin with - shadow: {for: 24h}, or say why not: skip_shadow: REASON.");

    private void Supersede(Tx tx, Principal p, RolloutState running, RolloutState next, DateTimeOffset now)
    {
        if (running.Model == next.Model && running.Version == next.Version)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"A rollout of {running.Model}/{running.Version} is under way on '{running.Endpoint}' ({running.Status}).", $"Wait for it, or end it: holdfast rollout rollback {running.Id}");
        if (running.Pending is not null)
            throw new HoldfastException(ErrorCode.Unavailable, $"The rollout of {running.Model}/{running.Version} is changing its route at this moment.", "Try again.");
        var view = _reconciler.View(running, false);
        var reason = $"superseded by {next.Candidate}";
        IReadOnlyList<GuardEvidence> evidence = [.. view.Guards.Select(g => g.Evidence)];
        var (_, revision) = RolloutStore.Find(tx, p.WorkspaceId, running.Id) ?? throw Unknown(running.Id);
        RolloutStore.Put(tx, running with { Status = RolloutStatus.RolledBack, EndedAt = now, Reason = reason, Traffic = 0, LastEvidence = evidence, LastTotal = view.Total }, revision);
        RolloutStore.PutHistory(tx, p.WorkspaceId, running.Id, RolloutHistories.Of(running, _reconciler));
        _journal.Append(tx, p, new RolloutRolledBack(running.Id, running.Endpoint, running.Model, running.Version, reason, RolloutRules.Between(running.StepStart, view.Total), evidence), running.Endpoint, now);
    }

    /// <summary>The evidence of a rollout over time.</summary>
    public async Task<RolloutHistory> History(Principal p, string id, CancellationToken ct = default)
    {
        var state = await Find(p, id, ct);
        var now = RolloutHistories.Of(state, _reconciler);
        // Of an older rollout only what was kept at its end is left.
        return now.Guards.Count > 0 ? now : await _db.Read(tx => RolloutStore.History(tx, p.WorkspaceId, id), ct) ?? now;
    }

    /// <summary>Latencies, errors and predictions of both sides. NotFound once the evidence is gone: it is kept for the two newest rollouts of an endpoint.</summary>
    /// <param name="kept">The time after the end, while the former version is kept.</param>
    public async Task<ComparisonInfo> Compare(Principal p, string id, bool kept = false, CancellationToken ct = default)
    {
        var state = await Find(p, id, ct);
        return _reconciler.Read(state, kept ? state.KeptId : state.Id, e => e.Sides.Info(id, e.Tally.Shadowed > 0 && e.Tally.Candidate == 0))
            ?? throw new HoldfastException(ErrorCode.NotFound, $"The rollout '{id}' has no comparison.", "It has seen no request, or two newer ones have taken its place.");
    }

    /// <summary>Approves the step that waits for it (or the staging); evidence and terms still count.</summary>
    public Task<RolloutInfo> Approve(Principal p, string id, string? reason = null, CancellationToken ct = default) =>
        Change(
            p, id,
            (s, _) => s.StepIndex < 0
                ? s.Staged is null || s.StagingApproved ? throw NothingToApprove() : s with { StagingApproved = true, Reason = null }
                : s.StepIndex + 1 < s.Steps.Count && s.Steps[s.StepIndex + 1].Approval && s.Approved <= s.StepIndex
                    ? s with { Approved = s.StepIndex + 1, Status = s.Status == RolloutStatus.Held && !s.HeldByPerson ? RolloutStatus.Running : s.Status }
                    : throw NothingToApprove(),
            s => new RolloutApproved(s.Id, s.Endpoint, s.Model, s.Version, s.StepIndex < 0 ? 0 : s.StepIndex + 2, Said(p, reason)), ct);

    private static HoldfastException NothingToApprove() => new(ErrorCode.FailedPrecondition, "The next step needs no approval.", "Use promote to pass over the evidence.");

    /// <summary>A rollout with its evidence.</summary>
    public async Task<RolloutInfo> Get(Principal p, string id, CancellationToken ct = default) => Info(await Find(p, id, ct));

    /// <summary>Rollouts, newest first.</summary>
    public async Task<IReadOnlyList<RolloutInfo>> List(Principal p, string? endpoint = null, int limit = 50, CancellationToken ct = default) =>
        [.. (await _db.Read(tx => RolloutStore.List(tx, p.WorkspaceId, endpoint, Math.Clamp(limit, 1, 500)), ct)).Select(Info)];

    /// <summary>The rollout under way on an endpoint, else its newest; null when there was none.</summary>
    public async Task<RolloutState?> ForEndpoint(Principal p, string endpoint, CancellationToken ct = default)
    {
        var all = await _db.Read(tx => RolloutStore.List(tx, p.WorkspaceId, endpoint, 20), ct);
        return all.Find(r => !r.HasEnded) ?? (all.Count > 0 ? all[0] : null);
    }

    /// <summary>Enters the next step now (or completes), whatever the evidence; harm still goes back.</summary>
    public Task<RolloutInfo> Promote(Principal p, string id, string? reason = null, CancellationToken ct = default) =>
        Change(p, id, (s, now) => RolloutReconciler.GoOn(s, now) with { Command = "promote", HeldByPerson = false, Reason = Said(p, reason) }, null, ct);

    /// <summary>Stays in this step until somebody resumes or promotes; evidence goes on.</summary>
    public Task<RolloutInfo> Hold(Principal p, string id, string? reason = null, CancellationToken ct = default) =>
        Change(p, id, (s, _) => s with { Status = RolloutStatus.Held, HeldByPerson = true, Reason = Said(p, reason) }, null, ct);

    /// <summary>Stops the term too.</summary>
    public Task<RolloutInfo> Pause(Principal p, string id, string? reason = null, CancellationToken ct = default) =>
        Change(
            p, id, (s, now) => s.Status == RolloutStatus.Suspended ? s with { HeldByPerson = true } : s with { Status = RolloutStatus.Paused, StoppedSince = s.StoppedSince ?? now, Reason = Said(p, reason) },
            s => new RolloutPaused(s.Id, s.Endpoint, s.Model, s.Version, Said(p, reason)), ct);

    /// <summary>Goes on after a hold or a pause.</summary>
    public Task<RolloutInfo> Resume(Principal p, string id, CancellationToken ct = default) =>
        Change(
            p, id, (s, now) => s.Status == RolloutStatus.Suspended ? s with { HeldByPerson = false } : RolloutReconciler.GoOn(s, now) with { HeldByPerson = false, HeldTold = false, MismatchAccepted = true, ShiftAccepted = true },
            s => new RolloutResumed(s.Id, s.Endpoint, s.Model, s.Version), ct);

    /// <summary>Goes back to the route before this rollout, also after its end while nobody has changed the route since.</summary>
    public async Task<RolloutInfo> Rollback(Principal p, string id, string? reason = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var state = await Find(p, id, ct);
        if (state.Status != RolloutStatus.Completed)
            return await Change(p, id, (s, now) => RolloutReconciler.GoOn(s, now) with { Command = "roll_back", Reason = Said(p, reason) }, null, ct);
        if (state.FromPrimary is null || (await ForEndpoint(p, state.Endpoint, ct))?.Id != id || (await _serving.Get(p, state.Endpoint, ct)).Plan.Revision != state.PlanRevision)
            throw new HoldfastException(ErrorCode.FailedPrecondition, "The rollout is over, and the route before it cannot be restored any more.", "Deploy the version that is wanted.");
        return Info(await Back(p, id, Said(p, reason), ct));
    }

    /// <summary>Takes the endpoint back to who answered before its newest rollout, under way or completed. Says what will happen.</summary>
    public async Task<string> Revert(Principal p, string endpoint, string reason, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (await ForEndpoint(p, endpoint, ct) is not { } newest)
            return "there is no rollout to take back";
        if (!newest.HasEnded)
        {
            await Rollback(p, newest.Id, reason, ct);
            return $"the rollout of {newest.Candidate} goes back";
        }

        if (newest.Status != RolloutStatus.Completed || newest.FromPrimary is null)
            return "there is no earlier version";
        await Back(p, newest.Id, Said(p, reason), ct);
        return $"{newest.FromPrimary} becomes the primary again";
    }

    private Task<RolloutState> Back(Principal p, string id, string reason, CancellationToken ct) => _db.Write(
        tx =>
        {
            var (state, revision) = RolloutStore.Find(tx, p.WorkspaceId, id) ?? throw Unknown(id);
            var next = state with { Command = "roll_back", Reason = reason };
            RolloutStore.Put(tx, next, revision);
            return next;
        },
        ct: ct);

    /// <summary>Sets the candidate's share of traffic within the step.</summary>
    public Task<RolloutInfo> SetWeight(Principal p, string id, double weight, CancellationToken ct = default) =>
        weight is > 0 and <= 1
            ? Change(p, id, (s, _) => s with { Command = "weight", CommandWeight = weight }, null, ct)
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"The weight is {weight}.", "Give a share above 0 and up to 1, such as 0.05.");

    private static string Said(Principal p, string? reason) => reason is null ? $"by {p.Name}" : $"by {p.Name}: {reason}";

    private static List<StepSpec> Steps(RolloutSpec spec, TimeSpan? shadowFor)
    {
        var steps = spec.Steps.ToList();
        if (shadowFor is { } term)
        {
            if (steps[0].Kind == StepSpec.Shadow)
                steps[0] = steps[0] with { For = term };
            else
                steps.Insert(0, new StepSpec(StepSpec.Shadow, 0, term));
        }

        if (steps[^1].Kind == StepSpec.Shadow || steps[^1].Traffic < 1)
            steps.Add(new StepSpec(StepSpec.Gradual, 1, TimeSpan.Zero));
        return steps;
    }

    private async Task<RolloutState> Find(Principal p, string id, CancellationToken ct) =>
        (await _db.Read(tx => RolloutStore.Find(tx, p.WorkspaceId, id), ct) ?? throw Unknown(id)).State;

    private static HoldfastException Unknown(string id) => new(ErrorCode.NotFound, $"There is no rollout '{id}'.", "GET /api/v1/rollouts lists them.");

    private async Task<RolloutInfo> Change(Principal p, string id, Func<RolloutState, DateTimeOffset, RolloutState> change, Func<RolloutState, IEventDetail>? detail, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        var endpoint = (await Find(p, id, ct)).Endpoint;
        var now = _predictions.Now(new EndpointKey(p.WorkspaceId, endpoint));
        return Info(await _db.Write(tx =>
        {
            var (state, revision) = RolloutStore.Find(tx, p.WorkspaceId, id) ?? throw Unknown(id);
            if (state.HasEnded)
                throw new HoldfastException(ErrorCode.FailedPrecondition, $"The rollout is over: {state.Status}.", "Deploy again to start another.");
            if (state.Pending is not null)
                throw new HoldfastException(ErrorCode.Unavailable, "The rollout is changing its route at this moment.", "Try again.");
            var next = change(state, now);
            RolloutStore.Put(tx, next, revision);
            if (detail is not null)
                _journal.Append(tx, p, detail(next), next.Endpoint, now);
            return next;
        }, ct: ct));
    }

    private RolloutInfo Info(RolloutState s)
    {
        var view = s.HasEnded && s.LastEvidence is not null ? null : _reconciler.View(s, false);
        var total = view?.Total ?? s.LastTotal ?? RolloutReconciler.Nothing;
        var guards = view?.Guards ?? [.. s.LastEvidence!.Select(e => new GuardView(e, false))];
        var step = s.Step;
        DateTimeOffset? entered = s.Entered.Count == 0 ? null : s.Entered[^1];
        return new RolloutInfo(
            s.Id, s.Endpoint, s.Model, s.Version, s.FromPrimary?.Version, s.Cause, s.IncidentId, s.Status, s.StepIndex, step is null ? "" : RolloutState.NameOf(step), s.Traffic,
            s.StartedAt, entered, s.HasEnded || s.StoppedSince is not null || step is null ? null : entered + s.Stood + step.For, s.EndedAt, s.Reason,
            [.. s.Steps.Select((x, i) => new RolloutStepInfo(i, RolloutState.NameOf(x), x.Traffic, Term.Text(x.For), x.MinPredictions, i < s.Entered.Count ? s.Entered[i] : null, x.MinLabels, x.Approval))],
            new RolloutTally(total.Requests, total.Candidate, total.Primary, total.Shadowed, total.Errors, total.Labels),
            [.. guards.Select(g => Guard(g, s.Guard))],
            s.KeptUntil is { } until ? new KeptInfo(s.FromPrimary!.ToString(), s.Keep!.As, s.Keep.As == KeepSpec.HoldBack ? s.Keep.Share : 0, until, [.. _reconciler.Kept(s)!.Guards.Select(g => Guard(g, s.Guard))]) : null,
            s.Staged, s.StepIndex + 1 < s.Steps.Count && s.Steps[s.StepIndex + 1].Approval && s.Approved <= s.StepIndex);
    }

    private static GuardInfo Guard(GuardView g, GuardSpec spec) => new(
        g.Evidence.Guard, g.Evidence.EHarm, g.Evidence.ESafe, g.Evidence.Threshold, g.Evidence.Verdict, g.Evidence.Candidate, g.Evidence.Primary, g.Evidence.Events, g.Blocks,
        g.Evidence.Low, g.Evidence.High, g.Evidence.Threshold * spec.Warn, GuardViews.Text(g.Evidence));
}
