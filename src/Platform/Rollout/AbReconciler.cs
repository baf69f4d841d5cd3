using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Serving;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>Puts the route of an A/B test in force and takes it away at the end; each change is written down before it is made.</summary>
internal sealed class AbReconciler(Db db, Journal journal, RolloutFold fold, PredictionService predictions, ServingService serving, ChampionSetter champion) : IReconciler
{
    public string Name => "ab";

    public async Task<StepResult> Step(CancellationToken ct)
    {
        var worked = false;
        foreach (var (state, revision) in await db.Read(AbStore.Active, ct))
        {
            if (predictions.MayAct(new EndpointKey(state.WorkspaceId, state.Endpoint)))
                worked |= await Step(state, revision, ct);
        }

        return worked ? StepResult.Worked : StepResult.Idle;
    }

    /// <summary>The figures as they stand.</summary>
    public AbFigures Figures(AbTestState state) =>
        fold.Read(Key(state), state.Id, e => AbTest.Figures(e, state.Spec)) ?? state.Last ?? AbTest.Figures(new RolloutEvidence(state.Id, state.Spec.Guard), state.Spec);

    private async Task<bool> Step(AbTestState state, long revision, CancellationToken ct)
    {
        var p = Principal.Controller(state.WorkspaceId, Name);
        if (await serving.Find(p, state.Endpoint, ct) is not { } endpoint)
            return await Save(state with { Status = "ended", Result = "stopped", Reason = "the endpoint was removed", EndedAt = Now(state) }, revision, null, ct);
        switch (state.Status)
        {
            case "starting":
                return await Route(
                    p, state, revision, new RoutePlan(0, state.A, state.B, RouteMode.Split, state.Spec.Share, state.Id, state.Id), s => s with { Status = "running" },
                    new AbStarted(state.Id, state.Endpoint, state.A.ToString(), state.B.ToString(), state.Spec.Share), ct);
            case "ending":
                return await Route(
                    p, state, revision, new RoutePlan(0, state.Serves, null, RouteMode.None, 0, "", null), s => s with { Status = "ended", EndedAt = Now(s) },
                    new AbEnded(state.Id, state.Endpoint, state.A.ToString(), state.B.ToString(), state.Result!, state.Reason!, state.Serves!.ToString()), ct);
        }

        if (endpoint.Override is not null)
            return false;
        // An event clock without a record stands at its beginning: the term counts from the first one.
        if (state.StartedAt <= DateTimeOffset.UnixEpoch && Now(state) > DateTimeOffset.UnixEpoch)
            return await Save(state with { StartedAt = Now(state) }, revision, null, ct);
        if (endpoint.Plan.Revision != state.PlanRevision)
            return await Save(state with { Status = "ended", Result = "stopped", Reason = "the route was changed by someone else", EndedAt = Now(state), Last = Figures(state) }, revision, Ended(state, "the route was changed by someone else"), ct);
        var figures = Figures(state);
        return AbTest.Decide(state, figures, Now(state)) is var (result, reason)
            && await Save(state with { Status = "ending", Result = result, Reason = reason, Serves = AbTest.Serves(state, result), Last = figures }, revision, null, ct);
    }

    private static AbEnded Ended(AbTestState s, string reason) => new(s.Id, s.Endpoint, s.A.ToString(), s.B.ToString(), "stopped", reason, "");

    private async Task<bool> Route(Principal p, AbTestState state, long revision, RoutePlan plan, Func<AbTestState, AbTestState> next, IEventDetail told, CancellationToken ct)
    {
        try
        {
            var set = await serving.SetPlan(p, state.Endpoint, plan, state.PlanRevision, ct);
            if (state.Status == "ending" && state.Serves == state.B)
                await champion(p, state.B.Model, state.B.Version, ct);
            return await Save(next(state) with { PlanRevision = set.Revision }, revision, told, ct);
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.Conflict or ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition or ErrorCode.NotFound)
        {
            return await Save(state with { Status = "ended", Result = "stopped", Reason = e.Message, EndedAt = Now(state) }, revision, Ended(state, e.Message), ct);
        }
    }

    private Task<bool> Save(AbTestState state, long revision, IEventDetail? told, CancellationToken ct) => db.Write(
        tx =>
        {
            if (AbStore.Put(tx, state, revision) && told is not null)
                journal.Append(tx, Principal.Controller(state.WorkspaceId, Name), told, state.Endpoint, Now(state));
            return true;
        },
        ct: ct);

    private DateTimeOffset Now(AbTestState state) => predictions.Now(Key(state));

    private static EndpointKey Key(AbTestState state) => new(state.WorkspaceId, state.Endpoint);
}
