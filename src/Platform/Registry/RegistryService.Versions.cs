using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Holdfast.Tracking.Filters;

namespace Holdfast.Registry;

/// <summary>A version whose content lies where a client put it (an artifact folder, an address).</summary>
public sealed record NewSourceVersion(
    string Model, string Source, string? RunId = null, string? RunLink = null, string? Description = null, string? LoggedModelId = null, IReadOnlyDictionary<string, string>? Tags = null);

public sealed partial class RegistryService
{
    private const string LoggedModels = "models:/";
    private static readonly string[] _stages = ["None", "Staging", "Production", "Archived"];

    /// <summary>Registers a model package; makes the model when it is not there. Event <c>model_version.created</c>.</summary>
    public async Task<ModelVersion> CreateVersion(Principal p, NewModelVersion version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(version);
        CheckName(version.Model);
        foreach (var (key, value) in version.Tags ?? new Dictionary<string, string>())
            CheckTag("Model version", key, value);
        if (version.IdempotencyKey is { } once && await db.Read(tx => VersionStore.GetOnce(tx, p.WorkspaceId, once), ct) is { } before)
            return before;
        var package = ModelPackage.Read(version.PackageFolder);
        if (package.NeedsExecute && !p.MayExecute)
        {
            throw new HoldfastException(
                ErrorCode.PermissionDenied, package.Backend == "process" ? "A process model makes the server run its command, which needs the right to execute." : "An upstream in a private network needs the right to execute.",
                "Register it with the holdfast command on the server's machine, or an admin token (docs/security.md).");
        }

        var packageKey = await packages.Put(version.PackageFolder, ct);
        var record = await RecordOf(p, version, ct);
        var content = new VersionContent(
            packageKey, packageKey, packageKey, version.RunId, DatasetVersion: version.DatasetVersion, PipelineRun: version.PipelineRun, Signature: package.Signature, IdempotencyKey: version.IdempotencyKey);
        return await db.Write(
            tx =>
            {
                if (version.IdempotencyKey is { } again && VersionStore.GetOnce(tx, p.WorkspaceId, again) is { } earlier)
                    return earlier;
                if (ModelStore.Create(tx, p.WorkspaceId, version.Model, null, time.GetUtcNow()) is not null)
                    journal.Append(tx, p, Created(version.Model, null, null), version.Model);
                return Add(tx, p, version.Model, content, version.Tags, record);
            },
            ct: ct);
    }

    /// <summary>Registers content that lies elsewhere, under a model that exists. Event <c>model_version.created</c>.</summary>
    public async Task<ModelVersion> RegisterSource(Principal p, NewSourceVersion version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(version);
        foreach (var (key, value) in version.Tags ?? new Dictionary<string, string>())
            CheckTag("Model version", key, value);
        var copied = await CopiedFrom(p, version.Source, ct);
        var logged = await LoggedModelOf(p, version, ct);
        // A prompt's text is a tag; its source is a word that stands for nothing.
        var prompt = IsPrompt(version.Tags) && PlainWord().IsMatch(version.Source);
        if (copied is null && !prompt)
        {
            var run = string.IsNullOrEmpty(version.RunId) || logged is not null ? null : await RunOrNull(p, version.RunId, ct);
            ModelSource.Check(version.Source, logged?.ArtifactUri ?? run?.ArtifactUri);
        }

        var storage = copied?.StorageUri ?? (IsLoggedModel(version.Source) ? logged!.ArtifactUri : version.Source);
        var content = new VersionContent(
            version.Source, storage, copied?.PackageKey ?? "", string.IsNullOrEmpty(version.RunId) ? logged?.SourceRunId : version.RunId, version.RunLink, logged?.ModelId, copied?.DatasetVersion, copied?.PipelineRun,
            copied?.Signature, version.Description);
        var created = await db.Write(tx => Add(tx, p, version.Model, content, version.Tags), ct: ct);
        if (logged is not null)
            await tracking.AddModelVersion(p, logged.ModelId, version.Model, created.Version, ct);
        return created;
    }

    /// <summary>A version.</summary>
    public async Task<ModelVersion> GetVersion(Principal p, string model, int version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => VersionStore.Get(tx, p.WorkspaceId, model, version), ct) ?? throw NoVersion(model, version.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Versions of a model, newest first.</summary>
    public async Task<IReadOnlyList<ModelVersion>> ListVersions(Principal p, string model, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(
            tx =>
            {
                Model(tx, p, model);
                return VersionStore.List(tx, p.WorkspaceId, model);
            },
            ct);
    }

    /// <summary>The version that <c>model@alias</c>, <c>model/3</c> or <c>model</c> (newest) names.</summary>
    public async Task<ModelVersion> Resolve(Principal p, string reference, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (string.IsNullOrWhiteSpace(reference))
            throw new HoldfastException(ErrorCode.InvalidArgument, "No model is named.", "Write it as model@alias, model/3 or model.");
        var text = reference.StartsWith("models:/", StringComparison.Ordinal) ? reference["models:/".Length..] : reference;
        if (text.LastIndexOf('@') is > 0 and var at)
        {
            return await GetAlias(p, text[..at], text[(at + 1)..], ct)
                ?? throw new HoldfastException(ErrorCode.NotFound, $"The model '{text[..at]}' has no alias '{text[(at + 1)..]}'.", "Set it: holdfast model alias, or name a version as model/3.");
        }

        if (text.LastIndexOf('/') is > 0 and var slash && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return await GetVersion(p, text[..slash], number, ct);
        return await db.Read(
            tx =>
            {
                Model(tx, p, text);
                return VersionStore.Newest(tx, p.WorkspaceId, text);
            },
            ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"The model '{text}' has no version yet.", "Register one first.");
    }

    /// <summary>Versions that match, last updated first unless ordered otherwise. Prompts are left out unless the filter speaks of their tag.</summary>
    public async Task<Page<ModelVersion>> SearchVersions(
        Principal p, string? filter = null, IReadOnlyList<string>? orderBy = null, int max = 10_000, string? token = null, FilterGrammar? grammar = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max, 200_000);
        grammar ??= RegistryFilter.NativeVersions;
        var tree = FilterParser.Parse(filter, grammar);
        var order = FilterParser.ParseOrder(orderBy, grammar);
        var offset = PageToken.Offset(token);
        var prompts = RegistryFilter.Names(tree, WellKnownTags.IsPrompt);
        return PageToken.Cut(await db.Read(tx => VersionStore.Search(tx, p.WorkspaceId, tree, order, prompts, max + 1, offset), ct), max, offset);
    }

    /// <summary>The highest version of each stage, or of the stages named.</summary>
    public async Task<IReadOnlyList<ModelVersion>> LatestVersions(Principal p, string model, IReadOnlyList<string>? stages = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var wanted = stages is { Count: > 0 } ? stages.Select(Stage).ToHashSet() : null;
        var latest = await db.Read(tx => VersionStore.LatestByStage(tx, p.WorkspaceId, Model(tx, p, model).Key), ct);
        return wanted is null ? latest : latest.FindAll(v => wanted.Contains(v.Stage));
    }

    /// <summary>Describes a version.</summary>
    public Task<ModelVersion> DescribeVersion(Principal p, string model, int version, string? description, CancellationToken ct = default) =>
        ChangeVersion(p, model, version, (tx, _, v) => VersionStore.Describe(tx, p.WorkspaceId, v.Id, description, time.GetUtcNow()), ct);

    /// <summary>Moves a version to a stage; with <paramref name="archiveOthers"/> those in it become Archived.</summary>
    public Task<ModelVersion> SetStage(Principal p, string model, int version, string stage, bool archiveOthers, CancellationToken ct = default)
    {
        var known = Stage(stage);
        if (archiveOthers && known is not ("Staging" or "Production"))
            throw KeyRules.Invalid($"Model version transition cannot archive existing model versions because '{known}' is not an Active stage. Valid stages are Production, Staging");
        return ChangeVersion(
            p, model, version,
            (tx, row, v) =>
            {
                if (archiveOthers)
                    VersionStore.ArchiveOthers(tx, p.WorkspaceId, row.Key, known, v.Id, time.GetUtcNow());
                VersionStore.SetStage(tx, p.WorkspaceId, v.Id, known, time.GetUtcNow());
                ModelStore.Touch(tx, p.WorkspaceId, row.Key, time.GetUtcNow());
            },
            ct);
    }

    /// <summary>Deletes a version and the aliases that point at it; its number is not used again.</summary>
    public async Task DeleteVersion(Principal p, string model, int version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        await db.Write(
            tx =>
            {
                var (row, v) = Version(tx, p, model, version);
                VersionStore.Delete(tx, p.WorkspaceId, row.Key, v);
                ModelStore.Touch(tx, p.WorkspaceId, row.Key, time.GetUtcNow());
            },
            ct: ct);
    }

    /// <summary>Sets a tag of a version.</summary>
    public Task SetVersionTag(Principal p, string model, int version, string key, string value, CancellationToken ct = default)
    {
        CheckTag("Model version", key, value);
        return ChangeVersion(p, model, version, (tx, row, v) =>
        {
            VersionStore.SetTag(tx, p.WorkspaceId, v.Id, key, value);
            journal.Append(tx, p, new ModelVersionTagSet(model, version, key, value, ModelStore.IsPrompt(tx, p.WorkspaceId, row.Key)), model);
        }, ct);
    }

    /// <summary>Removes a tag of a version; again is no fault.</summary>
    public Task DeleteVersionTag(Principal p, string model, int version, string key, CancellationToken ct = default)
    {
        KeyRules.Key(key, "key");
        return ChangeVersion(p, model, version, (tx, row, v) =>
        {
            if (VersionStore.DeleteTag(tx, p.WorkspaceId, v.Id, key))
                journal.Append(tx, p, new ModelVersionTagDeleted(model, version, key, ModelStore.IsPrompt(tx, p.WorkspaceId, row.Key)), model);
        }, ct);
    }

    /// <summary>A local folder with the version's package.</summary>
    public async Task<string> PackagePath(Principal p, ModelVersion version, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        string? path = null;
        if (version.PackageKey.Length > 0)
            path = await packages.LocalPath(version.PackageKey, ct);
        else if (artifacts.Find(p, version.StorageUri) is { } folder && await folder.Store.Stat(folder.Of(ModelPackage.ManifestName), ct) is not null)
            path = await folder.Store.LocalPath(folder.Key, ct);
        return path ?? throw new HoldfastException(
            ErrorCode.FailedPrecondition, $"The version {version.Ref} has no package that can be served here: '{version.StorageUri}' holds no {ModelPackage.ManifestName}.", "Register a model package.");
    }

    /// <summary>Opens a file of a version's content.</summary>
    public async Task<Stream> OpenFile(Principal p, string model, int version, string path, CancellationToken ct = default)
    {
        ArtifactPath.CheckFile(path);
        var found = await GetVersion(p, model, version, ct);
        return found.PackageKey.Length > 0
            ? await packages.Open(found.PackageKey, path, ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"No such artifact: '{path}'")
            : await tracking.OpenAt(p, found.StorageUri, path, ct);
    }

    private ModelVersion Add(Tx tx, Principal p, string model, VersionContent content, IReadOnlyDictionary<string, string>? tags, ModelRecord? record = null)
    {
        var row = Model(tx, p, model);
        var now = time.GetUtcNow();
        var number = ModelStore.NextVersion(tx, p.WorkspaceId, row.Key);
        var id = VersionStore.Create(tx, p.WorkspaceId, row.Key, number, content, p.Name, now);
        foreach (var (key, value) in tags ?? new Dictionary<string, string>())
            VersionStore.SetTag(tx, p.WorkspaceId, id, key, value);
        ModelStore.Touch(tx, p.WorkspaceId, row.Key, now);
        var created = VersionStore.Get(tx, p.WorkspaceId, model, number)!;
        if (record is not null)
            Keep(tx, p, created, record);
        journal.Append(tx, p, new ModelVersionCreated(
            model, number, content.RunId, content.DatasetVersion, content.PipelineRun, content.Source, content.Description, tags ?? new Dictionary<string, string>(), IsPrompt(tags)), model);
        return created;
    }

    private async Task<ModelVersion> ChangeVersion(Principal p, string model, int version, Action<Tx, ModelRow, ModelVersion> change, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Write(
            tx =>
            {
                var (row, v) = Version(tx, p, model, version);
                change(tx, row, v);
                return VersionStore.Get(tx, p.WorkspaceId, model, version)!;
            },
            ct: ct);
    }

    // models:/name/3 and models:/name@alias copy a version: the content is where that version's is.
    private async Task<ModelVersion?> CopiedFrom(Principal p, string source, CancellationToken ct)
    {
        if (!source.StartsWith("models:/", StringComparison.Ordinal) || IsLoggedModel(source))
            return null;
        return await Resolve(p, source, ct);
    }

    // The logged model that the request or its source names. It must be there: the version's files are its files.
    private async Task<LoggedModel?> LoggedModelOf(Principal p, NewSourceVersion version, CancellationToken ct)
    {
        if (IsLoggedModel(version.Source))
            return await tracking.GetLoggedModel(p, version.Source[LoggedModels.Length..], ct);
        return string.IsNullOrEmpty(version.LoggedModelId) ? null : await tracking.GetLoggedModel(p, version.LoggedModelId, ct);
    }

    // models:/m-<32 hex digits>: a logged model. A registered model may be called m-something, but is followed by / or @.
    private static bool IsLoggedModel(string source) =>
        source.StartsWith(LoggedModels + "m-", StringComparison.Ordinal) && source.AsSpan(LoggedModels.Length).IndexOfAny('/', '@') < 0;

    private async Task<Run?> RunOrNull(Principal p, string runId, CancellationToken ct)
    {
        try
        {
            return await tracking.GetRun(p, runId, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            // A version may name a run of another server.
            return null;
        }
    }

    private static (ModelRow Model, ModelVersion Version) Version(Tx tx, Principal p, string model, int version) =>
        VersionStore.Get(tx, p.WorkspaceId, model, version) is { } found ? (Model(tx, p, model), found) : throw NoVersion(model, version.ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^[a-zA-Z0-9_\-]{1,100}\z")]
    private static partial Regex PlainWord();

    private static string Stage(string stage) =>
        Array.Find(_stages, s => s.Equals(stage, StringComparison.OrdinalIgnoreCase))
        ?? throw KeyRules.Invalid($"Invalid Model Version stage: {stage}. Value must be one of {string.Join(", ", _stages)}.");
}
