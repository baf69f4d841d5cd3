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
internal sealed class RolloutReconciler(
    Db db, Journal journal, RolloutFold fold, PredictionService predictions, ServingService serving, ChampionSetter champion, RolloutStaging staging) : IReconciler
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
            RolloutDecision.StepBack => await Intend(state, revision, view, "step_back", RolloutRules.OneBack(state), decision.Reason, ct),
            RolloutDecision.Release => await Intend(state, revision, view, "release", state.StepIndex, decision.Reason, ct),
            RolloutDecision.Calm => await Save(state with { Warned = false, Status = RolloutStatus.Running, Reason = null }, revision, null, ct),
            RolloutDecision.Hold => await Hold(state, revision, view, decision.Reason, ct),
            RolloutDecision.Wait => await Save(state with { Reason = decision.Reason }, revision, null, ct),
            RolloutDecision.AskApproval => await Save(
                state with { Status = RolloutStatus.Held, Reason = decision.Reason }, revision,
                new RolloutApprovalNeeded(state.Id, state.Endpoint, state.Model, state.Version, state.StepIndex + 2, decision.Reason), ct),
            RolloutDecision.Suspend => await Save(state with { Status = RolloutStatus.Suspended, StoppedSince = state.StoppedSince ?? view.Now, Reason = decision.Reason }, revision, null, ct),
            RolloutDecision.GoOn => await Save(GoOn(state, view.Now), revision, null, ct),
            RolloutDecision.Pause => await Save(
                state with { Status = RolloutStatus.Paused, StoppedSince = state.StoppedSince ?? view.Now, Reason = decision.Reason }, revision,
                new RolloutPaused(state.Id, state.Endpoint, state.Model, state.Version, decision.Reason), ct),
            _ when state is { StepIndex: < 0, HasEnded: false, Staging: { } spec, StagingApproved: false, FromPrimary: null, Status: RolloutStatus.Running } => await Stage(p, state, revision, spec, endpoint, ct),
            _ => state.Command == "weight" && await Intend(state, revision, view, "weight", state.StepIndex, "a person set the weight", ct),
        };
    }

    /// <summary>The evidence as it stands now, for people and for decisions.</summary>
    public RolloutView View(RolloutState state, bool overridden) =>
        View(state, state.Id, overridden) ?? new RolloutView(state.LastTotal ?? Nothing, [.. RolloutRules.Views(new RolloutEvidence(state.Id, state.Guard))], 0, overridden, Now(state));

    /// <summary>The evidence since the end, while the former version is kept; null when it is not.</summary>
    public RolloutView? Kept(RolloutState state) => state.KeptUntil is null
        ? null
        : View(state, state.KeptId, false) ?? new RolloutView(Nothing, [.. RolloutRules.Views(new RolloutEvidence(state.KeptId, state.Guard))], 0, false, Now(state));

    /// <summary>Reads the evidence itself.</summary>
    public T? Read<T>(RolloutState state, string id, Func<RolloutEvidence, T?> read) => fold.Read(new EndpointKey(state.WorkspaceId, state.Endpoint), id, read);

    private RolloutView? View(RolloutState state, string id, bool overridden)
    {
        var now = Now(state);
        return Read(state, id, e => new RolloutView(Counts(e.Tally), RolloutRules.Views(e), e.LogMismatch, overridden, now, e.Sides.Shift?.Low));
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

    private RolloutDecision Late(RolloutState state, RolloutView view, EndpointState endpoint) =>
        RolloutRules.Late(state, view, Kept(state), endpoint.Plan.Revision == state.PlanRevision);

    private async Task<bool> Stage(Principal p, RolloutState state, long revision, StagingSpec spec, EndpointState endpoint, CancellationToken ct)
    {
        if (state.Staged is not null)
            return false;
        if (await staging.Try(p, state, spec, endpoint, ct) is not { } result)
            return false;
        var told = new RolloutStaged(state.Id, state.Endpoint, state.Model, state.Version, RolloutStaging.NameOf(state.Endpoint), result.Predictions, result.Errors, result.Passed);
        if (!result.Passed)
        {
            return await Save(
                state with { Status = RolloutStatus.RolledBack, EndedAt = Now(state), Staged = result.Text, Reason = "refused in staging: " + result.Text }, revision, told, ct, also:
                new RolloutRolledBack(state.Id, state.Endpoint, state.Model, state.Version, "refused in staging: " + result.Text, Nothing, []));
        }

        return await Save(
            state with { Staged = result.Text, StagingApproved = !spec.Approval, Reason = spec.Approval ? "passed in staging; it needs a person's approval" : null }, revision, told, ct, also:
            spec.Approval ? new RolloutApprovalNeeded(state.Id, state.Endpoint, state.Model, state.Version, 0, "passed in staging; it needs a person's approval") : null);
    }

    private Task<bool> Intend(RolloutState state, long revision, RolloutView view, string kind, int index, string reason, CancellationToken ct)
    {
        var weight = kind switch
        {
            "weight" => state.CommandWeight,
            // A warning where nothing smaller is planned changes nothing, also not a weight that a person set.
            "step_back" when index == state.StepIndex => state.Traffic,
            "enter" or "step_back" => state.Solo ? 1 : state.Steps[index].Traffic,
            _ => 0,
        };
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
            // The version cannot be served (its package does not load). Nothing was changed but for what a rollout that it superseded left in force.
            if (await serving.Find(p, state.Endpoint, ct) is { Plan: { RolloutId: not null } left } && left.Revision == state.PlanRevision)
                await serving.SetPlan(p, state.Endpoint, Former(state), left.Revision, ct);
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
        "step_back" when pending.Index == state.StepIndex => (
            state with { Status = RolloutStatus.Held, Warned = true, Reason = pending.Reason },
            new RolloutWarned(state.Id, state.Endpoint, state.Model, state.Version, pending.Index, state.Traffic, state.Traffic, pending.Reason, pending.Counts, pending.Evidence)),
        "step_back" => (
            state with
            {
                Status = RolloutStatus.Held,
                Warned = true,
                StepIndex = pending.Index,
                StepStart = pending.Total,
                Entered = [.. state.Entered.Take(pending.Index), pending.At],
                Stood = TimeSpan.Zero,
                StoppedSince = null,
                HeldTold = false,
                Reason = pending.Reason,
                Traffic = pending.Weight,
            },
            new RolloutWarned(state.Id, state.Endpoint, state.Model, state.Version, pending.Index, state.Traffic, pending.Weight, pending.Reason, pending.Counts, pending.Evidence)),
        "release" => (
            state with { KeptUntil = null },
            new RolloutReleased(state.Id, state.Endpoint, state.Model, state.Version, state.FromPrimary?.ToString() ?? "", pending.Evidence)),
        "complete" => (
            state with { Status = RolloutStatus.Completed, EndedAt = pending.At, Reason = pending.Reason, Traffic = 1, Warned = false, KeptUntil = Keeps(state) ? pending.At + state.Keep!.For : null },
            new RolloutCompleted(state.Id, state.Endpoint, state.Model, state.Version, pending.Total, pending.Evidence)),
        "roll_back" => (
            state with { Status = RolloutStatus.RolledBack, EndedAt = pending.At, Reason = pending.Reason, Traffic = 0, KeptUntil = null },
            new RolloutRolledBack(state.Id, state.Endpoint, state.Model, state.Version, pending.Reason, pending.Counts, pending.Evidence)),
        _ => (state with { Traffic = pending.Weight, Reason = pending.Reason }, null),
    };

    private static RoutePlan Plan(RolloutState state, PendingMove pending) => pending.Kind switch
    {
        "complete" when Keeps(state) => state.Keep!.As == KeepSpec.Shadow
            ? new RoutePlan(0, state.Candidate, state.FromPrimary, RouteMode.Shadow, 0, state.KeptId, state.KeptId)
            : new RoutePlan(0, state.Candidate, state.FromPrimary, RouteMode.Split, state.Keep.Share, state.KeptId, state.KeptId),
        "complete" or "release" => new RoutePlan(0, state.Candidate, null, RouteMode.None, 0, "", null),
        "roll_back" => Former(state),
        _ => pending.Weight > 0
            ? new RoutePlan(0, state.FromPrimary, state.Candidate, RouteMode.Split, pending.Weight, state.Id, state.Id)
            : new RoutePlan(0, state.FromPrimary, state.Candidate, RouteMode.Shadow, 0, state.Id, state.Id),
    };

    private static RoutePlan Former(RolloutState state) => state.Before ?? new RoutePlan(0, state.FromPrimary, null, RouteMode.None, 0, "", null);

    private static bool Keeps(RolloutState state) => state is { FromPrimary: not null, Keep.For.Ticks: > 0 };

    private DateTimeOffset Now(RolloutState state) => predictions.Now(new EndpointKey(state.WorkspaceId, state.Endpoint));

    // Someone else's change in between (a person's command) makes this step void; the next one starts from it.
    private Task<bool> Save(RolloutState state, long revision, IEventDetail? detail, CancellationToken ct, DateTimeOffset? at = null, IEventDetail? also = null)
    {
        var moment = at ?? Now(state);
        var history = state.HasEnded ? RolloutHistories.Of(state, this) : null;
        return db.Write(tx =>
        {
            if (!RolloutStore.Put(tx, state, revision))
                return true;
            if (history is not null)
                RolloutStore.PutHistory(tx, state.WorkspaceId, state.Id, history);
            foreach (var told in ((IEventDetail?[])[detail, also]).OfType<IEventDetail>())
                journal.Append(tx, Principal.Controller(state.WorkspaceId, Name), told, state.Endpoint, moment);
            return true;
        }, ct: ct);
    }

    private static RolloutCounts Counts(Tally t) => new(t.Requests, t.Candidate, t.Primary, t.Shadowed, t.Errors, t.Labels);
}
