using Holdfast.Contracts;
using Holdfast.Tracking;
using static Holdfast.Platform.Tests.Tracking.TrackingRoom;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Points by range, and charts of them, on every database.</summary>
public sealed class PointsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Steps_may_be_negative_and_decimal_and_are_exact(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        decimal[] steps = [9_007_199_254_740_993, -1.5m, 0.25m, -1, long.MaxValue, 0.1234567m, long.MinValue, 0];
        await room.Log(run, [.. steps.Select((s, i) => Step(s, i))]);
        await room.Log(run, Step(-1.5m, 1), Step(0.123457m, 5));
        var points = (await room.Tracking.MetricPoints(Someone, run.RunId, "m", ct: Ct)).Items;
        Assert.Equal([long.MinValue, -1.5m, -1, 0, 0.123457m, 0.25m, 9_007_199_254_740_993, long.MaxValue], points.Select(p => p.Step));
        var within = (await room.Tracking.MetricPoints(Someone, run.RunId, "m", -1.25m, 0.25m, ct: Ct)).Items;
        Assert.Equal([-1, 0, 0.123457m, 0.25m], within.Select(p => p.Step));
        var summary = Assert.Single((await room.Tracking.GetRun(Someone, run.RunId, Ct)).Metrics);
        Assert.Equal((8, (decimal)long.MaxValue, 9_007_199_254_740_993m), (summary.Count, summary.Last.Step, summary.MinStep));
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => room.Log(run, Step(1e20m, 0)));
        Assert.Contains("100000000000000000000", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.MetricPoints(Someone, run.RunId, "m", 2, 1, ct: Ct));

        static MetricPoint Step(decimal step, int value) => new("m", value, DateTimeOffset.FromUnixTimeMilliseconds(1_000), step);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Pages_of_points_follow_each_other_without_gap_or_repeat(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        // Several points at one step, and at one time, too.
        await room.Log(run, [.. Enumerable.Range(0, 20).Select(i => Point("m", i % 7 == 0 ? double.NaN : i, i / 6, 1_000 + (i / 3)))]);
        var all = (await room.Tracking.MetricPoints(Someone, run.RunId, "m", ct: Ct)).Items;
        var seen = new List<MetricPoint>();
        string? token = null;
        do
        {
            var page = await room.Tracking.MetricPoints(Someone, run.RunId, "m", max: 3, token: token, ct: Ct);
            seen.AddRange(page.Items);
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(all, seen);
        Assert.Equal(20, seen.Distinct().Count());
        await Assert.ThrowsAsync<HoldfastException>(() => room.Tracking.MetricPoints(Someone, run.RunId, "m", token: "x", ct: Ct));
        Assert.Equal(2, (await room.Tracking.MetricPoints(Someone, run.RunId, "m", fromTime: DateTimeOffset.FromUnixTimeMilliseconds(1_006), ct: Ct)).Items.Count);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Every_bucket_of_a_chart_is_what_its_points_give(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        var random = new Random(3);
        // Steps of a half, spikes, NaN, late points, a batch sent twice.
        var points = Enumerable.Range(0, 6_000).Select(i => new MetricPoint("m", i % 97 == 0 ? double.NaN : i == 2_345 ? 1e6 : Math.Sin(i * 0.01), DateTimeOffset.FromUnixTimeMilliseconds(1_000 + (i * 10L)), (i * 0.5m) - 100)).ToArray();
        var late = points.Where((_, i) => i % 1_700 == 5).ToArray();
        foreach (var batch in points.Except(late).Chunk(700))
            await room.Log(run, batch);
        await Check(room, run, [.. points.Except(late)]);
        random.Shuffle(late);
        foreach (var point in late)
            await room.Log(run, point);
        await room.Log(run, points[1_000..1_900]);
        await Check(room, run, points);
        Assert.Equal(6_000, (await room.Tracking.GetRun(Someone, run.RunId, Ct)).Metrics[0].Count);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_chart_over_time_needs_no_steps(string database)
    {
        await using var room = await Open(database);
        var run = await room.NewRun();
        var points = Enumerable.Range(0, 3_000).Select(i => Point("m", i, 0, 1_000 + i)).ToArray();
        foreach (var batch in points.Chunk(1_000))
            await room.Log(run, batch);
        var chart = Assert.Single((await room.Tracking.Series(Someone, new SeriesQuery([run.RunId], ["m", "nothing"], 10, "time"), Ct)).Series);
        Assert.Equal((3_000, 10, 2_999), (chart.Points, chart.X.Count, chart.Last[^1]));
        // Blocks of 64 do not end where buckets do, but none is split.
        Assert.All(chart.Count!, n => Assert.InRange(n, 200, 400));
        Assert.True(chart.X.SequenceEqual(chart.X.Order()));
    }

    // Buckets are stretches of the points in their order; each must give what its points give.
    private static async Task Check(TrackingRoom room, Run run, MetricPoint[] points)
    {
        foreach (var (from, to) in new (decimal?, decimal?)[] { (null, null), (0.25m, 2_000), (1_072.5m, 1_072.5m), (2_800, null), (-5, 10.5m) })
        {
            var within = points.Where(p => (from is null || p.Step >= from) && (to is null || p.Step <= to)).OrderBy(p => p.Step).ToArray();
            foreach (var buckets in new[] { 1, 4, 40, 90, 5_000 })
            {
                var chart = Assert.Single((await room.Tracking.Series(Someone, new SeriesQuery([run.RunId], ["m"], buckets, From: (double?)from, To: (double?)to), Ct)).Series);
                Assert.Equal(within.Length, chart.Points);
                Assert.InRange(chart.X.Count, Math.Min(within.Length, (buckets / 2) + 1), buckets);
                Assert.Equal(within.Length <= buckets, chart.Count is null);
                var at = 0;
                for (var i = 0; i < chart.X.Count; i++)
                {
                    var own = within[at..(at += (int)(chart.Count?[i] ?? 1))];
                    Assert.Equal(((double)own[^1].Step, own[^1].Value), (chart.X[i], chart.Last[i]));
                    if (chart.Count is null)
                        continue;
                    var numbers = own.Select(p => p.Value).Where(v => !double.IsNaN(v)).DefaultIfEmpty(double.NaN).ToArray();
                    Assert.Equal((numbers.Min(), numbers.Max()), (chart.Min![i], chart.Max![i]));
                    if (double.IsNaN(numbers[0]))
                        Assert.True(double.IsNaN(chart.Mean![i]));
                    else
                        Assert.Equal(numbers.Average(), chart.Mean![i], 1e-9 * Math.Max(1, Math.Abs(numbers.Average())));
                }

                Assert.Equal(within.Length, at);
            }
        }
    }
}
