using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>What a write needs to know of a trace.</summary>
internal sealed record TraceRow(long Key, int ExperimentId, DateTimeOffset RequestTime);

/// <summary>SQL of traces, their tags, metadata and assessments.</summary>
internal static class TraceStore
{
    private static readonly string[] _parts = ["trace_tag", "trace_metadata", "trace_run", "trace_assessment", "trace_span", "trace"];

    public static TraceRow? Find(Tx tx, int ws, string traceId) =>
        tx.QueryOne("select trace_key, experiment_id, requested_at from trace where workspace_id = @ws and trace_id = @id", r => new TraceRow(r.Int64(0), r.Int32(1), r.Time(2)), ("ws", ws), ("id", traceId));

    /// <summary>Stores a trace, replacing what is known of it; tags and metadata are added to those that are there.</summary>
    public static long Put(Tx tx, int ws, string traceId, int experimentId, NewTrace trace) =>
        tx.Insert(
            """
            insert into trace (workspace_id, trace_id, experiment_id, client_request_id, requested_at, duration_ms, state, request_preview, response_preview)
            values (@ws, @id, @experiment, @client, @at, @duration, @state, @request, @response)
            on conflict (workspace_id, trace_id) do update set experiment_id = excluded.experiment_id, client_request_id = excluded.client_request_id, requested_at = excluded.requested_at,
                duration_ms = excluded.duration_ms, state = excluded.state, request_preview = excluded.request_preview, response_preview = excluded.response_preview
            returning trace_key
            """,
            ("ws", ws), ("id", traceId), ("experiment", experimentId), ("client", trace.ClientRequestId), ("at", trace.RequestTime), ("duration", Milliseconds(trace.Duration)), ("state", Word(trace.State)),
            ("request", trace.RequestPreview), ("response", trace.ResponsePreview));

    public static void End(Tx tx, int ws, long key, TraceState state, TimeSpan duration) =>
        tx.Execute("update trace set state = @state, duration_ms = @duration where workspace_id = @ws and trace_key = @key", ("state", Word(state)), ("duration", Milliseconds(duration)), ("ws", ws), ("key", key));

    /// <summary>Widens the time of a trace to that of more spans, and ends it when its first span came.</summary>
    public static void Stretch(Tx tx, int ws, long key, DateTimeOffset start, DateTimeOffset? end, TraceState? state) =>
        tx.Execute(
            """
            update trace set
                duration_ms = case when @ended = 0 and duration_ms is null then null
                    else (case when @end > requested_at + coalesce(duration_ms, 0) then @end else requested_at + coalesce(duration_ms, 0) end) - (case when requested_at > @start then @start else requested_at end) end,
                requested_at = case when requested_at > @start then @start else requested_at end,
                state = case when @state <> '' and state in ('IN_PROGRESS', 'STATE_UNSPECIFIED') then @state else state end
            where workspace_id = @ws and trace_key = @key
            """,
            ("ended", end is null ? 0 : 1), ("end", end ?? start), ("start", start), ("state", state is { } known ? Word(known) : ""), ("ws", ws), ("key", key));

    /// <summary>Fills in what the trace does not say yet.</summary>
    public static void AddPreviews(Tx tx, int ws, long key, string? request, string? response) =>
        tx.Execute(
            "update trace set request_preview = coalesce(request_preview, @request), response_preview = coalesce(response_preview, @response) where workspace_id = @ws and trace_key = @key",
            ("request", request), ("response", response), ("ws", ws), ("key", key));

    /// <summary>Sets a tag that is not there yet.</summary>
    public static void AddTag(Tx tx, int ws, long key, Tag tag) =>
        tx.Execute(
            "insert into trace_tag (workspace_id, trace_key, key, value) values (@ws, @trace, @key, @value) on conflict (workspace_id, trace_key, key) do nothing",
            ("ws", ws), ("trace", key), ("key", tag.Key), ("value", tag.Value));

    public static void SetTag(Tx tx, int ws, long key, Tag tag) => SetPair(tx, ws, "trace_tag", key, tag);

    public static void SetMetadata(Tx tx, int ws, long key, Tag pair) => SetPair(tx, ws, "trace_metadata", key, pair);

    public static bool DeleteTag(Tx tx, int ws, long key, string tag) =>
        tx.Execute("delete from trace_tag where workspace_id = @ws and trace_key = @trace and key = @key", ("ws", ws), ("trace", key), ("key", tag)) == 1;

    public static void LinkRun(Tx tx, int ws, long key, string runId) =>
        tx.Execute("insert into trace_run (workspace_id, trace_key, run_id) values (@ws, @trace, @run) on conflict do nothing", ("ws", ws), ("trace", key), ("run", runId));

    /// <summary>The oldest traces of an experiment up to a time.</summary>
    public static List<long> Oldest(Tx tx, int ws, int experiment, long until, int limit) =>
        tx.Query(
            "select trace_key from trace where workspace_id = @ws and experiment_id = @experiment and requested_at <= @until order by requested_at, trace_key limit @limit", r => r.Int64(0),
            ("ws", ws), ("experiment", experiment), ("until", until), ("limit", limit));

    public static void Delete(Tx tx, int ws, long key)
    {
        foreach (var table in _parts)
            tx.Execute($"delete from {table} where workspace_id = @ws and trace_key = @key", ("ws", ws), ("key", key));
    }

    public static void PutAssessment(Tx tx, int ws, long key, TraceAssessment a) =>
        tx.Execute(
            """
            insert into trace_assessment (workspace_id, trace_key, assessment_id, name, span_id, source_type, source_id, feedback, expectation, rationale, metadata, overrides, valid, created_at, updated_at)
            values (@ws, @trace, @id, @name, @span, @type, @source, @feedback, @expectation, @rationale, @metadata, @overrides, @valid, @created, @updated)
            on conflict (workspace_id, trace_key, assessment_id) do update set name = excluded.name, feedback = excluded.feedback, expectation = excluded.expectation, rationale = excluded.rationale,
                metadata = excluded.metadata, valid = excluded.valid, updated_at = excluded.updated_at
            """,
            ("ws", ws), ("trace", key), ("id", a.AssessmentId), ("name", a.Name), ("span", a.SpanId), ("type", a.SourceType), ("source", a.SourceId), ("feedback", a.Feedback), ("expectation", a.Expectation),
            ("rationale", a.Rationale), ("metadata", JsonSerializer.Serialize(a.Metadata, HoldfastJson.Options)), ("overrides", a.Overrides), ("valid", a.Valid), ("created", a.CreatedAt), ("updated", a.UpdatedAt));

    public static void DeleteAssessment(Tx tx, int ws, long key, string assessmentId) =>
        tx.Execute("delete from trace_assessment where workspace_id = @ws and trace_key = @trace and assessment_id = @id", ("ws", ws), ("trace", key), ("id", assessmentId));

    public static List<TraceAssessment> Assessments(Tx tx, int ws, long key) => Assessments(tx, ws, [key]).GetValueOrDefault(key) ?? [];

    /// <summary>Loads traces whole, in the order of the keys.</summary>
    public static List<Trace> Load(Tx tx, int ws, IReadOnlyList<long> keys)
    {
        var traces = new List<Trace>(keys.Count);
        foreach (var chunk in keys.Chunk(RunStore.Chunk))
        {
            var tags = Pairs(tx, ws, chunk, "trace_tag");
            var metadata = Pairs(tx, ws, chunk, "trace_metadata");
            var assessments = Assessments(tx, ws, chunk);
            var rows = RunStore.Lists(
                tx, ws, chunk,
                "select trace_key, trace_id, experiment_id, client_request_id, requested_at, duration_ms, state, request_preview, response_preview from trace where workspace_id = @ws and trace_key in ({0})",
                (r, i) => new Trace(
                    r.Text(i), r.Int64(i + 1).ToString(CultureInfo.InvariantCulture), r.TextOrNull(i + 2), r.Time(i + 3), r.Int64OrNull(i + 4) is { } ms ? TimeSpan.FromMilliseconds(ms) : null, State(r.Text(i + 5)),
                    r.TextOrNull(i + 6), r.TextOrNull(i + 7), [], [], []));
            traces.AddRange(chunk.Where(rows.ContainsKey).Select(key => rows[key][0] with
            {
                Tags = tags.GetValueOrDefault(key) ?? [],
                Metadata = metadata.GetValueOrDefault(key) ?? [],
                Assessments = assessments.GetValueOrDefault(key) ?? [],
            }));
        }

        return traces;
    }

    private static void SetPair(Tx tx, int ws, string table, long key, Tag pair) =>
        tx.Execute(
            $"insert into {table} (workspace_id, trace_key, key, value) values (@ws, @trace, @key, @value) on conflict (workspace_id, trace_key, key) do update set value = excluded.value",
            ("ws", ws), ("trace", key), ("key", pair.Key), ("value", pair.Value));

    private static Dictionary<long, List<Tag>> Pairs(Tx tx, int ws, IReadOnlyList<long> keys, string table) =>
        RunStore.Lists(tx, ws, keys, $"select trace_key, key, value from {table} where workspace_id = @ws and trace_key in ({{0}}) order by trace_key, key", (r, i) => new Tag(r.Text(i), r.Text(i + 1)));

    private static Dictionary<long, List<TraceAssessment>> Assessments(Tx tx, int ws, IReadOnlyList<long> keys) =>
        RunStore.Lists(
            tx, ws, keys,
            """
            select trace_key, assessment_id, name, span_id, source_type, source_id, feedback, expectation, rationale, metadata, overrides, valid, created_at, updated_at
            from trace_assessment where workspace_id = @ws and trace_key in ({0}) order by trace_key, created_at, assessment_id
            """,
            (r, i) => new TraceAssessment(
                r.Text(i), r.Text(i + 1), r.TextOrNull(i + 2), r.Text(i + 3), r.Text(i + 4), r.TextOrNull(i + 5), r.TextOrNull(i + 6), r.TextOrNull(i + 7),
                JsonSerializer.Deserialize<Dictionary<string, string>>(r.Text(i + 8), HoldfastJson.Options)!, r.TextOrNull(i + 9), r.Bool(i + 10), r.Time(i + 11), r.Time(i + 12)));

    private static long? Milliseconds(TimeSpan? duration) => duration is { } d ? (long)d.TotalMilliseconds : null;

    private static string Word(TraceState state) => state switch
    {
        TraceState.Ok => "OK",
        TraceState.Error => "ERROR",
        TraceState.InProgress => "IN_PROGRESS",
        _ => "STATE_UNSPECIFIED",
    };

    private static TraceState State(string word) => word switch
    {
        "OK" => TraceState.Ok,
        "ERROR" => TraceState.Error,
        "IN_PROGRESS" => TraceState.InProgress,
        _ => TraceState.Unspecified,
    };
}
