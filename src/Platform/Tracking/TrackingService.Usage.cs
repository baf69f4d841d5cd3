using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

/// <summary>What an hour or a gigabyte costs; without a price nothing is said of costs.</summary>
/// <param name="CpuHour">An hour of one processor.</param>
/// <param name="GpuHour">An hour of one GPU.</param>
/// <param name="GigabyteMonth">A gigabyte (10^9 bytes) for 30 days.</param>
public sealed record Prices(double CpuHour = 0, double GpuHour = 0, double GigabyteMonth = 0);

public sealed partial class TrackingService
{
    /// <summary>
    /// What the runs of a span used, by <c>experiment</c>, <c>team</c> (tag <c>team</c> of the run, else of its experiment), <c>project</c>
    /// (tag <c>project</c>, else the experiment's name) or <c>user</c>. Of a run only the part within the span counts; one that is under way
    /// counts until now; one with child runs counts through those.
    /// </summary>
    /// <param name="storage">Whether to measure the files, which reads every folder.</param>
    public async Task<IReadOnlyList<UsageRow>> Usage(Principal p, string by, DateTimeOffset from, DateTimeOffset until, Prices? prices, bool storage, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (by is not ("experiment" or "team" or "project" or "user"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"by is '{by}'.", "One of experiment, team, project, user.");
        if (until <= from)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The span from {from:O} to {until:O} is empty.", "Let it end after it begins.");
        var runs = await db.Read(tx => RunLifeStore.Used(tx, p.WorkspaceId, from, until), ct);
        var parents = runs.Select(r => r.Parent).OfType<string>().ToHashSet();
        var end = time.GetUtcNow() < until ? time.GetUtcNow() : until;
        var rows = new List<UsageRow>();
        foreach (var group in runs.GroupBy(r => by switch { "experiment" => r.Experiment, "team" => r.Team ?? "(none)", "project" => r.Project ?? r.Experiment, _ => r.User }).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            double compute = 0, cpu = 0, gpu = 0;
            long? bytes = storage ? 0 : null;
            foreach (var run in group)
            {
                if (!parents.Contains(run.RunId))
                {
                    var hours = Math.Max(0, (Least(run.End ?? end, until) - Most(run.Start, from)).TotalHours);
                    (compute, cpu, gpu) = (compute + hours, cpu + (hours * run.Cpus), gpu + (hours * run.Gpus));
                }

                if (storage)
                    bytes += await Size(p, run.ArtifactUri, ct);
            }

            double? cost = prices is null ? null : (cpu * prices.CpuHour) + (gpu * prices.GpuHour) + ((bytes ?? 0) / 1e9 * prices.GigabyteMonth * (until - from).TotalDays / 30);
            rows.Add(new UsageRow(group.Key, group.Count(), compute, cpu, gpu, bytes, cost));
        }

        return rows;
    }

    private async Task<long> Size(Principal p, string address, CancellationToken ct)
    {
        if (artifacts.Find(p, address) is not { } folder)
            return 0;
        long bytes = 0;
        await foreach (var file in FilesBelow(folder, ct))
            bytes += file.Size;
        return bytes;
    }

    private static DateTimeOffset Least(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Most(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
