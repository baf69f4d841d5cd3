using System.Text.Json;

namespace Holdfast.Tracking;

/// <summary>State of a trace.</summary>
public enum TraceState
{
    /// <summary>Not said.</summary>
    Unspecified,

    /// <summary>Ended well.</summary>
    Ok,

    /// <summary>Ended with an error.</summary>
    Error,

    /// <summary>Under way.</summary>
    InProgress,
}

/// <summary>
/// One call of an application, seen from outside. Its spans came over OTLP and lie in the database, or lie as <c>traces.json</c> at
/// the address in the tag <c>mlflow.artifactLocation</c>.
/// </summary>
/// <param name="TraceId">Its id, chosen by the client or the server.</param>
/// <param name="ExperimentId">The experiment that it belongs to.</param>
/// <param name="ClientRequestId">The application's own id of the call; null when it gave none.</param>
/// <param name="RequestTime">When it began.</param>
/// <param name="Duration">How long it took; null while it is not known.</param>
/// <param name="State">How it ended.</param>
/// <param name="RequestPreview">The beginning of what went in.</param>
/// <param name="ResponsePreview">The beginning of what came out.</param>
/// <param name="Metadata">What was set at the start and does not change.</param>
/// <param name="Tags">What may be changed later.</param>
/// <param name="Assessments">What people and judges said of it.</param>
public sealed record Trace(
    string TraceId, string ExperimentId, string? ClientRequestId, DateTimeOffset RequestTime, TimeSpan? Duration, TraceState State, string? RequestPreview, string? ResponsePreview,
    IReadOnlyList<Tag> Metadata, IReadOnlyList<Tag> Tags, IReadOnlyList<TraceAssessment> Assessments);

/// <summary>A trace to store.</summary>
/// <param name="TraceId">Null for one of the server's choice.</param>
public sealed record NewTrace(
    string? TraceId, string ExperimentId, DateTimeOffset RequestTime, TimeSpan? Duration = null, TraceState State = TraceState.InProgress, string? ClientRequestId = null, string? RequestPreview = null,
    string? ResponsePreview = null, IReadOnlyList<Tag>? Metadata = null, IReadOnlyList<Tag>? Tags = null);

/// <summary>What was said of a trace: feedback (a judgement) or an expectation (what should have come out).</summary>
/// <param name="AssessmentId">Its id.</param>
/// <param name="Name">What was judged, such as <c>correctness</c>.</param>
/// <param name="SpanId">The part of the trace; null for all of it.</param>
/// <param name="SourceType"><c>HUMAN</c>, <c>LLM_JUDGE</c> or <c>CODE</c>.</param>
/// <param name="SourceId">Who or what judged.</param>
/// <param name="Feedback">The judgement as JSON; null for an expectation.</param>
/// <param name="Expectation">The expectation as JSON; null for feedback.</param>
/// <param name="Rationale">Why.</param>
/// <param name="Metadata">Further pairs.</param>
/// <param name="Overrides">The assessment that this one replaces.</param>
/// <param name="Valid">False when another one replaces it.</param>
public sealed record TraceAssessment(
    string AssessmentId, string Name, string? SpanId, string SourceType, string SourceId, string? Feedback, string? Expectation, string? Rationale, IReadOnlyDictionary<string, string> Metadata, string? Overrides,
    bool Valid, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A change of an assessment; null leaves a field as it is.</summary>
public sealed record AssessmentChange(string? Name = null, string? Feedback = null, string? Expectation = null, string? Rationale = null, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>Which traces.</summary>
/// <param name="ExperimentIds">Only traces of these; an empty list gives none.</param>
/// <param name="Filter">Such as <c>status = 'ERROR' and tags.team = 'risk'</c>.</param>
/// <param name="OrderBy">Such as <c>execution_time desc</c>; then newest first.</param>
/// <param name="Max">Length of the page, 1 to 500.</param>
/// <param name="Token">The <c>next_token</c> of the page before.</param>
public sealed record TraceQuery(IReadOnlyList<string> ExperimentIds, string? Filter = null, IReadOnlyList<string>? OrderBy = null, int Max = 100, string? Token = null);

/// <summary>One step of a trace.</summary>
/// <param name="SpanId">16 hexadecimal digits.</param>
/// <param name="ParentId">The step that it is part of; null for the first.</param>
/// <param name="Type">Such as <c>LLM</c>, <c>CHAIN</c>, <c>TOOL</c>, <c>RETRIEVER</c>; <c>UNKNOWN</c> when it was not said.</param>
/// <param name="Status"><c>OK</c>, <c>ERROR</c> or <c>UNSET</c>.</param>
/// <param name="Message">What went wrong.</param>
/// <param name="StartNs">When it began, nanoseconds since 1970.</param>
/// <param name="EndNs">When it ended; null while it is under way.</param>
/// <param name="Attributes">An object, as the application set it: <c>mlflow.spanInputs</c>, <c>mlflow.spanOutputs</c> and others.</param>
public sealed record TraceSpan(
    string SpanId, string? ParentId, string Name, string Type, string Status, string? Message, long StartNs, long? EndNs, JsonElement Attributes, IReadOnlyList<SpanEvent> Events);

/// <summary>Something that happened within a step, such as an exception.</summary>
/// <param name="AtNs">When, nanoseconds since 1970.</param>
/// <param name="Attributes">An object.</param>
public sealed record SpanEvent(string Name, long AtNs, JsonElement Attributes);

/// <summary>A step to store.</summary>
/// <param name="OtelTraceId">The trace's id in OpenTelemetry, 32 hexadecimal digits; ours is <c>tr-</c> and it, unless the attribute <c>mlflow.traceRequestId</c> says otherwise.</param>
public sealed record NewSpan(string OtelTraceId, TraceSpan Span);

/// <summary>A trace with its steps, the first of each level before its parts.</summary>
public sealed record TraceWithSpans(Trace Trace, IReadOnlyList<TraceSpan> Spans);
