namespace Holdfast.Storage.Blobs;

/// <summary>A stored object. Keys are relative paths with forward slashes.</summary>
public sealed record BlobInfo(string Key, long Size, bool IsFolder = false);

/// <summary>Bytes by key. A <see cref="Put"/> that has returned survives a power loss; a reader sees an object whole or not at all.</summary>
public interface IBlobStore
{
    /// <summary>Stores an object, replacing what was there.</summary>
    /// <returns>The number of bytes.</returns>
    Task<long> Put(string key, Stream content, CancellationToken ct = default);

    /// <summary>Opens an object for reading (seekable); null when it is absent.</summary>
    Task<Stream?> Open(string key, CancellationToken ct = default);

    /// <summary>What is known of an object; null when it is absent.</summary>
    Task<BlobInfo?> Stat(string key, CancellationToken ct = default);

    /// <summary>The direct children of a folder (files and folders, by name); empty when there are none.</summary>
    Task<IReadOnlyList<BlobInfo>> List(string folder, CancellationToken ct = default);

    /// <summary>Removes an object, or a folder with all below it; returns false when nothing was there.</summary>
    Task<bool> Delete(string key, CancellationToken ct = default);

    /// <summary>A local path to read the object from, for engines that need a file; null when absent.</summary>
    Task<string?> LocalPath(string key, CancellationToken ct = default);
}
