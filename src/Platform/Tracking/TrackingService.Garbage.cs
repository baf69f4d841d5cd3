using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int TracesAJob = 100;

    /// <summary>
    /// Removes for good what was deleted long enough ago: runs with their metrics, output and files, logged models, experiments with
    /// their traces. Files that a model version needs stay, with their run. First the files go, then the rows, so that a crash in
    /// between leaves nothing that the next collection does not find. Event <c>garbage.collected</c>.
    /// </summary>
    public async Task<GarbageReport> Collect(Principal p, GarbageRequest request, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        await Prepare(p, ct);
        var before = time.GetUtcNow() - Term.Parse(request.OlderThan, "older_than");
        var (held, runs, models) = await db.Read(
            tx => (roots.SelectMany(r => r.Held(tx, p.WorkspaceId)).ToList(), RunLifeStore.Deleted(tx, p.WorkspaceId, before), RunLifeStore.DeletedModels(tx, p.WorkspaceId, before)), ct);
        var sum = new Collected();
        foreach (var run in runs)
            await CollectRun(p, run, held, request.DryRun, sum, ct);
        foreach (var model in models)
            await CollectModel(p, model, held, request.DryRun, sum, ct);
        await CollectExperiments(p, before, request.DryRun, sum, ct);
        var report = new GarbageReport(sum.Experiments, sum.Runs, sum.Models, sum.Files, sum.Bytes, sum.Kept);
        if (!request.DryRun && sum.Experiments + sum.Runs + sum.Models > 0)
            await journal.Append(p, new GarbageCollected(report.Experiments, report.Runs, report.LoggedModels, report.Files, report.Bytes), "garbage", ct: ct);
        return report;
    }

    private async Task CollectRun(Principal p, DeletedRun run, List<HeldArtifacts> held, bool dry, Collected sum, CancellationToken ct)
    {
        if (Holder(run.ArtifactUri, held) is { } holder)
        {
            sum.Kept.Add(new GarbageKept("run " + run.RunId, $"its files are those of {holder}"));
            return;
        }

        if (!dry && !await db.Write(tx => RunLifeStore.Leave(tx, p.WorkspaceId, run.Key), ct: ct))
            return;
        // Of ".../RUN/artifacts" the run's own folder goes, too.
        await CollectFiles(p, run.ArtifactUri.EndsWith($"/{run.RunId}/artifacts", StringComparison.Ordinal) ? run.ArtifactUri[..^"/artifacts".Length] : run.ArtifactUri, dry, sum, ct);
        sum.Runs++;
        if (dry)
            return;
        foreach (var series in await db.Read(tx => RunLifeStore.Series(tx, p.WorkspaceId, run.Key), ct))
            await db.Write(tx => RunLifeStore.RemoveSeries(tx, p.WorkspaceId, series), WriteLane.Bulk, ct);
        await db.Write(tx => RunLifeStore.Remove(tx, p.WorkspaceId, run), WriteLane.Bulk, ct);
    }

    private async Task CollectModel(Principal p, DeletedModel model, List<HeldArtifacts> held, bool dry, Collected sum, CancellationToken ct)
    {
        if (Holder(model.ArtifactUri, held) is { } holder)
        {
            sum.Kept.Add(new GarbageKept("logged model " + model.ModelId, $"its files are those of {holder}"));
            return;
        }

        await CollectFiles(p, model.ArtifactUri, dry, sum, ct);
        sum.Models++;
        if (!dry)
            await db.Write(tx => RunLifeStore.RemoveModel(tx, p.WorkspaceId, model), WriteLane.Bulk, ct);
    }

    private async Task CollectExperiments(Principal p, DateTimeOffset before, bool dry, Collected sum, CancellationToken ct)
    {
        foreach (var (id, name, location, empty) in await db.Read(tx => RunLifeStore.DeletedExperiments(tx, p.WorkspaceId, before), ct))
        {
            if (!empty && !dry)
            {
                sum.Kept.Add(new GarbageKept("experiment " + name, "it still has runs or logged models"));
                continue;
            }

            sum.Experiments++;
            if (dry)
                continue;
            while (await db.Write(tx => RemoveTraces(tx, p, id), WriteLane.Bulk, ct) == TracesAJob)
                ct.ThrowIfCancellationRequested();
            await CollectFiles(p, location, dry: false, sum, ct);
            await db.Write(tx => RunLifeStore.RemoveExperiment(tx, p.WorkspaceId, id), WriteLane.Bulk, ct);
        }
    }

    private static int RemoveTraces(Tx tx, Principal p, int experiment)
    {
        var oldest = TraceStore.Oldest(tx, p.WorkspaceId, experiment, long.MaxValue, TracesAJob);
        foreach (var trace in oldest)
            TraceStore.Delete(tx, p.WorkspaceId, trace);
        return oldest.Count;
    }

    private async Task CollectFiles(Principal p, string address, bool dry, Collected sum, CancellationToken ct)
    {
        if (artifacts.Find(p, address) is not { Key.Length: > 0 } folder)
        {
            sum.Kept.Add(new GarbageKept($"files at {address}", "this server does not hold them"));
            return;
        }

        await foreach (var file in FilesBelow(folder, ct))
        {
            sum.Files++;
            sum.Bytes += file.Size;
        }

        if (!dry)
            await folder.Store.Delete(folder.Key, ct);
    }

    private static string? Holder(string address, List<HeldArtifacts> held) =>
        held.Find(h => h.Address == address || h.Address.StartsWith(address.TrimEnd('/') + "/", StringComparison.Ordinal))?.By;

    private sealed class Collected
    {
        public int Experiments { get; set; }

        public int Runs { get; set; }

        public int Models { get; set; }

        public long Files { get; set; }

        public long Bytes { get; set; }

        public List<GarbageKept> Kept { get; } = [];
    }
}
