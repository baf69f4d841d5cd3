using Holdfast.Kernel;
using Holdfast.Ui.Shell;
using static Holdfast.Ui.Shell.Figure;

namespace Holdfast.Ui.Kernel;

/// <summary>An event in one sentence.</summary>
/// <param name="Tone">Colour of its mark: <c>good</c>, <c>busy</c>, <c>watch</c>, <c>bad</c>, <c>plain</c>.</param>
/// <param name="Text">What it means, with its figures.</param>
/// <param name="Links">What it is about.</param>
internal sealed record EventStory(string Tone, string Text, IReadOnlyList<(string Name, string Url)> Links)
{
    public static EventStory Of(JournalEvent told)
    {
        try
        {
            return Tell(told);
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or NotSupportedException)
        {
            // An event of another release: its JSON below still says everything.
            return new EventStory("plain", "", []);
        }
    }

    private static EventStory Tell(JournalEvent told) => told.Kind switch
    {
        "dataset_version.created" when told.DetailAs<DatasetVersionCreated>() is var d =>
            new("plain", $"{Count(d.Rows)} rows, {d.Columns} columns, from {d.Source}", [($"{d.Dataset}@v{d.Version}", Routes.DatasetVersion(d.Dataset, d.Version))]),
        "pipeline_run.started" when told.DetailAs<PipelineRunStarted>() is var d =>
            new("busy", $"cause: {Words(d.Cause)}", [PipelineRun(d.Pipeline, d.PipelineRun)]),
        "pipeline_run.finished" when told.DetailAs<PipelineRunFinished>() is var d =>
            new(d.Status == "succeeded" ? "good" : "bad", Sentence(Words(d.Status), d.FailedStage is null ? null : $"in stage {d.FailedStage}", d.Reason), [PipelineRun(d.Pipeline, d.PipelineRun)]),
        "gate.passed" when told.DetailAs<GatePassed>() is var d => new("good", Checks(d.Checks), [PipelineRun(d.Gate, d.PipelineRun)]),
        "gate.refused" when told.DetailAs<GateRefused>() is var d => new("bad", Checks(d.Checks), [PipelineRun(d.Gate, d.PipelineRun)]),
        "model_version.created" when told.DetailAs<ModelVersionCreated>() is var d => new("good", d.DatasetVersion is null ? "" : $"trained on {d.DatasetVersion}", [Version(d.Model, d.ModelVersion)]),
        "alias.set" when told.DetailAs<AliasSet>() is var d => new("plain", $"{d.Alias} now names version {d.ModelVersion}", [Version(d.Model, d.ModelVersion)]),
        "alias.deleted" when told.DetailAs<AliasDeleted>() is var d => new("plain", $"{d.Alias} named version {d.ModelVersion} and is gone", [Version(d.Model, d.ModelVersion)]),
        "model.created" when told.DetailAs<ModelCreated>() is var d => new("plain", d.Description ?? "", [(d.Model, Routes.Model(d.Model))]),
        "model_tag.set" when told.DetailAs<ModelTagSet>() is var d => new("plain", $"{d.Key} = {Short(d.Value)}", [(d.Model, Routes.Model(d.Model))]),
        "model_tag.deleted" when told.DetailAs<ModelTagDeleted>() is var d => new("plain", $"{d.Key} removed", [(d.Model, Routes.Model(d.Model))]),
        "model_version_tag.set" when told.DetailAs<ModelVersionTagSet>() is var d => new("plain", $"{d.Key} = {Short(d.Value)}", [Version(d.Model, d.ModelVersion)]),
        "model_version_tag.deleted" when told.DetailAs<ModelVersionTagDeleted>() is var d => new("plain", $"{d.Key} removed", [Version(d.Model, d.ModelVersion)]),
        "endpoint.applied" when told.DetailAs<EndpointApplied>() is var d => new("plain", Sentence($"{d.Clock} clock", d.Model), [Endpoint(d.Endpoint)]),
        "route.changed" when told.DetailAs<RouteChanged>() is var d => new("plain", Route(d), [Endpoint(d.Endpoint)]),
        "drift.diagnosed" when told.DetailAs<DriftDiagnosed>() is var d => new(d.Severity == "significant" ? "bad" : "watch", Drift(d), [Incident(d.IncidentId, "incident"), Endpoint(d.Endpoint)]),
        "incident.resolved" when told.DetailAs<IncidentResolved>() is var d => new("good", $"{Words(d.DriftKind)} is over: {Words(d.Reason)}", [Incident(d.IncidentId, "incident"), Endpoint(d.Endpoint)]),
        "alert.sent" when told.DetailAs<AlertSent>() is var d => new(d.Delivered ? "plain" : "watch", $"to {d.Channel}: {d.Title}{(d.Delivered ? "" : " (not delivered)")}", d.IncidentId is null ? [] : [Incident(d.IncidentId, "incident")]),
        "snapshot.saved" when told.DetailAs<SnapshotSaved>() is var d => new("plain", "the distributions of the window are kept", [Incident(d.IncidentId, "incident"), Endpoint(d.Endpoint)]),
        "data.quarantined" when told.DetailAs<DataQuarantined>() is var d => new("watch", $"rows from {Time(d.From)} until {(d.Until is null ? "further notice" : Time(d.Until))}: {Words(d.Reason)}", [Incident(d.IncidentId, "incident"), Endpoint(d.Endpoint)]),
        "data.released" when told.DetailAs<DataReleased>() is var d => new("plain", Words(d.Reason), [Endpoint(d.Endpoint)]),
        "endpoint.fallback_entered" when told.DetailAs<FallbackEntered>() is var d => new("watch", $"{d.Fallback} answers: {Words(d.Reason)}", [Endpoint(d.Endpoint), .. Maybe(d.IncidentId)]),
        "endpoint.fallback_left" when told.DetailAs<FallbackLeft>() is var d => new("good", $"the model answers again: {Words(d.Reason)}", [Endpoint(d.Endpoint), .. Maybe(d.IncidentId)]),
        "retrain.started" when told.DetailAs<RetrainStarted>() is var d =>
            new("busy", $"on {Count(d.Rows)} labelled rows of {d.DatasetVersion} ({Percent(d.LabelCoverage)} of the window has labels)", [PipelineRun(d.Pipeline, d.PipelineRun), Incident(d.IncidentId, "incident")]),
        "retrain.finished" when told.DetailAs<RetrainFinished>() is var d => new("good", Checks(d.Checks), [PipelineRun(d.Pipeline, d.PipelineRun), Incident(d.IncidentId, "incident")]),
        "retrain.failed" when told.DetailAs<RetrainFailed>() is var d => new("bad", Words(d.Reason), [Incident(d.IncidentId, "incident")]),
        "retrain.blocked" when told.DetailAs<RetrainBlocked>() is var d => new("watch", Words(d.Reason), [Endpoint(d.Endpoint), Incident(d.IncidentId, "incident")]),
        "retrain.unblocked" when told.DetailAs<RetrainUnblocked>() is var d => new("plain", Words(d.Reason), [Endpoint(d.Endpoint), Incident(d.IncidentId, "incident")]),
        "project.applied" when told.DetailAs<ProjectApplied>() is var d => new("plain", d.Changes.Count == 0 ? "nothing changed" : $"{d.Changes.Count} changes", []),
        "token.created" when told.DetailAs<TokenCreated>() is var d => new("plain", $"{d.Name}, {d.Role}", []),
        "token.revoked" when told.DetailAs<TokenRevoked>() is var d => new("plain", d.Name, []),
        _ => Rollout(told),
    };

    private static string Short(string text) => text.Length <= 80 ? text : text[..79] + "…";

    private static EventStory Rollout(JournalEvent told) => told.Kind switch
    {
        "rollout.started" when told.DetailAs<RolloutStarted>() is var d =>
            new("busy", $"version {d.ModelVersion} {(d.FromVersion is null ? "is to become the first" : $"is to replace {d.FromVersion}")}; cause: {Words(d.Cause)}", About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.step_entered" when told.DetailAs<RolloutStepEntered>() is var d =>
            new("busy", Sentence(d.Traffic == 0 ? $"{d.Step}: copies, no traffic" : $"{d.Step} at {Percent(d.Traffic)} of the traffic", d.Counts.Requests == 0 ? null : $"after {Count(d.Counts.Requests)} requests", Evidence(d.Evidence)), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.held" when told.DetailAs<RolloutHeld>() is var d => new("watch", Sentence(Words(d.Reason), Evidence(d.Evidence)), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.completed" when told.DetailAs<RolloutCompleted>() is var d => new("good", Sentence($"after {Count(d.Counts.Requests)} requests", Evidence(d.Evidence)), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.rolled_back" when told.DetailAs<RolloutRolledBack>() is var d => new("bad", Sentence(Words(d.Reason), Evidence(d.Evidence)), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.paused" when told.DetailAs<RolloutPaused>() is var d => new("watch", Words(d.Reason), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.resumed" when told.DetailAs<RolloutResumed>() is var d => new("busy", "", About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.warned" when told.DetailAs<RolloutWarned>() is var d =>
            new("watch", Sentence(Words(d.Reason), d.Traffic < d.FromTraffic ? $"back from {Percent(d.FromTraffic)} to {Percent(d.Traffic)}" : "it waits"), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.approval_needed" when told.DetailAs<RolloutApprovalNeeded>() is var d => new("watch", Words(d.Reason), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.approved" when told.DetailAs<RolloutApproved>() is var d => new("busy", Words(d.Reason), About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.staged" when told.DetailAs<RolloutStaged>() is var d =>
            new(d.Passed ? "good" : "bad", $"{Count(d.Predictions)} requests in staging, {Count(d.Errors)} failed", About(d.RolloutId, d.Model, d.ModelVersion)),
        "rollout.released" when told.DetailAs<RolloutReleased>() is var d => new("plain", $"{d.Former} is let go", About(d.RolloutId, d.Model, d.ModelVersion)),
        "ab.started" when told.DetailAs<AbStarted>() is var d => new("busy", $"{d.A} against {d.B} with {Percent(d.Share)} of the units", [Endpoint(d.Endpoint)]),
        "ab.ended" when told.DetailAs<AbEnded>() is var d => new(d.Result is "invalid" or "stopped" ? "watch" : "good", Words(d.Reason), [Endpoint(d.Endpoint)]),
        _ => new EventStory("plain", "", []),
    };

    private static string Drift(DriftDiagnosed d) => Sentence(
        Words(d.DriftKind) + (d.Cause.Length == 0 ? "" : $" ({Words(d.Cause)})") + (d.Feature is null ? "" : $" in {d.Feature}"),
        d.Psi is { } psi ? $"PSI {Fixed(psi, 2)}" + (d is { PsiLow: { } low, PsiHigh: { } high } ? $" [{Fixed(low, 2)}, {Fixed(high, 2)}]" : "") : null,
        d.ScaleFactor is { } factor ? $"factor {Fixed(factor, 2)}" : null,
        d is { Accuracy: { } now, BaselineAccuracy: { } then } ? $"accuracy {Percent(now)} after {Percent(then)}" : null,
        $"{d.Window} window of {Count(d.Rows)} rows");

    private static string Route(RouteChanged d) => d.Mode switch
    {
        "shadow" => $"{d.Primary ?? "the rules"} answers, {d.Candidate} gets copies",
        "split" => $"{d.Candidate} answers {Percent(d.CandidateWeight)}, {d.Primary ?? "the rules"} the rest",
        _ => $"{d.Primary ?? "the rules"} answers all",
    };

    private static string? Evidence(IReadOnlyList<GuardEvidence> evidence) =>
        evidence.Count == 0 ? null : string.Join(", ", evidence.Select(g => $"{Words(g.Guard)} {g.Verdict}"));

    private static string Checks(IReadOnlyList<GateCheck> checks) =>
        string.Join(", ", checks.Select(c => $"{Words(c.Name)} {Number(c.Value)} {c.Rule}{(c.Passed ? "" : " failed")}"));

    private static string Sentence(params ReadOnlySpan<string?> parts)
    {
        var said = new List<string>();
        foreach (var part in parts)
        {
            if (!string.IsNullOrEmpty(part))
            {
                said.Add(part);
            }
        }

        return string.Join("; ", said);
    }

    private static (string, string)[] About(string rollout, string model, int version) => [("rollout", Routes.Rollout(rollout)), Version(model, version)];

    private static (string, string) Version(string model, int version) => ($"{model} v{version}", Routes.ModelVersion(model, version));

    private static (string, string) Endpoint(string endpoint) => (endpoint, Routes.Endpoint(endpoint));

    private static (string, string) Incident(string id, string name) => (name, Routes.Incident(id));

    private static (string, string)[] Maybe(string? incident) => string.IsNullOrEmpty(incident) ? [] : [Incident(incident, "incident")];

    private static (string, string) PipelineRun(string name, string id) => (name, Routes.PipelineRun(id));
}
