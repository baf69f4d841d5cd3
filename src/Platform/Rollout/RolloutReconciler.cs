using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>Sets <c>champion</c> to a version; null as version does nothing.</summary>
internal delegate Task ChampionSetter(Principal p, string model, int version, CancellationToken ct);

/// <summary>
/// Moves rollouts. Each change of the route is written down first (<see cref="PendingMove"/>), then made with a compare-and-set on the
/// route's revision, then told; whichever line a crash hits, the next step does what is missing and nothing twice.
/// </summary>
internal sealed class RolloutReconciler(Db db, Journal journal, RolloutFold fold, PredictionService predictions, ServingService serving, ChampionSetter champion) : IReconciler
{
    public string Name => "rollout";

    public async Task<StepResult> Step(CancellationToken ct)
    {
        var worked = false;
        foreach (var (state, revision) in await db.Read(RolloutStore.Active, ct))
        {
            if (predictions.MayAct(new EndpointKey(state.WorkspaceId, state.Endpoint)))
                worked |= await Step(state, revision, ct);
        }

        return worked ? StepResult.Worked : StepResult.Idle;
    }

    private async Task<bool> Step(RolloutState state, long revision, CancellationToken ct)
    {
        var p = Principal.Controller(state.WorkspaceId, Name);
        if (state.Pending is { } pending)
            return await Move(p, state, revision, pending, ct);
        if (await serving.Find(p, state.Endpoint, ct) is not { } endpoint)
            return !state.HasEnded && await Save(state with { Status = RolloutStatus.RolledBack, EndedAt = Now(state), Reason = "the endpoint was removed" }, revision, null, ct);
        var view = View(state, endpoint.Override is not null);
        var decision = state.HasEnded ? Late(state, view, endpoint) : RolloutRules.Decide(state, view);
        return decision.Kind switch
        {
            RolloutDecision.Enter => await Intend(state, revision, view, "enter", state.StepIndex + 1, decision.Reason, ct),
            RolloutDecision.Complete => await Intend(state, revision, view, "complete", state.StepIndex, decision.Reason, ct),
            RolloutDecision.RollBack => await Intend(state, revision, view, "roll_back", state.StepIndex, decision.Reason, ct),
            RolloutDecision.Hold => await Hold(state, revision, view, decision.Reason, ct),
            RolloutDecision.Suspend => await Save(state with { Status = RolloutStatus.Suspended, StoppedSince = state.StoppedSince ?? view.Now, Reason = decision.Reason }, revision, null, ct),
            RolloutDecision.GoOn => await Save(GoOn(state, view.Now), revision, null, ct),
            RolloutDecision.Pause => await Save(
                state with { Status = RolloutStatus.Paused, StoppedSince = state.StoppedSince ?? view.Now, Reason = decision.Reason }, revision,
                new RolloutPaused(state.Id, state.Endpoint, state.Model, state.Version, decision.Reason), ct),
            _ => state.Command == "weight" && await Intend(state, revision, view, "weight", state.StepIndex, "a person set the weight", ct),
        };
    }

    /// <summary>The evidence as it stands now, for people and for decisions.</summary>
    public RolloutView View(RolloutState state, bool overridden)
    {
        var key = new EndpointKey(state.WorkspaceId, state.Endpoint);
        var now = predictions.Now(key);
        return fold.Read(key, state.Id, e => new RolloutView(Counts(e.Tally), RolloutRules.Views(e), e.LogMismatch, overridden, now))
            ?? new RolloutView(state.LastTotal ?? Nothing, [.. RolloutRules.Views(new RolloutEvidence(state.Id, state.Guard))], 0, overridden, now);
    }

    internal static RolloutCounts Nothing { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>Takes up the term where it stopped.</summary>
    internal static RolloutState GoOn(RolloutState state, DateTimeOffset now) => state with
    {
        Status = RolloutStatus.Running,
        Stood = state.Stood + (state.StoppedSince is { } since && now > since ? now - since : TimeSpan.Zero),
        StoppedSince = null,
        Reason = null,
    };

    // Labels that come after the end may still show harm: while nobody has changed the route since, the version goes back.
    private static RolloutDecision Late(RolloutState state, RolloutView view, EndpointState endpoint)
    {
        if (state.Status != RolloutStatus.Completed || state.FromPrimary is null || endpoint.Override is not null || endpoint.Plan.Revision != state.PlanRevision)
            return new(RolloutDecision.Stay, "");
        if (state.Command == "roll_back")
            return new(RolloutDecision.RollBack, state.Reason ?? "");
        return view.Guards.FirstOrDefault(g => g.Evidence.Verdict == "harm") is { } harm
            ? new(RolloutDecision.RollBack, $"late labels: {harm.Evidence.Guard} is worse")
            : new(RolloutDecision.Stay, "");
    }

    private Task<bool> Intend(RolloutState state, long revision, RolloutView view, string kind, int index, string reason, CancellationToken ct)
    {
        var weight = kind == "weight" ? state.CommandWeight : kind == "enter" ? state.Solo ? 1 : state.Steps[index].Traffic : 0;
        var pending = new PendingMove(kind, index, weight, view.Now, reason, RolloutRules.Between(state.StepStart, view.Total), view.Total, [.. view.Guards.Select(g => g.Evidence)]);
        return Save(state with { Pending = pending, Command = null }, revision, null, ct);
    }

    private Task<bool> Hold(RolloutState state, long revision, RolloutView view, string reason, CancellationToken ct) => Save(
        state with { Status = RolloutStatus.Held, HeldTold = true, Reason = reason },
        revision,
        state.HeldTold ? null : new RolloutHeld(state.Id, state.Endpoint, state.Model, state.Version, reason, RolloutRules.Between(state.StepStart, view.Total), [.. view.Guards.Select(g => g.Evidence)]),
        ct);

    private async Task<bool> Move(Principal p, RolloutState state, long revision, PendingMove pending, CancellationToken ct)
    {
        RoutePlan plan;
        try
        {
            plan = await serving.SetPlan(p, state.Endpoint, Plan(state, pending), state.PlanRevision, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.Conflict)
        {
            return await Save(
                state with { Pending = null, Status = RolloutStatus.RolledBack, EndedAt = pending.At, Reason = "the route was changed by someone else", LastEvidence = pending.Evidence, LastTotal = pending.Total },
                revision,
                new RolloutRolledBack(state.Id, state.Endpoint, state.Model, state.Version, "the route was changed by someone else", pending.Counts, pending.Evidence),
                ct);
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition or ErrorCode.NotFound && pending.Kind == "enter")
        {
            // The version cannot be served (its package does not load): nothing was changed.
            return await Save(
                state with { Pending = null, Status = RolloutStatus.RolledBack, EndedAt = pending.At, Reason = e.Message },
                revision,
                new RolloutRolledBack(state.Id, state.Endpoint, state.Model, state.Version, e.Message, pending.Counts, pending.Evidence),
                ct);
        }

        if (pending.Kind == "complete")
            await champion(p, state.Model, state.Version, ct);
        else if (pending.Kind == "roll_back" && state.Status == RolloutStatus.Completed && state.FromPrimary is { } former)
            await champion(p, former.Model, former.Version, ct);
        var (next, detail) = Moved(state with { PlanRevision = plan.Revision, Pending = null, LastEvidence = pending.Evidence, LastTotal = pending.Total }, pending);
        return await Save(next, revision, detail, ct, pending.At);
    }

    private static (RolloutState, IEventDetail?) Moved(RolloutState state, PendingMove pending) => pending.Kind switch
    {
        "enter" => (
            state with
            {
                Status = RolloutStatus.Running,
                StepIndex = pending.Index,
                StepStart = pending.Total,
                Entered = [.. state.Entered, pending.At],
                Stood = TimeSpan.Zero,
                StoppedSince = null,
                HeldTold = false,
                HeldByPerson = false,
                Reason = null,
                Traffic = pending.Weight,
            },
            new RolloutStepEntered(
                state.Id, state.Endpoint, state.Model, state.Version, pending.Index, RolloutState.NameOf(state.Steps[pending.Index]), pending.Weight,
                pending.Counts, pending.Index == 0 ? [] : pending.Evidence)),
        "complete" => (
            state with { Status = RolloutStatus.Completed, EndedAt = pending.At, Reason = pending.Reason, Traffic = 1 },
            new RolloutCompleted(state.Id, state.Endpoint, state.Model, state.Version, pending.Total, pending.Evidence)),
        "roll_back" => (
            state with { Status = RolloutStatus.RolledBack, EndedAt = pending.At, Reason = pending.Reason, Traffic = 0 },
            new RolloutRolledBack(state.Id, state.Endpoint, state.Model, state.Version, pending.Reason, pending.Counts, pending.Evidence)),
        _ => (state with { Traffic = pending.Weight, Reason = pending.Reason }, null),
    };

    private static RoutePlan Plan(RolloutState state, PendingMove pending) => pending.Kind switch
    {
        "complete" => new RoutePlan(0, state.Candidate, null, RouteMode.None, 0, "", null),
        "roll_back" => new RoutePlan(0, state.FromPrimary, null, RouteMode.None, 0, "", null),
        _ => pending.Weight > 0
            ? new RoutePlan(0, state.FromPrimary, state.Candidate, RouteMode.Split, pending.Weight, state.Id, state.Id)
            : new RoutePlan(0, state.FromPrimary, state.Candidate, RouteMode.Shadow, 0, state.Id, state.Id),
    };

    private DateTimeOffset Now(RolloutState state) => predictions.Now(new EndpointKey(state.WorkspaceId, state.Endpoint));

    // Someone else's change in between (a person's command) makes this step void; the next one starts from it.
    private Task<bool> Save(RolloutState state, long revision, IEventDetail? detail, CancellationToken ct, DateTimeOffset? at = null)
    {
        var moment = at ?? Now(state);
        return db.Write(tx =>
        {
            if (!RolloutStore.Put(tx, state, revision))
                return true;
            if (detail is not null)
                journal.Append(tx, Principal.Controller(state.WorkspaceId, Name), detail, state.Endpoint, moment);
            return true;
        }, ct: ct);
    }

    private static RolloutCounts Counts(Tally t) => new(t.Requests, t.Candidate, t.Primary, t.Shadowed, t.Errors, t.Labels);
}
