using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>
/// <c>traces</c>, in the words of MLflow 2 (under 2.0) and of MLflow 3 (under 3.0), and their assessments. The spans come over OTLP,
/// or are a file that clients write and read by themselves at the address that a trace's tag names.
/// </summary>
internal static class TraceCalls
{
    private const string V2 = "/2.0/mlflow/traces";
    private const string V3 = "/3.0/mlflow/traces";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", V2, Role.Editor, Start),
        new("PATCH", V2 + "/{request_id}", Role.Editor, End),
        new("GET", V2 + "/{request_id}/info", Role.Viewer, GetInfo),
        new("GET", V2, Role.Viewer, Search),
        new("POST", V2 + "/delete-traces", Role.Editor, Delete),
        new("PATCH", V2 + "/{request_id}/tags", Role.Editor, SetTag),
        new("DELETE", V2 + "/{request_id}/tags", Role.Editor, DeleteTag),
        new("POST", V2 + "/link-to-run", Role.Editor, LinkToRun),
        new("POST", V3, Role.Editor, StartV3),
        new("GET", V3 + "/{trace_id}", Role.Viewer, GetV3),
        new("GET", V3 + "/get", Role.Viewer, GetSpans),
        new("GET", V3 + "/batchGet", Role.Viewer, GetManySpans),
        new("POST", V3 + "/search", Role.Viewer, SearchV3),
        new("POST", V3 + "/calculate-filter-correlation", Role.Viewer, Correlate),
        new("POST", V3 + "/delete-traces", Role.Editor, Delete),
        new("PATCH", V3 + "/{trace_id}/tags", Role.Editor, SetTag),
        new("DELETE", V3 + "/{trace_id}/tags", Role.Editor, DeleteTag),
        new("POST", V3 + "/{trace_id}/assessments", Role.Editor, AddAssessment),
        new("GET", V3 + "/{trace_id}/assessments/{assessment_id}", Role.Viewer, GetAssessment),
        new("PATCH", V3 + "/{trace_id}/assessments/{assessment_id}", Role.Editor, ChangeAssessment),
        new("DELETE", V3 + "/{trace_id}/assessments/{assessment_id}", Role.Editor, DeleteAssessment),
    ];

    /// <summary><c>GET /ajax-api/2.0/mlflow/get-trace-artifact</c>: the spans.</summary>
    public static async Task<IResult> File(HttpContext http, TrackingService tracking)
    {
        var id = http.Request.Query["request_id"].ToString();
        if (id.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Request must include the \"request_id\" query parameter.");
        var found = await tracking.GetTraceWithSpans(http.Principal(), id, http.RequestAborted);
        // What came over OTLP is written as the client would have.
        var content = found.Trace.Tags.Any(t => t.Key == WellKnownTags.SpansLocation && t.Value == TrackingService.SpansHere)
            ? new MemoryStream(Encoding.UTF8.GetBytes(MlflowWriter.SpanFile(found).ToObject().ToJsonString(HoldfastJson.Options)))
            : await tracking.OpenTrace(http.Principal(), id, http.RequestAborted);
        return TrackingApi.Download(http, content, TrackingService.TraceFile);
    }

    private static async Task<IResult> Start(MlflowCall call)
    {
        var trace = new NewTrace(
            null, call.Args.RequiredId("experiment_id"), call.Args.Time("timestamp_ms") ?? throw call.Args.Missing("timestamp_ms"), Metadata: Pairs(call.Args, "request_metadata"), Tags: Pairs(call.Args, "tags"));
        return Info(await call.Tracking.PutTrace(call.Principal, trace, call.Ct));
    }

    private static async Task<IResult> End(MlflowCall call)
    {
        var at = call.Args.Time("timestamp_ms") ?? throw call.Args.Missing("timestamp_ms");
        return Info(await call.Tracking.EndTrace(
            call.Principal, Id(call), at, call.Args.TraceState("status") ?? TraceState.Unspecified, Pairs(call.Args, "request_metadata"), Pairs(call.Args, "tags"), call.Ct));
    }

    private static async Task<IResult> GetInfo(MlflowCall call) => Info(await call.Tracking.GetTrace(call.Principal, Id(call), call.Ct));

    private static async Task<IResult> Search(MlflowCall call)
    {
        var experiments = call.Args.Texts("experiment_ids");
        if (experiments.Count == 0)
            throw call.Args.Missing("experiment_ids");
        return await Found(call, experiments, MlflowWriter.TraceInfo);
    }

    private static async Task<IResult> SearchV3(MlflowCall call)
    {
        if (!call.Args.Has("locations"))
            throw call.Args.Missing("locations");
        return await Found(call, [.. call.Args.Records("locations").Select(Experiment).OfType<string>()], MlflowWriter.TraceInfoV3);
    }

    private static async Task<IResult> Found(MlflowCall call, IReadOnlyList<string> experiments, Action<Utf8JsonWriter, Trace> write)
    {
        var query = new TraceQuery(experiments, call.Args.Text("filter"), call.Args.Texts("order_by"), call.Args.Int32("max_results") ?? 100, call.Args.Text("page_token"));
        var page = await call.Tracking.SearchTraces(call.Principal, query, TraceFilter.Mlflow, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("traces", page.Items, write);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> StartV3(MlflowCall call)
    {
        var trace = call.Args.Record("trace") ?? throw call.Args.Missing("trace");
        var info = trace.Record("trace_info") ?? throw trace.Missing("trace_info");
        var location = info.Record("trace_location") ?? throw info.Missing("trace_location");
        var stored = await call.Tracking.PutTrace(
            call.Principal,
            new NewTrace(
                info.Text("trace_id"), Experiment(location) ?? throw location.Missing("mlflow_experiment"), info.Instant("request_time") ?? throw info.Missing("request_time"), info.Duration("execution_duration"),
                info.TraceState("state") ?? TraceState.Unspecified, info.Text("client_request_id"), info.Text("request_preview"), info.Text("response_preview"), Tags(info.Map("trace_metadata")), Tags(info.Map("tags"))),
            call.Ct);
        foreach (var assessment in info.Records("assessments"))
            await call.Tracking.AddAssessment(call.Principal, stored.TraceId, Assessment(assessment), call.Ct);
        return Whole(await call.Tracking.GetTrace(call.Principal, stored.TraceId, call.Ct));
    }

    private static async Task<IResult> GetV3(MlflowCall call) => Whole(await call.Tracking.GetTrace(call.Principal, Id(call), call.Ct));

    private static async Task<IResult> GetSpans(MlflowCall call)
    {
        var id = call.Args.Required("trace_id");
        var found = await call.Tracking.GetTraceWithSpans(call.Principal, id, call.Ct);
        return call.Args.Bool("allow_partial") == true || TrackingService.IsWhole(found)
            ? new MlflowJson(w => w.Record("trace", found, MlflowWriter.TraceWithSpans))
            : throw new HoldfastException(ErrorCode.NotFound, $"Trace with ID {id} is not fully exported yet, please try again later.");
    }

    private static async Task<IResult> GetManySpans(MlflowCall call)
    {
        var ids = call.Args.Texts("trace_ids");
        if (ids.Count == 0)
            throw call.Args.Missing("trace_ids");
        var found = await call.Tracking.GetTracesWithSpans(call.Principal, ids, call.Ct);
        return new MlflowJson(w => w.List("traces", [.. found.Where(t => t.Spans.Count > 0 && TrackingService.IsWhole(t))], MlflowWriter.TraceWithSpans));
    }

    private static async Task<IResult> Correlate(MlflowCall call)
    {
        var experiments = call.Args.Texts("experiment_ids");
        if (experiments.Count == 0)
            throw call.Args.Missing("experiment_ids");
        var found = await call.Tracking.CorrelateTraces(
            call.Principal, experiments, call.Args.Required("filter_string1"), call.Args.Required("filter_string2"), call.Args.Text("base_filter"), TraceFilter.Mlflow, call.Ct);
        return new MlflowJson(w =>
        {
            w.Number("npmi", found.Npmi);
            w.Number("npmi_smoothed", found.Smoothed);
            w.WriteNumber("filter1_count", found.First);
            w.WriteNumber("filter2_count", found.Second);
            w.WriteNumber("joint_count", found.Joint);
            w.WriteNumber("total_count", found.Total);
        });
    }

    private static async Task<IResult> Delete(MlflowCall call)
    {
        var deleted = await call.Tracking.DeleteTraces(
            call.Principal, call.Args.RequiredId("experiment_id"), call.Args.Until("max_timestamp_millis"), call.Args.Int32("max_traces"), call.Args.Texts("request_ids"), call.Ct);
        return new MlflowJson(w => w.WriteNumber("traces_deleted", deleted));
    }

    private static async Task<IResult> SetTag(MlflowCall call)
    {
        await call.Tracking.SetTraceTag(call.Principal, Id(call), new Tag(call.Args.Required("key"), call.Args.Text("value") ?? ""), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Tracking.DeleteTraceTag(call.Principal, Id(call), call.Args.Required("key"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LinkToRun(MlflowCall call)
    {
        await call.Tracking.LinkTraces(call.Principal, call.Args.Texts("trace_ids"), call.Args.Required("run_id"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> AddAssessment(MlflowCall call)
    {
        var assessment = call.Args.Record("assessment") ?? throw call.Args.Missing("assessment");
        return Answer(Id(call), await call.Tracking.AddAssessment(call.Principal, Id(call), Assessment(assessment), call.Ct));
    }

    private static async Task<IResult> GetAssessment(MlflowCall call) => Answer(Id(call), await call.Tracking.GetAssessment(call.Principal, Id(call), AssessmentId(call), call.Ct));

    private static async Task<IResult> ChangeAssessment(MlflowCall call)
    {
        var fields = call.Args.Record("assessment") ?? throw call.Args.Missing("assessment");
        var mask = (call.Args.Text("update_mask") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        // Paths of a mask come in either spelling.
        bool Changes(string path, string camel) => mask.Contains(path) || mask.Contains(camel);
        var change = new AssessmentChange(
            Changes("assessment_name", "assessmentName") ? fields.Required("assessment_name") : null, Changes("feedback", "feedback") ? fields.Json("feedback") : null,
            Changes("expectation", "expectation") ? Expectation(fields) : null, Changes("rationale", "rationale") ? fields.Text("rationale") ?? "" : null,
            Changes("metadata", "metadata") ? fields.Map("metadata") : null);
        return Answer(Id(call), await call.Tracking.ChangeAssessment(call.Principal, Id(call), AssessmentId(call), change, call.Ct));
    }

    private static async Task<IResult> DeleteAssessment(MlflowCall call)
    {
        await call.Tracking.DeleteAssessment(call.Principal, Id(call), AssessmentId(call), call.Ct);
        return MlflowJson.Empty;
    }

    private static TraceAssessment Assessment(MlflowArguments args)
    {
        var source = args.Record("source");
        return new TraceAssessment(
            "", args.Required("assessment_name"), args.Text("span_id") is { Length: > 0 } span ? span : null, source?.Text("source_type") ?? "SOURCE_TYPE_UNSPECIFIED", source?.Text("source_id") ?? "default",
            args.Json("feedback"), Expectation(args), args.Text("rationale"), args.Map("metadata"), args.Text("overrides") is { Length: > 0 } overrides ? overrides : null, args.Bool("valid") ?? true, default,
            default);
    }

    // What is no plain value is answered as JSON text, as MLflow's server does.
    private static string? Expectation(MlflowArguments args) =>
        args.Record("expectation")?.Structure("value") is { } value
            ? new JsonObject { ["serialized_value"] = new JsonObject { ["serialization_format"] = "JSON_FORMAT", ["value"] = value } }.ToJsonString(HoldfastJson.Options)
            : args.Json("expectation");

    private static string? Experiment(MlflowArguments location) => location.Record("mlflow_experiment")?.Id("experiment_id");

    private static List<Tag> Pairs(MlflowArguments args, string name) => Tags(args.Pairs(name));

    private static List<Tag> Tags(IReadOnlyDictionary<string, string> pairs) => [.. pairs.Select(p => new Tag(p.Key, p.Value))];

    private static string Id(MlflowCall call) => (string)(call.Http.Request.RouteValues["trace_id"] ?? call.Http.Request.RouteValues["request_id"])!;

    private static string AssessmentId(MlflowCall call) => (string)call.Http.Request.RouteValues["assessment_id"]!;

    private static MlflowJson Info(Trace trace) => new(w => w.Record("trace_info", trace, MlflowWriter.TraceInfo));

    private static MlflowJson Whole(Trace trace) => new(w => w.Record("trace", trace, (w, t) => w.Record("trace_info", t, MlflowWriter.TraceInfoV3)));

    private static MlflowJson Answer(string traceId, TraceAssessment assessment) => new(w => w.Record("assessment", assessment, (w, a) => MlflowWriter.Assessment(w, traceId, a)));
}
