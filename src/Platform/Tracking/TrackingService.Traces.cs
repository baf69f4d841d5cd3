using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    /// <summary>The file that holds the spans of a trace, at its artifact address.</summary>
    public const string TraceFile = "traces.json";

    private const int MaxTraces = 500;
    private const int MaxLinked = 100;

    /// <summary>Stores a trace. One that is there is brought up to date; its tags and metadata are kept and added to.</summary>
    public async Task<Trace> PutTrace(Principal p, NewTrace trace, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(trace);
        await Prepare(p, ct);
        var id = string.IsNullOrEmpty(trace.TraceId) ? "tr-" + Ids.Hex32() : trace.TraceId;
        if (!TraceIds().IsMatch(id))
            throw KeyRules.Invalid($"Invalid trace id: '{id}'", "Use letters, digits, underscores and dashes.");
        var tags = (trace.Tags ?? []).Select(CheckTraceTag).ToList();
        var metadata = (trace.Metadata ?? []).Select(CheckTraceTag).ToList();
        return await db.Write(
            tx =>
            {
                var e = Experiment(tx, p, trace.ExperimentId);
                if (e.Stage == LifecycleStage.Deleted)
                    throw NotActive(e.Id);
                var key = TraceStore.Put(tx, p.WorkspaceId, id, e.Id, trace);
                AddPairs(tx, p, key, tags, metadata);
                if (!tags.Exists(t => t.Key == WellKnownTags.ArtifactLocation))
                    TraceStore.SetTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.ArtifactLocation, ArtifactPlace.Join(e.ArtifactLocation, "traces", id, "artifacts")));
                return TraceStore.Load(tx, p.WorkspaceId, [key])[0];
            },
            ct: ct);
    }

    /// <summary>Ends a trace.</summary>
    public Task<Trace> EndTrace(Principal p, string traceId, DateTimeOffset at, TraceState state, IReadOnlyList<Tag> metadata, IReadOnlyList<Tag> tags, CancellationToken ct = default)
    {
        var checkedTags = tags.Select(CheckTraceTag).ToList();
        var checkedMetadata = metadata.Select(CheckTraceTag).ToList();
        return ChangeTrace(
            p, traceId,
            (tx, row) =>
            {
                TraceStore.End(tx, p.WorkspaceId, row.Key, state, at - row.RequestTime);
                AddPairs(tx, p, row.Key, checkedTags, checkedMetadata);
                return TraceStore.Load(tx, p.WorkspaceId, [row.Key])[0];
            },
            ct);
    }

    /// <summary>A trace.</summary>
    public async Task<Trace> GetTrace(Principal p, string traceId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => TraceStore.Load(tx, p.WorkspaceId, [Trace(tx, p, traceId).Key])[0], ct);
    }

    /// <summary>Traces that match; newest first unless ordered otherwise.</summary>
    /// <param name="grammar">The words allowed; the native ones when omitted.</param>
    public async Task<Page<Trace>> SearchTraces(Principal p, TraceQuery query, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(query);
        KeyRules.Page(query.Max, MaxTraces);
        grammar ??= TraceFilter.Native;
        var filter = FilterParser.Parse(query.Filter, grammar);
        var order = FilterParser.ParseOrder(query.OrderBy, grammar);
        var offset = PageToken.Offset(query.Token);
        return await db.Read(
            tx =>
            {
                var found = TraceFilter.Search(tx, p.WorkspaceId, [.. query.ExperimentIds.Select(ParseId).OfType<int>().Distinct()], filter, order, query.Max + 1, offset);
                var page = PageToken.Cut(found, query.Max, offset);
                return new Page<Trace>(TraceStore.Load(tx, p.WorkspaceId, page.Items), page.NextToken);
            },
            ct);
    }

    /// <summary>How two conditions on the traces of experiments go together.</summary>
    /// <param name="among">Only traces that meet this one, too; all when omitted.</param>
    /// <param name="grammar">The words allowed; the native ones when omitted.</param>
    public async Task<TraceCorrelation> CorrelateTraces(
        Principal p, IReadOnlyList<string> experimentIds, string first, string second, string? among = null, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(experimentIds);
        grammar ??= TraceFilter.Native;
        var (a, b, all) = (FilterParser.Parse(first, grammar), FilterParser.Parse(second, grammar), FilterParser.Parse(among, grammar));
        var experiments = experimentIds.Select(ParseId).OfType<int>().Distinct().ToList();
        return await db.Read(
            tx =>
            {
                long Count(params Filter[] parts) => TraceFilter.Count(tx, p.WorkspaceId, experiments, new AllOf(parts));
                return new TraceCorrelation(Count(all, a), Count(all, b), Count(all, a, b), Count(all));
            },
            ct);
    }

    /// <summary>Deletes traces for good: those named, or the oldest up to a time. Spans go along, their files stay. Returns how many.</summary>
    public async Task<int> DeleteTraces(Principal p, string experimentId, DateTimeOffset? until, int? max, IReadOnlyList<string> traceIds, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(traceIds);
        await Prepare(p, ct);
        if (until is null == (traceIds.Count == 0))
            throw KeyRules.Invalid("Either `max_timestamp_millis` or `request_ids` must be specified, but not both.");
        if (traceIds.Count > 0 && max is not null)
            throw KeyRules.Invalid("`max_traces` can't be specified if `request_ids` is specified.");
        if (max is <= 0)
            throw KeyRules.Invalid($"`max_traces` must be a positive integer, received {max}.");
        return await db.Write(
            tx =>
            {
                var experiment = Experiment(tx, p, experimentId).Id;
                var keys = until is { } time
                    ? TraceStore.Oldest(tx, p.WorkspaceId, experiment, time.ToUnixTimeMilliseconds(), max ?? int.MaxValue)
                    : [.. traceIds.Distinct().Select(id => TraceStore.Find(tx, p.WorkspaceId, id)).OfType<TraceRow>().Where(t => t.ExperimentId == experiment).Select(t => t.Key)];
                foreach (var key in keys)
                    TraceStore.Delete(tx, p.WorkspaceId, key);
                return keys.Count;
            },
            WriteLane.Bulk, ct);
    }

    /// <summary>Sets a tag of a trace.</summary>
    public Task SetTraceTag(Principal p, string traceId, Tag tag, CancellationToken ct = default)
    {
        var safe = CheckTraceTag(tag);
        return ChangeTrace(
            p, traceId,
            (tx, row) =>
            {
                TraceStore.SetTag(tx, p.WorkspaceId, row.Key, safe);
                return true;
            },
            ct);
    }

    /// <summary>Removes a tag of a trace.</summary>
    public Task DeleteTraceTag(Principal p, string traceId, string tag, CancellationToken ct = default) =>
        ChangeTrace(
            p, traceId,
            (tx, row) => TraceStore.DeleteTag(tx, p.WorkspaceId, row.Key, tag) ? true : throw new HoldfastException(ErrorCode.NotFound, $"No trace tag with key '{tag}' for trace with request_id '{traceId}'"),
            ct);

    /// <summary>Links traces to a run that did not make them.</summary>
    public async Task LinkTraces(Principal p, IReadOnlyList<string> traceIds, string runId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(traceIds);
        if (traceIds.Count > MaxLinked)
            throw KeyRules.Invalid($"Cannot link more than {MaxLinked} traces to a run in a single request. Provided {traceIds.Count} traces.");
        await db.Write(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                foreach (var id in traceIds)
                    TraceStore.LinkRun(tx, p.WorkspaceId, Trace(tx, p, id).Key, run.RunId);
            },
            ct: ct);
    }

    /// <summary>Opens the spans of a trace.</summary>
    public async Task<Stream> OpenTrace(Principal p, string traceId, CancellationToken ct = default)
    {
        var trace = await GetTrace(p, traceId, ct);
        var location = trace.Tags.FirstOrDefault(t => t.Key == WellKnownTags.ArtifactLocation)?.Value
            ?? throw new HoldfastException(ErrorCode.NotFound, $"Unable to determine trace artifact location for '{traceId}'.");
        return await OpenAt(p, location, TraceFile, ct);
    }

    /// <summary>Records an assessment of a trace. One that it overrides is no longer valid.</summary>
    public Task<TraceAssessment> AddAssessment(Principal p, string traceId, TraceAssessment assessment, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(assessment);
        CheckAssessment(assessment);
        var now = time.GetUtcNow();
        var added = assessment with { AssessmentId = "a-" + Ids.Hex32(), CreatedAt = now, UpdatedAt = now };
        return ChangeTrace(
            p, traceId,
            (tx, row) =>
            {
                if (added.Overrides is { } replaced)
                    TraceStore.PutAssessment(tx, p.WorkspaceId, row.Key, Assessment(tx, p, row.Key, traceId, replaced) with { Valid = false });
                TraceStore.PutAssessment(tx, p.WorkspaceId, row.Key, added);
                return added;
            },
            ct);
    }

    /// <summary>An assessment.</summary>
    public async Task<TraceAssessment> GetAssessment(Principal p, string traceId, string assessmentId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => Assessment(tx, p, Trace(tx, p, traceId).Key, traceId, assessmentId), ct);
    }

    /// <summary>Changes an assessment. Feedback stays feedback, an expectation an expectation.</summary>
    public Task<TraceAssessment> ChangeAssessment(Principal p, string traceId, string assessmentId, AssessmentChange change, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        return ChangeTrace(
            p, traceId,
            (tx, row) =>
            {
                var old = Assessment(tx, p, row.Key, traceId, assessmentId);
                if ((change.Feedback is not null && old.Feedback is null) || (change.Expectation is not null && old.Expectation is null))
                    throw KeyRules.Invalid($"The assessment '{assessmentId}' is {(old.Feedback is null ? "an expectation" : "feedback")} and stays so.", "Log another assessment.");
                var changed = old with
                {
                    Name = change.Name ?? old.Name,
                    Feedback = change.Feedback ?? old.Feedback,
                    Expectation = change.Expectation ?? old.Expectation,
                    Rationale = change.Rationale ?? old.Rationale,
                    Metadata = change.Metadata ?? old.Metadata,
                    UpdatedAt = time.GetUtcNow(),
                };
                CheckAssessment(changed);
                TraceStore.PutAssessment(tx, p.WorkspaceId, row.Key, changed);
                return changed;
            },
            ct);
    }

    /// <summary>Deletes an assessment; the one that it overrode is valid again.</summary>
    public Task DeleteAssessment(Principal p, string traceId, string assessmentId, CancellationToken ct = default) =>
        ChangeTrace(
            p, traceId,
            (tx, row) =>
            {
                var old = Assessment(tx, p, row.Key, traceId, assessmentId);
                TraceStore.DeleteAssessment(tx, p.WorkspaceId, row.Key, assessmentId);
                if (TraceStore.Assessments(tx, p.WorkspaceId, row.Key).Find(a => a.AssessmentId == old.Overrides) is { } replaced)
                    TraceStore.PutAssessment(tx, p.WorkspaceId, row.Key, replaced with { Valid = true });
                return true;
            },
            ct);

    private async Task<T> ChangeTrace<T>(Principal p, string traceId, Func<Tx, TraceRow, T> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(tx => change(tx, Trace(tx, p, traceId)), ct: ct);
    }

    private static void AddPairs(Tx tx, Principal p, long key, List<Tag> tags, List<Tag> metadata)
    {
        foreach (var tag in tags)
            TraceStore.SetTag(tx, p.WorkspaceId, key, tag);
        foreach (var pair in metadata)
            TraceStore.SetMetadata(tx, p.WorkspaceId, key, pair);
    }

    private static TraceRow Trace(Tx tx, Principal p, string traceId) =>
        TraceStore.Find(tx, p.WorkspaceId, traceId) ?? throw new HoldfastException(ErrorCode.NotFound, $"Trace with ID '{traceId}' not found.");

    private static TraceAssessment Assessment(Tx tx, Principal p, long key, string traceId, string assessmentId) =>
        TraceStore.Assessments(tx, p.WorkspaceId, key).Find(a => a.AssessmentId == assessmentId)
        ?? throw new HoldfastException(ErrorCode.NotFound, $"Assessment with ID '{assessmentId}' not found for trace '{traceId}'");

    private static void CheckAssessment(TraceAssessment assessment)
    {
        if (string.IsNullOrEmpty(assessment.Name))
            throw KeyRules.Invalid("Missing value for required parameter 'assessment_name'.");
        KeyRules.Length("Assessment name", KeyRules.MaxKey, assessment.Name);
        if (assessment.Feedback is null == assessment.Expectation is null)
            throw KeyRules.Invalid("An assessment holds either `feedback` or `expectation`.");
        KeyRules.Length("Assessment value", KeyRules.MaxModelTagValue, assessment.Feedback ?? assessment.Expectation!);
        KeyRules.Length("Assessment rationale", KeyRules.MaxModelTagValue, assessment.Rationale ?? "");
    }

    private static Tag CheckTraceTag(Tag tag)
    {
        KeyRules.Key(tag.Key, "key");
        KeyRules.Length("Tag key", KeyRules.MaxKey, tag.Key);
        KeyRules.Length("Tag value", KeyRules.MaxModelTagValue, tag.Value);
        return tag;
    }

    [GeneratedRegex(@"^[a-zA-Z0-9][\w\-]{0,255}\z")]
    private static partial Regex TraceIds();
}
