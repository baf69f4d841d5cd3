using System.Globalization;

namespace Holdfast.Kernel;

/// <summary>How an event reads to a person: one sentence with the decisive figures. Used by the journal pages, the command line and alerts.</summary>
public static class EventText
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>The sentence; the bare kind for one without its own.</summary>
    public static string Describe(JournalEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        return e.Kind switch
        {
            "dataset_version.created" => Dataset(e.DetailAs<DatasetVersionCreated>()),
            "pipeline_run.started" => PipelineStarted(e.DetailAs<PipelineRunStarted>()),
            "pipeline_run.finished" => PipelineFinished(e.DetailAs<PipelineRunFinished>()),
            "gate.passed" => "The gate passed: " + Checks(e.DetailAs<GatePassed>().Checks),
            "gate.refused" => "The gate refused the model: " + Checks(e.DetailAs<GateRefused>().Checks),
            "model_version.created" => Model(e.DetailAs<ModelVersionCreated>()),
            "model.created" => $"Model {e.DetailAs<ModelCreated>().Model} made",
            "model_tag.set" => $"Tag {e.DetailAs<ModelTagSet>().Key} of model {e.Subject} set",
            "model_tag.deleted" => $"Tag {e.DetailAs<ModelTagDeleted>().Key} of model {e.Subject} removed",
            "model_version_tag.set" when e.DetailAs<ModelVersionTagSet>() is var d => $"Tag {d.Key} of {d.Model} version {d.ModelVersion} set",
            "model_version_tag.deleted" when e.DetailAs<ModelVersionTagDeleted>() is var d => $"Tag {d.Key} of {d.Model} version {d.ModelVersion} removed",
            "alias.deleted" when e.DetailAs<AliasDeleted>() is var d => $"{d.Model}@{d.Alias} is gone",
            "alias.set" => Alias(e.DetailAs<AliasSet>()),
            "endpoint.applied" => $"Endpoint {e.Subject} declared ({e.DetailAs<EndpointApplied>().Clock} clock)",
            "route.changed" => Route(e.DetailAs<RouteChanged>()),
            "rollout.started" => Started(e.DetailAs<RolloutStarted>()),
            "rollout.step_entered" => Step(e.DetailAs<RolloutStepEntered>()),
            "rollout.held" => $"Rollout held: {e.DetailAs<RolloutHeld>().Reason}",
            "rollout.completed" => Completed(e.DetailAs<RolloutCompleted>()),
            "rollout.rolled_back" => $"Rolled back: {e.DetailAs<RolloutRolledBack>().Reason}",
            "rollout.paused" => $"Rollout paused: {e.DetailAs<RolloutPaused>().Reason}",
            "rollout.resumed" => "Rollout resumed",
            "rollout.warned" when e.DetailAs<RolloutWarned>() is var d =>
                $"Rollout warned: {d.Reason}; {(d.Traffic < d.FromTraffic ? $"back from {Percent(d.FromTraffic)} to {Percent(d.Traffic)}" : "it waits")}",
            "rollout.approval_needed" => $"Rollout waits: {e.DetailAs<RolloutApprovalNeeded>().Reason}",
            "rollout.approved" => $"Rollout approved {e.DetailAs<RolloutApproved>().Reason}",
            "rollout.staged" when e.DetailAs<RolloutStaged>() is var d => string.Create(Culture, $"Version {d.ModelVersion} answered {d.Predictions:N0} requests in staging, {d.Errors} errors: {(d.Passed ? "passed" : "refused")}"),
            "rollout.released" => $"{e.DetailAs<RolloutReleased>().Former} is let go",
            "ab.started" when e.DetailAs<AbStarted>() is var d => $"A/B test: {d.A} against {d.B} with {Percent(d.Share)} of the units",
            "ab.ended" when e.DetailAs<AbEnded>() is var d => $"A/B test ended: {d.Reason}{(d.Serves.Length > 0 ? $"; {d.Serves} serves" : "")}",
            "drift.diagnosed" => Drift(e.DetailAs<DriftDiagnosed>()),
            "incident.resolved" => $"Incident resolved: {Words(e.DetailAs<IncidentResolved>().Reason)}",
            "alert.sent" => Alert(e.DetailAs<AlertSent>()),
            "snapshot.saved" => "Snapshot of the distributions saved",
            "data.quarantined" => Quarantine(e.DetailAs<DataQuarantined>()),
            "data.released" => $"Quarantined rows released: {e.DetailAs<DataReleased>().Reason}",
            "endpoint.fallback_entered" => $"Fallback answers from now on: {e.DetailAs<FallbackEntered>().Reason}",
            "endpoint.fallback_left" => $"The model answers again: {e.DetailAs<FallbackLeft>().Reason}",
            "endpoint.fallback_rate_exceeded" when e.DetailAs<FallbackRateExceeded>() is var d => $"The fallback answers {Percent(d.Rate)} of the rows, more than {Percent(d.Limit)}",
            "endpoint.fallback_rate_recovered" when e.DetailAs<FallbackRateRecovered>() is var d => $"The fallback answers {Percent(d.Rate)} of the rows, no longer more than {Percent(d.Limit)}",
            "endpoint.unloaded" => $"Endpoint {e.Subject} unloaded: it answers nothing until it is loaded again",
            "endpoint.loaded" => $"Endpoint {e.Subject} loaded",
            "retrain.started" => Retrain(e.DetailAs<RetrainStarted>()),
            "retrain.finished" => "Retraining finished: " + Checks(e.DetailAs<RetrainFinished>().Checks),
            "retrain.failed" => $"Retraining failed: {e.DetailAs<RetrainFailed>().Reason}",
            "retrain.blocked" => $"Retraining blocked: {e.DetailAs<RetrainBlocked>().Reason}",
            "retrain.unblocked" => $"Retraining allowed again: {e.DetailAs<RetrainUnblocked>().Reason}",
            "project.applied" => $"Project {e.Subject} applied ({e.DetailAs<ProjectApplied>().Changes.Count} changes)",
            "run.finished" => Run(e.DetailAs<RunFinished>()),
            "run.resumed" => $"Run {e.DetailAs<RunResumed>().Name} goes on",
            "run.forked" => Forked(e.DetailAs<RunForked>()),
            "run.moved" when e.DetailAs<RunMoved>() is var d => $"Run {d.Name} moved from {d.FromExperiment} to {d.ToExperiment}",
            "run.merged" when e.DetailAs<RunMerged>() is var d => $"{d.FromRuns.Count} runs merged into {d.Name}",
            "runs.changed" when e.DetailAs<RunsChanged>() is var d => $"{d.Runs} runs changed: {string.Join(", ", d.What)}",
            "garbage.collected" => Garbage(e.DetailAs<GarbageCollected>()),
            "model_version.commented" when e.DetailAs<ModelVersionCommented>() is var d => $"{d.Author} commented on {d.Model} version {d.ModelVersion}",
            "model_card.changed" when e.DetailAs<ModelCardChanged>() is var d => $"{d.Author} changed the card of {d.Model} version {d.ModelVersion}",
            "token.created" => $"Token {e.Subject} created",
            "token.revoked" => $"Token {e.Subject} revoked",
            _ => e.Kind,
        };
    }

    /// <summary>A share as a percentage with at most one decimal.</summary>
    public static string Percent(double share) => (share * 100).ToString("0.#", Culture) + " %";

    private static string Dataset(DatasetVersionCreated d) =>
        string.Create(Culture, $"Dataset {d.Dataset}@v{d.Version}: {d.Rows:N0} rows, {d.Columns} columns ({d.Hash[..Math.Min(8, d.Hash.Length)]})");

    private static string PipelineStarted(PipelineRunStarted d) => $"Pipeline {d.Pipeline} started ({d.Cause})";

    private static string PipelineFinished(PipelineRunFinished d) =>
        d.FailedStage is null ? $"Pipeline {d.Pipeline} {d.Status}" : $"Pipeline {d.Pipeline} {d.Status} in stage {d.FailedStage}: {d.Reason}";

    private static string Model(ModelVersionCreated d) =>
        $"Model {d.Model} version {d.ModelVersion} registered" + (d.DatasetVersion is null ? "" : $", trained on {d.DatasetVersion}");

    private static string Alias(AliasSet d) => $"{d.Model}@{d.Alias} is version {d.ModelVersion}";

    private static string Route(RouteChanged d) =>
        $"Route of {d.Endpoint}: {d.Primary ?? "fallback rules"}" + (d.Candidate is null ? "" : d.Mode == "shadow" ? $", {d.Candidate} in shadow" : $", {Percent(d.CandidateWeight)} to {d.Candidate}");

    private static string Started(RolloutStarted d) =>
        $"Rollout of {d.Model} version {d.ModelVersion} to {d.Endpoint}" + (d.FromVersion is null ? "" : $" in place of version {d.FromVersion}");

    private static string Step(RolloutStepEntered d)
    {
        var head = d.Step == "shadow" ? $"Version {d.ModelVersion} in shadow" : $"Version {d.ModelVersion} takes {Percent(d.Traffic)} ({d.Step})";
        return d.Counts.Requests == 0 ? head : string.Create(Culture, $"{head}, after {d.Counts.Requests:N0} requests{Guards(d.Evidence)}");
    }

    private static string Completed(RolloutCompleted d) =>
        string.Create(Culture, $"Version {d.ModelVersion} serves all of {d.Endpoint} after {d.Counts.Requests:N0} requests{Guards(d.Evidence)}");

    private static string Guards(IReadOnlyList<GuardEvidence> evidence) =>
        evidence.Count == 0 ? "" : "; " + string.Join(", ", evidence.Select(g => $"{Words(g.Guard)} {g.Verdict}"));

    private static string Drift(DriftDiagnosed d)
    {
        var text = $"{Capital(Words(d.DriftKind))}{(d.Cause.Length > 0 ? $" ({Words(d.Cause)})" : "")}{(d.Feature is null ? "" : $" in {d.Feature}")}";
        if (d.Psi is { } psi)
            text += string.Create(Culture, $", PSI {psi:0.00}") + (d.PsiLow is { } low && d.PsiHigh is { } high ? string.Create(Culture, $" [{low:0.00}, {high:0.00}]") : "");
        if (d.ScaleFactor is { } factor)
            text += string.Create(Culture, $", factor {factor:0.00}");
        if (d.Accuracy is { } accuracy && d.BaselineAccuracy is { } baseline)
            text += $", accuracy {Percent(accuracy)} against {Percent(baseline)}";
        return string.Create(Culture, $"{text}; window {d.Window}, {d.Rows:N0} rows, confidence {Percent(d.Confidence)}");
    }

    private static string Run(RunFinished d) =>
        $"Run {d.Name} of {d.Experiment} {d.Status}" + (d.Seconds is { } s ? $" after {(s < 100 ? s.ToString("0.#", Culture) + " s" : TimeSpan.FromSeconds(Math.Round(s)).ToString("c", Culture))}" : "");

    private static string Forked(RunForked d) => $"Run {d.Name} forked from {d.FromRun}" + (d.AtStep is { } step ? string.Create(Culture, $" at step {step}") : "");

    private static string Garbage(GarbageCollected d) =>
        string.Create(Culture, $"Removed for good: {d.Experiments} experiments, {d.Runs} runs, {d.LoggedModels} logged models, {d.Files} files, {d.Bytes} bytes");

    private static string Alert(AlertSent d) => $"{(d.Delivered ? "Alert sent" : "Alert could not be delivered")} to {d.Channel}: {d.Title}";

    private static string Quarantine(DataQuarantined d) =>
        string.Create(Culture, $"Rows from {d.From.UtcDateTime:yyyy-MM-dd HH:mm} on are quarantined: {d.Reason}");

    private static string Retrain(RetrainStarted d) =>
        string.Create(Culture, $"Retraining on {d.Rows:N0} labelled rows ({d.DatasetVersion}; labels for {Percent(d.LabelCoverage)} of the window)");

    private static string Checks(IReadOnlyList<GateCheck> checks) =>
        string.Join(", ", checks.Select(c => string.Create(Culture, $"{c.Name} {c.Value:0.###} {c.Rule}{(c.Passed ? "" : " ✗")}")));

    private static string Words(string identifier) => identifier.Replace('_', ' ');

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
