using System.Text.Json;
using Holdfast.Statistics.ChangeDetection;
using Holdfast.Statistics.Tests.Oracles;

namespace Holdfast.Statistics.Tests.ChangeDetection;

public sealed class StreamOracleTests
{
    public static TheoryData<string> Streams => ["bern_abrupt", "brent_price", "elec_lr_error", "elec_naive_error", "normal_stationary"];

    private static double[] Values(string stream) => Oracle.Numbers(Oracle.Columns($"stream_{stream}.csv")["x"]);

    private static int[] Indices(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt32())];

    private static int[] Fires(double[] values, IChangeDetector detector) =>
        [.. Enumerable.Range(0, values.Length).Where(i => detector.Observe(values[i]) == ChangeState.Change)];

    /// <summary>The first values of all warning zones.</summary>
    private static int[] WarningStarts(double[] values, IChangeDetector detector)
    {
        var starts = new List<int>();
        var before = ChangeState.Stable;
        for (var i = 0; i < values.Length; i++)
        {
            var state = detector.Observe(values[i]);
            if (state == ChangeState.Warning && before != ChangeState.Warning) starts.Add(i);
            before = state;
        }
        return [.. starts];
    }

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
            Assert.Equal(Indices(item.GetProperty("fires_noreset")), Fires(values, kept));
            var reset = new Adwin(options with { ResetAfterChange = true });
            Assert.Equal(Indices(item.GetProperty("fires_reset")), Fires(values, reset));
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
        Assert.Equal(Indices(Oracle.Expected("stream_" + stream).GetProperty("adwin_allcuts_own_implementation").GetProperty("fires_noreset")), Fires(Values(stream), adwin));
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
            Assert.Equal(Indices(item.Value.GetProperty("fires_reset")), Fires(Values(stream), detector));
        }
    }

    public static TheoryData<string, string> ErrorStreams
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var stream in new[] { "bern_abrupt", "elec_lr_error", "elec_naive_error" })
            {
                foreach (var detector in new[] { "ddm", "eddm", "hddm_a", "hddm_w" }) data.Add(stream, detector);
            }
            return data;
        }
    }

    private static IChangeDetector ErrorDetector(string name) => name switch
    {
        "ddm" => new Ddm(),
        "eddm" => new Eddm(),
        "hddm_a" => new HddmA(),
        _ => new HddmW(),
    };

    [Theory, MemberData(nameof(ErrorStreams))]
    public void Detectors_of_errors_warn_and_fire_where_river_does(string stream, string detector)
    {
        var (values, expected) = (Values(stream), Oracle.Expected("stream_" + stream).GetProperty(detector));
        Assert.Equal(Indices(expected.GetProperty("fires_reset")), Fires(values, ErrorDetector(detector)));
        Assert.Equal(Indices(expected.GetProperty("warning_starts")), WarningStarts(values, ErrorDetector(detector)));
    }

    [Fact]
    public void The_oracles_of_error_streams_are_all_covered()
    {
        var held = Streams.Where(stream => Oracle.Expected("stream_" + stream).GetProperty("binary").GetBoolean()).Select(stream => (string)stream);
        Assert.Equal(held.Order(), ErrorStreams.Select(row => row.Data.Item1).Distinct().Order());
        string[] covered = ["adwin_default", "adwin_clock1", "adwin_delta0.05", "adwin_delta1e-5_M8_minw20", "adwin_allcuts_own_implementation", "ddm", "eddm", "hddm_a", "hddm_w", "kswin"];
        foreach (var stream in Streams)
        {
            var detectors = Oracle.Expected("stream_" + stream).EnumerateObject().Where(x => x.Value.ValueKind == JsonValueKind.Object).Select(x => x.Name);
            Assert.Empty(detectors.Where(name => !name.StartsWith("page_hinkley", StringComparison.Ordinal)).Except(covered));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Kswin_against_all_older_values_fires_at_the_given_places(string stream)
    {
        var (options, first, expected) = Kswin(stream);
        Assert.Equal(Indices(expected.GetProperty("deterministic_variant")), Fires(Values(stream)[..first], new Kswin(options)));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Kswin_with_drawn_values_fires_as_often_as_river_does(string stream)
    {
        var (options, first, expected) = Kswin(stream);
        double[] river = [.. expected.GetProperty("river_counts_by_seed").EnumerateArray().Select(x => x.GetDouble())];
        var values = Values(stream)[..first];
        var ours = new double[river.Length];
        for (var seed = 0; seed < ours.Length; seed++)
        {
            ours[seed] = Fires(values, new Kswin(options with { Reference = KswinReference.Sample, ResetAfterChange = true, Seed = seed })).Length;
        }
        // Two samples of ten counts each: their means may differ by four standard errors and, where all counts are alike, by the rounding of one alarm.
        var allowed = 4 * Math.Sqrt((Variance(river) + Variance(ours)) / river.Length) + 0.5;
        Assert.True(Math.Abs(ours.Average() - river.Average()) <= allowed, $"{string.Join(' ', ours)} against {string.Join(' ', river)}");
    }

    private static double Variance(double[] counts) => counts.Sum(x => (x - counts.Average()) * (x - counts.Average())) / (counts.Length - 1);

    private static (KswinOptions Options, int First, JsonElement Expected) Kswin(string stream)
    {
        var expected = Oracle.Expected("stream_" + stream).GetProperty("kswin");
        var p = expected.GetProperty("params");
        var options = new KswinOptions { Alpha = p.GetProperty("alpha").GetDouble(), Window = p.GetProperty("window_size").GetInt32(), Newest = p.GetProperty("stat_size").GetInt32() };
        return (options, expected.GetProperty("on_first").GetInt32(), expected);
    }
}
