using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Storage.Sql;

namespace Holdfast.Response;

/// <summary>How far a retraining has come; stored with its action.</summary>
/// <param name="Stage"><c>ready</c>, <c>cut</c> (the window's end is fixed), <c>started</c>, <c>finished</c>.</param>
/// <param name="Until">End of the window.</param>
/// <param name="NotBefore">Cool-down after a failure, on the endpoint's clock.</param>
/// <param name="LastRows">Rows of the attempt before.</param>
/// <param name="LastUntil">End of the window of the attempt before: rows since then are new.</param>
/// <param name="WaitingSince">Since when labels are waited for.</param>
/// <param name="BlockTold">Whether the refusal has been told.</param>
internal sealed record RetrainProgress(
    string Stage = "ready", int Attempt = 1, DateTimeOffset? Until = null, string? Dataset = null, long Rows = 0, double Coverage = 0, string? Run = null, string? Model = null, int Version = 0,
    DateTimeOffset? NotBefore = null, long LastRows = 0, DateTimeOffset? LastUntil = null, DateTimeOffset? WaitingSince = null, DateTimeOffset? LookedAt = null, bool BlockTold = false);

/// <summary>
/// The action <c>retrain</c>: window, pipeline, gate, registration. A fault of the data never retrains: while one is open on the
/// endpoint nothing starts, and what was under way is not registered.
/// </summary>
internal sealed class RetrainAction(Db db, PredictionService predictions, MonitoringService monitoring, RolloutService rollouts, WindowMaker windows, RetrainPipelines pipelines)
{
    /// <summary>Labelled rows after the change that a retraining for a drift waits for, unless the policy says <c>min_labels</c>.</summary>
    public const int LabelsWanted = 200;

    private static readonly TimeSpan Cooldown = TimeSpan.FromHours(24);
    private static readonly TimeSpan LongestCooldown = TimeSpan.FromDays(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(30);

    public async Task<ActionOutcome> Run(Principal p, ActionRow row, Incident incident, CancellationToken ct)
    {
        var progress = row.StateAs<RetrainProgress>();
        var now = predictions.Now(new EndpointKey(p.WorkspaceId, row.Endpoint));
        return progress.Stage switch
        {
            "ready" => await Ready(p, row, incident, progress, now, ct),
            "cut" => await Start(p, row, incident, progress, ct),
            "started" => await Watch(p, row, incident, progress, now, ct),
            _ => await Register(p, row, progress, ct),
        };
    }

    private async Task<ActionOutcome> Ready(Principal p, ActionRow row, Incident incident, RetrainProgress progress, DateTimeOffset now, CancellationToken ct)
    {
        if (await Blocked(p, row, ct) is { } block)
            return await Refuse(p, row, incident, progress, block, now, ct);
        if (progress.NotBefore is { } cool && now < cool)
            return ActionOutcome.Wait($"cooling down until {cool:u} after attempt {progress.Attempt - 1}", progress);
        if (await rollouts.ForEndpoint(p, row.Endpoint, ct) is { HasEnded: false } running)
            return ActionOutcome.Wait($"a candidate ({running.Model}/{running.Version}) is in rollout", progress);
        if (progress.LastUntil is { } last && await predictions.CountLabelled(p, row.Endpoint, last, ct) < Math.Max(1, progress.LastRows / 100))
            return ActionOutcome.Wait("no new labelled rows since the last attempt", progress with { NotBefore = now + LookEvery });
        if (row.Phase != Phase.After && await Scarce(p, row, incident, progress, now, ct) is { } scarce)
            return scarce;
        // From here on the window is fixed: whatever a crash repeats, it repeats on the same rows.
        return ActionOutcome.Continue(progress with { Stage = "cut", Until = now, LookedAt = null });
    }

    // The newest rows decide whether the new model is accepted, so they must have labels. The wait is bounded: labels may never come.
    private async Task<ActionOutcome?> Scarce(Principal p, ActionRow row, Incident incident, RetrainProgress progress, DateTimeOffset now, CancellationToken ct)
    {
        var since = progress.WaitingSince ?? now;
        if (now - since > LongestWait)
            return null;
        if (progress.LookedAt is { } looked && now - looked < LookEvery)
            return ActionOutcome.Wait(row.Note, progress);
        var wanted = row.Spec.Text("min_labels") is { } text && int.TryParse(text, out var declared) ? declared : LabelsWanted;
        var labelled = await predictions.CountLabelled(p, row.Endpoint, incident.StartsAt, ct);
        return labelled >= wanted
            ? null
            : ActionOutcome.Wait($"{labelled} labelled rows since {incident.StartsAt:u}; {wanted} are needed to judge a new model", progress with { WaitingSince = since, LookedAt = now });
    }

    private async Task<ActionOutcome> Start(Principal p, ActionRow row, Incident incident, RetrainProgress progress, CancellationToken ct)
    {
        var until = progress.Until!.Value;
        var length = Term.Parse(row.Spec.Text("window") ?? "90d", "retrain.window");
        var from = until - length;
        var label = (await monitoring.Spec(p, row.Endpoint, ct))?.Label?.Column ?? "label";
        RetrainWindow window;
        try
        {
            window = await windows(p, row.Endpoint, from, until, $"{row.Endpoint}-window", label, ct);
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.FailedPrecondition or ErrorCode.InvalidArgument)
        {
            return Failed(row, incident, progress, null, e.Message, until);
        }

        var pipeline = row.Spec.Text("pipeline")!;
        string run;
        try
        {
            run = await pipelines.Start(p, new RetrainRequest(pipeline, incident.Kind, window.Dataset, incident.Id, $"{incident.Id}:{row.Phase}:{row.Position}:{progress.Attempt}", until), ct);
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
        {
            return ActionOutcome.Fail($"the pipeline {pipeline} cannot be started: {e.Message}");
        }

        var next = progress with { Stage = "started", Dataset = window.Dataset, Rows = window.Rows, Coverage = window.LabelCoverage, Run = run };
        return ActionOutcome.Continue(next, new RetrainStarted(incident.Id, row.Endpoint, pipeline, run, window.Dataset, window.Rows, window.LabelCoverage, from, until), until);
    }

    private async Task<ActionOutcome> Watch(Principal p, ActionRow row, Incident incident, RetrainProgress progress, DateTimeOffset now, CancellationToken ct)
    {
        var run = await pipelines.Get(p, progress.Run!, ct);
        if (run.Status is "queued" or "running")
            return ActionOutcome.WaitOutside($"the pipeline run {run.Id} is {run.Status}", progress);
        if (run.Status != "succeeded")
            return Failed(row, incident, progress, run.Id, run.Reason ?? run.Status, now);
        if (await Blocked(p, row, ct) is { } block)
        {
            // A fault was found while it trained: its rows may be in the window.
            return await Refuse(p, row, incident, progress with { Stage = "ready", Attempt = progress.Attempt + 1, Run = null }, block, now, ct);
        }

        return ActionOutcome.Continue(
            progress with { Stage = "finished" }, new RetrainFinished(incident.Id, row.Endpoint, row.Spec.Text("pipeline")!, run.Id, progress.Dataset!, run.Checks), now);
    }

    private async Task<ActionOutcome> Register(Principal p, ActionRow row, RetrainProgress progress, CancellationToken ct)
    {
        var (model, version) = await pipelines.Register(p, progress.Run!, ct);
        return ActionOutcome.Done($"{model}/{version} from {progress.Dataset}, {progress.Rows} rows", progress with { Model = model, Version = version });
    }

    // The incident stands, so it is tried again as long as it does: a refusal today says nothing about a model of next month's labels.
    private static ActionOutcome Failed(ActionRow row, Incident incident, RetrainProgress progress, string? run, string reason, DateTimeOffset now) => ActionOutcome.Wait(
        $"attempt {progress.Attempt}: {reason}", Again(progress, now + CooldownOf(row, progress.Attempt)),
        new RetrainFailed(incident.Id, row.Endpoint, row.Spec.Text("pipeline")!, run, reason), now);

    /// <summary>The state for another attempt, after the cool-down.</summary>
    public static RetrainProgress Again(RetrainProgress progress, DateTimeOffset notBefore) => new(Attempt: progress.Attempt + 1, NotBefore: notBefore, LastRows: progress.Rows, LastUntil: progress.Until);

    /// <summary>The pause after an attempt: <c>cooldown</c> of the policy (24 h by default) after the first, twice as long after each further one, at most 30 days.</summary>
    public static TimeSpan CooldownOf(ActionRow row, int attempt)
    {
        var first = row.Spec.Text("cooldown") is { } text && Term.TryParse(text, out var own) ? own : Cooldown;
        var pause = first * Math.Pow(2, Math.Min(attempt - 1, 10));
        return pause < LongestCooldown ? pause : first > LongestCooldown ? first : LongestCooldown;
    }

    private static Task<ActionOutcome> Refuse(Principal p, ActionRow row, Incident incident, RetrainProgress progress, string reason, DateTimeOffset now, CancellationToken ct)
    {
        var told = new RetrainBlocked(incident.Id, row.Endpoint, reason);
        return Task.FromResult(ActionOutcome.Wait("blocked: " + reason, progress with { BlockTold = true }, progress.BlockTold ? null : told, now));
    }

    private async Task<string?> Blocked(Principal p, ActionRow row, CancellationToken ct)
    {
        var open = await monitoring.Incidents(p, row.Endpoint, "open", ct: ct);
        if (open.FirstOrDefault(i => i.Kind == "data_fault") is { } fault)
            return $"a data fault is open on {fault.Feature ?? "the input"} ({fault.Cause})";
        var blocks = await db.Read(tx => ResponseStore.Blocks(tx, p.WorkspaceId, row.Endpoint), ct);
        return blocks.Count > 0 ? $"retraining is blocked by incident {blocks[0]}" : null;
    }
}
