using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Registry;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>An answer, written field by field: 64-bit integers as numbers, NaN as text, nothing for what is unset or empty.</summary>
internal sealed class MlflowJson(Action<Utf8JsonWriter> write) : IResult
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The answer to a call that gives nothing back.</summary>
    public static MlflowJson Empty { get; } = new(_ => { });

    /// <summary>The answer as a tree, for those who give back parts of it.</summary>
    public JsonObject ToObject()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, _options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return JsonNode.Parse(buffer.WrittenSpan)!.AsObject();
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(httpContext.Response.BodyWriter, _options);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        await writer.FlushAsync(httpContext.RequestAborted);
    }
}

/// <summary>MLflow's messages on the wire.</summary>
internal static class MlflowWriter
{
    private static readonly SearchValues<char> _hex = SearchValues.Create("0123456789abcdef");

    public static void Record<T>(this Utf8JsonWriter w, string name, T value, Action<Utf8JsonWriter, T> write)
    {
        w.WritePropertyName(name);
        w.WriteStartObject();
        write(w, value);
        w.WriteEndObject();
    }

    public static void List<T>(this Utf8JsonWriter w, string name, IReadOnlyCollection<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
            return;
        w.WritePropertyName(name);
        w.WriteStartArray();
        foreach (var item in items)
        {
            w.WriteStartObject();
            write(w, item);
            w.WriteEndObject();
        }

        w.WriteEndArray();
    }

    /// <summary>A double; what is none is text.</summary>
    public static void Number(this Utf8JsonWriter w, string name, double value)
    {
        if (double.IsNaN(value))
            w.WriteString(name, "NaN");
        else
            w.WriteNumber(name, value);
    }

    public static void Token(this Utf8JsonWriter w, string? token)
    {
        if (!string.IsNullOrEmpty(token))
            w.WriteString("next_page_token", token);
    }

    public static void Experiment(Utf8JsonWriter w, Experiment e)
    {
        w.WriteString("experiment_id", e.Id.ToString(CultureInfo.InvariantCulture));
        w.WriteString("name", e.Name);
        w.WriteString("artifact_location", e.ArtifactLocation);
        w.WriteString("lifecycle_stage", Stage(e.Stage));
        w.WriteNumber("last_update_time", e.UpdatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("creation_time", e.CreatedAt.ToUnixTimeMilliseconds());
        w.List("tags", e.Tags, Tag);
    }

    public static void Run(Utf8JsonWriter w, Run run)
    {
        w.Record("info", run, RunInfo);
        w.Record("data", run, (w, r) =>
        {
            w.List("metrics", r.Metrics, (w, m) => Metric(w, m.Last));
            w.List("params", r.Params, (w, p) =>
            {
                w.WriteString("key", p.Key);
                w.WriteString("value", p.Value);
            });
            w.List("tags", r.Tags, Tag);
        });
        w.Record("inputs", run, (w, r) =>
        {
            w.List("dataset_inputs", r.Inputs, Input);
            w.List("model_inputs", r.ModelInputs ?? [], (w, m) => w.WriteString("model_id", m.ModelId));
        });
        if (run.ModelOutputs is { Count: > 0 })
        {
            w.Record("outputs", run, (w, r) => w.List("model_outputs", r.ModelOutputs!, (w, m) =>
            {
                w.WriteString("model_id", m.ModelId);
                w.WriteNumber("step", m.Step);
            }));
        }
    }

    public static void LoggedModel(Utf8JsonWriter w, LoggedModel model)
    {
        w.Record("info", model, (w, m) =>
        {
            w.WriteString("model_id", m.ModelId);
            w.WriteString("experiment_id", m.ExperimentId);
            w.WriteString("name", m.Name);
            w.WriteNumber("creation_timestamp_ms", m.CreatedAt.ToUnixTimeMilliseconds());
            w.WriteNumber("last_updated_timestamp_ms", m.UpdatedAt.ToUnixTimeMilliseconds());
            w.WriteString("artifact_uri", m.ArtifactUri);
            w.WriteString("status", ModelStatus(m.Status));
            w.WriteString("model_type", m.ModelType ?? "");
            w.WriteString("source_run_id", m.SourceRunId ?? "");
            w.List("tags", m.Tags, Tag);
        });
        w.Record("data", model, (w, m) =>
        {
            w.List("params", m.Params, (w, p) =>
            {
                w.WriteString("key", p.Key);
                w.WriteString("value", p.Value);
            });
            w.List("metrics", m.Metrics, ModelMetric);
        });
    }

    public static void RunInfo(Utf8JsonWriter w, Run run)
    {
        w.WriteString("run_uuid", run.RunId);
        w.WriteString("run_id", run.RunId);
        w.WriteString("run_name", run.Name);
        w.WriteString("experiment_id", run.ExperimentId);
        w.WriteString("user_id", run.User);
        w.WriteString("status", run.Status.ToString().ToUpperInvariant());
        if (run.StartTime is { } start)
            w.WriteNumber("start_time", start.ToUnixTimeMilliseconds());
        if (run.EndTime is { } end)
            w.WriteNumber("end_time", end.ToUnixTimeMilliseconds());
        w.WriteString("artifact_uri", run.ArtifactUri);
        w.WriteString("lifecycle_stage", Stage(run.Stage));
    }

    public static void Metric(Utf8JsonWriter w, MetricPoint m)
    {
        w.WriteString("key", m.Key);
        // MLflow's own store gives infinities back as the largest numbers, and its clients' tests expect those.
        if (double.IsNaN(m.Value))
            w.WriteString("value", "NaN");
        else
            w.WriteNumber("value", Math.Clamp(m.Value, -1.7976931348623157e308, 1.7976931348623157e308));
        w.WriteNumber("timestamp", m.Timestamp.ToUnixTimeMilliseconds());
        w.WriteNumber("step", (long)Math.Floor(m.Step));
    }

    public static void Tag(Utf8JsonWriter w, Tag tag)
    {
        w.WriteString("key", tag.Key);
        w.WriteString("value", tag.Value);
    }

    public static void File(Utf8JsonWriter w, ArtifactFile file)
    {
        w.WriteString("path", file.Path);
        w.WriteBoolean("is_dir", file.IsFolder);
        if (file.Size is { } size)
            w.WriteNumber("file_size", size);
    }

    public static void Model(Utf8JsonWriter w, RegisteredModel model)
    {
        w.WriteString("name", model.Name);
        w.WriteNumber("creation_timestamp", model.CreatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("last_updated_timestamp", model.UpdatedAt.ToUnixTimeMilliseconds());
        if (model.Description is not null)
            w.WriteString("description", model.Description);
        w.List("latest_versions", model.LatestVersions, Version);
        w.List("tags", model.Tags, Tag);
        w.List("aliases", model.Aliases, (w, a) =>
        {
            w.WriteString("alias", a.Key);
            w.WriteString("version", a.Value.ToString(CultureInfo.InvariantCulture));
        });
    }

    public static void Version(Utf8JsonWriter w, ModelVersion v)
    {
        w.WriteString("name", v.Model);
        w.WriteString("version", v.Version.ToString(CultureInfo.InvariantCulture));
        w.WriteNumber("creation_timestamp", v.CreatedAt.ToUnixTimeMilliseconds());
        w.WriteNumber("last_updated_timestamp", v.UpdatedAt.ToUnixTimeMilliseconds());
        w.WriteString("current_stage", v.Stage);
        w.WriteString("description", v.Description);
        w.WriteString("source", v.Source);
        w.WriteString("run_id", v.RunId ?? "");
        w.WriteString("status", v.Status.ToUpperInvariant());
        w.WriteString("run_link", v.RunLink ?? "");
        if (!string.IsNullOrEmpty(v.LoggedModelId))
            w.WriteString("model_id", v.LoggedModelId);
        w.List("tags", v.Tags, (w, t) =>
        {
            w.WriteString("key", t.Key);
            w.WriteString("value", t.Value);
        });
        if (v.Aliases.Count > 0)
        {
            w.WriteStartArray("aliases");
            foreach (var alias in v.Aliases)
                w.WriteStringValue(alias);
            w.WriteEndArray();
        }
    }

    public static void TraceInfo(Utf8JsonWriter w, Trace t)
    {
        w.WriteString("request_id", t.TraceId);
        w.WriteString("experiment_id", t.ExperimentId);
        w.WriteNumber("timestamp_ms", t.RequestTime.ToUnixTimeMilliseconds());
        if (t.Duration is { } duration)
            w.WriteNumber("execution_time_ms", (long)duration.TotalMilliseconds);
        w.WriteString("status", TraceState(t.State, "TRACE_STATUS_UNSPECIFIED"));
        w.List("request_metadata", t.Metadata, Tag);
        w.List("tags", t.Tags, Tag);
    }

    public static void TraceInfoV3(Utf8JsonWriter w, Trace t)
    {
        w.WriteString("trace_id", t.TraceId);
        if (t.ClientRequestId is not null)
            w.WriteString("client_request_id", t.ClientRequestId);
        w.Record("trace_location", t, (w, t) =>
        {
            w.WriteString("type", "MLFLOW_EXPERIMENT");
            w.Record("mlflow_experiment", t, (w, t) => w.WriteString("experiment_id", t.ExperimentId));
        });
        if (t.RequestPreview is not null)
            w.WriteString("request_preview", t.RequestPreview);
        if (t.ResponsePreview is not null)
            w.WriteString("response_preview", t.ResponsePreview);
        w.WriteString("request_time", Instant(t.RequestTime));
        if (t.Duration is { } duration)
            w.WriteString("execution_duration", duration.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) + "s");
        w.WriteString("state", TraceState(t.State, "STATE_UNSPECIFIED"));
        w.Map("trace_metadata", t.Metadata.Select(x => (x.Key, x.Value)));
        w.Map("tags", t.Tags.Select(x => (x.Key, x.Value)));
        w.List("assessments", t.Assessments, (w, a) => Assessment(w, t.TraceId, a));
    }

    public static void TraceWithSpans(Utf8JsonWriter w, TraceWithSpans t)
    {
        w.Record("trace_info", t.Trace, TraceInfoV3);
        var traceId = OtelId(t.Trace.TraceId);
        w.List("spans", t.Spans, (w, s) => Span(w, traceId, s));
    }

    /// <summary>The file of the spans as MLflow's clients write it: values of attributes are the text of their JSON.</summary>
    public static MlflowJson SpanFile(TraceWithSpans t)
    {
        var traceId = OtelId(t.Trace.TraceId);
        return new MlflowJson(w => w.List("spans", t.Spans, (w, s) =>
        {
            w.WriteString("trace_id", traceId);
            w.WriteString("span_id", Base64(s.SpanId));
            w.WriteString("parent_span_id", s.ParentId is null ? "" : Base64(s.ParentId));
            w.WriteString("name", s.Name);
            w.WriteNumber("start_time_unix_nano", s.StartNs);
            if (s.EndNs is { } end)
                w.WriteNumber("end_time_unix_nano", end);
            else
                w.WriteNull("end_time_unix_nano");
            w.WriteStartArray("events");
            foreach (var e in s.Events)
            {
                w.WriteStartObject();
                w.WriteString("name", e.Name);
                w.WriteNumber("time_unix_nano", e.AtNs);
                w.WritePropertyName("attributes");
                w.WriteRawValue(e.Attributes.GetRawText());
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.Record("status", s, (w, s) =>
            {
                w.WriteString("code", "STATUS_CODE_" + s.Status);
                w.WriteString("message", s.Message ?? "");
            });
            w.Map("attributes", s.Attributes.EnumerateObject().Select(a => (a.Name, a.Value.GetRawText())));
        }));
    }

    public static void Assessment(Utf8JsonWriter w, string traceId, TraceAssessment a)
    {
        w.WriteString("assessment_id", a.AssessmentId);
        w.WriteString("assessment_name", a.Name);
        w.WriteString("trace_id", traceId);
        if (a.SpanId is not null)
            w.WriteString("span_id", a.SpanId);
        w.Record("source", a, (w, a) =>
        {
            w.WriteString("source_type", a.SourceType);
            w.WriteString("source_id", a.SourceId);
        });
        w.WriteString("create_time", Instant(a.CreatedAt));
        w.WriteString("last_update_time", Instant(a.UpdatedAt));
        w.WritePropertyName(a.Feedback is null ? "expectation" : "feedback");
        w.WriteRawValue(a.Feedback ?? a.Expectation!);
        if (a.Rationale is not null)
            w.WriteString("rationale", a.Rationale);
        w.Map("metadata", a.Metadata.Select(x => (x.Key, x.Value)));
        if (a.Overrides is not null)
            w.WriteString("overrides", a.Overrides);
        w.WriteBoolean("valid", a.Valid);
    }

    // OpenTelemetry's message as JSON: bytes as base64, 64-bit numbers as text.
    private static void Span(Utf8JsonWriter w, string traceId, TraceSpan s)
    {
        w.WriteString("trace_id", traceId);
        w.WriteString("span_id", Base64(s.SpanId));
        if (s.ParentId is not null)
            w.WriteString("parent_span_id", Base64(s.ParentId));
        w.WriteString("name", s.Name);
        w.WriteString("start_time_unix_nano", s.StartNs.ToString(CultureInfo.InvariantCulture));
        if (s.EndNs is { } end)
            w.WriteString("end_time_unix_nano", end.ToString(CultureInfo.InvariantCulture));
        w.List("attributes", [.. s.Attributes.EnumerateObject()], Attribute);
        w.List("events", s.Events, (w, e) =>
        {
            w.WriteString("time_unix_nano", e.AtNs.ToString(CultureInfo.InvariantCulture));
            w.WriteString("name", e.Name);
            w.List("attributes", [.. e.Attributes.EnumerateObject()], Attribute);
        });
        w.Record("status", s, (w, s) =>
        {
            w.WriteString("code", "STATUS_CODE_" + s.Status);
            if (s.Message is not null)
                w.WriteString("message", s.Message);
        });
    }

    private static void Attribute(Utf8JsonWriter w, JsonProperty attribute)
    {
        w.WriteString("key", attribute.Name);
        w.Record("value", attribute.Value, AnyValue);
    }

    private static void AnyValue(Utf8JsonWriter w, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                w.WriteString("string_value", value.GetString());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                w.WriteBoolean("bool_value", value.GetBoolean());
                break;
            case JsonValueKind.Number when value.GetRawText().AsSpan().IndexOfAny(".eE") < 0 && value.TryGetInt64(out var whole):
                w.WriteString("int_value", whole.ToString(CultureInfo.InvariantCulture));
                break;
            case JsonValueKind.Number:
                w.WriteNumber("double_value", value.GetDouble());
                break;
            case JsonValueKind.Array:
                w.Record("array_value", value, (w, v) => w.List("values", [.. v.EnumerateArray()], AnyValue));
                break;
            case JsonValueKind.Object:
                w.Record("kvlist_value", value, (w, v) => w.List("values", [.. v.EnumerateObject()], Attribute));
                break;
        }
    }

    // A trace of another name has no number of its own there; the attribute mlflow.traceRequestId tells clients its id.
    private static string OtelId(string traceId) =>
        Convert.ToBase64String(traceId.Length == 35 && traceId.AsSpan(3).ContainsAnyExcept(_hex) is false ? Convert.FromHexString(traceId.AsSpan(3)) : System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(traceId)).AsSpan(0, 16));

    private static string Base64(string hex) => Convert.ToBase64String(Convert.FromHexString(hex));

    private static void Map(this Utf8JsonWriter w, string name, IEnumerable<(string Key, string Value)> pairs)
    {
        w.WriteStartObject(name);
        foreach (var (key, value) in pairs)
            w.WriteString(key, value);
        w.WriteEndObject();
    }

    private static string Instant(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string TraceState(TraceState state, string unspecified) => state switch
    {
        Tracking.TraceState.Ok => "OK",
        Tracking.TraceState.Error => "ERROR",
        Tracking.TraceState.InProgress => "IN_PROGRESS",
        _ => unspecified,
    };

    private static void ModelMetric(Utf8JsonWriter w, LoggedModelMetric metric)
    {
        Metric(w, metric.Point);
        if (metric.Point.Model is { DatasetName: { } name } measured)
        {
            w.WriteString("dataset_name", name);
            if (measured.DatasetDigest is { } digest)
                w.WriteString("dataset_digest", digest);
        }

        w.WriteString("model_id", metric.Point.Model!.ModelId);
        w.WriteString("run_id", metric.RunId);
    }

    private static string ModelStatus(LoggedModelStatus status) => status switch
    {
        LoggedModelStatus.Pending => "LOGGED_MODEL_PENDING",
        LoggedModelStatus.Ready => "LOGGED_MODEL_READY",
        LoggedModelStatus.UploadFailed => "LOGGED_MODEL_UPLOAD_FAILED",
        _ => "LOGGED_MODEL_STATUS_UNSPECIFIED",
    };

    private static void Input(Utf8JsonWriter w, RunInput input)
    {
        w.List("tags", input.Tags ?? [], Tag);
        w.Record("dataset", input, (w, d) =>
        {
            w.WriteString("name", d.Name);
            w.WriteString("digest", d.Digest);
            w.WriteString("source_type", d.SourceType);
            w.WriteString("source", d.Source);
            if (d.Schema is not null)
                w.WriteString("schema", d.Schema);
            if (d.Profile is not null)
                w.WriteString("profile", d.Profile);
        });
    }

    private static string Stage(LifecycleStage stage) => stage == LifecycleStage.Active ? "active" : "deleted";
}
