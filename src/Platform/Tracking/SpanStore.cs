using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>SQL of spans.</summary>
internal static class SpanStore
{
    public static void Put(Tx tx, int ws, long trace, TraceSpan span) =>
        tx.Execute(
            """
            insert into trace_span (workspace_id, trace_key, span_id, parent_id, name, type, status, message, start_ns, end_ns, attributes, events)
            values (@ws, @trace, @id, @parent, @name, @type, @status, @message, @start, @end, @attributes, @events)
            on conflict (workspace_id, trace_key, span_id) do update set parent_id = excluded.parent_id, name = excluded.name, type = excluded.type, status = excluded.status, message = excluded.message,
                start_ns = excluded.start_ns, end_ns = excluded.end_ns, attributes = excluded.attributes, events = excluded.events
            """,
            ("ws", ws), ("trace", trace), ("id", span.SpanId), ("parent", span.ParentId), ("name", span.Name), ("type", span.Type), ("status", span.Status), ("message", span.Message), ("start", span.StartNs),
            ("end", span.EndNs), ("attributes", span.Attributes.GetRawText()), ("events", JsonSerializer.Serialize(span.Events, HoldfastJson.Options)));

    /// <summary>The spans of traces, the earliest first.</summary>
    public static Dictionary<long, List<TraceSpan>> Load(Tx tx, int ws, IReadOnlyList<long> traces)
    {
        var spans = new Dictionary<long, List<TraceSpan>>();
        foreach (var chunk in traces.Chunk(RunStore.Chunk))
        {
            foreach (var (key, list) in RunStore.Lists(
                tx, ws, chunk,
                """
                select trace_key, span_id, parent_id, name, type, status, message, start_ns, end_ns, attributes, events from trace_span
                where workspace_id = @ws and trace_key in ({0}) order by trace_key, start_ns, span_id
                """,
                (r, i) => new TraceSpan(
                    r.Text(i), r.TextOrNull(i + 1), r.Text(i + 2), r.Text(i + 3), r.Text(i + 4), r.TextOrNull(i + 5), r.Int64(i + 6), r.Int64OrNull(i + 7), Json(r.Text(i + 8)),
                    JsonSerializer.Deserialize<List<SpanEvent>>(r.Text(i + 9), HoldfastJson.Options)!)))
                spans.Add(key, list);
        }

        return spans;
    }

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
