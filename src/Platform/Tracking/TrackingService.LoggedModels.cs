using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int MaxLoggedModels = 50;
    private static readonly SearchValues<char> _notInModelNames = SearchValues.Create("/:.%\"'");

    /// <summary>Makes a logged model; its files are still to come, at its artifact address.</summary>
    public async Task<LoggedModel> CreateLoggedModel(Principal p, NewLoggedModel model, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        await Prepare(p, ct);
        if (model.Name.AsSpan().ContainsAny(_notInModelNames))
            throw KeyRules.Invalid($"Invalid model name ('{model.Name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")");
        KeyRules.Length("Model name", KeyRules.MaxExperimentName, model.Name ?? "");
        var parameters = (model.Params ?? []).Select((x, i) => CheckParam(x, $"params[{i}].key")).ToList();
        var tags = (model.Tags ?? []).Select(CheckModelTag).ToList();
        var id = "m-" + Ids.Hex32();
        return await db.Write(
            tx =>
            {
                var e = Experiment(tx, p, model.ExperimentId);
                if (e.Stage == LifecycleStage.Deleted)
                    throw NotActive(e.Id);
                var key = LoggedModelStore.Create(
                    tx, p.WorkspaceId, id, e.Id, string.IsNullOrEmpty(model.Name) ? RunNames.New() : model.Name, NullIfEmpty(model.ModelType), NullIfEmpty(model.SourceRunId),
                    ArtifactPlace.Join(e.ArtifactLocation, "models", id, "artifacts"), time.GetUtcNow());
                AddModelParams(tx, p, id, key, parameters);
                foreach (var tag in tags)
                    LoggedModelStore.SetTag(tx, p.WorkspaceId, key, tag);
                return LoggedModelStore.Load(tx, p.WorkspaceId, [key])[0];
            },
            ct: ct);
    }

    /// <summary>A logged model that is not deleted.</summary>
    public async Task<LoggedModel> GetLoggedModel(Principal p, string modelId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => LoggedModelStore.Load(tx, p.WorkspaceId, [Active(tx, p, modelId).Key])[0], ct);
    }

    /// <summary>Says that a logged model's files are there, or that they failed to come.</summary>
    public Task<LoggedModel> FinalizeLoggedModel(Principal p, string modelId, LoggedModelStatus status, CancellationToken ct = default) =>
        ChangeLoggedModel(p, modelId, (tx, key) => LoggedModelStore.SetStatus(tx, p.WorkspaceId, key, status, time.GetUtcNow()), ct);

    /// <summary>Deletes a logged model; again is no fault. Its files stay.</summary>
    public async Task DeleteLoggedModel(Principal p, string modelId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        await db.Write(tx => LoggedModelStore.Delete(tx, p.WorkspaceId, (LoggedModelStore.Find(tx, p.WorkspaceId, modelId) ?? throw NoLoggedModel(modelId)).Key, time.GetUtcNow()), ct: ct);
    }

    /// <summary>Sets tags of a logged model.</summary>
    public Task<LoggedModel> SetLoggedModelTags(Principal p, string modelId, IReadOnlyList<Tag> tags, CancellationToken ct = default)
    {
        var checkedTags = tags.Select(CheckModelTag).ToList();
        return ChangeLoggedModel(
            p, modelId,
            (tx, key) =>
            {
                foreach (var tag in checkedTags)
                    LoggedModelStore.SetTag(tx, p.WorkspaceId, key, tag);
            },
            ct);
    }

    /// <summary>Removes a tag of a logged model.</summary>
    public Task DeleteLoggedModelTag(Principal p, string modelId, string tag, CancellationToken ct = default) =>
        ChangeLoggedModel(
            p, modelId,
            (tx, key) =>
            {
                if (!LoggedModelStore.DeleteTag(tx, p.WorkspaceId, key, tag))
                    throw new HoldfastException(ErrorCode.NotFound, $"No tag with key '{tag}' found for model with ID '{modelId}'.");
            },
            ct);

    /// <summary>Logs parameters of a logged model; once logged they cannot change.</summary>
    public Task LogLoggedModelParams(Principal p, string modelId, IReadOnlyList<Param> parameters, CancellationToken ct = default)
    {
        var checkedParams = parameters.Select((x, i) => CheckParam(x, $"params[{i}].key")).ToList();
        return ChangeLoggedModel(p, modelId, (tx, key) => AddModelParams(tx, p, modelId, key, checkedParams), ct);
    }

    /// <summary>Logged models that match; newest first unless ordered otherwise.</summary>
    /// <param name="grammar">The words allowed; the native ones when omitted.</param>
    public async Task<Page<LoggedModel>> SearchLoggedModels(Principal p, LoggedModelQuery query, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(query);
        KeyRules.Page(query.Max, MaxLoggedModels);
        grammar ??= LoggedModelFilter.Native;
        var filter = FilterParser.Parse(query.Filter, grammar);
        var order = (query.OrderBy ?? []).Select(o => (Ordered(o, grammar), o.Dataset)).ToList();
        if ((query.Datasets ?? []).Any(d => d.Name.Length == 0))
            throw KeyRules.Invalid("`dataset_name` in the `datasets` clause must be specified.");
        var offset = PageToken.Offset(query.Token);
        return await db.Read(
            tx =>
            {
                var found = LoggedModelFilter.Search(
                    tx, p.WorkspaceId, [.. query.ExperimentIds.Select(ParseId).OfType<int>().Distinct()], filter, query.Datasets ?? [], order, query.Max + 1, offset);
                var page = PageToken.Cut(found, query.Max, offset);
                return new Page<LoggedModel>(LoggedModelStore.Load(tx, p.WorkspaceId, page.Items), page.NextToken);
            },
            ct);
    }

    /// <summary>Records logged models that a run read.</summary>
    public Task LogModelInputs(Principal p, string runId, IReadOnlyList<RunModel> models, CancellationToken ct = default) => Link(p, runId, models, output: false, ct);

    /// <summary>Records logged models that a run wrote.</summary>
    public Task LogModelOutputs(Principal p, string runId, IReadOnlyList<RunModel> models, CancellationToken ct = default) => Link(p, runId, models, output: true, ct);

    /// <summary>Writes a new registered version into the logged model that it was made of.</summary>
    public Task AddModelVersion(Principal p, string modelId, string model, int version, CancellationToken ct = default) =>
        ChangeLoggedModel(
            p, modelId,
            (tx, key) =>
            {
                var text = LoggedModelStore.Load(tx, p.WorkspaceId, [key])[0].Tags.FirstOrDefault(t => t.Key == WellKnownTags.ModelVersions)?.Value;
                // Spaced as Python writes it: clients compare the text.
                var versions = Versions(text).Append((Name: model, Version: version)).Distinct().Select(
                    v => string.Create(CultureInfo.InvariantCulture, $"{{\"name\": {JsonSerializer.Serialize(v.Name, HoldfastJson.Options)}, \"version\": {v.Version}}}"));
                LoggedModelStore.SetTag(tx, p.WorkspaceId, key, new Tag(WellKnownTags.ModelVersions, $"[{string.Join(", ", versions)}]"));
            },
            ct);

    /// <summary>The direct children of a folder of a logged model's files.</summary>
    public async Task<IReadOnlyList<ArtifactFile>> ListLoggedModelArtifacts(Principal p, string modelId, string? path, CancellationToken ct = default)
    {
        var safe = ArtifactPath.Check(path);
        var model = await GetLoggedModel(p, modelId, ct);
        return await List(artifacts.Get(p, model.ArtifactUri), safe, ct);
    }

    /// <summary>Opens a file of a logged model.</summary>
    public async Task<Stream> OpenLoggedModelArtifact(Principal p, string modelId, string path, CancellationToken ct = default)
    {
        var safe = ArtifactPath.CheckFile(path);
        return await OpenAt(p, (await GetLoggedModel(p, modelId, ct)).ArtifactUri, safe, ct);
    }

    // The points that name a model are also that model's. A point of a model that nobody made stays the run's alone.
    private static void AddModelMetrics(Tx tx, Principal p, long run, IReadOnlyList<MetricPoint> metrics)
    {
        var keys = new Dictionary<string, long?>();
        foreach (var point in metrics)
        {
            if (point.Model is not { } of)
                continue;
            if (!keys.TryGetValue(of.ModelId, out var key))
                keys.Add(of.ModelId, key = LoggedModelStore.Find(tx, p.WorkspaceId, of.ModelId)?.Key);
            if (key is { } known)
                LoggedModelStore.AddMetric(tx, p.WorkspaceId, known, run, point);
        }
    }

    private Task<bool> Link(Principal p, string runId, IReadOnlyList<RunModel> models, bool output, CancellationToken ct) =>
        ChangeRun(
            p, runId,
            (tx, run) =>
            {
                foreach (var model in models)
                    LoggedModelStore.Link(tx, p.WorkspaceId, run.Key, output, model);
                return true;
            },
            ct: ct);

    private async Task<LoggedModel> ChangeLoggedModel(Principal p, string modelId, Action<Tx, long> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(
            tx =>
            {
                var model = Active(tx, p, modelId);
                change(tx, model.Key);
                return LoggedModelStore.Load(tx, p.WorkspaceId, [model.Key])[0];
            },
            ct: ct);
    }

    private static LoggedModelRow Active(Tx tx, Principal p, string modelId) =>
        LoggedModelStore.Find(tx, p.WorkspaceId, modelId) is { Stage: LifecycleStage.Active } found ? found : throw NoLoggedModel(modelId);

    private static void AddModelParams(Tx tx, Principal p, string modelId, long key, List<Param> parameters)
    {
        foreach (var param in parameters)
        {
            if (LoggedModelStore.AddParam(tx, p.WorkspaceId, key, param) is { } old)
                throw KeyRules.Invalid($"Changing param values is not allowed. Param with key='{param.Key}' was already logged with value='{old}' for model ID='{modelId}'. Attempted logging new value '{param.Value}'.");
        }
    }

    // The field is a name of its own, not a clause: everything behind the first dot is the key.
    private static Ordering Ordered(LoggedModelOrder order, FilterGrammar grammar)
    {
        var dot = order.Field.IndexOf('.', StringComparison.Ordinal);
        return new Ordering(dot < 0 ? grammar.Resolve(null, order.Field, ordering: true) : grammar.Resolve(order.Field[..dot], order.Field[(dot + 1)..].Trim('`'), ordering: true), order.Descending);
    }

    private static Tag CheckModelTag(Tag tag)
    {
        KeyRules.Key(tag.Key, "key");
        KeyRules.Length("Tag key", KeyRules.MaxKey, tag.Key);
        KeyRules.Length("Tag value", KeyRules.MaxModelTagValue, tag.Value);
        return tag;
    }

    // The tag is a client's to write, so it may hold anything.
    private static List<(string Name, int Version)> Versions(string? text)
    {
        try
        {
            return text is null ? [] : [.. (JsonSerializer.Deserialize<List<TaggedVersion?>>(text, HoldfastJson.Options) ?? []).Where(v => v?.Name is not null).Select(v => (v!.Name, v.Version))];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private sealed record TaggedVersion(string Name, int Version);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static HoldfastException NoLoggedModel(string modelId) => new(ErrorCode.NotFound, $"Logged model with ID '{modelId}' not found.");
}
