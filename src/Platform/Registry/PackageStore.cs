using System.Security.Cryptography;
using System.Text;
using Holdfast.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Registry;

/// <summary>Model packages by content: <c>models/&lt;hash&gt;/</c> in the blob store, immutable.</summary>
public sealed class PackageStore([FromKeyedServices("blobs")] IBlobStore blobs)
{
    /// <summary>Copies a folder; returns its key. The same content again costs a look.</summary>
    public async Task<string> Put(string folder, CancellationToken ct = default)
    {
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => (Full: f, Name: Path.GetRelativePath(folder, f).Replace('\\', '/')))
            .OrderBy(f => f.Name, StringComparer.Ordinal)
            .ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (full, name) in files)
        {
            await using var content = File.OpenRead(full);
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData([0]);
            hash.AppendData(await SHA256.HashDataAsync(content, ct));
        }

        var key = "models/" + Convert.ToHexStringLower(hash.GetHashAndReset());

        // The document is written last, so its presence says that all the others are there.
        if (await blobs.Stat(key + "/" + ModelPackage.ManifestName, ct) is not null)
            return key;
        foreach (var (full, name) in files.OrderBy(f => f.Name == ModelPackage.ManifestName))
        {
            await using var content = File.OpenRead(full);
            await blobs.Put(key + "/" + name, content, ct);
        }

        return key;
    }

    /// <summary>A local folder with the package.</summary>
    public Task<string?> LocalPath(string key, CancellationToken ct = default) => blobs.LocalPath(key, ct);

    /// <summary>Opens a file of a package; null when it is absent.</summary>
    public Task<Stream?> Open(string key, string path, CancellationToken ct = default) => blobs.Open(key + "/" + Tracking.ArtifactPath.CheckFile(path), ct);
}
