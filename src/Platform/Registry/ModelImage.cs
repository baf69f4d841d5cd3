using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Registry;

/// <summary>
/// A model version as an image in the OCI image layout (oci-layout, index.json, blobs/sha256): one layer with the package at
/// <c>/model</c>, one with signature and record at <c>/holdfast</c>. Any registry and any tool for images takes it; the same version gives
/// the same bytes.
/// </summary>
public static class ModelImage
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const long Largest = 8L << 30;
    private static readonly System.Buffers.SearchValues<char> _hex = System.Buffers.SearchValues.Create("0123456789abcdef");

    /// <summary>A stored blob.</summary>
    private sealed record Blob(string Type, string Digest, long Size)
    {
        public JsonObject Descriptor => new() { ["mediaType"] = Type, ["digest"] = Digest, ["size"] = Size };
    }

    /// <summary>Writes the layout into a folder, which must be empty or absent; returns the digest of the manifest.</summary>
    public static async Task<string> Write(string folder, string package, ModelRecord record, DateTimeOffset created, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256")).FullName;
        var scratch = Directory.CreateTempSubdirectory("holdfast-image-");
        try
        {
            WriteRecord(scratch.FullName, record);
            var (model, modelDiff) = await Layer(blobs, package, "model", ct);
            var (about, aboutDiff) = await Layer(blobs, scratch.FullName, "holdfast", ct);
            var at = created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
            var title = $"{record.Model}/{record.Version}";
            var config = await Put(blobs, ConfigType, new JsonObject
            {
                ["created"] = at,
                // Data for any machine; the format wants one to be named.
                ["architecture"] = "amd64",
                ["os"] = "linux",
                ["config"] = new JsonObject
                {
                    ["WorkingDir"] = "/model",
                    ["Labels"] = new JsonObject { ["dev.holdfast.model"] = record.Model, ["dev.holdfast.version"] = record.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) },
                },
                ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(modelDiff, aboutDiff) },
                ["history"] = new JsonArray(
                    new JsonObject { ["created"] = at, ["created_by"] = "holdfast models package", ["comment"] = "model package" },
                    new JsonObject { ["created"] = at, ["created_by"] = "holdfast models package", ["comment"] = "signature and record" }),
            }, ct);
            var manifest = await Put(blobs, ManifestType, new JsonObject
            {
                ["schemaVersion"] = 2,
                ["mediaType"] = ManifestType,
                ["config"] = config.Descriptor,
                ["layers"] = new JsonArray(model.Descriptor, about.Descriptor),
                ["annotations"] = new JsonObject { ["org.opencontainers.image.title"] = title, ["org.opencontainers.image.version"] = record.Version.ToString(System.Globalization.CultureInfo.InvariantCulture), ["org.opencontainers.image.created"] = at },
            }, ct);
            var listed = manifest.Descriptor;
            listed["platform"] = new JsonObject { ["architecture"] = "amd64", ["os"] = "linux" };
            listed["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "v" + record.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            await WriteJson(Path.Combine(folder, "oci-layout"), new JsonObject { ["imageLayoutVersion"] = "1.0.0" }, ct);
            await WriteJson(Path.Combine(folder, "index.json"), new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = IndexType, ["manifests"] = new JsonArray(listed) }, ct);
            return manifest.Digest;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>The same content as plain files: <c>model/</c> and <c>holdfast/</c>.</summary>
    public static void WritePlain(string folder, string package, ModelRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        foreach (var file in Directory.EnumerateFiles(package, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, "model", Path.GetRelativePath(package, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        WriteRecord(Directory.CreateDirectory(Path.Combine(folder, "holdfast")).FullName, record);
    }

    /// <summary>
    /// Checks a package (an OCI layout, a folder or a plain tar) and unpacks its model; returns what it says of itself. Every blob must have the size and the
    /// digest by which it is named, every layer the content that the configuration names.
    /// </summary>
    /// <param name="path">A folder with <c>oci-layout</c>, or a tar of the plain form.</param>
    /// <param name="target">Folder for <c>model/</c> and <c>holdfast/</c>.</param>
    /// <param name="ct">Ends the work.</param>
    /// <exception cref="HoldfastException">It is none, or it is damaged; all faults are named.</exception>
    public static async Task<ModelRecord> Open(string path, string target, CancellationToken ct = default)
    {
        if (File.Exists(path))
        {
            await using var tar = File.OpenRead(path);
            await Unpack(tar, target, ct);
            if (File.Exists(Path.Combine(target, "oci-layout")))
                return await Open(target, Directory.CreateDirectory(Path.Combine(target, "content")).FullName, ct);
        }
        else if (File.Exists(Path.Combine(path, "oci-layout")))
        {
            await OpenLayout(path, target, ct);
        }
        else
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} is no model package: it is neither a tar file nor a folder with oci-layout.", "Write one with holdfast models package NAME@ALIAS --to PATH.");
        }

        var about = Path.Combine(target, "holdfast", "record.json");
        if (!File.Exists(about) || !File.Exists(Path.Combine(target, "model", ModelPackage.ManifestName)))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{path} holds no model of Holdfast: model/{ModelPackage.ManifestName} or holdfast/record.json is missing.", "Write one with holdfast models package NAME@ALIAS --to PATH.");
        return JsonSerializer.Deserialize<ModelRecord>(await File.ReadAllBytesAsync(about, ct), HoldfastJson.Options)!;
    }

    private static async Task OpenLayout(string folder, string target, CancellationToken ct)
    {
        var faults = new List<Fault>();
        try
        {
            var index = JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "index.json"), ct))!;
            if (index["schemaVersion"]?.GetValue<int>() != 2 || index["manifests"] is not JsonArray { Count: 1 } manifests)
                throw new HoldfastException(ErrorCode.InvalidArgument, "index.json does not name exactly one manifest.", "Package the version again.");
            var manifest = await Document(folder, manifests[0]!, "index.json: manifest", faults, ct);
            var config = manifest is null ? null : await Document(folder, manifest["config"]!, "manifest: config", faults, ct);
            var diffs = config?["rootfs"]?["diff_ids"] as JsonArray;
            var layers = manifest?["layers"] as JsonArray ?? [];
            if (faults.Count == 0 && (diffs is null || diffs.Count != layers.Count))
                faults.Add(new Fault("config: rootfs.diff_ids", $"names {diffs?.Count ?? 0} layers, the manifest {layers.Count}."));
            var whole = new List<string>();
            for (var i = 0; i < layers.Count; i++)
            {
                if (await Checked(folder, layers[i]!, $"manifest: layers[{i}]", faults, ct) is not { } blob)
                    continue;
                await using var packed = File.OpenRead(blob);
                await using var content = new GZipStream(packed, CompressionMode.Decompress);
                if (diffs is not null && i < diffs.Count && "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct)) != diffs[i]!.GetValue<string>())
                    faults.Add(new Fault($"config: rootfs.diff_ids[{i}]", "is not the digest of the layer's content."));
                whole.Add(blob);
            }

            if (faults.Count > 0)
                throw new HoldfastException($"{folder} is damaged.", faults);
            foreach (var blob in whole)
            {
                await using var packed = File.OpenRead(blob);
                await using var content = new GZipStream(packed, CompressionMode.Decompress);
                await Unpack(content, target, ct);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FileNotFoundException or InvalidDataException or NullReferenceException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{folder} is not a readable OCI layout: {e.Message}", "Package the version again.", e);
        }
    }

    private static async Task<JsonNode?> Document(string folder, JsonNode descriptor, string place, List<Fault> faults, CancellationToken ct) =>
        await Checked(folder, descriptor, place, faults, ct) is { } path ? JsonNode.Parse(await File.ReadAllBytesAsync(path, ct)) : null;

    private static async Task<string?> Checked(string folder, JsonNode descriptor, string place, List<Fault> faults, CancellationToken ct)
    {
        var digest = descriptor["digest"]?.GetValue<string>() ?? "";
        if (!digest.StartsWith("sha256:", StringComparison.Ordinal) || digest.Length != 71 || digest.AsSpan(7).ContainsAnyExcept(_hex))
        {
            faults.Add(new Fault(place, $"'{digest}' is no sha256 digest."));
            return null;
        }

        var path = Path.Combine(folder, "blobs", "sha256", digest[7..]);
        if (!File.Exists(path))
        {
            faults.Add(new Fault(place, $"the blob {digest} is missing."));
            return null;
        }

        await using var content = File.OpenRead(path);
        if (content.Length != descriptor["size"]?.GetValue<long>())
            faults.Add(new Fault(place, $"the blob {digest} has {content.Length} bytes, not {descriptor["size"]}."));
        else if ("sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct)) != digest)
            faults.Add(new Fault(place, $"the content of the blob {digest} is another."));
        else
            return path;
        return null;
    }

    // Only plain files inside the folder come out, and no more than a bound of bytes.
    private static async Task Unpack(Stream tar, string target, CancellationToken ct)
    {
        try
        {
            await using var reader = new TarReader(tar);
            var left = Largest;
            while (await reader.GetNextEntryAsync(copyData: false, ct) is { } entry)
            {
                if (entry.EntryType == TarEntryType.Directory)
                    continue;
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                    throw new HoldfastException(ErrorCode.InvalidArgument, $"The entry '{entry.Name}' of the package is no plain file.", "Package the version again.");
                if ((left -= entry.Length) < 0)
                    throw new HoldfastException(ErrorCode.TooLarge, $"The package unfolds to more than {Largest >> 30} GB.");
                var path = Path.Combine(target, ArtifactPath.CheckFile(entry.Name));
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await using var file = File.Create(path);
                if (entry.DataStream is { } data)
                    await data.CopyToAsync(file, ct);
            }
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The package is no readable tar file: {e.Message}", "Package the version again.", e);
        }
    }

    /// <summary>Packs a folder: names in order, no times, no owners, so that the same files give the same bytes.</summary>
    public static async Task Pack(string folder, string below, Stream target, CancellationToken ct = default)
    {
        await using var writer = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var name in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal))
        {
            await using var content = File.OpenRead(Path.Combine(folder, name));
            await writer.WriteEntryAsync(
                new UstarTarEntry(TarEntryType.RegularFile, below.Length == 0 ? name : $"{below}/{name}")
                {
                    DataStream = content,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                },
                ct);
        }
    }

    private static async Task<(Blob Blob, string DiffId)> Layer(string blobs, string folder, string below, CancellationToken ct)
    {
        var temporary = Path.Combine(blobs, "layer.tmp");
        string diff;
        await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
        await using (var packed = new GZipStream(file, CompressionLevel.Optimal))
        using (var hashed = new HashStream(packed))
        {
            await Pack(folder, below, hashed, ct);
            diff = hashed.Digest;
        }

        return (await Take(blobs, LayerType, temporary, ct), diff);
    }

    private static async Task<Blob> Put(string blobs, string type, JsonObject document, CancellationToken ct)
    {
        var temporary = Path.Combine(blobs, "document.tmp");
        await WriteJson(temporary, document, ct);
        return await Take(blobs, type, temporary, ct);
    }

    private static async Task<Blob> Take(string blobs, string type, string file, CancellationToken ct)
    {
        string hash;
        long size;
        await using (var content = File.OpenRead(file))
            (hash, size) = (Convert.ToHexStringLower(await SHA256.HashDataAsync(content, ct)), content.Length);
        File.Move(file, Path.Combine(blobs, hash), overwrite: true);
        return new Blob(type, "sha256:" + hash, size);
    }

    private static Task WriteJson(string path, JsonObject document, CancellationToken ct) => File.WriteAllBytesAsync(path, JsonSerializer.SerializeToUtf8Bytes(document, HoldfastJson.Options), ct);

    private static void WriteRecord(string folder, ModelRecord record)
    {
        File.WriteAllBytes(Path.Combine(folder, "record.json"), JsonSerializer.SerializeToUtf8Bytes(record, HoldfastJson.Indented));
        if (record.Manifest.TryGetProperty("signature", out var signature))
            File.WriteAllBytes(Path.Combine(folder, "signature.json"), JsonSerializer.SerializeToUtf8Bytes(signature, HoldfastJson.Indented));
        if (record.Requirements is { } requirements)
            File.WriteAllText(Path.Combine(folder, "requirements.txt"), requirements);
    }

    /// <summary>Hashes what passes through.</summary>
    private sealed class HashStream(Stream inner) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public string Digest => "sha256:" + Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            _hash.AppendData(buffer, offset, count);
            inner.Write(buffer, offset, count);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _hash.AppendData(buffer);
            inner.Write(buffer);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _hash.AppendData(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
