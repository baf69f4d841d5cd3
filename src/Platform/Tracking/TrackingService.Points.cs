using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int MaxChartRuns = 1_000;
    private const int MaxChartKeys = 100;
    private const int MaxBuckets = 10_000;
    private const int MaxChartPoints = 2_000_000;

    /// <summary>Points of a metric within a range (ends included), by step, time and value.</summary>
    /// <param name="max">Length of the page, 1 to 50,000.</param>
    public async Task<Page<MetricPoint>> MetricPoints(
        Principal p, string runId, string key, decimal? fromStep = null, decimal? toStep = null, DateTimeOffset? fromTime = null, DateTimeOffset? toTime = null, int max = KeyRules.MaxPage, string? token = null,
        CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        KeyRules.Page(max);
        var range = Range(fromStep, toStep, fromTime, toTime);
        var after = PointToken.Read(token);
        return await db.Read(
            tx =>
            {
                var run = RunStore.Find(tx, p.WorkspaceId, runId) ?? throw NoRun(runId);
                var points = SeriesStore.Points(tx, p.WorkspaceId, run.Key, key, range, after, max + 1);
                return points.Count > max ? new Page<MetricPoint>(points[..max], PointToken.Of(points[max - 1])) : new Page<MetricPoint>(points);
            },
            ct);
    }

    /// <summary>Metrics of runs, each as at most so many buckets. A metric that a run lacks is left out.</summary>
    public async Task<IReadOnlyList<MetricChart>> Chart(Principal p, ChartQuery query, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(query);
        CheckChart(query);
        var range = Range(query.FromStep, query.ToStep, query.FromTime, query.ToTime);
        return await db.Read<IReadOnlyList<MetricChart>>(
            tx =>
            {
                var charts = new List<MetricChart>();
                var runs = query.RunIds.Distinct().Select(id => RunStore.Find(tx, p.WorkspaceId, id) ?? throw NoRun(id)).ToList();
                foreach (var key in query.Keys.Distinct())
                {
                    foreach (var run in runs)
                    {
                        ct.ThrowIfCancellationRequested();
                        if (tx.Scalar(
                            "select series_key from series where workspace_id = @ws and run_key = @run and name = @name and points > 0", ("ws", p.WorkspaceId), ("run", run.Key), ("name", key)) is not { } series)
                            continue;
                        var fold = new ChartFold(query.Buckets, query.ByTime);
                        BlockStore.Read(tx, p.WorkspaceId, series, range, query.Buckets, fold.Add);
                        charts.Add(fold.Chart(run.RunId, key));
                    }
                }

                return charts;
            },
            ct);
    }

    private static void CheckChart(ChartQuery query)
    {
        var faults = new List<Fault>();
        void Check(bool met, string field, string message, string hint)
        {
            if (!met)
                faults.Add(new Fault(field, message, hint));
        }

        var (runs, keys) = (query.RunIds?.Count ?? 0, query.Keys?.Count ?? 0);
        Check(runs is > 0 and <= MaxChartRuns, "run_ids", $"There are {runs} runs.", $"Name 1 to {MaxChartRuns}.");
        Check(keys is > 0 and <= MaxChartKeys, "keys", $"There are {keys} metrics.", $"Name 1 to {MaxChartKeys}.");
        Check(query.Buckets is > 0 and <= MaxBuckets, "buckets", $"{query.Buckets} buckets are asked for.", $"Ask for 1 to {MaxBuckets}.");
        Check((long)runs * keys * query.Buckets <= MaxChartPoints, "buckets", $"{runs} runs with {keys} metrics of {query.Buckets} buckets are {(long)runs * keys * query.Buckets} points.", $"Ask for {MaxChartPoints} at most: fewer buckets, or the metrics one after the other.");
        if (faults.Count > 0)
            throw new HoldfastException("The chart cannot be made.", faults);
    }

    private static PointRange Range(decimal? fromStep, decimal? toStep, DateTimeOffset? fromTime, DateTimeOffset? toTime)
    {
        if (fromStep > toStep)
            throw KeyRules.Invalid($"'from_step' is {fromStep}, which is greater than 'to_step', {toStep}.", "Exchange them.");
        if (fromTime > toTime)
            throw KeyRules.Invalid($"'from_time' is {fromTime:O}, which is later than 'to_time', {toTime:O}.", "Exchange them.");
        return new PointRange(Stored(fromStep), Stored(toStep), fromTime?.ToUnixTimeMilliseconds(), toTime?.ToUnixTimeMilliseconds());

        static decimal? Stored(decimal? step) => step is { } s ? Math.Clamp(s, long.MinValue, long.MaxValue) : null;
    }
}

/// <summary>Where the next page of points begins: after the last point of this one, so a page costs the same at any depth.</summary>
internal static class PointToken
{
    public static string Of(MetricPoint point)
    {
        var key = SeriesStore.Key(point);
        return Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new[] { key.Step.Whole, key.Step.Part, key.At, BitConverter.DoubleToInt64Bits(key.Value), key.IsNan ? 1 : 0 }));
    }

    public static PointKey? Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return null;
        try
        {
            if (JsonSerializer.Deserialize<long[]>(Encoding.UTF8.GetString(Convert.FromBase64String(token))) is [var whole, var part, var at, var value, var nan])
                return new PointKey(new StepKey(whole, part), at, BitConverter.Int64BitsToDouble(value), nan == 1);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            // Whatever it was, it is no token of ours.
        }

        throw KeyRules.Invalid($"Invalid page token '{token}'", "Send the token of the page before, unchanged, or none for the first page.");
    }
}
