using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int MostSeriesRuns = 2_000;
    private const int MostSeriesKeys = 100;
    private const int MostSeries = 20_000;
    private const int MostBuckets = 5_000;

    // One read after the other: no snapshot of the database is held for as long as a thousand runs take.
    private const int RunsARead = 50;

    /// <summary>Who hears of changed runs, as the pages do.</summary>
    public RunFeed Feed { get; } = new();

    /// <summary>The courses of metrics of runs, each down-sampled to last, least and greatest value of its buckets.</summary>
    public async Task<SeriesAnswer> Series(Principal p, SeriesQuery query, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(query);
        Check(query);
        var found = new List<SeriesCourse>();
        foreach (var runs in query.Runs.Distinct(StringComparer.Ordinal).Chunk(RunsARead))
        {
            found.AddRange(await db.Read(
                tx => runs.SelectMany(id => RunStore.Find(tx, p.WorkspaceId, id) is { } run ? query.Keys.Select(key => Course(tx, p, run, key, query)).OfType<SeriesCourse>() : []).ToList(), ct));
        }

        return new SeriesAnswer(found);
    }

    private static SeriesCourse? Course(Tx tx, Principal p, RunRow run, string key, SeriesQuery query)
    {
        if (SeriesStore.Find(tx, p.WorkspaceId, run.Key, key) is not { } series)
            return null;
        var zero = query.X == "relative" ? RunStore.StartedAt(tx, p.WorkspaceId, run.Key) : 0;
        var range = query.X == "step"
            ? new PointRange(Bound(query.From), Bound(query.To))
            : new PointRange(FromTime: (long?)Bound(query.From is { } from ? Math.Ceiling(from) + zero : null), ToTime: (long?)Bound(query.To is { } to ? Math.Floor(to) + zero : null));
        var pieces = new List<SeriesPiece>();
        BlockStore.Read(tx, p.WorkspaceId, series, range, query.Buckets, block => pieces.Add(Piece(block, query.X == "step", zero)));
        // Steps are nearly sorted by time: a stable order keeps equal times in the order of their steps.
        return pieces.Count == 0 ? null : SeriesBuckets.Fold(run.RunId, key, query.X == "step" ? pieces : [.. pieces.OrderBy(x => x.X)], query.Buckets);
    }

    private static SeriesPiece Piece(PointBlock b, bool bySteps, long zero)
    {
        var (first, last, until) = bySteps ? ((double)b.First.Step, (double)b.Last.Step, (double)b.Last.Step) : (b.MinAt - zero, b.MaxAt - zero, b.LastAt - zero);
        return new SeriesPiece((first + last) / 2, until, b.LastValue, b.Min, b.Max, b.Sum, b.Numbers, b.Points);
    }

    // A position beyond 64 bits is as good as none.
    private static decimal? Bound(double? position) => position is { } p && Math.Abs(p) < 9e18 ? (decimal)p : null;

    private static void Check(SeriesQuery query)
    {
        var faults = new List<Fault>();
        if (query.Runs is not { Count: > 0 and <= MostSeriesRuns })
            faults.Add(new Fault("runs", $"{query.Runs?.Count ?? 0} runs are named.", $"Name 1 to {MostSeriesRuns}."));
        if (query.Keys is not { Count: > 0 and <= MostSeriesKeys })
            faults.Add(new Fault("keys", $"{query.Keys?.Count ?? 0} metrics are named.", $"Name 1 to {MostSeriesKeys}."));
        if ((long)(query.Runs?.Count ?? 0) * (query.Keys?.Count ?? 0) > MostSeries)
            faults.Add(new Fault("keys", $"{query.Runs!.Count} runs with {query.Keys!.Count} metrics are {query.Runs.Count * query.Keys.Count} series.", $"Ask for at most {MostSeries} at once."));
        if (query.Buckets is < 1 or > MostBuckets)
            faults.Add(new Fault("buckets", $"{query.Buckets} buckets cannot be made.", $"1 to {MostBuckets}."));
        if (query.X is not ("step" or "time" or "relative"))
            faults.Add(new Fault("x", $"The position '{query.X}' is unknown.", "One of step, time, relative."));
        if (query.From > query.To)
            faults.Add(new Fault("from", $"{query.From} lies after {query.To}.", "Give the lesser position as from."));
        if (faults.Count > 0)
            throw new HoldfastException("The series cannot be read: " + string.Join(" ", faults.Select(f => f.Field + ": " + f.Message)), faults);
    }
}
