using System.Collections.Concurrent;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The door of tracking: experiments (here), runs and artifacts (in the other parts).</summary>
public sealed partial class TrackingService(Db db, TimeProvider time, TrackingOptions options, ArtifactPlace artifacts, Journal journal, IEnumerable<IArtifactRoots> roots)
{
    /// <summary>The experiment that exists from the start.</summary>
    public const int DefaultExperimentId = 0;

    private readonly ConcurrentDictionary<int, bool> _ready = new();
    private readonly RunIndex _runs = new(db);

    /// <summary>Makes an experiment; its name must be free, also among the deleted.</summary>
    public async Task<Experiment> CreateExperiment(
        Principal p, string name, string? artifactLocation = null, IReadOnlyDictionary<string, string>? tags = null, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        CheckExperimentName(name, "name");
        var location = CheckLocation(artifactLocation);
        foreach (var (key, value) in tags ?? new Dictionary<string, string>())
            CheckExperimentTag(key, value);
        return await db.Write(
            tx =>
            {
                if (ExperimentStore.GetByName(tx, p.WorkspaceId, name) is not null)
                    throw NameTaken(name);
                var id = ExperimentStore.Create(tx, p.WorkspaceId, name, id => location ?? ArtifactPlace.Join(options.AbsoluteArtifactRoot, id.ToString(CultureInfo.InvariantCulture)), time.GetUtcNow())
                    ?? throw NameTaken(name);
                foreach (var (key, value) in tags ?? new Dictionary<string, string>())
                    ExperimentStore.SetTag(tx, p.WorkspaceId, id, key, value);
                return ExperimentStore.Get(tx, p.WorkspaceId, id)!;
            },
            ct: ct);
    }

    /// <summary>The experiment of a name, made when it is not there.</summary>
    public async Task<Experiment> GetOrCreateExperiment(Principal p, string name, CancellationToken ct = default)
    {
        if (await FindExperiment(p, name, ct) is { } found)
            return found.Stage == LifecycleStage.Active ? found : throw NotActive(found.Id);
        try
        {
            return await CreateExperiment(p, name, ct: ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.AlreadyExists)
        {
            // Somebody was quicker.
            return (await FindExperiment(p, name, ct))!;
        }
    }

    /// <summary>The ids of all experiments that are not deleted, at most 50,000.</summary>
    public async Task<IReadOnlyList<string>> ExperimentIds(Principal p, CancellationToken ct = default) =>
        [.. (await SearchExperiments(p, max: KeyRules.MaxPage, ct: ct)).Items.Select(e => e.Id.ToString(CultureInfo.InvariantCulture))];

    /// <summary>The experiment of an id (also a deleted one).</summary>
    public async Task<Experiment> GetExperiment(Principal p, string id, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        return ParseId(id) is { } number && await db.Read(tx => ExperimentStore.Get(tx, p.WorkspaceId, number), ct) is { } found ? found : throw NoExperiment(id);
    }

    /// <summary>The experiment of a name (also a deleted one); null when there is none.</summary>
    public async Task<Experiment?> FindExperiment(Principal p, string name, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        return await db.Read(tx => ExperimentStore.GetByName(tx, p.WorkspaceId, name), ct);
    }

    /// <summary>The experiment of an id, or else of a name.</summary>
    public async Task<Experiment> ResolveExperiment(Principal p, string idOrName, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        return await db.Read(tx => (ParseId(idOrName) is { } id ? ExperimentStore.Get(tx, p.WorkspaceId, id) : null) ?? ExperimentStore.GetByName(tx, p.WorkspaceId, idOrName), ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"No experiment with the id or name '{idOrName}' exists.", "List them: GET /api/v1/experiments");
    }

    /// <summary>Experiments, newest first unless ordered otherwise.</summary>
    public async Task<Page<Experiment>> SearchExperiments(
        Principal p, string? filter = null, IReadOnlyList<string>? orderBy = null, int max = 1000, string? token = null, ViewType view = ViewType.ActiveOnly, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        KeyRules.Page(max);
        grammar ??= ExperimentFilter.Native;
        var tree = FilterParser.Parse(filter, grammar);
        var order = FilterParser.ParseOrder(orderBy, grammar);
        var offset = PageToken.Offset(token);
        var found = await db.Read(tx => ExperimentStore.Search(tx, p.WorkspaceId, tree, order, view, max + 1, offset), ct);
        return PageToken.Cut(found, max, offset);
    }

    /// <summary>Renames an experiment.</summary>
    public Task RenameExperiment(Principal p, string id, string name, CancellationToken ct = default)
    {
        CheckExperimentName(name, "new_name");
        return ChangeExperiment(
            p, id,
            (tx, e) =>
            {
                if (ExperimentStore.GetByName(tx, p.WorkspaceId, name) is { } other && other.Id != e.Id)
                    throw NameTaken(name);
                ExperimentStore.Rename(tx, p.WorkspaceId, e.Id, name, time.GetUtcNow());
            },
            ct);
    }

    /// <summary>Deletes an experiment and its runs; they can be restored.</summary>
    public async Task DeleteExperiment(Principal p, string id, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        await db.Write(
            tx =>
            {
                var e = Experiment(tx, p, id);
                if (e.Stage == LifecycleStage.Deleted)
                    throw NoExperiment(id);
                ExperimentStore.SetStage(tx, p.WorkspaceId, e.Id, deleted: true, time.GetUtcNow());
            },
            ct: ct);
    }

    /// <summary>Takes a deletion back, with the runs.</summary>
    public async Task RestoreExperiment(Principal p, string id, CancellationToken ct = default)
    {
        await Prepare(p, ct);
        await db.Write(
            tx =>
            {
                var e = Experiment(tx, p, id);
                if (e.Stage == LifecycleStage.Active)
                    throw NoExperiment(id);
                ExperimentStore.SetStage(tx, p.WorkspaceId, e.Id, deleted: false, time.GetUtcNow());
            },
            ct: ct);
    }

    /// <summary>Sets a tag of an experiment.</summary>
    public Task SetExperimentTag(Principal p, string id, string key, string value, CancellationToken ct = default)
    {
        CheckExperimentTag(key, value);
        return ChangeExperiment(p, id, (tx, e) => ExperimentStore.SetTag(tx, p.WorkspaceId, e.Id, key, value), ct);
    }

    /// <summary>Removes a tag of an experiment.</summary>
    public Task DeleteExperimentTag(Principal p, string id, string key, CancellationToken ct = default) =>
        ChangeExperiment(
            p, id,
            (tx, e) =>
            {
                if (!ExperimentStore.DeleteTag(tx, p.WorkspaceId, e.Id, key))
                    throw new HoldfastException(ErrorCode.NotFound, $"No tag with name: {key} in experiment with id {id}");
            },
            ct);

    private async Task ChangeExperiment(Principal p, string id, Action<Tx, Experiment> change, CancellationToken ct)
    {
        await Prepare(p, ct);
        await db.Write(
            tx =>
            {
                var e = Experiment(tx, p, id);
                if (e.Stage == LifecycleStage.Deleted)
                    throw NotActive(e.Id);
                change(tx, e);
            },
            ct: ct);
    }

    // Every workspace has the experiment 0 = Default; it is made when the workspace is first looked at.
    private async Task Prepare(Principal p, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (_ready.ContainsKey(p.WorkspaceId))
            return;
        var location = ArtifactPlace.Join(options.AbsoluteArtifactRoot, "0");
        await db.Write(tx => ExperimentStore.Insert(tx, p.WorkspaceId, DefaultExperimentId, "Default", location, time.GetUtcNow()), ct: ct);
        _ready[p.WorkspaceId] = true;
    }

    private static Experiment Experiment(Tx tx, Principal p, string id) =>
        ParseId(id) is { } number ? ExperimentStore.Get(tx, p.WorkspaceId, number) ?? throw NoExperiment(id) : throw NoExperiment(id);

    private static int? ParseId(string id) => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static void CheckExperimentName(string? name, string path)
    {
        if (string.IsNullOrEmpty(name))
            throw KeyRules.Invalid(KeyRules.InvalidValue(path, name ?? "", "Experiment name must not be empty."));
        if (name.Length > KeyRules.MaxExperimentName)
            throw KeyRules.Invalid(KeyRules.InvalidValue(path, name, $"'{path}' exceeds the maximum length of {KeyRules.MaxExperimentName} characters"));
    }

    private static void CheckExperimentTag(string key, string value)
    {
        KeyRules.Key(key, "key");
        KeyRules.Length("Tag key", KeyRules.MaxKey, key);
        KeyRules.Length("Tag value", KeyRules.MaxExperimentTagValue, value);
    }

    private static string? CheckLocation(string? location)
    {
        if (string.IsNullOrEmpty(location))
            return null;
        if (location.Length > KeyRules.MaxArtifactLocation)
            throw KeyRules.Invalid($"'artifact_location' exceeds the maximum length of {KeyRules.MaxArtifactLocation} characters");
        if (location.StartsWith("runs:", StringComparison.OrdinalIgnoreCase))
            throw KeyRules.Invalid($"Artifact location for experiment cannot be a 'runs:/' URI. Given: '{location}'");
        var decoded = Uri.UnescapeDataString(Uri.UnescapeDataString(location));
        var query = decoded.IndexOf('?', StringComparison.Ordinal);
        if (ArtifactPlace.HasScheme(location) && (decoded.Contains('#') || decoded.Contains(';')))
            throw KeyRules.Invalid($"The artifact location '{location}' must not contain a fragment ('#') or parameters (';').");
        if (query >= 0 && decoded.AsSpan(query).Contains("..", StringComparison.Ordinal))
            throw KeyRules.Invalid($"The query string of the artifact location '{location}' must not contain '..'.");
        if (decoded.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0)
            throw KeyRules.Invalid($"The artifact location '{location}' contains control characters.");
        return ArtifactPlace.Absolute(location);
    }

    private static HoldfastException NoExperiment(string id) => new(ErrorCode.NotFound, $"No Experiment with id={id} exists");

    private static HoldfastException NameTaken(string name) =>
        new(ErrorCode.AlreadyExists, $"Experiment(name={name}) already exists.", "Choose another name; a deleted experiment keeps its name until it is removed for good.");

    private static HoldfastException NotActive(int id) =>
        new(ErrorCode.FailedPrecondition, $"The experiment {id} must be in the 'active' state. Current state is deleted.", "Restore it first.");
}
