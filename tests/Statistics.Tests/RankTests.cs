using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests;

public sealed class RankTests
{
    [Fact]
    public void Mann_Whitney_agrees_with_scipy_on_its_own_example()
    {
        // scipy.stats.mannwhitneyu's documentation: U1 = 17, exact p 1/9, normal p 0.11134688653314041.
        double[] males = [16, 19, 22, 24, 29], females = [11, 12, 17, 20];
        var result = MannWhitney.TwoSample(females, males);
        Assert.Equal((17.0, 0.85), (result.U, result.Effect));
        Assert.Equal(1.0 / 9, result.PValue, 1e-12);
        var mirrored = MannWhitney.TwoSample(males, females);
        Assert.Equal((3.0, result.PValue), (mirrored.U, mirrored.PValue));
        Assert.Equal(1 - result.Low, mirrored.High, 1e-12);
    }

    [Fact]
    public void Mann_Whitney_exact_and_normal_law_meet_and_ties_shrink_the_variance()
    {
        var draw = new Draw(4);
        double[] a = Samples.SortedFinite(draw.Many(50, d => d.Normal())), b = Samples.SortedFinite(draw.Many(50, d => d.Normal() + 0.4)), more = Samples.SortedFinite([.. b, 9]);
        Assert.InRange(MannWhitney.TwoSample(a, more).PValue / MannWhitney.TwoSample(a, b).PValue, 0.5, 1.2);
        // 3 zeros and 1 one against 1 zero and 3 ones: U = 4 * 4 * 0.75 = 12, sd = sqrt(16 / 12 * (9 - 120 / 56)), z = 3.5 / sd.
        var tied = MannWhitney.TwoSample([0, 0, 0, 1], [0, 1, 1, 1]);
        Assert.Equal(12, tied.U);
        Assert.Equal(2 * Distributions.NormalSf(3.5 / Math.Sqrt(16.0 / 12 * (9 - 120.0 / 56))), tied.PValue, 1e-12);
        Assert.Equal((1.0, 0.5), (MannWhitney.TwoSample([5, 5], [5, 5, 5]).PValue, MannWhitney.TwoSample([5, 5], [5, 5, 5]).Effect));
        Assert.True(MannWhitney.TwoSample([], [1]) is { PValue: 1, Effect: double.NaN, Low: 0, High: 1 });
    }

    [Theory, InlineData(40, 0.0), InlineData(200, 0.5), InlineData(30, 1.5)]
    public void The_interval_of_the_Mann_Whitney_effect_covers(int n, double shift)
    {
        int runs = 200 * Draw.Scale(20), missed = 0;
        var truth = Distributions.NormalCdf(shift / Math.Sqrt(2));
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var result = MannWhitney.TwoSample(Samples.SortedFinite(draw.Many(n, d => d.Normal())), Samples.SortedFinite(draw.Many(n, d => d.Normal() + shift)));
            if (result.Low > truth || result.High < truth) missed++;
        }
        Assert.True(missed <= Draw.Allowed(runs, 0.06), $"{missed} of {runs}");
    }

    [Fact]
    public void Cramer_von_Mises_has_the_published_critical_values_and_keeps_its_tail()
    {
        // Anderson and Darling 1952, table 1.
        foreach (var (x, p) in new[] { (0.34730, 0.10), (0.46136, 0.05), (0.74346, 0.01), (1.16786, 0.001), (0.11888, 0.50), (0.02480, 0.99) })
            Assert.Equal(p, CramerVonMises.Sf(x), p * 2e-4);
        Assert.InRange(CramerVonMises.Sf(20), 1e-46, 1e-42);
        Assert.Equal(1, CramerVonMises.TwoSample([], [1]).PValue);
        Assert.Equal(1, CramerVonMises.Sf(0));
    }

    [Fact]
    public void Ties_do_not_inflate_Cramer_von_Mises()
    {
        // Equal shares of five values on both sides: nothing changed, and the mid-rank statistic of other tools rejects.
        double[] a = [.. Enumerable.Range(0, 500).Select(i => (double)(i / 100))], b = [.. Enumerable.Range(0, 250).Select(i => (double)(i / 50))];
        Assert.Equal(new TestResult(0, 1), CramerVonMises.TwoSample(a, b));
        Assert.True(CramerVonMises.MidRank(a, b).PValue < 1e-3);
        double[] c = [1, 4, 6, 9], d = [2, 3, 5, 7, 8];
        Assert.Equal(CramerVonMises.MidRank(c, d).Statistic, CramerVonMises.TwoSample(c, d).Statistic, 1e-12);
        Assert.Equal(CramerVonMises.MidRank(c, d).PValue, CramerVonMises.TwoSample(c, d).PValue, 1e-12);
    }

    [Fact]
    public void The_law_of_Kolmogorov_Smirnov_given_ties_is_that_of_all_labellings()
    {
        double[] pooled = [1, 1, 2, 2, 2, 3, 4, 4, 4, 5];
        var all = new List<double>();
        for (var mask = 0; mask < 1 << 10; mask++)
        {
            if (int.PopCount(mask) == 4) all.Add(KolmogorovSmirnov.Statistic(Pick(mask), Pick(~mask)));
        }
        Assert.Equal(210, all.Count);
        foreach (var mask in new[] { 0b0000001111, 0b0001010101, 0b1000100011 })
        {
            var result = KolmogorovSmirnov.TwoSample(Pick(mask), Pick(~mask), KsMethod.Conditional);
            Assert.Equal(all.Count(d => d >= result.Statistic - 1e-12) / 210.0, result.PValue, 1e-12);
        }

        double[] Pick(int mask) => [.. pooled.Where((_, i) => (mask >> i & 1) == 1)];
    }

    [Fact]
    public void Without_ties_the_conditional_law_is_the_exact_one_and_with_ties_it_is_the_automatic_choice()
    {
        var draw = new Draw(5);
        double[] a = draw.Many(60, d => d.Normal()), b = draw.Many(70, d => d.Normal() + 0.3);
        Assert.Equal(KolmogorovSmirnov.TwoSample(a, b, KsMethod.Exact).PValue, KolmogorovSmirnov.TwoSample(a, b, KsMethod.Conditional).PValue, 1e-12);
        double[] c = Array.ConvertAll(a, Math.Round), d2 = Array.ConvertAll(b, Math.Round);
        var tied = KolmogorovSmirnov.TwoSample(c, d2);
        Assert.Equal(KolmogorovSmirnov.TwoSample(c, d2, KsMethod.Conditional), tied);
        Assert.InRange(tied.PValue, 0.1, KolmogorovSmirnov.TwoSample(c, d2, KsMethod.Exact).PValue - 0.1);
    }

    [Fact]
    public void Drawn_and_exact_law_given_ties_agree_and_a_far_tail_is_kept()
    {
        var draw = new Draw(6);
        // Just above the bound of the exact law: compare with the same shares just below it.
        double[] a = draw.Many(700, d => Math.Round(d.Normal(), 1)), b = draw.Many(600, d => Math.Round(d.Normal() + 0.07, 1));
        double[] sortedA = Samples.SortedFinite(a), sortedB = Samples.SortedFinite(b);
        var drawn = KolmogorovSmirnov.TwoSampleSorted(sortedA, sortedB).PValue;
        var exact = TiedExact(sortedA, sortedB);
        Assert.InRange(drawn, exact - 4 * Math.Sqrt(exact / 2000), exact + 4 * Math.Sqrt(exact / 2000) + 0.001);
        Assert.InRange(KolmogorovSmirnov.TwoSample(a, Array.ConvertAll(b, x => x + 1)).PValue, 1e-90, 1e-20);
    }

    // All labellings by the recursion over lattice paths, looked at only where a run ends.
    private static double TiedExact(double[] a, double[] b)
    {
        var ends = new HashSet<int>();
        foreach (var value in a.Concat(b).Distinct()) ends.Add(Samples.EndOf(a, value) + Samples.EndOf(b, value));
        var observed = KolmogorovSmirnov.Statistic(a, b) - 1e-12;
        var row = new double[b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                var outside = ends.Contains(i + j) && Math.Abs((double)i / a.Length - (double)j / b.Length) >= observed;
                row[j] = outside ? 1 : i + j == 0 ? 0 : ((i > 0 ? row[j] * i : 0) + (j > 0 ? row[j - 1] * j : 0)) / (i + j);
            }
        }
        return row[b.Length];
    }

    [Fact]
    public void Wasserstein_has_a_p_value_by_labelling_and_scales_that_outliers_do_not_sway()
    {
        var draw = new Draw(7);
        double[] a = Samples.SortedFinite(draw.Many(8000, d => d.Normal())), b = Samples.SortedFinite(draw.Many(6000, d => d.Normal() + 0.2));
        Assert.Equal(0.01, Wasserstein.PermutationPValue(a, b, draws: 99, most: 2000), 1e-12);
        Assert.Equal(Wasserstein.PermutationPValue(a, b, 49, 100, seed: 3), Wasserstein.PermutationPValue(a, b, 49, 100, seed: 3));
        Assert.Equal(1, Wasserstein.PermutationPValue([], [1]));
        double[] spoilt = [.. a[..^1], 1e6];
        Assert.InRange(Wasserstein.NormalisedByWinsorisedSd(spoilt, spoilt.AsSpan(..^1)), 50, 200);
        Assert.InRange(Wasserstein.RobustScale(spoilt), 0.95, 1.05);
        Assert.InRange(Wasserstein.NormalisedByWinsorisedSd(a, b), 0.17, 0.24);
        // Half of the mass in one value: the quartiles agree, the winsorised sd does not.
        Assert.InRange(Wasserstein.RobustScale([0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), 0.5, 0.8);
        Assert.Equal(0, Wasserstein.RobustScale([3, 3, 3]));
        Assert.Equal(double.PositiveInfinity, Wasserstein.NormalisedByWinsorisedSd([3, 3], [4, 4]));
        Assert.True(double.IsNaN(Wasserstein.RobustScale([])));
    }
}
