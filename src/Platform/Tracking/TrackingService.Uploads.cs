using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

/// <summary>A part of an upload in pieces: its number from 1 on, and the mark that its sender was given for it.</summary>
public sealed record UploadedPart(int Number, string Mark);

/// <summary>
/// Large files in pieces, sent side by side and each repeated by itself when it fails. The pieces lie below <c>@uploads</c>, where no
/// path of a client leads, until they are put together; what nobody ends is removed after a week.
/// </summary>
public sealed partial class TrackingService
{
    private const string Uploads = "@uploads";
    private const string UploadTarget = "target";
    private const string UploadDay = "yyyyMMdd";
    private const int MaxParts = 10_000;
    private const int DaysKept = 7;

    /// <summary>Begins an upload to a path of the proxied tree. Returns its id.</summary>
    public async Task<string> BeginUpload(Principal p, string path, int parts, CancellationToken ct = default)
    {
        ArtifactPath.CheckFile(path);
        var target = ArtifactPlace.CheckProxied(p, path);
        if (parts is < 1 or > MaxParts)
            throw KeyRules.Invalid($"Invalid value {parts} for parameter 'num_parts' supplied: it must lie between 1 and {MaxParts}.");
        var folder = artifacts.Proxied(p);
        var today = time.GetUtcNow();
        await RemoveForgotten(folder, today, ct);
        var id = today.ToString(UploadDay, CultureInfo.InvariantCulture) + "-" + Ids.Hex32();
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(target));
        await folder.Store.Put(folder.Of($"{Uploads}/{id}/{UploadTarget}"), content, ct);
        return id;
    }

    /// <summary>Stores a piece; again replaces it. Returns its mark, which <see cref="EndUpload"/> asks for.</summary>
    public async Task<string> PutPart(Principal p, string uploadId, int number, Stream content, CancellationToken ct = default)
    {
        var folder = artifacts.Proxied(p);
        if (number is < 1 or > MaxParts)
            throw KeyRules.Invalid($"Invalid part number {number}: it must lie between 1 and {MaxParts}.");
        await Target(folder, uploadId, ct);
        using var hash = SHA256.Create();
        var key = PartKey(folder, uploadId, number);
        await using (var hashed = new CryptoStream(content, hash, CryptoStreamMode.Read, leaveOpen: true))
            await folder.Store.Put(key, hashed, ct);
        var mark = Convert.ToHexStringLower(hash.Hash!);
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(mark));
        await folder.Store.Put(key + ".mark", text, ct);
        return mark;
    }

    /// <summary>Puts the pieces together in the order of their numbers; readers see the whole file or none.</summary>
    public async Task EndUpload(Principal p, string uploadId, string path, IReadOnlyList<UploadedPart> parts, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var folder = artifacts.Proxied(p);
        await CheckTarget(p, folder, uploadId, path, ct);
        if (parts.Count == 0)
            throw KeyRules.Invalid("Missing value for required parameter 'parts'.");
        var ordered = parts.OrderBy(part => part.Number).ToList();
        for (var i = 0; i < ordered.Count; i++)
        {
            if (ordered[i].Number != i + 1)
                throw KeyRules.Invalid($"Part {i + 1} is missing.", "Name every part once, from 1 on.");
            if (await Text(folder, PartKey(folder, uploadId, i + 1) + ".mark", ct) != ordered[i].Mark.Trim('"'))
                throw KeyRules.Invalid($"Part {i + 1} was not uploaded, or not with this etag.", "Send the part again.");
        }

        await using var joined = new JoinedStream([.. ordered.Select(part => (Func<CancellationToken, Task<Stream>>)(async c =>
            await folder.Store.Open(PartKey(folder, uploadId, part.Number), c) ?? throw NoUpload(uploadId)))]);
        await Put(folder, ArtifactPlace.CheckProxied(p, path), joined, ct);
        await folder.Store.Delete(folder.Of($"{Uploads}/{uploadId}"), ct);
    }

    /// <summary>Gives an upload up.</summary>
    public async Task AbortUpload(Principal p, string uploadId, string path, CancellationToken ct = default)
    {
        var folder = artifacts.Proxied(p);
        await CheckTarget(p, folder, uploadId, path, ct);
        await folder.Store.Delete(folder.Of($"{Uploads}/{uploadId}"), ct);
    }

    private static async Task CheckTarget(Principal p, ArtifactFolder folder, string uploadId, string path, CancellationToken ct)
    {
        ArtifactPath.CheckFile(path);
        if (await Target(folder, uploadId, ct) != ArtifactPlace.CheckProxied(p, path))
            throw NoUpload(uploadId);
    }

    private static async Task<string> Target(ArtifactFolder folder, string uploadId, CancellationToken ct)
    {
        if (!UploadIds().IsMatch(uploadId))
            throw NoUpload(uploadId);
        return await Text(folder, folder.Of($"{Uploads}/{uploadId}/{UploadTarget}"), ct) ?? throw NoUpload(uploadId);
    }

    private static async Task<string?> Text(ArtifactFolder folder, string key, CancellationToken ct)
    {
        await using var stream = await folder.Store.Open(key, ct);
        if (stream is null)
            return null;
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(ct);
    }

    private static async Task RemoveForgotten(ArtifactFolder folder, DateTimeOffset today, CancellationToken ct)
    {
        var oldest = today.AddDays(-DaysKept).ToString(UploadDay, CultureInfo.InvariantCulture);
        foreach (var upload in await folder.Store.List(folder.Of(Uploads), ct))
        {
            if (string.CompareOrdinal(upload.Key[(upload.Key.LastIndexOf('/') + 1)..], oldest) < 0)
                await folder.Store.Delete(upload.Key, ct);
        }
    }

    private static string PartKey(ArtifactFolder folder, string uploadId, int number) => folder.Of(string.Create(CultureInfo.InvariantCulture, $"{Uploads}/{uploadId}/{number:D5}"));

    private static HoldfastException NoUpload(string uploadId) => new(ErrorCode.NotFound, $"There is no upload '{uploadId}' to this path.", "Begin it again.");

    [GeneratedRegex(@"^\d{8}-[0-9a-f]{32}\z")]
    private static partial Regex UploadIds();
}
