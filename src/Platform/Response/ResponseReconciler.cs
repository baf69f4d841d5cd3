using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Storage.Sql;

namespace Holdfast.Response;

/// <summary>
/// Answers incidents by policy. Diagnoses and resolutions are read from the Journal and become rows of actions; actions are done one
/// after the other per incident, each idempotent by its place: marked as started, done, marked as done. What a crash leaves as started
/// is done again with the same key.
/// </summary>
internal sealed class ResponseReconciler(
    Db db, Journal journal, AlertService alerts, MonitoringService monitoring, PredictionService predictions, ServingService serving, RolloutService rollouts, RetrainAction retrain) : IReconciler
{
    public string Name => "response";

    public async Task<StepResult> Step(CancellationToken ct)
    {
        var worked = await ReadJournal(ct);
        var outside = false;
        var unfinished = await db.Read(ResponseStore.Unfinished, ct);
        unfinished.RemoveAll(r => !predictions.MayAct(new EndpointKey(r.WorkspaceId, r.Endpoint)));
        foreach (var first in unfinished.GroupBy(r => (r.WorkspaceId, r.IncidentId)).Select(g => g.First()))
        {
            var outcome = await Act(first, ct);
            worked |= outcome.Status is not "waiting" || outcome.Detail is not null;
            outside |= outcome.Outside;
        }

        return worked ? StepResult.Worked : outside ? StepResult.Waiting : StepResult.Idle;
    }

    private async Task<bool> ReadJournal(CancellationToken ct)
    {
        var cursor = await db.Read(tx => Journal.Cursor(tx, Name), ct);
        var events = await journal.ReadAll(cursor, ct: ct);
        if (events.Count == 0)
            return false;
        var heard = events.Where(e => e.Kind is "drift.diagnosed" or "incident.resolved").ToList();
        foreach (var happened in heard.Where(e => e.Kind == "drift.diagnosed"))
            await Withdraw(happened, ct);
        var channels = new Dictionary<int, IReadOnlyList<string>>();
        foreach (var workspace in heard.Select(e => e.WorkspaceId).Distinct())
            channels[workspace] = [.. (await alerts.Channels(Principal.Controller(workspace, Name), ct)).Select(c => c.Name).Distinct()];
        var owners = new Dictionary<EndpointKey, string?>();
        foreach (var key in heard.Where(e => e.Kind == "drift.diagnosed").Select(e => new EndpointKey(e.WorkspaceId, e.DetailAs<DriftDiagnosed>().Endpoint)))
            owners[key] = (await serving.Find(Principal.Controller(key.WorkspaceId, Name), key.Name, ct))?.ManagedBy;
        await db.Write(tx =>
        {
            foreach (var happened in heard)
            {
                if (happened.Kind == "drift.diagnosed" && happened.DetailAs<DriftDiagnosed>() is var drift)
                    Diagnosed(tx, happened.WorkspaceId, drift, channels[happened.WorkspaceId], owners[new EndpointKey(happened.WorkspaceId, drift.Endpoint)]);
                else
                    Resolved(tx, happened.WorkspaceId, happened.DetailAs<IncidentResolved>());
            }

            Journal.MoveCursor(tx, Name, events[^1].Seq);
        }, ct: ct);
        return heard.Count > 0;
    }

    private static void Diagnosed(Tx tx, int workspace, DriftDiagnosed d, IReadOnlyList<string> channels, string? owner)
    {
        var policy = ResponsePlan.Choose([.. ResponseStore.Policies(tx, workspace).Where(p => p.IsFor(d.Endpoint, owner)).Select(p => p.Spec)], channels, d);
        var phase = Phase.Do(d.DriftKind);
        // A graver diagnosis of the same incident takes the place of what was still to be done for the milder one.
        foreach (var row in ResponseStore.OfIncident(tx, workspace, d.IncidentId).Where(r => !r.IsOver && r.Phase != phase))
            ResponseStore.Update(tx, row with { Status = "skipped", Note = $"the incident turned out a {d.DriftKind}" });
        var text = JsonSerializer.Serialize(new ResponsePolicySpec(policy.Name, policy.On, [], ResponseStore.Written(policy.After)), HoldfastJson.Options);
        var known = ResponseStore.OfIncident(tx, workspace, d.IncidentId).Find(r => r.Phase == Phase.Policy);
        var note = new ActionRow(workspace, d.IncidentId, Phase.Policy, 0, d.Endpoint, policy.Name, "policy", "null", "done", null, text, null, null);
        if (known is null)
            ResponseStore.Plan(tx, [note]);
        else
            ResponseStore.Update(tx, note);
        ResponseStore.Plan(tx, ResponsePlan.Rows(workspace, d.IncidentId, d.Endpoint, phase, policy.Name, policy.Do));
    }

    private static void Resolved(Tx tx, int workspace, IncidentResolved resolved)
    {
        var rows = ResponseStore.OfIncident(tx, workspace, resolved.IncidentId);
        foreach (var row in rows.Where(r => !r.IsOver && r.Action is "retrain" or "deploy" or "notify" && !r.IsOver && r.Status != "started"))
        {
            // What runs already is seen to its end; what waits has nothing left to answer.
            if (row.Action == "deploy" && row.Status == "waiting" && row.State != "{}")
                continue;
            if (row.Action == "retrain" && row.StateAs<RetrainProgress>().Stage != "ready")
                continue;
            ResponseStore.Update(tx, row with { Status = "skipped", Note = $"the incident is resolved: {resolved.Reason}" });
        }

        if (rows.Find(r => r.Phase == Phase.Policy) is not { } noted)
            return;
        var policy = noted.StateAs<ResponsePolicySpec>();
        ResponseStore.Plan(tx, ResponsePlan.Rows(workspace, resolved.IncidentId, resolved.Endpoint, Phase.After, policy.Name, ResponsePlan.After(policy, rows.Select(r => r.Action))));
    }

    // A model that was trained for a drift which turned out a fault has learnt the fault: its rollout goes back at once.
    private async Task Withdraw(JournalEvent happened, CancellationToken ct)
    {
        var d = happened.DetailAs<DriftDiagnosed>();
        if (d.DriftKind != "data_fault")
            return;
        var p = Principal.Controller(happened.WorkspaceId, Name);
        if (await rollouts.ForEndpoint(p, d.Endpoint, ct) is { HasEnded: false, Pending: null } running && running.IncidentId == d.IncidentId)
            await rollouts.Rollback(p, running.Id, "the incident that it answered is a data fault", ct);
    }

    private async Task<ActionOutcome> Act(ActionRow row, CancellationToken ct)
    {
        var p = Principal.Controller(row.WorkspaceId, Name);
        var now = predictions.Now(new EndpointKey(row.WorkspaceId, row.Endpoint));
        if (row.Status == "planned")
        {
            row = row with { Status = "started", StartedAt = now };
            await db.Write(tx => ResponseStore.Update(tx, row), ct: ct);
        }

        ActionOutcome outcome;
        try
        {
            outcome = await Do(p, row, await monitoring.IncidentGet(p, row.IncidentId, ct), now, ct);
        }
        catch (HoldfastException e) when (e.Code is not (ErrorCode.Unavailable or ErrorCode.Conflict or ErrorCode.Timeout))
        {
            outcome = ActionOutcome.Fail(e.Hint is null ? e.Message : $"{e.Message} {e.Hint}");
        }

        var next = row with
        {
            Status = outcome.Status,
            Note = outcome.Note,
            State = outcome.State is null ? row.State : JsonSerializer.Serialize(outcome.State, outcome.State.GetType(), HoldfastJson.Options),
            EndedAt = outcome.Status is "done" or "failed" or "skipped" ? now : null,
        };
        if (next == row)
            return outcome;
        await db.Write(tx =>
        {
            ResponseStore.Update(tx, next);
            if (outcome.Detail is not null)
                journal.Append(tx, p, outcome.Detail, row.Endpoint, outcome.At ?? now);
        }, ct: ct);
        return outcome;
    }

    private async Task<ActionOutcome> Do(Principal p, ActionRow row, Incident incident, DateTimeOffset now, CancellationToken ct)
    {
        switch (row.Action)
        {
            case "notify":
                var channel = row.Spec.Text() ?? row.Spec.Text("channel")!;
                var delivered = await alerts.Send(
                    p, channel, ResponsePlan.Message(incident, incident.Report, $"/incidents/{incident.Id}"), $"{incident.Id}:{row.Phase}:{row.Position}", incident.Endpoint, now, await Owner(p, row, ct), ct);
                return ActionOutcome.Done(delivered ? "delivered" : "not delivered yet; it is tried again");
            case "snapshot":
                return ActionOutcome.Done(await monitoring.Snapshot(p, incident.Id, ct));
            case "quarantine":
                return ActionOutcome.Done(await predictions.Quarantine(p, incident.Endpoint, incident.StartsAt, incident.CleanFrom, $"{incident.Kind} {incident.Cause} {incident.Feature}".TrimEnd(), incident.Id, ct));
            case ResponsePlan.CloseQuarantine:
                foreach (var quarantine in (await predictions.ListQuarantines(p, incident.Endpoint, ct)).Where(q => q.IncidentId == incident.Id && q.Until is null))
                    await predictions.CloseQuarantine(p, quarantine.Id, incident.CleanFrom ?? now, ct);
                return ActionOutcome.Done();
            case "fallback":
                await serving.SetOverride(p, incident.Endpoint, new RouteOverride(RouteOverride.Fallback, null, $"{incident.Kind} {incident.Cause}".TrimEnd(), incident.Id), ct);
                return ActionOutcome.Done();
            case "resume":
                // An override of somebody else, or of another incident that is still open, stays.
                if ((await serving.Get(p, incident.Endpoint, ct)).Override is { } standing && standing.IncidentId == incident.Id)
                    await serving.ClearOverride(p, incident.Endpoint, incident.Resolution ?? "resolved", ct);
                return ActionOutcome.Done();
            case "block":
                return await db.Write(tx => Block(tx, p, incident, now), ct: ct);
            case ResponsePlan.Unblock:
                return await db.Write(tx => Unblock(tx, p, incident, now), ct: ct);
            case "retrain":
                return await retrain.Run(p, row, incident, ct);
            case "deploy":
                return await Deploy(p, row, incident, now, ct);
            case "rollback":
                return ActionOutcome.Done(await rollouts.Revert(p, incident.Endpoint, $"{incident.Kind} {incident.Cause}".TrimEnd(), ct));
            default:
                return ActionOutcome.Fail($"'{row.Action}' is no action of this version");
        }
    }

    // Whose channels are meant: those of the project that declared the policy, or the endpoint where no policy matched.
    private async Task<string?> Owner(Principal p, ActionRow row, CancellationToken ct)
    {
        var endpoint = (await serving.Find(p, row.Endpoint, ct))?.ManagedBy;
        var policies = (await db.Read(tx => ResponseStore.Policies(tx, p.WorkspaceId), ct)).FindAll(s => s.Spec.Name == row.Policy && s.IsFor(row.Endpoint, endpoint));
        return (policies.Find(s => s.ManagedBy == endpoint) ?? policies.FirstOrDefault())?.ManagedBy ?? endpoint;
    }

    private ActionOutcome Block(Tx tx, Principal p, Incident incident, DateTimeOffset now)
    {
        if (ResponseStore.Block(tx, p.WorkspaceId, incident.Endpoint, incident.Id, now))
            journal.Append(tx, p, new RetrainBlocked(incident.Id, incident.Endpoint, $"{incident.Kind} {incident.Cause}: the rows are wrong".Replace("  ", " ", StringComparison.Ordinal)), incident.Endpoint, now);
        return ActionOutcome.Done();
    }

    private ActionOutcome Unblock(Tx tx, Principal p, Incident incident, DateTimeOffset now)
    {
        if (ResponseStore.Unblock(tx, p.WorkspaceId, incident.Endpoint, incident.Id, now))
            journal.Append(tx, p, new RetrainUnblocked(incident.Id, incident.Endpoint, incident.Resolution ?? "resolved"), incident.Endpoint, now);
        return ActionOutcome.Done();
    }

    private async Task<ActionOutcome> Deploy(Principal p, ActionRow row, Incident incident, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await db.Read(tx => ResponseStore.OfIncident(tx, p.WorkspaceId, incident.Id), ct);
        var trained = rows.FindLast(r => r.Phase == row.Phase && r.Position < row.Position && r.Action == "retrain");
        var progress = trained?.StateAs<RetrainProgress>();
        if (progress?.Model is not { } model)
            return new ActionOutcome("skipped", "no new version came out of the retraining");
        var state = row.StateAs<DeployProgress>();
        if (state.RolloutId is null)
        {
            if (await rollouts.ForEndpoint(p, incident.Endpoint, ct) is { HasEnded: false } other && other.IncidentId != incident.Id)
                return ActionOutcome.Wait($"another rollout is under way ({other.Model}/{other.Version})", state);
            TimeSpan? shadow = row.Spec.Text("shadow") is { } text ? Term.Parse(text, "deploy.shadow") : null;
            var key = $"{incident.Id}:{row.Phase}:{row.Position}:{model}/{progress.Version}";
            var started = await rollouts.Start(p, new StartRollout(incident.Endpoint, model, progress.Version, incident.Kind, shadow, key, incident.Id), ct);
            return ActionOutcome.Continue(new DeployProgress(started.Id));
        }

        var rollout = await rollouts.Get(p, state.RolloutId, ct);
        if (rollout.Status == RolloutStatus.Completed)
            return ActionOutcome.Done($"{model}/{progress.Version} is the primary");
        if (rollout.Status != RolloutStatus.RolledBack)
            return ActionOutcome.Wait($"the rollout of {model}/{progress.Version} is {rollout.Status} in step {rollout.Step}", state);
        if (incident.Status == "resolved")
            return ActionOutcome.Fail($"the rollout went back: {rollout.Reason}");
        // The incident stands, so another model is tried: on newer rows, after the cool-down.
        var again = RetrainAction.Again(progress, now + RetrainAction.CooldownOf(trained!, progress.Attempt));
        await db.Write(tx => ResponseStore.Update(tx, trained! with { Status = "waiting", Note = $"the rollout went back: {rollout.Reason}", State = JsonSerializer.Serialize(again, HoldfastJson.Options), EndedAt = null }), ct: ct);
        return ActionOutcome.Wait("waits for another retraining", new DeployProgress());
    }

    private sealed record DeployProgress(string? RolloutId = null);
}
