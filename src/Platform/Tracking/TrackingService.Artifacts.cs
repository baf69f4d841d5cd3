using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Blobs;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    /// <summary>Stores a file of a run, replacing what was there.</summary>
    public async Task PutArtifact(Principal p, string runId, string path, Stream content, CancellationToken ct = default)
    {
        var safe = ArtifactPath.CheckFile(path);
        var run = await GetRun(p, runId, ct);
        if (run.Stage == LifecycleStage.Deleted)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The run {runId} must be in the 'active' state. Current state is deleted.", "Restore it first.");
        var folder = artifacts.Get(p, run.ArtifactUri);
        await Put(folder, safe, content, ct);
    }

    /// <summary>The direct children of a folder of a run's artifacts, by name; a file or a missing folder has none.</summary>
    public async Task<IReadOnlyList<ArtifactFile>> ListArtifacts(Principal p, string runId, string? path = null, CancellationToken ct = default)
    {
        var safe = ArtifactPath.Check(path);
        var run = await GetRun(p, runId, ct);
        return await List(artifacts.Get(p, run.ArtifactUri), safe, ct);
    }

    /// <summary>Opens a file of a run.</summary>
    public async Task<Stream> OpenArtifact(Principal p, string runId, string path, CancellationToken ct = default)
    {
        var safe = ArtifactPath.CheckFile(path);
        var run = await GetRun(p, runId, ct);
        var folder = artifacts.Get(p, run.ArtifactUri);
        return await folder.Store.Open(folder.Of(safe), ct) ?? throw NoArtifact(path);
    }

    /// <summary>Removes a file or folder of a run.</summary>
    public async Task DeleteArtifact(Principal p, string runId, string path, CancellationToken ct = default)
    {
        var safe = ArtifactPath.CheckFile(path);
        var run = await GetRun(p, runId, ct);
        var folder = artifacts.Get(p, run.ArtifactUri);
        if (!await folder.Store.Delete(folder.Of(safe), ct))
            throw NoArtifact(path);
    }

    /// <summary>Stores a file in the workspace's proxied tree (what <c>mlflow-artifacts:/…</c> names).</summary>
    public Task PutProxied(Principal p, string path, Stream content, CancellationToken ct = default)
    {
        ArtifactPath.CheckFile(path);
        return Put(artifacts.Proxied(p), ArtifactPlace.CheckProxied(p, path), content, ct);
    }

    /// <summary>The direct children of a folder in the proxied tree; their paths are relative to the folder.</summary>
    public async Task<IReadOnlyList<ArtifactFile>> ListProxied(Principal p, string? path, CancellationToken ct = default)
    {
        var safe = ArtifactPlace.CheckProxied(p, path);
        var files = await List(artifacts.Proxied(p), safe, ct);
        return safe.Length == 0 ? [.. files.Where(f => !f.Path.StartsWith('@'))] : [.. files.Select(f => f with { Path = f.Path[(safe.Length + 1)..] })];
    }

    /// <summary>Opens a file of the proxied tree.</summary>
    public async Task<Stream> OpenProxied(Principal p, string path, CancellationToken ct = default)
    {
        ArtifactPath.CheckFile(path);
        var folder = artifacts.Proxied(p);
        return await folder.Store.Open(folder.Of(ArtifactPlace.CheckProxied(p, path)), ct) ?? throw NoArtifact(path);
    }

    /// <summary>Removes a file or folder of the proxied tree; again is no fault.</summary>
    public async Task DeleteProxied(Principal p, string path, CancellationToken ct = default)
    {
        ArtifactPath.CheckFile(path);
        var folder = artifacts.Proxied(p);
        await folder.Store.Delete(folder.Of(ArtifactPlace.CheckProxied(p, path)), ct);
    }

    /// <summary>Opens a file below an address that this server holds (a model version's storage).</summary>
    public async Task<Stream> OpenAt(Principal p, string uri, string path, CancellationToken ct = default)
    {
        var safe = ArtifactPath.CheckFile(path);
        var folder = artifacts.Get(p, uri);
        return await folder.Store.Open(folder.Of(safe), ct) ?? throw NoArtifact(path);
    }

    private static async Task Put(ArtifactFolder folder, string path, Stream content, CancellationToken ct)
    {
        var key = folder.Of(path);
        if (await folder.Store.Stat(key, ct) is { IsFolder: true })
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{path}' is a folder.", "Name a file below it, or delete the folder first.");
        for (var slash = key.LastIndexOf('/'); slash > 0; slash = key.LastIndexOf('/', slash - 1))
        {
            var above = await folder.Store.Stat(key[..slash], ct);
            if (above is { IsFolder: false })
                throw new HoldfastException(ErrorCode.InvalidArgument, $"'{path}' cannot be stored: '{key[..slash]}' is a file.", "Choose another folder, or delete the file first.");
            if (above is not null)
                break;
        }

        await folder.Store.Put(key, content, ct);
    }

    private static async Task<IReadOnlyList<ArtifactFile>> List(ArtifactFolder folder, string path, CancellationToken ct)
    {
        IReadOnlyList<BlobInfo> found = await folder.Store.List(folder.Of(path), ct);
        var root = folder.Key.Length == 0 ? 0 : folder.Key.Length + 1;
        return [.. found.Select(f => new ArtifactFile(f.Key[root..], f.IsFolder, f.IsFolder ? null : f.Size))];
    }

    private static HoldfastException NoArtifact(string path) => new(ErrorCode.NotFound, $"No such artifact: '{path}'", "List what is there with the parent folder's path.");
}
