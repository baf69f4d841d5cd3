using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    /// <summary>Logs histograms and texts in one transaction. The same again (key, step, time, content) is the same entry.</summary>
    public Task<IReadOnlyList<MediaEntry>> LogMedia(Principal p, string runId, IReadOnlyList<NewMedia> entries, CancellationToken ct = default)
    {
        MediaRules.Check(entries);
        var now = time.GetUtcNow();
        var rows = entries.Select(e =>
        {
            var content = e.Text ?? JsonSerializer.Serialize(e.Histogram, HoldfastJson.Options);
            var bytes = Encoding.UTF8.GetBytes(content);
            var kind = e.Text is null ? MediaKind.Histogram : MediaKind.Text;
            return new MediaRow(
                e.Key, kind, StepKey.Of(e.Step), (e.Timestamp ?? now).ToUnixTimeMilliseconds(), Convert.ToHexStringLower(SHA256.HashData(bytes)), content, null, kind == MediaKind.Text ? "text/plain" : "application/json",
                bytes.Length, e.Caption);
        }).ToList();
        return ChangeRun<IReadOnlyList<MediaEntry>>(p, runId, (tx, run) => rows.ConvertAll(row => MediaStore.Add(tx, p.WorkspaceId, run.Key, row)), Holdfast.Storage.Sql.WriteLane.Bulk, ct);
    }

    /// <summary>
    /// Logs a file at a step: an image, sound, film, table or plot. It becomes an artifact of the run below <c>media/KEY/</c>, named by its
    /// content, so the same picture at many steps is stored once.
    /// </summary>
    public async Task<MediaEntry> LogMediaFile(
        Principal p, string runId, string key, MediaKind kind, string? mediaType, Stream content, decimal step = 0, DateTimeOffset? timestamp = null, string? caption = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        KeyRules.Key(key, "key");
        KeyRules.Length("Media key", KeyRules.MaxKey, key);
        var extension = MediaRules.Extension(kind, mediaType);
        MediaRules.Caption(caption);
        if (step < long.MinValue || step > long.MaxValue)
            throw KeyRules.Invalid($"The step {step} is out of range.", "A step has 64 bits before the point.");
        var run = await GetRun(p, runId, ct);
        if (run.Stage == LifecycleStage.Deleted)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The run {runId} must be in the 'active' state. Current state is deleted.", "Restore it first.");
        var folder = artifacts.Get(p, run.ArtifactUri);
        await using var file = await Spooled(content, ct);
        if (extension == ".json")
            MediaRules.CheckJson(kind, file);
        file.Position = 0;
        var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, ct));
        var path = ArtifactPath.CheckFile($"media/{key}/{digest[..32]}{extension}");
        var size = file.Length;
        if (await folder.Store.Stat(folder.Of(path), ct) is null)
        {
            file.Position = 0;
            await Put(folder, path, file, ct);
        }

        var row = new MediaRow(key, kind, StepKey.Of(step), (timestamp ?? time.GetUtcNow()).ToUnixTimeMilliseconds(), digest, null, path, mediaType!.Split(';')[0].Trim().ToLowerInvariant(), size, caption);
        return await ChangeRun(p, runId, (tx, own) => MediaStore.Add(tx, p.WorkspaceId, own.Key, row), ct: ct);
    }

    /// <summary>What a run logged beside numbers, by name.</summary>
    public async Task<IReadOnlyList<MediaSeries>> MediaKeys(Principal p, string runId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => MediaStore.Keys(tx, p.WorkspaceId, (RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId)).Key), ct);
    }

    /// <summary>Entries of a run by step and time; histograms and texts with their content.</summary>
    /// <param name="sample">Instead of a page, so many entries evenly spread over all that match, the first and the last among them.</param>
    public async Task<Page<MediaEntry>> ListMedia(
        Principal p, string runId, string? key = null, MediaKind? kind = null, decimal? fromStep = null, decimal? toStep = null, int max = 1_000, string? token = null, int? sample = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(sample ?? max, 5_000);
        var offset = PageToken.Offset(token);
        var range = Range(fromStep, toStep, null, null);
        return await db.Read(
            tx =>
            {
                var run = (RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId)).Key;
                return sample is { } wanted
                    ? new Page<MediaEntry>(MediaStore.Sample(tx, p.WorkspaceId, run, key, kind, range, wanted))
                    : PageToken.Cut(MediaStore.List(tx, p.WorkspaceId, run, key, kind, range, max + 1, offset), max, offset);
            },
            ct);
    }

    /// <summary>Opens the content of an entry.</summary>
    public async Task<(MediaEntry Entry, Stream Content)> OpenMedia(Principal p, string runId, long id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var entry = await db.Read(tx => MediaStore.Get(tx, p.WorkspaceId, (RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId)).Key, id), ct) ?? throw NoMedia(runId, id);
        var content = entry.Path is null
            ? new MemoryStream(Encoding.UTF8.GetBytes(entry.Text ?? JsonSerializer.Serialize(entry.Histogram, HoldfastJson.Options)))
            : await OpenArtifact(p, runId, entry.Path, ct);
        return (entry, content);
    }

    /// <summary>Removes an entry. Its file stays among the artifacts, where another step may show it.</summary>
    public Task DeleteMedia(Principal p, string runId, long id, CancellationToken ct = default) =>
        ChangeRun(p, runId, (tx, run) => MediaStore.Delete(tx, p.WorkspaceId, run.Key, id) ? true : throw NoMedia(runId, id), ct: ct);

    // On disk, because a film may be long; gone when closed.
    private static async Task<FileStream> Spooled(Stream content, CancellationToken ct)
    {
        var file = new FileStream(
            Path.Combine(Path.GetTempPath(), $"holdfast-{Guid.CreateVersion7():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await content.CopyToAsync(file, ct);
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static HoldfastException NoMedia(string runId, long id) => new(ErrorCode.NotFound, $"The run {runId} has no media {id}.", $"List them: GET /api/v1/runs/{runId}/media");
}
