using System.Globalization;
using System.Security.Cryptography;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Storage.Tables;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Data;

/// <summary>Datasets and their versions: files by content, with schema and profile.</summary>
public sealed class DataService(Db db, Journal journal, TimeProvider time, DataFolder folder, [FromKeyedServices("blobs")] IBlobStore blobs)
{
    private readonly DataStore _store = new(db, journal, time);

    /// <summary>Key of a content in the blob store.</summary>
    public static string BlobKey(string hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        return $"data/sha256/{hash[..2]}/{hash}";
    }

    /// <summary>Makes a file the newest version of a dataset. Content that the dataset already holds gives the version that holds it.</summary>
    public Task<DatasetVersion> Add(Principal p, string dataset, string filePath, string source, CancellationToken ct = default) => Add(p, dataset, filePath, source, null, ct);

    /// <summary>The same, with the moment on the clock that the version belongs to (a window of an endpoint on event time).</summary>
    public async Task<DatasetVersion> Add(Principal p, string dataset, string filePath, string source, DateTimeOffset? at, CancellationToken ct = default)
    {
        DatasetReference.CheckName(dataset);
        // Parsed first: a malformed file must leave nothing behind.
        var table = TableReader.Read(filePath);
        var schema = DataCheck.Infer(table);
        var profile = DataProfile.Of(table, schema);
        await using var file = new FileStream(filePath, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        if (await blobs.Stat(BlobKey(hash), ct) is null)
        {
            file.Position = 0;
            await blobs.Put(BlobKey(hash), file, ct);
        }

        return await _store.Add(p, new NewDatasetVersion(dataset, hash, file.Length, Path.GetFileName(filePath), source, schema, profile), at, ct);
    }

    /// <summary>The same from a stream (an upload).</summary>
    public async Task<DatasetVersion> AddStream(Principal p, string dataset, string fileName, Stream content, string source, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        DatasetReference.CheckName(dataset);
        var name = Path.GetFileName(fileName);
        if (name is "" or "." or "..")
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{fileName}' is not a file name.", "Name the file as it is called on disk.");
        var scratch = Directory.CreateDirectory(Path.Combine(folder.Temporary, "upload-" + Ids.Hex32()));
        try
        {
            var path = Path.Combine(scratch.FullName, name);
            await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
                await content.CopyToAsync(file, ct);
            return await Add(p, dataset, path, source, null, ct);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>The version that a reference names: <c>name</c> (newest), <c>name@v3</c>, <c>name@&lt;hash prefix&gt;</c>, also behind <c>data/</c>.</summary>
    public async Task<DatasetVersion> Get(Principal p, string reference, CancellationToken ct = default) =>
        await Find(p, reference, ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no dataset version '{reference}'.", "List them with: holdfast data list");

    /// <summary>The same; null when there is none.</summary>
    public async Task<DatasetVersion?> Find(Principal p, string reference, CancellationToken ct = default)
    {
        var parsed = DatasetReference.Parse(reference);
        var found = await _store.Find(p, parsed, ct);
        if (parsed.HashPrefix is not null && found.Count > 1)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{reference}' names more than one version of {parsed.Dataset}.", "Write more digits of the hash.");
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Whether something is written as a reference to a dataset version; an alias of a model, as in <c>name@champion</c>, is not.</summary>
    public static bool IsReference(string text) => DatasetReference.TryParse(text) is not null;

    /// <summary>The newest version, of whatever dataset, that has a content; null when it was never added.</summary>
    public Task<DatasetVersion?> FindContent(Principal p, string hash, CancellationToken ct = default) => _store.FindContent(p, hash, ct);

    /// <summary>The newest version whose content's hash begins with these digits; null when there is none.</summary>
    public Task<DatasetVersion?> FindContentPrefix(Principal p, string digits, CancellationToken ct = default) => _store.FindContentPrefix(p, digits, ct);

    /// <summary>All datasets.</summary>
    public Task<Page<Dataset>> List(Principal p, string? token = null, int limit = 100, CancellationToken ct = default) =>
        _store.List(p, Position(token, 0), Math.Clamp(limit, 1, 1000), ct);

    /// <summary>The versions of a dataset, newest first.</summary>
    public Task<Page<DatasetVersion>> Versions(Principal p, string dataset, string? token = null, int limit = 100, CancellationToken ct = default) =>
        _store.Versions(p, dataset, Position(token, long.MaxValue), Math.Clamp(limit, 1, 1000), ct);

    /// <summary>A file to read the version from. Its name has no extension: <see cref="TableReader"/> looks at the content.</summary>
    public async Task<string> LocalPath(Principal p, string reference, CancellationToken ct = default)
    {
        var version = await Get(p, reference, ct);
        return await blobs.LocalPath(BlobKey(version.Hash), ct) ?? throw new HoldfastException(ErrorCode.Internal, $"The content of {version.Ref} ({version.Hash}) is gone from the blob store.", "Add the file again: the same content becomes the same version.");
    }

    /// <summary>The version's rows.</summary>
    public async Task<Table> Read(Principal p, string reference, CancellationToken ct = default)
    {
        var version = await Get(p, reference, ct);
        var kinds = version.Schema.Fields.ToDictionary(f => f.Name, f => DataCheck.KindOf(f.Type), StringComparer.Ordinal);
        return TableReader.Read(await LocalPath(p, version.Ref, ct), kinds);
    }

    /// <summary>The summary that was made when the version was added.</summary>
    public async Task<DatasetProfile> Profile(Principal p, string reference, CancellationToken ct = default) =>
        await _store.Profile(p, (await Get(p, reference, ct)).Id, ct);

    private static long Position(string? token, long otherwise) =>
        string.IsNullOrEmpty(token) ? otherwise
        : long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"page_token: '{token}' was not given out by this list.", "Start without a token.");
}
