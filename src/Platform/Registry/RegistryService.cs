using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Holdfast.Tracking.Filters;

namespace Holdfast.Registry;

/// <summary>The door of the model registry: models, tags and aliases (here) and versions (in the other part).</summary>
public sealed partial class RegistryService(Db db, TimeProvider time, Journal journal, TrackingService tracking, ArtifactPlace artifacts, PackageStore packages)
{
    /// <summary>Makes a registered model. Event <c>model.created</c>.</summary>
    public async Task<RegisteredModel> CreateModel(Principal p, string name, string? description = null, IReadOnlyDictionary<string, string>? tags = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        CheckName(name);
        foreach (var (key, value) in tags ?? new Dictionary<string, string>())
            CheckTag("Registered model", key, value);
        return await db.Write(
            tx =>
            {
                var key = ModelStore.Create(tx, p.WorkspaceId, name, description, time.GetUtcNow()) ?? throw NameTaken(name);
                foreach (var (tag, value) in tags ?? new Dictionary<string, string>())
                    ModelStore.SetTag(tx, p.WorkspaceId, key, tag, value);
                var made = Whole(tx, p, name);
                journal.Append(tx, p, Created(name, description, tags), name);
                return made;
            },
            ct: ct);
    }

    /// <summary>A registered model.</summary>
    public async Task<RegisteredModel> GetModel(Principal p, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => Whole(tx, p, name), ct);
    }

    /// <summary>A registered model; null when there is none.</summary>
    public async Task<RegisteredModel?> FindModel(Principal p, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => ModelStore.Find(tx, p.WorkspaceId, name) is { } row ? ModelStore.Whole(tx, p.WorkspaceId, row) : null, ct);
    }

    /// <summary>All registered models by name.</summary>
    public async Task<IReadOnlyList<RegisteredModel>> ListModels(Principal p, CancellationToken ct = default) => (await SearchModels(p, max: 1000, ct: ct)).Items;

    /// <summary>Registered models that match. Prompts are left out unless the filter speaks of their tag.</summary>
    public async Task<Page<RegisteredModel>> SearchModels(
        Principal p, string? filter = null, IReadOnlyList<string>? orderBy = null, int max = 100, string? token = null, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max, 1000);
        grammar ??= RegistryFilter.NativeModels;
        var tree = FilterParser.Parse(filter, grammar);
        var order = FilterParser.ParseOrder(orderBy, grammar);
        var offset = PageToken.Offset(token);
        var prompts = RegistryFilter.Names(tree, WellKnownTags.IsPrompt);
        return await db.Read(
            tx =>
            {
                var page = PageToken.Cut(ModelStore.Search(tx, p.WorkspaceId, tree, order, prompts, max + 1, offset), max, offset);
                return new Page<RegisteredModel>(ModelStore.Whole(tx, p.WorkspaceId, page.Items), page.NextToken);
            },
            ct);
    }

    /// <summary>Renames a model; versions, tags and aliases move along.</summary>
    public Task<RegisteredModel> RenameModel(Principal p, string name, string newName, CancellationToken ct = default)
    {
        CheckName(newName);
        return ChangeModel(
            p, name,
            (tx, model) =>
            {
                if (newName != name && !ModelStore.Rename(tx, p.WorkspaceId, model.Key, newName, time.GetUtcNow()))
                    throw NameTaken(newName);
                return Whole(tx, p, newName);
            },
            ct);
    }

    /// <summary>Describes a model.</summary>
    public Task<RegisteredModel> DescribeModel(Principal p, string name, string? description, CancellationToken ct = default) =>
        ChangeModel(
            p, name,
            (tx, model) =>
            {
                ModelStore.Describe(tx, p.WorkspaceId, model.Key, description, time.GetUtcNow());
                return Whole(tx, p, name);
            },
            ct);

    /// <summary>Deletes a model with all its versions.</summary>
    public Task DeleteModel(Principal p, string name, CancellationToken ct = default) =>
        ChangeModel(
            p, name,
            (tx, model) =>
            {
                ModelStore.Delete(tx, p.WorkspaceId, model.Key);
                CardStore.Sweep(tx, p.WorkspaceId);
                return true;
            },
            ct);

    /// <summary>Sets a tag of a model.</summary>
    public Task SetModelTag(Principal p, string name, string key, string value, CancellationToken ct = default)
    {
        CheckTag("Registered model", key, value);
        return ChangeModel(
            p, name,
            (tx, model) =>
            {
                ModelStore.SetTag(tx, p.WorkspaceId, model.Key, key, value);
                journal.Append(tx, p, new ModelTagSet(name, key, value, ModelStore.IsPrompt(tx, p.WorkspaceId, model.Key)), name);
                return true;
            },
            ct);
    }

    /// <summary>Removes a tag of a model; again is no fault.</summary>
    public Task DeleteModelTag(Principal p, string name, string key, CancellationToken ct = default)
    {
        KeyRules.Key(key, "key");
        return ChangeModel(
            p, name,
            (tx, model) =>
            {
                var prompt = ModelStore.IsPrompt(tx, p.WorkspaceId, model.Key);
                if (ModelStore.DeleteTag(tx, p.WorkspaceId, model.Key, key))
                    journal.Append(tx, p, new ModelTagDeleted(name, key, prompt), name);
                return true;
            },
            ct);
    }

    /// <summary>Points an alias at a version, moving it if it pointed elsewhere. Event <c>alias.set</c>.</summary>
    public Task SetAlias(Principal p, string model, string alias, int version, CancellationToken ct = default)
    {
        CheckAlias(alias);
        return ChangeModel(
            p, model,
            (tx, row) =>
            {
                if (VersionStore.Get(tx, p.WorkspaceId, model, version) is null)
                    throw NoVersion(model, version.ToString(CultureInfo.InvariantCulture));
                if (ModelStore.Alias(tx, p.WorkspaceId, row.Key, alias) == version)
                    return true;
                ModelStore.SetAlias(tx, p.WorkspaceId, row.Key, alias, version);
                ModelStore.Touch(tx, p.WorkspaceId, row.Key, time.GetUtcNow());
                journal.Append(tx, p, new AliasSet(model, alias, version, ModelStore.IsPrompt(tx, p.WorkspaceId, row.Key)), model);
                return true;
            },
            ct);
    }

    /// <summary>Removes an alias; again is no fault. Event <c>alias.deleted</c>.</summary>
    public Task DeleteAlias(Principal p, string model, string alias, CancellationToken ct = default)
    {
        CheckAlias(alias);
        return ChangeModel(
            p, model,
            (tx, row) =>
            {
                if (ModelStore.Alias(tx, p.WorkspaceId, row.Key, alias) is not { } version)
                    return true;
                ModelStore.DeleteAlias(tx, p.WorkspaceId, row.Key, alias);
                journal.Append(tx, p, new AliasDeleted(model, alias, version, ModelStore.IsPrompt(tx, p.WorkspaceId, row.Key)), model);
                return true;
            },
            ct);
    }

    /// <summary>The version that an alias points at; null when there is no such alias.</summary>
    public async Task<ModelVersion?> GetAlias(Principal p, string model, string alias, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => ModelStore.Alias(tx, p.WorkspaceId, Model(tx, p, model).Key, alias) is { } version ? VersionStore.Get(tx, p.WorkspaceId, model, version) : null, ct);
    }

    private async Task<T> ChangeModel<T>(Principal p, string name, Func<Tx, ModelRow, T> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(tx => change(tx, Model(tx, p, name)), ct: ct);
    }

    private static ModelCreated Created(string name, string? description, IReadOnlyDictionary<string, string>? tags) =>
        new(name, description, tags ?? new Dictionary<string, string>(), IsPrompt(tags));

    private static bool IsPrompt(IReadOnlyDictionary<string, string>? tags) => tags is not null && tags.ContainsKey(WellKnownTags.IsPrompt);

    private static RegisteredModel Whole(Tx tx, Principal p, string name) => ModelStore.Whole(tx, p.WorkspaceId, Model(tx, p, name));

    private static ModelRow Model(Tx tx, Principal p, string name) => ModelStore.Find(tx, p.WorkspaceId, name) ?? throw NoModel(name);

    private static void CheckName(string? name)
    {
        if (string.IsNullOrEmpty(name))
            throw KeyRules.Invalid("Registered model name cannot be empty.", "Give the model a name.");
        KeyRules.Length("Registered model name", 256, name);
    }

    private static void CheckTag(string what, string key, string value)
    {
        KeyRules.Key(key, "key");
        KeyRules.Length(what + " key", KeyRules.MaxKey, key);
        KeyRules.Length(what + " value", KeyRules.MaxModelTagValue, value);
    }

    private static void CheckAlias(string? alias)
    {
        if (string.IsNullOrEmpty(alias))
            throw KeyRules.Invalid("Registered model alias name cannot be empty.");
        if (!AliasName().IsMatch(alias))
            throw KeyRules.Invalid($"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).");
        KeyRules.Length("Registered model alias name", 255, alias);
        if (alias.Equals("latest", StringComparison.OrdinalIgnoreCase))
            throw KeyRules.Invalid("'latest' alias name (case insensitive) is reserved.");
        if (VersionAlias().IsMatch(alias))
            throw KeyRules.Invalid($"Version alias name '{alias}' is reserved.");
    }

    private static HoldfastException NoModel(string name) => new(ErrorCode.NotFound, $"Registered Model with name={name} not found");

    private static HoldfastException NameTaken(string name) => new(ErrorCode.AlreadyExists, $"Registered Model (name={name}) already exists.", "Choose another name, or add a version to it.");

    private static HoldfastException NoVersion(string model, string version) => new(ErrorCode.NotFound, $"Model Version (name={model}, version={version}) not found");

    [GeneratedRegex(@"^[\w\-]*\z")]
    private static partial Regex AliasName();

    [GeneratedRegex(@"^[vV]\d+\z")]
    private static partial Regex VersionAlias();
}
