namespace Holdfast.Kernel;

/// <summary>
/// The payload of an event. All kinds of the whole platform stand here, so that a room can listen to another without
/// depending on it. Each is described in docs/events.md.
/// </summary>
public interface IEventDetail
{
    /// <summary><c>subject.past_participle</c>.</summary>
    string Kind { get; }
}

/// <summary>What a guard of a rollout knows at a moment.</summary>
/// <param name="Guard"><c>error_rate</c>, <c>latency_p99</c>, <c>accuracy</c> and so on, or the name of a figure.</param>
/// <param name="EHarm">e-value against "no worse": roll back at 1/alpha.</param>
/// <param name="ESafe">e-value for "not worse than the margin".</param>
/// <param name="Threshold">1/alpha.</param>
/// <param name="Verdict"><c>harm</c>, <c>warning</c>, <c>safe</c> or <c>open</c>.</param>
/// <param name="Candidate">The candidate's figure (a share of bad events, or a mean).</param>
/// <param name="Primary">The primary's figure.</param>
/// <param name="Basis"><c>mean</c>: figures are means; <c>limit</c>: an absolute limit; else shares.</param>
/// <param name="Low">Lower limit of the difference at every look, where there is one.</param>
/// <param name="High">Its upper limit.</param>
public sealed record GuardEvidence(
    string Guard, double EHarm, double ESafe, double Threshold, string Verdict, double? Candidate = null, double? Primary = null, long Events = 0,
    string? Basis = null, double? Low = null, double? High = null);

/// <summary>How many requests and labels a verdict rests on.</summary>
public sealed record RolloutCounts(long Requests, long Candidate, long Primary, long Shadowed, long Errors, long Labels);

public sealed record DatasetVersionCreated(string Dataset, int Version, string Hash, long Rows, int Columns, string Source) : IEventDetail
{
    public string Kind => "dataset_version.created";
}

public sealed record PipelineRunStarted(string Pipeline, string PipelineRun, string Cause) : IEventDetail
{
    public string Kind => "pipeline_run.started";
}

public sealed record PipelineRunFinished(string Pipeline, string PipelineRun, string Status, string? FailedStage, string? Reason) : IEventDetail
{
    public string Kind => "pipeline_run.finished";
}

public sealed record GatePassed(string Pipeline, string PipelineRun, string Gate, IReadOnlyList<GateCheck> Checks) : IEventDetail
{
    public string Kind => "gate.passed";
}

public sealed record GateRefused(string Pipeline, string PipelineRun, string Gate, IReadOnlyList<GateCheck> Checks) : IEventDetail
{
    public string Kind => "gate.refused";
}

/// <param name="Prompt">Whether the registered model is a prompt, as MLflow keeps them.</param>
public sealed record ModelCreated(string Model, string? Description, IReadOnlyDictionary<string, string> Tags, bool Prompt = false) : IEventDetail
{
    public string Kind => "model.created";
}

/// <param name="Source">Where the content lies, as it was registered.</param>
/// <param name="Tags">Those that it was registered with.</param>
public sealed record ModelVersionCreated(
    string Model, int ModelVersion, string? RunId, string? DatasetVersion, string? PipelineRun, string? Source = null, string? Description = null, IReadOnlyDictionary<string, string>? Tags = null,
    bool Prompt = false) : IEventDetail
{
    public string Kind => "model_version.created";
}

public sealed record ModelTagSet(string Model, string Key, string Value, bool Prompt = false) : IEventDetail
{
    public string Kind => "model_tag.set";
}

public sealed record ModelTagDeleted(string Model, string Key, bool Prompt = false) : IEventDetail
{
    public string Kind => "model_tag.deleted";
}

public sealed record ModelVersionTagSet(string Model, int ModelVersion, string Key, string Value, bool Prompt = false) : IEventDetail
{
    public string Kind => "model_version_tag.set";
}

public sealed record ModelVersionTagDeleted(string Model, int ModelVersion, string Key, bool Prompt = false) : IEventDetail
{
    public string Kind => "model_version_tag.deleted";
}

public sealed record AliasSet(string Model, string Alias, int ModelVersion, bool Prompt = false) : IEventDetail
{
    public string Kind => "alias.set";
}

public sealed record AliasDeleted(string Model, string Alias, int ModelVersion, bool Prompt = false) : IEventDetail
{
    public string Kind => "alias.deleted";
}

public sealed record EndpointApplied(string Endpoint, string? Model, string Clock, string? Fallback) : IEventDetail
{
    public string Kind => "endpoint.applied";
}

/// <param name="Mode"><c>shadow</c> or <c>split</c>.</param>
public sealed record RouteChanged(string Endpoint, long Revision, string? Primary, string? Candidate, string Mode, double CandidateWeight) : IEventDetail
{
    public string Kind => "route.changed";
}

/// <param name="SkippedShadow">Why there is no shadow step in front of a version that serves.</param>
/// <param name="Superseded">The rollout that it took the place of.</param>
public sealed record RolloutStarted(string RolloutId, string Endpoint, string Model, int ModelVersion, int? FromVersion, string Cause, string? SkippedShadow = null, string? Superseded = null) : IEventDetail
{
    public string Kind => "rollout.started";
}

/// <param name="Step"><c>shadow</c>, <c>canary</c>, <c>gradual</c> or <c>full</c>.</param>
/// <param name="Traffic">Share of traffic to the candidate from now on, 0..1.</param>
/// <param name="Counts">What the step before rested on.</param>
/// <param name="Evidence">The evidence on which this step was entered; empty for the first.</param>
public sealed record RolloutStepEntered(string RolloutId, string Endpoint, string Model, int ModelVersion, int Index, string Step, double Traffic, RolloutCounts Counts, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.step_entered";
}

public sealed record RolloutHeld(string RolloutId, string Endpoint, string Model, int ModelVersion, string Reason, RolloutCounts Counts, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.held";
}

/// <param name="Index">The step to which it went back; the one that it is in when none has a smaller share.</param>
public sealed record RolloutWarned(string RolloutId, string Endpoint, string Model, int ModelVersion, int Index, double FromTraffic, double Traffic, string Reason, RolloutCounts Counts, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.warned";
}

/// <param name="Step">The step that waits for it, counted from 1; 0 = the staging.</param>
public sealed record RolloutApprovalNeeded(string RolloutId, string Endpoint, string Model, int ModelVersion, int Step, string Reason) : IEventDetail
{
    public string Kind => "rollout.approval_needed";
}

public sealed record RolloutApproved(string RolloutId, string Endpoint, string Model, int ModelVersion, int Step, string Reason) : IEventDetail
{
    public string Kind => "rollout.approved";
}

public sealed record RolloutStaged(string RolloutId, string Endpoint, string Model, int ModelVersion, string StagingEndpoint, long Predictions, long Errors, bool Passed) : IEventDetail
{
    public string Kind => "rollout.staged";
}

public sealed record RolloutReleased(string RolloutId, string Endpoint, string Model, int ModelVersion, string Former, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.released";
}

public sealed record RolloutCompleted(string RolloutId, string Endpoint, string Model, int ModelVersion, RolloutCounts Counts, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.completed";
}

public sealed record RolloutRolledBack(string RolloutId, string Endpoint, string Model, int ModelVersion, string Reason, RolloutCounts Counts, IReadOnlyList<GuardEvidence> Evidence) : IEventDetail
{
    public string Kind => "rollout.rolled_back";
}

public sealed record RolloutPaused(string RolloutId, string Endpoint, string Model, int ModelVersion, string Reason) : IEventDetail
{
    public string Kind => "rollout.paused";
}

public sealed record RolloutResumed(string RolloutId, string Endpoint, string Model, int ModelVersion) : IEventDetail
{
    public string Kind => "rollout.resumed";
}

/// <param name="Share">Share of the units that B answers.</param>
public sealed record AbStarted(string TestId, string Endpoint, string A, string B, double Share) : IEventDetail
{
    public string Kind => "ab.started";
}

/// <param name="Result"><c>a</c>, <c>b</c>, <c>alike</c>, <c>undecided</c>, <c>invalid</c> or <c>stopped</c>.</param>
/// <param name="Serves">Who serves from now on.</param>
public sealed record AbEnded(string TestId, string Endpoint, string A, string B, string Result, string Reason, string Serves) : IEventDetail
{
    public string Kind => "ab.ended";
}

/// <summary>What a monitor concluded of a window.</summary>
/// <param name="DriftKind"><c>data_fault</c>, <c>data_drift</c>, <c>prediction_drift</c>, <c>concept_drift</c>, <c>performance_drift</c>.</param>
/// <param name="Cause">Such as <c>scale_change</c>; empty when the kind says it all.</param>
/// <param name="Severity"><c>moderate</c> or <c>significant</c>.</param>
/// <param name="Psi">PSI of the feature, bias-corrected.</param>
/// <param name="ScaleFactor">Estimated factor of a scale change.</param>
/// <param name="StartsAt">Where the change is thought to have begun (event time).</param>
/// <param name="Others">The other features that drifted, with their PSI.</param>
public sealed record DriftDiagnosed(
    string IncidentId, string Endpoint, string? Model, int? ModelVersion, string DriftKind, string Cause, string? Feature, string Severity,
    double? Psi, double? PsiLow, double? PsiHigh, double? ScaleFactor, double Confidence, string Window,
    DateTimeOffset WindowStart, DateTimeOffset WindowEnd, DateTimeOffset StartsAt, long Rows,
    double? Accuracy, double? BaselineAccuracy, IReadOnlyDictionary<string, double> Others, IReadOnlyList<string> Evidence) : IEventDetail
{
    public string Kind => "drift.diagnosed";
}

/// <param name="Reason">Why: <c>input_repaired</c>, <c>window_clean</c>, <c>model_promoted</c>, <c>closed_by_person</c>.</param>
/// <param name="CleanFrom">From when on the rows are known to be right again (event time).</param>
public sealed record IncidentResolved(string IncidentId, string Endpoint, string DriftKind, string? Feature, string Reason, DateTimeOffset CleanFrom) : IEventDetail
{
    public string Kind => "incident.resolved";
}

public sealed record AlertSent(string Channel, string Title, string? IncidentId, bool Delivered) : IEventDetail
{
    public string Kind => "alert.sent";
}

public sealed record SnapshotSaved(string IncidentId, string Endpoint, string Path) : IEventDetail
{
    public string Kind => "snapshot.saved";
}

public sealed record DataQuarantined(string IncidentId, string Endpoint, DateTimeOffset From, DateTimeOffset? Until, string Reason) : IEventDetail
{
    public string Kind => "data.quarantined";
}

public sealed record PredictionsDeleted(string Endpoint, long Request, long Predictions, long Labels) : IEventDetail
{
    public string Kind => "predictions.deleted";
}

public sealed record PredictionsExpired(string Endpoint, DateTimeOffset Before, string Retention, long Predictions) : IEventDetail
{
    public string Kind => "predictions.expired";
}

public sealed record DataReleased(string Endpoint, string QuarantineId, string Reason) : IEventDetail
{
    public string Kind => "data.released";
}

public sealed record FallbackEntered(string IncidentId, string Endpoint, string Fallback, string Reason) : IEventDetail
{
    public string Kind => "endpoint.fallback_entered";
}

public sealed record FallbackLeft(string IncidentId, string Endpoint, string Reason) : IEventDetail
{
    public string Kind => "endpoint.fallback_left";
}

/// <param name="Rate">Share of the rows of five minutes that another variant answered after a fault.</param>
public sealed record FallbackRateExceeded(string Endpoint, double Rate, double Limit, long Rows) : IEventDetail
{
    public string Kind => "endpoint.fallback_rate_exceeded";
}

public sealed record FallbackRateRecovered(string Endpoint, double Rate, double Limit) : IEventDetail
{
    public string Kind => "endpoint.fallback_rate_recovered";
}

public sealed record EndpointUnloaded(string Endpoint) : IEventDetail
{
    public string Kind => "endpoint.unloaded";
}

public sealed record EndpointLoaded(string Endpoint) : IEventDetail
{
    public string Kind => "endpoint.loaded";
}

public sealed record RetrainStarted(string IncidentId, string Endpoint, string Pipeline, string PipelineRun, string DatasetVersion, long Rows, double LabelCoverage, DateTimeOffset From, DateTimeOffset Until) : IEventDetail
{
    public string Kind => "retrain.started";
}

public sealed record RetrainFinished(string IncidentId, string Endpoint, string Pipeline, string PipelineRun, string DatasetVersion, IReadOnlyList<GateCheck> Checks) : IEventDetail
{
    public string Kind => "retrain.finished";
}

public sealed record RetrainFailed(string IncidentId, string Endpoint, string Pipeline, string? PipelineRun, string Reason) : IEventDetail
{
    public string Kind => "retrain.failed";
}

public sealed record RetrainBlocked(string IncidentId, string Endpoint, string Reason) : IEventDetail
{
    public string Kind => "retrain.blocked";
}

public sealed record RetrainUnblocked(string IncidentId, string Endpoint, string Reason) : IEventDetail
{
    public string Kind => "retrain.unblocked";
}

public sealed record ProjectApplied(string Project, string Hash, IReadOnlyList<string> Changes) : IEventDetail
{
    public string Kind => "project.applied";
}

public sealed record TokenCreated(string Name, string Role) : IEventDetail
{
    public string Kind => "token.created";
}

public sealed record TokenRevoked(string Name) : IEventDetail
{
    public string Kind => "token.revoked";
}

/// <param name="Seconds">How long it took.</param>
/// <param name="Notify">The channels that are told, as its tag or its experiment's says.</param>
public sealed record RunFinished(string RunId, string Name, string Experiment, string Status, double? Seconds, string? Notify = null) : IEventDetail
{
    public string Kind => "run.finished";
}

public sealed record RunResumed(string RunId, string Name, string Experiment) : IEventDetail
{
    public string Kind => "run.resumed";
}

/// <param name="AtStep">The last step that was copied; null: all.</param>
public sealed record RunForked(string RunId, string Name, string Experiment, string FromRun, long? AtStep) : IEventDetail
{
    public string Kind => "run.forked";
}

public sealed record RunMoved(string RunId, string Name, string FromExperiment, string ToExperiment) : IEventDetail
{
    public string Kind => "run.moved";
}

public sealed record RunMerged(string RunId, string Name, string Experiment, IReadOnlyList<string> FromRuns) : IEventDetail
{
    public string Kind => "run.merged";
}

/// <param name="What">What was done, such as <c>set tag team</c>.</param>
public sealed record RunsChanged(int Runs, IReadOnlyList<string> What) : IEventDetail
{
    public string Kind => "runs.changed";
}

public sealed record GarbageCollected(int Experiments, int Runs, int LoggedModels, long Files, long Bytes) : IEventDetail
{
    public string Kind => "garbage.collected";
}

public sealed record ModelVersionCommented(string Model, int ModelVersion, string CommentId, string Author) : IEventDetail
{
    public string Kind => "model_version.commented";
}

public sealed record ModelCardChanged(string Model, int ModelVersion, string Author) : IEventDetail
{
    public string Kind => "model_card.changed";
}
