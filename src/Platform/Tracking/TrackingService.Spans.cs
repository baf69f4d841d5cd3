using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    /// <summary>The value of the tag <c>mlflow.trace.spansLocation</c> for spans that lie in the database.</summary>
    public const string SpansHere = "TRACKING_STORE";

    private const int SpansAJob = 500;
    private const int MaxSpanName = 1000;

    /// <summary>
    /// Stores spans, and makes or completes the traces that they belong to: its time is that of its spans, its state that of its
    /// first one. A span that is there is replaced, so a batch may be sent again.
    /// </summary>
    public async Task LogSpans(Principal p, string experimentId, IReadOnlyList<NewSpan> spans, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(spans);
        await Prepare(p, ct);
        await db.Read(tx => ActiveExperiment(tx, p, experimentId), ct);
        var traces = spans.Select(s => (Id: IdOf(s), Span: s.Span with { Name = s.Span.Name.Length <= MaxSpanName ? s.Span.Name : s.Span.Name[..MaxSpanName], Type = SpanReading.Type(s.Span.Attributes) }))
            .GroupBy(s => s.Id, s => s.Span).SelectMany(g => g.Chunk(SpansAJob).Select(part => (Id: g.Key, Spans: part))).ToList();
        while (traces.Count > 0)
        {
            var count = 1;
            for (var sum = traces[0].Spans.Length; count < traces.Count && sum + traces[count].Spans.Length <= SpansAJob; count++)
                sum += traces[count].Spans.Length;
            var job = traces[..count];
            await db.Write(
                tx =>
                {
                    var experiment = ActiveExperiment(tx, p, experimentId);
                    foreach (var (id, part) in job)
                        AddSpans(tx, p, experiment, id, part);
                },
                WriteLane.Bulk, ct);
            traces.RemoveRange(0, count);
        }
    }

    /// <summary>A trace with its spans, from the database or from the file that a client wrote.</summary>
    public async Task<TraceWithSpans> GetTraceWithSpans(Principal p, string traceId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var found = await db.Read(tx => WithSpans(tx, p, [Trace(tx, p, traceId).Key]), ct);
        return await Filed(p, found[0], ct);
    }

    /// <summary>Traces with their spans; those that are not there are left out.</summary>
    public async Task<IReadOnlyList<TraceWithSpans>> GetTracesWithSpans(Principal p, IReadOnlyList<string> traceIds, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(traceIds);
        if (traceIds.Count > MaxTraces)
            throw KeyRules.Invalid($"At most {MaxTraces} traces can be read at once, not {traceIds.Count}.", "Ask for fewer.");
        var found = await db.Read(tx => WithSpans(tx, p, [.. traceIds.Distinct().Select(id => TraceStore.Find(tx, p.WorkspaceId, id)).OfType<TraceRow>().Select(t => t.Key)]), ct);
        var whole = new List<TraceWithSpans>(found.Count);
        foreach (var trace in found)
            whole.Add(await Filed(p, trace, ct));
        return whole;
    }

    /// <summary>Whether all spans are there that the client counted, as far as it did.</summary>
    public static bool IsWhole(TraceWithSpans trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (trace.Trace.Metadata.FirstOrDefault(m => m.Key == WellKnownTags.TraceSize)?.Value is not { } stats)
            return true;
        try
        {
            using var document = JsonDocument.Parse(stats);
            return !document.RootElement.TryGetProperty("num_spans", out var count) || !count.TryGetInt32(out var expected) || trace.Spans.Count >= expected;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return true;
        }
    }

    private static List<TraceWithSpans> WithSpans(Tx tx, Principal p, IReadOnlyList<long> keys)
    {
        var traces = TraceStore.Load(tx, p.WorkspaceId, keys);
        var spans = SpanStore.Load(tx, p.WorkspaceId, keys);
        return [.. traces.Zip(keys, (trace, key) => new TraceWithSpans(trace, spans.GetValueOrDefault(key) ?? []))];
    }

    private async Task<TraceWithSpans> Filed(Principal p, TraceWithSpans trace, CancellationToken ct)
    {
        if (trace.Spans.Count > 0 || trace.Trace.Tags.FirstOrDefault(t => t.Key == WellKnownTags.ArtifactLocation)?.Value is not { } location)
            return trace with { Spans = SpanTree.Ordered(trace.Spans) };
        try
        {
            await using var file = await OpenAt(p, location, TraceFile, ct);
            return trace with { Spans = SpanTree.Ordered(await SpanFile.Read(file, ct)) };
        }
        catch (HoldfastException e) when (e.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument or ErrorCode.Unsupported)
        {
            // Not written yet, or where this server does not look.
            return trace;
        }
    }

    private static void AddSpans(Tx tx, Principal p, Experiment experiment, string traceId, TraceSpan[] spans)
    {
        var known = TraceStore.Find(tx, p.WorkspaceId, traceId);
        var root = Array.Find(spans, s => s.ParentId is null);
        var start = Time(spans.Min(s => s.StartNs));
        var end = spans.Max(s => s.EndNs) is { } last ? Time(last) : (DateTimeOffset?)null;
        var state = root is null ? TraceState.InProgress : root.Status == "ERROR" ? TraceState.Error : TraceState.Ok;
        long key;
        if (known is null)
        {
            key = TraceStore.Put(tx, p.WorkspaceId, traceId, experiment.Id, new NewTrace(traceId, "", start, end - start, state));
            TraceStore.SetTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.ArtifactLocation, ArtifactPlace.Join(experiment.ArtifactLocation, "traces", traceId, "artifacts")));
        }
        else
        {
            key = known.Key;
            TraceStore.Stretch(tx, p.WorkspaceId, key, start, end, root is null ? null : state);
        }

        TraceStore.SetTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.SpansLocation, SpansHere));
        foreach (var span in spans)
            SpanStore.Put(tx, p.WorkspaceId, key, span);
        if (root is not null)
        {
            TraceStore.AddTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.TraceName, root.Name));
            TraceStore.AddPreviews(tx, p.WorkspaceId, key, SpanReading.Preview(SpanReading.Inputs(root)), SpanReading.Preview(SpanReading.Outputs(root)));
        }

        // Summed anew, so that a batch that comes twice counts once.
        if (Array.Exists(spans, s => SpanReading.Usage(s) is not null) && SpanReading.Usage(SpanStore.Load(tx, p.WorkspaceId, [key])[key]) is { } usage)
            TraceStore.SetMetadata(tx, p.WorkspaceId, key, new Tag(WellKnownTags.TokenUsage, $"{{\"input_tokens\": {usage.Input}, \"output_tokens\": {usage.Output}, \"total_tokens\": {usage.Total}}}"));
    }

    private static Experiment ActiveExperiment(Tx tx, Principal p, string id)
    {
        var experiment = Experiment(tx, p, id);
        return experiment.Stage == LifecycleStage.Deleted ? throw NotActive(experiment.Id) : experiment;
    }

    // MLflow's clients name the trace in an attribute, as the text of JSON or plainly.
    private static string IdOf(NewSpan span)
    {
        if (span.Span.Attributes.TryGetProperty(WellKnownTags.TraceRequestId, out var told) && told.ValueKind == JsonValueKind.String && told.GetString()!.Trim('"') is var id && TraceIds().IsMatch(id))
            return id;
        return "tr-" + span.OtelTraceId;
    }

    private static DateTimeOffset Time(long ns) => DateTimeOffset.FromUnixTimeMilliseconds(ns / 1_000_000);
}
