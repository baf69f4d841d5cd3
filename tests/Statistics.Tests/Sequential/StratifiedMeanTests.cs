using System.Text.Json;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.Sequential;

public sealed class StratifiedMeanTests
{
    private static readonly Report Report = new("statistics-sequential.md");
    private static readonly double Reject = Math.Log(20);

    private static double Ramp(int i) => i < 3000 ? 0.05 : i < 6000 ? 0.1 : i < 9000 ? 0.25 : 0.5;

    // The level of both sides jumps when the share does: what makes pooled means of equal sides differ. Skewed values, as latencies are.
    private static double Value(Draw draw, int i, double surplus) => (i < 6000 ? 0 : 5) + Math.Min(20, draw.LogNormal(0, 1)) + surplus;

    private static StratifiedMean Play(int seed, int values, double surplus, double tolerance, double margin)
    {
        var draw = new Draw(seed);
        var mean = new StratifiedMean(tolerance, margin);
        for (var i = 0; i < values; i++)
        {
            var candidate = draw.Coin(Ramp(i));
            mean.Observe(Ramp(i), candidate, Value(draw, i, candidate ? surplus : 0));
        }

        return mean;
    }

    [Fact]
    public void On_the_edge_of_the_hypotheses_it_is_wrong_at_most_alpha_of_the_time_also_when_the_level_moves_with_the_ramp()
    {
        int runs = 300 * Draw.Scale(14), harm = 0, safe = 0, missed = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var mean = Play(seed, 12_000, 0, 0, 0);
            harm += mean.PeakLogHarm >= Reject ? 1 : 0;
            safe += mean.PeakLogSafe >= Reject ? 1 : 0;
            missed += mean.Interval() is var (low, high) && low <= 0 && high >= 0 ? 0 : 1;
        }

        foreach (var (claim, wrong) in new[] { ("harm claimed on the tolerance", harm), ("safety claimed on the margin", safe), ("interval at the end without the truth", missed) })
            Report.Row("Stratified means: ever wrong over a ramp of 12,000 values whose level jumps, alpha 5 %", "Log-normal values capped at 20, share 5/10/25/50 %, seeds from 1.", ["claim", "rollouts", "share"], [claim, runs, (double)wrong / runs]);
        Assert.True(Math.Max(harm, Math.Max(safe, missed)) <= Draw.Allowed(runs, 0.05), $"{harm}, {safe}, {missed} of {runs}");
    }

    [Fact]
    public void A_worse_candidate_is_found_and_an_equal_one_shown_to_be_within_the_margin()
    {
        Assert.All(Enumerable.Range(1, 20), seed => Assert.True(Play(seed, 12_000, 0.5, 0, 0.5).PeakLogHarm >= Reject));
        Assert.All(Enumerable.Range(1, 20), seed => Assert.True(Play(seed, 12_000, 0, 0, 0.5).PeakLogSafe >= Reject));
    }

    [Fact]
    public void Pairs_decide_on_far_fewer_values_and_go_into_the_same_evidence()
    {
        var draw = new Draw(3);
        var mean = new StratifiedMean(0, 0.1);
        for (var i = 0; i < 1000; i++)
        {
            var common = draw.LogNormal(0, 1);
            mean.ObservePair(common + 0.02 * draw.Normal(), common + 0.02 * draw.Normal());
        }

        Assert.True(mean.PeakLogSafe >= Reject && mean.PeakLogHarm < Reject);
        Assert.InRange(mean.Difference, -0.01, 0.01);
        for (var i = 0; i < 4000; i++)
        {
            var candidate = draw.Coin(0.5);
            mean.Observe(0.5, candidate, draw.LogNormal(0, 1) + (candidate ? 1 : 0));
        }

        Assert.True(mean.PeakLogHarm >= Reject);
    }

    [Fact]
    public void Weighs_two_blocks_as_computed_by_hand()
    {
        // All blocks: candidate 1 and 3 in turn, the other side 1 and 2: means 2 and 1.5, h = 10 * 10 / 20, variances 10/9 and 2.5/9.
        var mean = new StratifiedMean(0, 1);
        for (var i = 0; i < 220; i++)
            mean.Observe(0.5, i % 2 == 0, i % 2 == 0 ? i % 4 == 0 ? 1 : 3 : i % 4 == 1 ? 1 : 2);
        var (h, v) = (5.0, 25 * (10.0 / 9 + 2.5 / 9) / 10);
        var rho = 500 / h * v / (2 * Math.Log(50) + Math.Log(1 + 2 * Math.Log(50)));
        double s = 10 * h * 0.5, total = 10 * v + rho, z = s / Math.Sqrt(total);
        Assert.Equal(0.5, mean.Difference, 12);
        Assert.Equal(2 * Math.Sqrt(rho / total) * Math.Exp(z * z / 2) * Holdfast.Statistics.Tests.Distributions.NormalCdf(z), Math.Exp(mean.LogHarm), 9);
        Assert.Equal((s + Math.Sqrt(total * Math.Log(total / (rho * 0.0025)))) / (10 * h), mean.Interval().High, 9);
    }

    [Fact]
    public void Without_values_enough_or_without_variance_nothing_is_concluded()
    {
        var mean = new StratifiedMean(0, 1);
        for (var i = 0; i < 190; i++)
            mean.Observe(0.5, i % 2 == 0, 100 * (i % 2) + i % 7);
        Assert.Equal((0, 0), (mean.LogHarm, mean.LogSafe));
        var constant = new StratifiedMean(0, 1);
        for (var i = 0; i < 1000; i++)
            constant.ObservePair(1, 1);
        Assert.Equal((0, 0), (constant.LogHarm, constant.LogSafe));
        // The same difference every time is a difference.
        var always = new StratifiedMean(0, 1);
        for (var i = 0; i < 200; i++)
            always.ObservePair(1.1, 1);
        Assert.True(always.PeakLogHarm > 20);
        mean.Observe(1, true, 5);
        Assert.Equal(95, mean.CandidateCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => mean.Observe(0.5, true, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StratifiedMean(1, 0.5));
    }

    [Fact]
    public void Goes_on_from_a_stored_state_as_if_never_stopped()
    {
        var draw = new Draw(5);
        StratifiedMean whole = new(0.1, 0.5), broken = new(0.1, 0.5);
        for (var i = 0; i < 12_000; i++)
        {
            var (candidate, value) = (draw.Coin(Ramp(i)), draw.Normal());
            whole.Observe(Ramp(i), candidate, value);
            broken.Observe(Ramp(i), candidate, value);
            if (i % 97 == 0)
                broken = new StratifiedMean(JsonSerializer.Deserialize<StratifiedMeanState>(JsonSerializer.Serialize(broken.State))!);
        }

        Assert.Equal(whole.State, broken.State);
        Assert.True(whole.IsRipe);
    }
}
