using Holdfast.Statistics.Comparison;
using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests.Comparison;

public sealed class DriftVerdictTests
{
    private static readonly Report Report = new("statistics-two-sample.md");

    [Theory]
    [InlineData(0.4, 0.2, 0.6, 0.9, DriftState.Significant)]
    [InlineData(0.2, 0.12, 0.3, 0.9, DriftState.Moderate)]
    [InlineData(0.4, 0.09, 0.8, 0.9, DriftState.None)]
    [InlineData(0.01, 0, 0.02, 1.0, DriftState.None)]
    [InlineData(0.01, 0, 0.2, 0.3, DriftState.Insufficient)]
    [InlineData(0.9, 0.4, 1.4, 0.3, DriftState.Significant)]
    [InlineData(double.NaN, 0, 1, 0.9, DriftState.Insufficient)]
    public void The_interval_and_not_the_p_value_decides(double effect, double low, double high, double power, DriftState expected)
    {
        foreach (var p in new[] { 1e-30, 0.9 })
            Assert.Equal(expected, DriftVerdict.Judge(effect, low, high, p, 0.1, 0.25, 1000, 1000, power).State);
    }

    [Fact]
    public void Without_rows_nothing_is_said_and_bounds_are_checked()
    {
        Assert.Equal(DriftState.Insufficient, DriftVerdict.FromCounts([0, 0], [5, 5]).State);
        Assert.Equal(DriftState.Insufficient, DriftVerdict.FromMissing(0, 0, 1, 10).State);
        Assert.Equal(DriftState.None, DriftVerdict.FromCounts([5000], [40]).State);
        Assert.Throws<ArgumentOutOfRangeException>(() => DriftVerdict.Judge(0, 0, 0, 1, 0, 1, 1, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DriftVerdict.Judge(0, 0, 0, 1, -0.1, 1, 1, 1, 1, watched: 0.1));
        // Nothing is tolerated, but only what reaches the watched effect is told.
        Assert.Equal(DriftState.None, DriftVerdict.Judge(0.05, 0.01, 0.1, 0.01, 0, 0.25, 1000, 1000, 0.9, watched: 0.1).State);
        Assert.Equal(DriftState.Moderate, DriftVerdict.Judge(0.15, 0.01, 0.3, 0.01, 0, 0.25, 1000, 1000, 0.1, watched: 0.1).State);
        Assert.Throws<ArgumentOutOfRangeException>(() => DriftVerdict.Judge(0, 0, 0, 1, 0.3, 0.2, 1, 1, 1));
    }

    [Fact]
    public void Power_is_the_noncentral_law()
    {
        // Cohen 1988, table 7.3 (u = 1: N w^2 = 7.85 gives 80 %; u = 4: 11.94; u = 9: 15.65).
        foreach (var (degrees, noncentrality) in new[] { (1, 7.849), (4, 11.935), (9, 15.652) })
            Assert.Equal(0.8, Distributions.NoncentralChiSquaredSf(Distributions.ChiSquaredQuantile(0.95, degrees), degrees, noncentrality), 2e-4);
        Assert.Equal(0.05, DriftVerdict.PsiPower(1000, 1000, 10, 0), 1e-9);
        Assert.InRange(DriftVerdict.PsiPower(1_000_000, 86, 10, 0.1), 0.45, 0.5);
        Assert.InRange(DriftVerdict.PsiPower(1_000_000, 90, 10, 0.1), 0.5, 0.55);
        Assert.Equal(1, DriftVerdict.PsiPower(1_000_000, 1_000_000, 10, 0.1), 1e-9);
        // The approximation of large noncentralities joins the sum.
        Assert.Equal(Distributions.NoncentralChiSquaredSf(1e5, 9, 99_999), Distributions.NoncentralChiSquaredSf(1e5, 9, 100_001), 5e-3);
        Assert.True(double.IsNaN(Distributions.NoncentralChiSquaredSf(1, 0, 1)));
    }

    [Fact]
    public void A_missing_share_is_judged_by_the_size_of_its_change()
    {
        Assert.Equal(DriftState.Significant, DriftVerdict.FromMissing(10, 1000, 400, 1000).State);
        Assert.Equal(DriftState.Significant, DriftVerdict.FromMissing(400, 1000, 10, 1000).State);
        Assert.Equal(DriftState.None, DriftVerdict.FromMissing(10, 1000, 30, 1000).State);
        Assert.Equal(DriftState.Insufficient, DriftVerdict.FromMissing(300, 1000, 10, 30).State);
    }

    // The promise: any number of rows of one population, never a relevant drift; p-values alone would cry wolf once in twenty.
    [Theory, InlineData(false), InlineData(true)]
    public void A_million_rows_of_one_population_raise_no_alarm(bool atoms)
    {
        int runs = 1 * Draw.Scale(20), rejected = 0, alarms = 0, n = 1_000_000 / (Draw.Scale(2) == 1 ? 4 : 1);
        double widest = 0;
        for (var run = 0; run < runs; run++)
        {
            var draw = new Draw(900 + run);
            double[] Sample() => draw.Many(n, d => !atoms ? d.Normal() : d.Coin(0.6) ? 0 : Math.Round(d.LogNormal(0, 1), 2));
            var result = NumericComparison.Of(Sample(), Sample());
            if (result.Verdict.State != DriftState.None) alarms++;
            if (result.Ks.PValue < 0.05 || result.Psi.PValue < 0.05 || result.ChiSquared.PValue < 0.05) rejected++;
            widest = Math.Max(widest, result.Verdict.High);
        }
        Assert.Equal(0, alarms);
        Report.Table(
            $"Relevant drift on {n:N0} and {n:N0} rows of one population, {(atoms ? "60 % zeros, else lognormal in cents" : "normal")}", $"{runs} runs, seeds 900 to {899 + runs}.",
            ["alarms", "highest upper limit of PSI", "runs with a p below 0.05 (KS, PSI or chi-squared)"], [[alarms, widest, rejected]]);
    }

    // A change that does not matter stays "none" at any size, though every p-value is 0; one that matters is found.
    [Fact]
    public void A_tiny_change_in_many_rows_is_seen_by_p_and_passed_by_the_verdict()
    {
        var draw = new Draw(31);
        double[] reference = draw.Many(200_000, d => d.Normal()), current = draw.Many(200_000, d => d.Normal() + 0.05), moved = draw.Many(2000, d => d.Normal() + 0.8);
        var small = NumericComparison.Of(reference, current);
        Assert.True(small.Ks.PValue < 1e-9 && small.Psi.PValue < 1e-9 && small.Verdict.State == DriftState.None, small.ToString());
        Assert.Equal(DriftState.Significant, NumericComparison.Of(reference, moved).Verdict.State);
    }

    [Fact]
    public void A_comparison_gives_what_its_parts_give()
    {
        var draw = new Draw(32);
        double[] a = draw.Many(3000, d => d.Coin(0.02) ? double.NaN : d.Normal()), b = draw.Many(2500, d => d.Coin(0.05) ? double.NaN : d.Normal() + 0.1);
        var all = NumericComparison.Of(a, b);
        double[] sortedA = Samples.SortedFinite(a), sortedB = Samples.SortedFinite(b);
        var bins = ReferenceBins.FromNumeric(a);
        Assert.Equal(KolmogorovSmirnov.TwoSample(a, b), all.Ks);
        Assert.Equal(Wasserstein.Distance(sortedA, sortedB), all.Wasserstein);
        Assert.Equal(Wasserstein.NormalisedByIqr(sortedA, sortedB), all.WassersteinNormalised);
        Assert.Equal(Psi.Compare(bins.ReferenceCounts, bins.CountsOf(b)).Raw, all.Psi.Raw);
        Assert.Equal(ChiSquared.TwoSample(bins.ReferenceCounts, bins.CountsOf(b)), all.ChiSquared);
        Assert.True(all.Missing.PValue < 1e-3);
        var none = NumericComparison.Of([double.NaN], [1]);
        Assert.True(none is { Ks.PValue: 1, Wasserstein: double.NaN, Verdict.State: DriftState.Insufficient });
        var categories = CategoricalComparison.Of([500, 300, 0], [200, 300, 90], 5, 60);
        Assert.True(categories is { Method: CategoricalMethod.ChiSquared, Verdict.State: DriftState.Significant, Missing.PValue: < 1e-6 });
        Assert.Equal(GTest.TwoSample([500, 300, 0], [200, 300, 90]), categories.G);
    }

    // Power: which share of windows each test and the verdict see, for a shift and for a spread of the same population.
    [Fact]
    public void Power_grows_with_the_change_and_the_rows()
    {
        var runs = 30 * Draw.Scale(20);
        var rows = new List<object[]>();
        foreach (var (kind, steps) in new[] { ("shift in sd", new[] { 0.1, 0.2, 0.4, 0.8 }), ("sd times", new[] { 1.1, 1.25, 1.5, 2 }) })
        {
            foreach (var n in Draw.Scale(2) == 1 ? [100, 500] : new[] { 100, 500, 2000, 10_000 })
            {
                var before = 0.0;
                foreach (var step in steps)
                {
                    var seen = new double[6];
                    for (var run = 0; run < runs; run++)
                    {
                        var draw = new Draw(700 + run);
                        double[] a = Samples.SortedFinite(draw.Many(n, d => d.Normal())), b = Samples.SortedFinite(draw.Many(n, d => kind == "sd times" ? step * d.Normal() : d.Normal() + step));
                        var bins = ReferenceBins.FromSortedNumeric(a);
                        var verdict = DriftVerdict.FromCounts(bins.ReferenceCounts, bins.CountsOfSorted(b));
                        double[] p = [KolmogorovSmirnov.TwoSampleSorted(a, b).PValue, CramerVonMises.TwoSample(a, b).PValue, MannWhitney.TwoSample(a, b).PValue, verdict.PValue, ChiSquared.TwoSample(bins.ReferenceCounts, bins.CountsOfSorted(b)).PValue];
                        for (var k = 0; k < p.Length; k++) seen[k] += p[k] < 0.05 ? 1.0 / runs : 0;
                        seen[5] += verdict.State is DriftState.Moderate or DriftState.Significant ? 1.0 / runs : 0;
                    }
                    Assert.True(seen[0] >= before - 0.15, $"{kind} {step}, {n} values: power {seen[0]} after {before}");
                    before = seen[0];
                    rows.Add([kind, step, n, .. seen.Select(s => (object)s)]);
                }
                Assert.True(before > 0.7, $"{kind} {steps[^1]}, {n} values: power {before}");
            }
        }
        Report.Table("Power at 5 %", $"{runs:N0} pairs, seeds 700 to {699 + runs}; normal reference, the same number of values on both sides.", ["change", "size", "values a side", "Kolmogorov-Smirnov", "Cramer-von Mises", "Mann-Whitney", "PSI p", "chi-squared", "verdict: drift above PSI 0.1"], rows);
    }
}
