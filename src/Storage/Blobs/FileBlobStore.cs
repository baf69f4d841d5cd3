using Holdfast.Contracts;

namespace Holdfast.Storage.Blobs;

/// <summary>Objects as plain files below a folder.</summary>
public sealed class FileBlobStore(string root) : IBlobStore
{
    private readonly string _root = Path.GetFullPath(root);

    /// <inheritdoc />
    public Task<long> Put(string key, Stream content, CancellationToken ct = default) => DurableFile.Write(PathOf(key), content, ct);

    /// <inheritdoc />
    public Task<Stream?> Open(string key, CancellationToken ct = default)
    {
        var path = PathOf(key);
        return Task.FromResult<Stream?>(File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, useAsync: true) : null);
    }

    /// <inheritdoc />
    public Task<BlobInfo?> Stat(string key, CancellationToken ct = default)
    {
        var path = PathOf(key);
        var file = new FileInfo(path);
        return Task.FromResult(file.Exists ? new BlobInfo(key, file.Length) : Directory.Exists(path) ? new BlobInfo(key, 0, IsFolder: true) : null);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<BlobInfo>> List(string folder, CancellationToken ct = default)
    {
        var directory = new DirectoryInfo(folder.Length == 0 ? _root : PathOf(folder));
        if (!directory.Exists)
            return Task.FromResult<IReadOnlyList<BlobInfo>>([]);
        var prefix = folder.Length == 0 ? "" : folder.TrimEnd('/') + "/";
        return Task.FromResult<IReadOnlyList<BlobInfo>>([.. directory.EnumerateFileSystemInfos()
            .Where(e => !(e.Name.StartsWith('.') && e.Name.EndsWith(".tmp", StringComparison.Ordinal)))
            .OrderBy(e => e.Name, StringComparer.Ordinal)
            .Select(e => new BlobInfo(prefix + e.Name, e is FileInfo f ? f.Length : 0, e is DirectoryInfo))]);
    }

    /// <inheritdoc />
    public Task<bool> Delete(string key, CancellationToken ct = default)
    {
        var path = PathOf(key);
        if (File.Exists(path))
        {
            File.Delete(path);
            return Task.FromResult(true);
        }

        if (!Directory.Exists(path))
            return Task.FromResult(false);
        Directory.Delete(path, recursive: true);
        return Task.FromResult(true);
    }

    /// <inheritdoc />
    public Task<string?> LocalPath(string key, CancellationToken ct = default)
    {
        var path = PathOf(key);
        return Task.FromResult(File.Exists(path) || Directory.Exists(path) ? path : null);
    }

    private string PathOf(string key)
    {
        var path = Path.GetFullPath(Path.Combine(_root, BlobKey.Check(key)));
        if (!path.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Invalid path: '{key}'", "Use a relative path without '..'.");
        return path;
    }
}
