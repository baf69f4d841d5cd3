using System.Text.Json;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.Sequential;

public sealed class SequentialTests
{
    private static readonly Report Report = new("statistics-sequential.md");
    private const string Title = "Ever wrong, alpha 5 %, shorter streams";
    private const string Note = "Streams on the edge of the hypothesis, seeds from 1, looked at after every value.";
    private static readonly string[] Header = ["procedure", "looks", "streams", "share"];
    private static readonly double Reject = Math.Log(1 / 0.05);

    private static T Stored<T>(T state) => JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(state))!;

    [Fact]
    public void One_rate_false_alarms_stay_below_alpha_on_the_limit_and_harm_is_found()
    {
        int runs = 500 * Draw.Scale(8), harm = 0, safe = 0, found = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            BernoulliEProcess atTolerance = new(0.05, 0.1), atMargin = new(0.05, 0.1), bad = new(0.05, 0.1);
            for (var i = 0; i < 1000; i++)
            {
                atTolerance.Observe(draw.Coin(0.05));
                atMargin.Observe(draw.Coin(0.1));
                bad.Observe(draw.Coin(0.15));
            }
            if (atTolerance.PeakLogHarm >= Reject) harm++;
            if (atMargin.PeakLogSafe >= Reject) safe++;
            if (bad.PeakLogHarm >= Reject) found++;
        }
        Report.Row(Title, Note, Header, ["one rate: harm claimed on the tolerance", 1000, runs, (double)harm / runs]);
        Report.Row(Title, Note, Header, ["one rate: safety claimed on the margin", 1000, runs, (double)safe / runs]);
        Assert.True(harm <= Draw.Allowed(runs, 0.05) && safe <= Draw.Allowed(runs, 0.05), $"{harm} and {safe} of {runs}");
        Assert.Equal(runs, found);
    }

    [Fact]
    public void Paired_means_cover_at_every_look_and_both_bets_are_honest()
    {
        int runs = 300 * Draw.Scale(10), left = 0, above = 0, below = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var paired = new PairedBoundedMean(margin: 0.02);
            var covered = true;
            for (var i = 0; i < 1000; i++)
            {
                // Mean exactly on the margin: 4 % worse, 2 % better, else equal.
                var u = draw.Uniform();
                paired.Observe(u < 0.04 ? 1 : u < 0.06 ? -1 : 0);
                covered &= paired.Lower <= 0.02 && paired.Upper >= 0.02;
            }
            if (!covered) left++;
            if (paired.PeakLogAbove >= Reject) above++;
            if (paired.PeakLogBelow >= Reject) below++;
        }
        Report.Row(Title, Note, Header, ["paired means: interval leaves the truth", 1000, runs, (double)left / runs]);
        Report.Row(Title, Note, Header, ["paired means: above the margin claimed", 1000, runs, (double)above / runs]);
        Report.Row(Title, Note, Header, ["paired means: below the margin claimed", 1000, runs, (double)below / runs]);
        Assert.True(left <= Draw.Allowed(runs, 0.05) && above <= Draw.Allowed(runs, 0.05) && below <= Draw.Allowed(runs, 0.05), $"{left}, {above}, {below} of {runs}");
    }

    [Fact]
    public void A_shadow_that_is_equal_is_shown_to_be_within_two_points_on_few_requests()
    {
        var draw = new Draw(1);
        var paired = new PairedBoundedMean(margin: 0.02);
        var needed = 0;
        while (paired.PeakLogBelow < Reject && needed < 10_000)
        {
            var u = draw.Uniform();
            paired.Observe(u < 0.01 ? 1 : u < 0.02 ? -1 : 0);
            needed++;
        }
        Assert.InRange(needed, 50, 2000);
    }

    [Fact]
    public void Confidence_sequence_of_a_rate_covers_at_every_look()
    {
        int runs = 100 * Draw.Scale(30), left = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var events = 0;
            for (var i = 1; i <= 600; i++)
            {
                if (draw.Coin(0.1)) events++;
                var (low, high) = ConfidenceSequence.Bernoulli(events, i);
                if (low <= 0.1 && high >= 0.1) continue;
                left++;
                break;
            }
        }
        Report.Row(Title, Note, Header, ["beta mixture: interval of a rate of 10 % leaves it", 600, runs, (double)left / runs]);
        Assert.True(left <= Draw.Allowed(runs, 0.05), $"{left} of {runs}");
        Assert.Equal((0, 1), ConfidenceSequence.Bernoulli(0, 0));
        var (none, some) = ConfidenceSequence.Bernoulli(0, 1000);
        Assert.Equal(0, none);
        Assert.InRange(some, 0.003, 0.02);
    }

    [Fact]
    public void Sample_ratio_accepts_changing_weights_and_finds_a_leak()
    {
        int runs = 300 * Draw.Scale(10), wrong = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var check = new SampleRatio(2);
            for (var i = 0; i < 1000; i++)
            {
                var w = i < 500 ? 0.05 : 0.25;
                check.Observe([1 - w, w], draw.Coin(w) ? 1 : 0);
            }
            if (check.PeakLogE >= Reject) wrong++;
        }
        Report.Row(Title, Note, Header, ["sample ratio: leak claimed", 1000, runs, (double)wrong / runs]);
        Assert.True(wrong <= Draw.Allowed(runs, 0.05), $"{wrong} of {runs}");

        var leak = new SampleRatio(2);
        var random = new Draw(1);
        for (var i = 0; i < 5000; i++) leak.Observe([0.5, 0.5], random.Coin(0.43) ? 1 : 0);
        Assert.True(leak.PValue < 1e-6);
        leak.Observe([1, 0], 1);
        Assert.Equal(double.PositiveInfinity, leak.LogE);
    }

    [Fact]
    public void Histogram_bet_ignores_the_reference_own_error_and_tolerated_change_and_finds_a_real_one()
    {
        int runs = 100 * Draw.Scale(10), wrong = 0;
        long detected = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var reference = new long[10];
            for (var i = 0; i < 2000; i++) reference[draw.Below(10)]++;
            HistogramBet same = new(reference), moved = new(reference);
            for (var i = 0; i < 10_000; i++) same.Observe(draw.Below(10));
            if (same.PeakLogE >= Reject) wrong++;
            var n = 0;
            while (moved.PeakLogE < Reject && n < 10_000)
            {
                moved.Observe(Math.Max(draw.Below(10), draw.Below(10)));
                n++;
            }
            detected += n;
        }
        Assert.True(wrong <= Draw.Allowed(runs, 0.05), $"{wrong} of {runs}");
        Assert.InRange(detected / runs, 10, 300);
    }

    [Fact]
    public void E_detector_runs_at_least_as_long_as_asked_without_a_change_and_starts_anew()
    {
        double total = 0;
        const int Runs = 60;
        for (var seed = 1; seed <= Runs; seed++)
        {
            var draw = new Draw(seed);
            var detector = new EDetector(200);
            var t = 0;
            // A likelihood ratio of 0.8 against 0.5, run under 0.5.
            while (t < 5000)
            {
                t++;
                if (detector.Observe(draw.Coin(0.5) ? Math.Log(1.6) : Math.Log(0.4))) break;
            }
            total += t;
            Assert.True(t == 5000 || double.IsNegativeInfinity(detector.LogM));
        }
        Assert.True(total / Runs >= 200, $"{total / Runs}");
    }

    [Fact]
    public void Every_process_goes_on_from_its_stored_state()
    {
        var draw = new Draw(9);
        BernoulliEProcess rate = new(0.05, 0.1), rate2 = new(0.05, 0.1);
        PairedBoundedMean mean = new(0.01), mean2 = new(0.01);
        SampleRatio ratio = new(3), ratio2 = new(3);
        HistogramBet bet = new([50, 60, 70], memory: 100), bet2 = new([50, 60, 70], memory: 100);
        HedgedBettingMean hedged = new(cells: 50), hedged2 = new(cells: 50);
        BoundedMean bounded = new(), bounded2 = new();
        BettingTwoSample pair = new(memory: 100), pair2 = new(memory: 100);
        EcdfBand band = new([1, 2, 2, 3]), band2 = new([1, 2, 2, 3]);
        for (var i = 0; i < 300; i++)
        {
            var (bad, difference, arm) = (draw.Coin(0.2), draw.Uniform() - 0.4, draw.Below(3));
            rate.Observe(bad); rate2.Observe(bad);
            mean.Observe(difference); mean2.Observe(difference);
            ratio.Observe([0.5, 0.25, 0.25], arm); ratio2.Observe([0.5, 0.25, 0.25], arm);
            bet.Observe(arm); bet2.Observe(arm);
            hedged.Observe(difference / 2 + 0.3); hedged2.Observe(difference / 2 + 0.3);
            bounded.Observe(difference / 2 + 0.3); bounded2.Observe(difference / 2 + 0.3);
            pair.Observe(difference, arm); pair2.Observe(difference, arm);
            band.Observe(arm); band2.Observe(arm);
            if (i != 0 && i % 50 != 17) continue; // also from a state of one value
            rate2 = new(Stored(rate2.State));
            mean2 = new(Stored(mean2.State));
            ratio2 = new(Stored(ratio2.State));
            bet2 = new(Stored(bet2.State));
            hedged2 = new(Stored(hedged2.State));
            bounded2 = new(Stored(bounded2.State));
            pair2 = new(Stored(pair2.State));
            band2 = new(Stored(band2.State));
        }
        Assert.Equal((rate.LogHarm, rate.LogSafe), (rate2.LogHarm, rate2.LogSafe));
        Assert.Equal((mean.LogAbove, mean.LogBelow, mean.Lower, mean.Upper), (mean2.LogAbove, mean2.LogBelow, mean2.Lower, mean2.Upper));
        Assert.Equal(ratio.LogE, ratio2.LogE);
        Assert.Equal(bet.LogE, bet2.LogE);
        Assert.Equal((hedged.Lower, hedged.Upper, hedged.Mean), (hedged2.Lower, hedged2.Upper, hedged2.Mean));
        Assert.Equal(hedged.State.Above, hedged2.State.Above);
        Assert.Equal((bounded.Lower, bounded.Upper), (bounded2.Lower, bounded2.Upper));
        Assert.Equal(pair.LogE, pair2.LogE);
        Assert.NotEqual(0, pair.LogE);
        Assert.Equal((band.Excess, band.Distance, band.Count), (band2.Excess, band2.Distance, band2.Count));
    }
}
