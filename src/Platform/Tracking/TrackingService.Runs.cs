using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    // From here on a batch counts as bulk, so that it never delays the small writes of controllers.
    private const int BulkPoints = 50;
    private static readonly string[] _modelFields = ["utc_time_created", "artifact_path", "flavors"];

    /// <summary>Starts a run.</summary>
    public async Task<Run> CreateRun(Principal p, NewRun run, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        await Prepare(p, ct);
        var tags = (run.Tags ?? new Dictionary<string, string>()).Select(t => CheckTag(new Tag(t.Key, t.Value), "tags")).ToList();
        var tagged = tags.Find(t => t.Key == WellKnownTags.RunName)?.Value;
        if (!string.IsNullOrEmpty(run.Name) && tagged is not null && tagged != run.Name)
            throw KeyRules.Invalid($"Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{run.Name}', mlflow.runName='{tagged}').");
        var name = !string.IsNullOrEmpty(run.Name) ? run.Name : !string.IsNullOrEmpty(tagged) ? tagged : RunNames.New();
        var id = run.RunId is null ? Ids.Hex32() : CheckRunId(run.RunId);
        return await db.Write(
            tx =>
            {
                var now = time.GetUtcNow();
                var e = Experiment(tx, p, run.ExperimentId.Length == 0 ? "0" : run.ExperimentId);
                if (run.RunId is not null && RunStore.Find(tx, p.WorkspaceId, id) is { } before)
                    return before.ExperimentId == e.Id ? RunStore.Load(tx, p.WorkspaceId, [before.Key])[0] : throw RunElsewhere(id, before.ExperimentId);
                if (e.Stage == LifecycleStage.Deleted)
                    throw NotActive(e.Id);
                var key = RunStore.Create(tx, p.WorkspaceId, id, e.Id, name, run.User ?? p.Name, run.StartTime ?? now, ArtifactPlace.Join(e.ArtifactLocation, id, "artifacts"), now);
                foreach (var tag in tags)
                    RunStore.SetTag(tx, p.WorkspaceId, key, tag);
                RunStore.SetTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.RunName, name));
                Tell(tx, p, id);
                return RunStore.Load(tx, p.WorkspaceId, [key])[0];
            },
            ct: ct);
    }

    /// <summary>A run with its latest metrics, parameters, tags and inputs; also a deleted one.</summary>
    public async Task<Run> GetRun(Principal p, string runId, CancellationToken ct = default) => await FindRun(p, runId, ct) ?? throw NoRun(runId);

    /// <summary>The same; null when there is none.</summary>
    public async Task<Run?> FindRun(Principal p, string runId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => RunStore.Find(tx, p.WorkspaceId, runId) is { } row ? RunStore.Load(tx, p.WorkspaceId, [row.Key])[0] : null, ct);
    }

    /// <summary>Changes name, status or end.</summary>
    public Task<Run> UpdateRun(Principal p, string runId, RunChange change, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var tags = (change.Tags ?? new Dictionary<string, string>()).Select(t => CheckTag(new Tag(t.Key, t.Value), "tags")).ToList();
        if (!string.IsNullOrEmpty(change.Name))
            tags.Add(CheckTag(new Tag(WellKnownTags.RunName, change.Name), "run_name"));
        return ChangeRun(
            p, runId,
            (tx, run) =>
            {
                var before = RunLifeStore.Status(tx, p.WorkspaceId, run.Key);
                RunStore.Update(tx, p.WorkspaceId, run.Key, change.Status, change.EndTime);
                foreach (var tag in tags)
                    RunStore.SetTag(tx, p.WorkspaceId, run.Key, tag);
                var changed = RunStore.Load(tx, p.WorkspaceId, [run.Key])[0];
                TellEnd(tx, p, run, before, changed);
                return changed;
            },
            ct: ct);
    }

    /// <summary>Ends a run.</summary>
    public Task<Run> FinishRun(Principal p, string runId, RunStatus status, DateTimeOffset? end = null, CancellationToken ct = default) =>
        UpdateRun(p, runId, new RunChange(Status: status, EndTime: end ?? time.GetUtcNow()), ct);

    /// <summary>Deletes a run; again is no fault. It can be restored.</summary>
    public Task DeleteRun(Principal p, string runId, CancellationToken ct = default) => SetRunStage(p, runId, deleted: true, ct);

    /// <summary>Takes a deletion back.</summary>
    public Task RestoreRun(Principal p, string runId, CancellationToken ct = default) => SetRunStage(p, runId, deleted: false, ct);

    /// <summary>Logs metrics, parameters and tags in one transaction: all of it or nothing.</summary>
    public Task LogBatch(Principal p, string runId, IReadOnlyList<MetricPoint> metrics, IReadOnlyList<Param> parameters, IReadOnlyList<Tag> tags, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(tags);
        KeyRules.Batch(metrics.Count, parameters.Count, tags.Count);
        for (var i = 0; i < metrics.Count; i++)
            CheckMetric(metrics[i], metrics.Count == 1 ? "" : $"metrics[{i}].");
        var checkedParams = parameters.Select((x, i) => CheckParam(x, $"params[{i}].key")).ToList();
        var checkedTags = tags.Select((x, i) => CheckTag(x, $"tags[{i}].key")).ToList();
        if (checkedParams.Count > 1 && checkedParams.GroupBy(x => x.Key).Where(g => g.Count() > 1).Select(g => g.Key).ToList() is { Count: > 0 } twice)
            throw KeyRules.Invalid($"Duplicate parameter keys have been submitted: [{string.Join(", ", twice.Select(k => $"'{k}'"))}]. Please ensure the request contains only one param value per param key.");
        return ChangeRun(
            p, runId,
            (tx, run) =>
            {
                AddParams(tx, p, run, checkedParams);
                SeriesStore.Append(tx, p.WorkspaceId, run.Key, metrics);
                AddModelMetrics(tx, p, run.Key, metrics);
                foreach (var tag in checkedTags)
                    RunStore.SetTag(tx, p.WorkspaceId, run.Key, tag);
                return true;
            },
            metrics.Count >= BulkPoints ? WriteLane.Bulk : WriteLane.Control, ct);
    }

    /// <summary>Removes a tag of a run.</summary>
    public Task DeleteTag(Principal p, string runId, string key, CancellationToken ct = default) =>
        ChangeRun(
            p, runId,
            (tx, run) => RunStore.DeleteTag(tx, p.WorkspaceId, run.Key, key) ? true : throw new HoldfastException(ErrorCode.NotFound, $"No tag with name: {key} in run with id {runId}"),
            ct: ct);

    /// <summary>Records a dataset that a run read.</summary>
    public Task LogInput(Principal p, string runId, RunInput input, CancellationToken ct = default) => LogInputs(p, runId, [input], ct);

    /// <summary>Records datasets that a run read.</summary>
    public Task LogInputs(Principal p, string runId, IReadOnlyList<RunInput> inputs, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count > 1000)
            throw KeyRules.Invalid($"A log inputs request can contain at most 1000 datasets. Got {inputs.Count} datasets. Please split up datasets across multiple requests and try again.");
        foreach (var input in inputs)
            CheckInput(input);
        return ChangeRun(
            p, runId,
            (tx, run) =>
            {
                foreach (var input in inputs)
                    InputStore.Add(tx, p.WorkspaceId, run, input);
                return true;
            },
            ct: ct);
    }

    /// <summary>Appends a logged model (a JSON object) to the run's history tag.</summary>
    public Task LogModel(Principal p, string runId, JsonObject model, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var missing = _modelFields.Where(k => !model.ContainsKey(k)).ToList();
        if (missing.Count > 0)
            throw KeyRules.Invalid($"Model json is missing mandatory fields: [{string.Join(", ", missing.Select(m => $"'{m}'"))}]", "Send what `mlflow.models.Model.to_json` gives.");
        return ChangeRun(
            p, runId,
            (tx, run) =>
            {
                var history = RunStore.Tag(tx, p.WorkspaceId, run.Key, WellKnownTags.LoggedModels) is { } text ? JsonNode.Parse(text)!.AsArray() : [];
                history.Add(model.DeepClone());
                RunStore.SetTag(tx, p.WorkspaceId, run.Key, new Tag(WellKnownTags.LoggedModels, history.ToJsonString(HoldfastJson.Options)));
                return true;
            },
            ct: ct);
    }

    /// <summary>Runs that match; newest first unless ordered otherwise.</summary>
    /// <param name="grammar">The words allowed; the native ones when omitted.</param>
    public async Task<Page<Run>> SearchRuns(Principal p, RunQuery query, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        await Prepare(p, ct);
        KeyRules.Page(query.Max);
        grammar ??= RunFilter.Native;
        var offset = PageToken.Offset(query.Token);
        var search = new RunSearch(
            query.ExperimentIds?.Select(ParseId).OfType<int>().Distinct().ToList(), FilterParser.Parse(query.Filter, grammar), FilterParser.ParseOrder(query.OrderBy, grammar), query.View, query.Max + 1,
            offset, FilterParser.ParseColumns(query.Columns, grammar));
        var inMemory = await _runs.Ready();
        return await db.Read(
            tx =>
            {
                var found = inMemory ? _runs.Search(tx, p.WorkspaceId, search) : RunSql.Search(tx, p.WorkspaceId, search);
                var page = PageToken.Cut(found.Keys, query.Max, offset);
                var runs = RunStore.Load(tx, p.WorkspaceId, page.Items, query.Brief);
                return new Page<Run>(found.Values is null ? runs : [.. runs.Select((run, i) => run with { Columns = found.Values[i] })], page.NextToken, found.Total);
            },
            ct);
    }

    /// <summary>The points of a metric by time, step and value.</summary>
    /// <param name="max">Length of the page; null gives all.</param>
    public async Task<Page<MetricPoint>> MetricHistory(Principal p, string runId, string key, int? max = null, string? token = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (max is not null)
            KeyRules.Page(max.Value, int.MaxValue - 1);
        var offset = PageToken.Offset(token);
        return await db.Read(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                var points = SeriesStore.History(tx, p.WorkspaceId, run.Key, key, max is { } m ? m + 1 : int.MaxValue, offset);
                return max is null ? new Page<MetricPoint>(points) : PageToken.Cut(points, max.Value, offset);
            },
            ct);
    }

    /// <summary>
    /// The points of a metric of several runs at sampled steps; the least and greatest step of every run are always among them.
    /// </summary>
    /// <param name="first">First step; null with <paramref name="last"/>: the whole range.</param>
    public async Task<IReadOnlyList<RunPoint>> SampledHistory(Principal p, IReadOnlyList<string> runIds, string key, long? first, long? last, int max, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(runIds);
        if (first is null != last is null)
            throw KeyRules.Invalid("If either start step or end step are specified, both must be specified.");
        if (first > last)
            throw KeyRules.Invalid($"end_step must be greater than start_step. Found start_step={first} and end_step={last}.");
        return await db.Read<IReadOnlyList<RunPoint>>(
            tx =>
            {
                var runs = runIds.Select(id => RunStore.Find(tx, p.WorkspaceId, id) ?? throw NoRun(id)).ToList();
                var steps = runs.ConvertAll(run => SeriesStore.Steps(tx, p.WorkspaceId, run.Key, key));
                var all = steps.SelectMany(s => s).Distinct().Order().ToList();
                if (all.Count == 0)
                    return [];
                var (from, to) = (first ?? all[0], last ?? all[^1]);
                var wanted = StepSample.Take(all, from, to, max).ToHashSet();
                wanted.UnionWith(steps.Where(s => s.Count > 0).SelectMany(s => new[] { s[0], s[^1] }).Where(s => s >= from && s <= to));
                return [.. runs.SelectMany(run => SeriesStore.Range(tx, p.WorkspaceId, run.Key, key, from, to + 0.999999m).Where(x => wanted.Contains((long)Math.Floor(x.Step))).Select(x => new RunPoint(run.RunId, x)))];
            },
            ct);
    }

    /// <summary>The datasets that runs of experiments read, each with its context.</summary>
    public async Task<IReadOnlyList<InputSummary>> SearchInputs(Principal p, IReadOnlyList<string> experimentIds, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(experimentIds);
        return await db.Read<IReadOnlyList<InputSummary>>(tx => [.. experimentIds.Select(ParseId).OfType<int>().Distinct().SelectMany(id => InputStore.Summaries(tx, p.WorkspaceId, id)).Take(1000)], ct);
    }

    private async Task<T> ChangeRun<T>(Principal p, string runId, Func<Tx, RunRow, T> change, WriteLane lane = WriteLane.Control, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                Tell(tx, p, runId);
                return run.Stage == LifecycleStage.Active
                    ? change(tx, run)
                    : throw new HoldfastException(ErrorCode.FailedPrecondition, $"The run {runId} must be in the 'active' state. Current state is deleted.", "Restore it first.");
            },
            lane, ct);
    }

    private async Task SetRunStage(Principal p, string runId, bool deleted, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        await db.Write(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                // Its files are going or gone.
                if (RunLifeStore.IsLeaving(tx, p.WorkspaceId, run.Key))
                    throw NoRun(runId);
                RunStore.SetStage(tx, p.WorkspaceId, run.Key, deleted, time.GetUtcNow());
                Tell(tx, p, runId);
            },
            ct: ct);
    }

    private void Tell(Tx tx, Principal p, string runId)
    {
        if (Feed.Heard)
            tx.OnCommit(() => Feed.Tell(p.WorkspaceId, runId));
    }

    private static void AddParams(Tx tx, Principal p, RunRow run, IReadOnlyList<Param> parameters)
    {
        StringBuilder? changed = null;
        foreach (var param in parameters)
        {
            if (RunStore.AddParam(tx, p.WorkspaceId, run.Key, param) is not { } old)
                continue;
            changed = (changed is null ? new StringBuilder() : changed.Append(", "))
                .Append(CultureInfo.InvariantCulture, $"{{'key': '{param.Key}', 'old_value': '{old}', 'new_value': '{param.Value}'}}");
        }

        if (changed is not null)
            throw KeyRules.Invalid($"Changing param values is not allowed. Params were already logged='[{changed}]' for run ID='{run.RunId}'.", "Start a new run for other parameters.");
    }

    private static void CheckMetric(MetricPoint? m, string path)
    {
        if (m is null)
            throw KeyRules.Invalid($"Missing value for required parameter '{path}name'.");
        KeyRules.Key(m.Key, path + "name");
        KeyRules.Length("Metric name", KeyRules.MaxKey, m.Key);
        if (m.Step < long.MinValue || m.Step > long.MaxValue)
            throw KeyRules.Invalid($"Invalid value {m.Step} for parameter '{path}step' supplied: metric '{m.Key}'. A step has 64 bits before the point.", "Log a step between -9.2e18 and 9.2e18.");
        if (m.Timestamp < DateTimeOffset.UnixEpoch)
            throw KeyRules.Invalid($"Invalid value {m.Timestamp.ToUnixTimeMilliseconds()} for parameter '{path}timestamp' supplied: metric '{m.Key}' (value={JsonSerializer.Serialize(m.Value, HoldfastJson.Options)}). Timestamp must be a nonnegative long (64-bit integer) ");
    }

    private Param CheckParam(Param? param, string path)
    {
        KeyRules.Key(param?.Key, path);
        KeyRules.Length("Param key", KeyRules.MaxKey, param!.Key);
        return param with { Value = KeyRules.Value("Param value", KeyRules.MaxParamValue, param.Value ?? "", options.TruncateLongValues) };
    }

    private Tag CheckTag(Tag? tag, string path)
    {
        KeyRules.Key(tag?.Key, path);
        KeyRules.Length("Tag key", KeyRules.MaxKey, tag!.Key);
        return tag with { Value = KeyRules.Value("Tag value", KeyRules.MaxRunTagValue, tag.Value ?? "", options.TruncateLongValues) };
    }

    private static void CheckInput(RunInput? input)
    {
        if (input is null)
            throw KeyRules.Invalid("An input is null.", "Give each with name, digest, source_type and source.");
        Bounded("name", input.Name, 500, required: true);
        Bounded("digest", input.Digest, 36, required: true);
        Bounded("source_type", input.SourceType, 36, required: true);
        Bounded("source", input.Source, 65_535, required: true);
        Bounded("schema", input.Schema, 1_048_575, required: false);
        Bounded("profile", input.Profile, 16_777_215, required: false);
        foreach (var tag in input.Tags ?? [])
        {
            KeyRules.Length("Input tag key", 255, tag.Key);
            KeyRules.Length("Input tag value", 500, tag.Value);
        }

        static void Bounded(string what, string? value, int limit, bool required)
        {
            if (required && string.IsNullOrEmpty(value))
                throw KeyRules.Invalid($"Dataset {what} cannot be empty.");
            if (value?.Length > limit)
                throw KeyRules.Invalid($"Dataset {what} exceeds the maximum length of {limit}.");
        }
    }

    private static string CheckRunId(string id) => id.Length == 32 && id.All(char.IsAsciiHexDigitLower)
        ? id
        : throw KeyRules.Invalid($"'{id}' is no run id.", "Give 32 lowercase hexadecimal digits, or leave run_id out.");

    private static HoldfastException RunElsewhere(string id, int experiment) => new(ErrorCode.AlreadyExists, $"The run {id} exists in the experiment {experiment}.", "Choose another run_id, or name that experiment.");

    private static HoldfastException NoRun(string runId) => new(ErrorCode.NotFound, $"Run with id={runId} not found");
}
