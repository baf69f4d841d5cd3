using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests.Distances;

public sealed class PsiTests
{
    [Theory, InlineData(200, 200), InlineData(2000, 300), InlineData(5000, 5000)]
    public void Without_change_the_p_value_is_honest_and_the_interval_excludes_a_tolerated_effect_almost_never(int n, int m)
    {
        int runs = 400 * Draw.Scale(10), rejected = 0, alarmed = 0;
        double corrected = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var bins = ReferenceBins.FromNumeric(draw.Many(n, d => d.Normal()));
            var psi = Psi.Compare(bins.ReferenceCounts, bins.CountsOf(draw.Many(m, d => d.Normal())));
            if (psi.PValue < 0.05) rejected++;
            if (psi.Low > 0.02) alarmed++;
            corrected += psi.Corrected;
        }
        Assert.True(rejected <= Draw.Allowed(runs, 0.06), $"{rejected} of {runs} rejected");
        Assert.True(alarmed <= Draw.Allowed(runs, 0.025), $"{alarmed} of {runs} alarmed");
        Assert.True(Math.Abs(corrected / runs) < 0.2 * 9 * (1.0 / n + 1.0 / m), $"bias {corrected / runs}");
    }

    [Fact]
    public void The_interval_covers_a_true_effect()
    {
        // Ten reference deciles; the current law is N(0.3, 1). Its true PSI is about 0.09.
        var draw = new Draw(7);
        var edges = Enumerable.Range(1, 9).Select(k => Distributions.NormalQuantile(k / 10.0)).ToArray();
        double truth = 0;
        for (var k = 0; k < 10; k++)
        {
            double low = k == 0 ? double.NegativeInfinity : edges[k - 1], high = k == 9 ? double.PositiveInfinity : edges[k];
            var q = Distributions.NormalCdf(high - 0.3) - Distributions.NormalCdf(low - 0.3);
            truth += (0.1 - q) * Math.Log(0.1 / q);
        }
        int runs = 400 * Draw.Scale(10), missed = 0;
        for (var run = 0; run < runs; run++)
        {
            var bins = ReferenceBins.FromEdges(edges, draw.Many(1000, d => d.Normal()));
            var psi = Psi.Compare(bins.ReferenceCounts, bins.CountsOf(draw.Many(800, d => d.Normal() + 0.3)));
            if (psi.Low > truth || psi.High < truth) missed++;
        }
        Assert.True(missed <= Draw.Allowed(runs, 0.06), $"{missed} of {runs} missed {truth}");
    }

    [Fact]
    public void An_emptied_bin_is_finite_and_contributions_add_up()
    {
        var psi = Psi.Compare([100, 100, 0], [200, 0, 0]);
        Assert.True(double.IsFinite(psi.Raw) && psi.Low > 0.25);
        Assert.Equal(psi.Raw, psi.Contributions.Sum(), 1e-12);
        Assert.Equal(0, psi.Contributions[2]);
    }

    [Theory, InlineData(new long[] { 0, 0 }, new long[] { 5, 5 }), InlineData(new long[] { 5, 5 }, new long[] { 0, 0 }), InlineData(new long[] { 5 }, new long[] { 9 }), InlineData(new long[0], new long[0])]
    public void Without_data_nothing_is_claimed(long[] reference, long[] current)
    {
        var psi = Psi.Compare(reference, current);
        Assert.Equal((0.0, 0.0, 1.0), (psi.Raw, psi.Low, psi.PValue));
        Assert.Equal(1, ChiSquared.TwoSample(reference, current).PValue);
        Assert.Equal(0, reference.Length < 2 ? 0 : JensenShannon.Distance(reference, current));
    }

    [Fact]
    public void Different_numbers_of_bins_are_refused() => Assert.Throws<ArgumentException>(() => Psi.Compare([1, 2], [1, 2, 3]));
}
