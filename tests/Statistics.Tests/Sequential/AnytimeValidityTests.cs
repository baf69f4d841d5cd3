using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.Sequential;

/// <summary>Every procedure that claims to be valid at every look, looked at 10,000 times: wrong at most alpha of the time, within three standard errors.</summary>
public sealed class AnytimeValidityTests
{
    private static readonly Report Report = new("statistics-sequential.md");

    private const double Alpha = 0.05;
    private const int Looks = 10_000;

    private static readonly double Reject = Math.Log(1 / Alpha);

    /// <summary>One stream under its hypothesis, or beside it; true if the procedure ever claims something false (or, beside it, ever finds the truth).</summary>
    private static readonly Dictionary<string, Func<Draw, bool>> Streams = new()
    {
        ["hedged betting, rate 0.1"] = draw => Leaves(new HedgedBettingMean(Alpha, 200), draw, d => d.Coin(0.1) ? 1 : 0, 0.1),
        ["hedged betting, beta scores"] = draw => Leaves(new HedgedBettingMean(Alpha, 200), draw, d => d.Uniform() * d.Uniform(), 0.25),
        ["hedged betting, switching law"] = draw =>
        {
            var wide = false;
            return Leaves(new HedgedBettingMean(Alpha, 200), draw, d => (wide = !wide) ? (d.Coin(0.3) ? 1 : 0) : 0.2 + 0.2 * d.Uniform(), 0.3);
        },
        ["empirical bernstein, rate 0.1"] = draw => Leaves(draw, d => d.Coin(0.1) ? 1 : 0, 0.1),
        ["empirical bernstein, beta scores"] = draw => Leaves(draw, d => d.Uniform() * d.Uniform(), 0.25),
        ["stitched, rate 0.5"] = draw =>
        {
            long events = 0;
            return Any(i =>
            {
                if (draw.Coin(0.5)) events++;
                var (low, high) = ConfidenceSequence.BoundedMean(events, i, Alpha);
                return low > 0.5 || high < 0.5;
            });
        },
        ["beta mixture, rate 0.02"] = draw =>
        {
            long events = 0;
            return Any(i =>
            {
                if (draw.Coin(0.02)) events++;
                // The full interval costs two bisections a look: ask at one look in ten and at the first hundred.
                if (i > 100 && i % 10 != 0) return false;
                var (low, high) = ConfidenceSequence.Bernoulli(events, i, Alpha);
                return low > 0.02 || high < 0.02;
            });
        },
        ["betting two-sample, normal"] = draw =>
        {
            var test = new BettingTwoSample(200);
            return Any(_ => Step(test, draw.Normal(), draw.Normal()) >= Reject);
        },
        ["betting two-sample, atoms, drifting alike"] = draw =>
        {
            var test = new BettingTwoSample(200);
            return Any(i => Step(test, Math.Round(draw.Normal() + i / 1000.0), Math.Round(draw.Normal() + i / 1000.0)) >= Reject);
        },
        ["histogram bet, 2,000 reference rows"] = draw => HistogramFinds(draw, 2000, 0, d => d.Below(10)),
        ["histogram bet, 200 reference rows"] = draw => HistogramFinds(draw, 200, 0, d => d.Below(10)),
        ["histogram bet with memory, 2,000 reference rows"] = draw => HistogramFinds(draw, 2000, 1000, d => d.Below(10)),
        ["ecdf band, 1,000 reference rows"] = draw =>
        {
            var band = new EcdfBand(draw.Many(1000, d => d.Normal()), tolerance: 0, Alpha);
            return Any(_ => band.Observe(draw.Normal()));
        },
        ["ecdf at every look, known law"] = draw =>
        {
            // The distance over ten points is at most that over all, so it must stay inside too.
            var below = new int[9];
            return Any(i =>
            {
                var cell = draw.Below(10);
                for (var k = cell; k < 9; k++) below[k]++;
                var reach = ConfidenceSequence.Ecdf(i, Alpha);
                for (var k = 0; k < 9; k++)
                {
                    if (Math.Abs((double)below[k] / i - (k + 1) / 10.0) > reach) return true;
                }
                return false;
            });
        },
        ["mean over eight features that are copies of three"] = draw =>
        {
            var features = Enumerable.Range(0, 8).Select(_ => new BernoulliEProcess(0.05, 0.1)).ToArray();
            var logs = new double[features.Length];
            return Any(_ =>
            {
                bool[] bad = [draw.Coin(0.05), draw.Coin(0.05), draw.Coin(0.05)];
                for (var k = 0; k < features.Length; k++) logs[k] = Step(features[k], bad[k % 3]);
                return MultipleTesting.LogEAverage(logs) >= Reject;
            });
        },
        ["rate against a limit"] = draw =>
        {
            var process = new BernoulliEProcess(0.05, 0.1);
            return Any(_ => Step(process, draw.Coin(0.05)) >= Reject);
        },
        ["paired mean on the margin"] = draw =>
        {
            var paired = new PairedBoundedMean(0.02, Alpha);
            return Any(_ => Step(paired, draw) is var (above, low, high) && (above >= Reject || low > 0.02 || high < 0.02));
        },
        ["sample ratio"] = draw =>
        {
            var check = new SampleRatio(2);
            return Any(i =>
            {
                var w = i < 5000 ? 0.05 : 0.25;
                check.Observe([1 - w, w], draw.Coin(w) ? 1 : 0);
                return check.LogE >= Reject;
            });
        },
    };

    public static TheoryData<string> Names => [.. Streams.Keys];

    private static bool Any(Func<int, bool> wrong)
    {
        for (var i = 1; i <= Looks; i++)
        {
            if (wrong(i)) return true;
        }
        return false;
    }

    private static bool Leaves(HedgedBettingMean mean, Draw draw, Func<Draw, double> value, double truth) => Any(_ =>
    {
        mean.Observe(value(draw));
        return mean.Lower > truth || mean.Upper < truth;
    });

    private static bool Leaves(Draw draw, Func<Draw, double> value, double truth)
    {
        var mean = new BoundedMean(Alpha);
        return Any(_ =>
        {
            mean.Observe(value(draw));
            return mean.Lower > truth || mean.Upper < truth;
        });
    }

    private static double Step(BettingTwoSample test, double x, double y)
    {
        test.Observe(x, y);
        return test.LogE;
    }

    private static double Step(BernoulliEProcess process, bool bad)
    {
        process.Observe(bad);
        return process.LogHarm;
    }

    private static (double Above, double Low, double High) Step(PairedBoundedMean paired, Draw draw)
    {
        var u = draw.Uniform();
        paired.Observe(u < 0.04 ? 1 : u < 0.06 ? -1 : 0);
        return (paired.LogAbove, paired.Lower, paired.Upper);
    }

    private static bool HistogramFinds(Draw draw, int rows, long memory, Func<Draw, int> bin)
    {
        var reference = new long[10];
        for (var i = 0; i < rows; i++) reference[draw.Below(10)]++;
        var bet = new HistogramBet(reference, memory: memory);
        return Any(_ =>
        {
            bet.Observe(bin(draw));
            return bet.LogE >= Reject;
        });
    }

    [Theory, MemberData(nameof(Names))]
    public void Is_wrong_at_most_alpha_of_the_time_over_ten_thousand_looks(string name)
    {
        var runs = 40 * Draw.Scale(25);
        var wrong = Enumerable.Range(1, runs).Count(seed => Streams[name](new Draw(seed)));
        Report.Row("Ever wrong over 10,000 looks, alpha 5 %", "Streams under the hypothesis, seeds from 1; a stream counts as wrong if the procedure claims something false at any of its looks.", ["procedure", "streams", "wrong", "share"], [name, runs, wrong, (double)wrong / runs]);
        Assert.True(wrong <= Draw.Allowed(runs, Alpha), $"{wrong} of {runs}");
    }

    [Fact]
    public void Widths_of_the_sequences_of_a_mean()
    {
        foreach (var n in new[] { 100, 1000, 10_000 })
        {
            var draw = new Draw(n);
            HedgedBettingMean hedged = new();
            BoundedMean bernstein = new();
            double sum = 0;
            for (var i = 0; i < n; i++)
            {
                var value = draw.Coin(0.02) ? 1.0 : 0;
                hedged.Observe(value);
                bernstein.Observe(value);
                sum += value;
            }
            var (low, high) = ConfidenceSequence.BoundedMean(sum, n);
            var (exactLow, exactHigh) = ConfidenceSequence.Bernoulli((long)sum, n);
            Report.Row(
                "Width of the 95 % interval for a rate of 2 %", "One stream each, its seed the number of values.", ["values", "hedged betting", "empirical Bernstein", "stitched", "beta mixture"],
                [n, hedged.Upper - hedged.Lower, bernstein.Upper - bernstein.Lower, high - low, exactHigh - exactLow]);
            Assert.True(hedged.Upper - hedged.Lower <= bernstein.Upper - bernstein.Lower + 0.002, $"{n}");
            Assert.True(hedged.Upper - hedged.Lower < high - low, $"{n}");
        }
    }

    [Theory, InlineData(0.25, 900), InlineData(0.5, 180), InlineData(1, 50)]
    public void Two_streams_that_differ_are_told_apart(double shift, int median)
    {
        var needed = new double[51];
        for (var seed = 0; seed < needed.Length; seed++)
        {
            var draw = new Draw(seed + 1);
            var test = new BettingTwoSample();
            while (test.LogE < Reject && test.Count < Looks) test.Observe(draw.Normal(), draw.Normal() + shift);
            needed[seed] = test.Count;
        }
        Array.Sort(needed);
        Report.Row("Betting two-sample test: pairs to find a shift of a normal", "Median of 51 streams, seeds 1 to 51.", ["shift in sd", "pairs"], [shift, needed[25]]);
        Assert.True(needed[25] <= median, $"{needed[25]}");
    }

    [Theory, InlineData(0.3, 2048), InlineData(0.5, 256), InlineData(1, 64)]
    public void The_ecdf_band_finds_a_shift_at_an_epoch(double shift, long epoch)
    {
        var draw = new Draw(1);
        var band = new EcdfBand(draw.Many(5000, d => d.Normal()));
        while (!band.Observe(draw.Normal() + shift) && band.Count < 100_000) Assert.Equal(band.Count >= 2, double.IsFinite(band.Distance));
        Report.Row("ECDF band: values to find a shift of a normal", "Tolerance 0.05, 5,000 reference rows, seed 1.", ["shift in sd", "values"], [shift, band.Count]);
        Assert.True(band.Rejected && ConfidenceSequence.IsEpoch(band.Count) && band.Count <= epoch, $"{band.Count}");
    }

    [Fact]
    public void A_bet_with_memory_finds_a_late_change_sooner()
    {
        var delays = new double[2];
        for (var seed = 1; seed <= 20; seed++)
        {
            var draw = new Draw(seed);
            var reference = new long[10];
            for (var i = 0; i < 20_000; i++) reference[draw.Below(10)]++;
            HistogramBet[] bets = [new(reference), new(reference, memory: 1000)];
            EDetector[] detectors = [new(1e6), new(1e6)];
            for (var i = 0; i < 20_000; i++)
            {
                var bin = draw.Below(10);
                for (var k = 0; k < 2; k++) Assert.False(detectors[k].Observe(bets[k].Observe(bin)));
            }
            var open = new[] { true, true };
            while (open[0] || open[1])
            {
                var bin = draw.Coin(0.3) ? 9 : draw.Below(10);
                for (var k = 0; k < 2; k++)
                {
                    if (!open[k]) continue;
                    delays[k]++;
                    open[k] = !detectors[k].Observe(bets[k].Observe(bin));
                }
            }
        }
        Report.Row("Histogram bet behind an e-detector: delay in rows", "Change after 20,000 rows, run length 1,000,000, mean of the seeds 1 to 20.", ["all rows", "memory 1,000"], [delays[0] / 20, delays[1] / 20]);
        Assert.True(delays[1] < 0.75 * delays[0], $"{delays[0] / 20} and {delays[1] / 20}");
    }

    [Fact]
    public void Bands_have_the_published_widths()
    {
        Assert.Equal(0.85 * Math.Sqrt((Math.Log(1 + Math.Log(1e5)) + 0.8 * Math.Log(1612 / 0.05)) / 1e5), ConfidenceSequence.Ecdf(100_000), 1e-12);
        var k = 10;
        Assert.Equal(Math.Sqrt(Math.Log(2 / (0.05 * 6 / (Math.PI * Math.PI * k * k))) / 2048), ConfidenceSequence.EcdfAtEpoch(1024), 1e-12);
        Assert.True(ConfidenceSequence.EcdfAtEpoch(1024) < ConfidenceSequence.Ecdf(1024));
        Assert.Equal(1, ConfidenceSequence.Ecdf(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceSequence.EcdfAtEpoch(1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceSequence.Ecdf(10, 0));
    }

    [Fact]
    public void The_hedged_capital_is_as_computed_by_hand()
    {
        // After x = 1 the stake is min(sqrt(2 ln 40 / (0.25 ln 2)), 0.5 / m): K+(0.1) = 1 + 5 * 0.9.
        var mean = new HedgedBettingMean(cells: 10);
        mean.Observe(1);
        Assert.Equal(5.5, mean.State.Above[1], 1e-12);
        Assert.Equal(1 - 0.5 / 0.9 * 0.9, mean.State.Below[1], 1e-12);
        Assert.Equal((0, 1), (mean.Lower, mean.Upper));
        for (var i = 0; i < 4; i++) mean.Observe(1);
        Assert.InRange(mean.Lower, 0.1, 0.5);
        Assert.Equal(1, mean.Upper);
    }

    [Fact]
    public void Constant_streams_are_pinned_down_and_faults_are_refused()
    {
        HedgedBettingMean hedged = new(cells: 100);
        BoundedMean bernstein = new();
        for (var i = 0; i < 20_000; i++)
        {
            hedged.Observe(0.305);
            bernstein.Observe(0.305);
        }
        Assert.Equal((0.3, 0.31), (Math.Round(hedged.Lower, 12), Math.Round(hedged.Upper, 12)));
        Assert.True(bernstein.Lower <= 0.305 && bernstein.Upper >= 0.305 && bernstein.Upper - bernstein.Lower < 0.01);
        foreach (var value in new[] { double.NaN, -0.1, 1.1 })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => hedged.Observe(value));
            Assert.Throws<ArgumentOutOfRangeException>(() => bernstein.Observe(value));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => new BettingTwoSample().Observe(1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BettingTwoSample().Observe(double.PositiveInfinity, 1));
        Assert.Throws<ArgumentException>(() => new EcdfBand([double.NaN]));
        var band = new EcdfBand([5, 5, 5]);
        Assert.False(band.Observe(double.NaN));
        Assert.Equal(0, band.Count);
        for (var i = 0; i < 4096; i++) Assert.False(band.Observe(5));
        Assert.Equal(0, band.Distance);
        BettingTwoSample same = new();
        for (var i = 0; i < 500; i++) same.Observe(5, 5);
        Assert.Equal((0, 1), (same.LogE, same.PValue));
        var empty = new HedgedBettingMean();
        Assert.True(double.IsNaN(empty.Mean) && empty is { Lower: 0, Upper: 1 });
    }
}
