using System.Text.Json;
using Holdfast.Statistics.ChangeDetection;
using Holdfast.Statistics.Tests.Oracles;

namespace Holdfast.Statistics.Tests.ChangeDetection;

public sealed class StreamOracleTests
{
    public static TheoryData<string> Streams => ["bern_abrupt", "brent_price", "elec_lr_error", "elec_naive_error", "normal_stationary"];

    private static double[] Values(string stream) => Oracle.Numbers(Oracle.Columns($"stream_{stream}.csv")["x"]);

    private static int[] Indices(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt32())];

    private static int[] Fires(double[] values, Func<double, bool> observe) => [.. Enumerable.Range(0, values.Length).Where(i => observe(values[i]))];

    [Theory, MemberData(nameof(Streams))]
    public void Adwin_fires_where_river_does(string stream)
    {
        var (values, expected) = (Values(stream), Oracle.Expected("stream_" + stream));
        foreach (var name in new[] { "adwin_default", "adwin_clock1", "adwin_delta0.05", "adwin_delta1e-5_M8_minw20" })
        {
            var item = expected.GetProperty(name);
            var p = item.GetProperty("params");
            var options = new AdwinOptions
            {
                Delta = p.GetProperty("delta").GetDouble(),
                Clock = p.GetProperty("clock").GetInt32(),
                MaxBuckets = p.GetProperty("max_buckets").GetInt32(),
                MinWindow = p.GetProperty("min_window_length").GetInt32(),
                Grace = p.GetProperty("grace_period").GetInt32(),
                RiverCuts = true,
            };
            var kept = new Adwin(options);
            Assert.Equal(Indices(item.GetProperty("fires_noreset")), Fires(values, kept.Observe));
            var reset = new Adwin(options with { ResetAfterChange = true });
            Assert.Equal(Indices(item.GetProperty("fires_reset")), Fires(values, reset.Observe));
            CheckTrace(values, options, item.GetProperty("trace_noreset_every1000_i_width_total_M2"));
        }
    }

    private static void CheckTrace(double[] values, AdwinOptions options, JsonElement trace)
    {
        var adwin = new Adwin(options);
        var rows = trace.EnumerateArray().ToDictionary(r => r[0].GetInt32());
        for (var i = 0; i < values.Length; i++)
        {
            adwin.Observe(values[i]);
            if (!rows.TryGetValue(i, out var row)) continue;
            Assert.Equal(row[1].GetDouble(), adwin.Width);
            Assert.Equal(row[2].GetDouble(), adwin.Total, 1e-6);
            Assert.Equal(row[3].GetDouble(), adwin.M2, 1e-6);
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Adwin_with_all_cuts_fires_where_the_paper_says(string stream)
    {
        var adwin = new Adwin();
        Assert.Equal(Indices(Oracle.Expected("stream_" + stream).GetProperty("adwin_allcuts_own_implementation").GetProperty("fires_noreset")), Fires(Values(stream), adwin.Observe));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Page_hinkley_fires_where_river_does(string stream)
    {
        foreach (var item in Oracle.Expected("stream_" + stream).EnumerateObject().Where(x => x.Name.StartsWith("page_hinkley", StringComparison.Ordinal)))
        {
            var p = item.Value.GetProperty("params");
            var detector = new PageHinkley(
                p.GetProperty("min_instances").GetInt32(), p.GetProperty("delta").GetDouble(), p.GetProperty("threshold").GetDouble(),
                p.GetProperty("alpha").GetDouble(), p.GetProperty("mode").GetString() == "up" ? ChangeSide.Up : ChangeSide.Both);
            Assert.Equal(Indices(item.Value.GetProperty("fires_reset")), Fires(Values(stream), detector.Observe));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Ddm_fires_where_river_does(string stream)
    {
        if (!Oracle.Expected("stream_" + stream).TryGetProperty("ddm", out var expected)) return;
        var detector = new Ddm();
        Assert.Equal(Indices(expected.GetProperty("fires_reset")), Fires(Values(stream), x => detector.Observe(x != 0) == ChangeState.Change));
    }
}
