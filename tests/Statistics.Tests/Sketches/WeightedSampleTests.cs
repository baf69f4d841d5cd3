using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class WeightedSampleTests
{
    private static readonly Dictionary<string, Func<Draw, double>> Laws = new()
    {
        ["normal"] = d => d.Normal(),
        ["lognormal, long tail"] = d => d.LogNormal(3, 1.5),
        ["whole numbers"] = d => d.Below(14),
        ["rounded"] = d => Math.Round(d.Normal(), 2),
        ["zeros and lognormal"] = d => d.Coin(0.3) ? 0 : d.LogNormal(0, 1),
        ["constant"] = _ => 7,
    };

    public static TheoryData<string> Names => [.. Laws.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Exact_weights_give_what_the_values_give(string law)
    {
        var draw = new Draw(1);
        double[] a = Samples.SortedFinite(draw.Many(3000, Laws[law])), b = Samples.SortedFinite(draw.Many(2000, d => 1.1 * Laws[law](d)));
        WeightedSample x = WeightedSample.Of(a), y = WeightedSample.Of(b.GroupBy(v => v).ToDictionary(g => g.Key, g => g.LongCount()));
        Assert.Equal(a, x.Expand());
        Assert.Equal(b, y.Expand());
        foreach (var share in new[] { 0, 0.001, 0.1, 0.25, 0.5, 0.77, 1 }) Assert.Equal(Samples.Quantile(a, share), x.Quantile(share));
        var (bins, weighted) = (ReferenceBins.FromSortedNumeric(a), ReferenceBins.FromWeighted(x));
        Assert.Equal(bins.Edges, weighted.Edges);
        Assert.Equal(bins.ReferenceCounts, weighted.ReferenceCounts);
        Assert.Equal(bins.CountsOfSorted(b), y.CountsIn(bins.Edges));
        var compared = WeightedComparison.Of(x, y);
        var ks = KolmogorovSmirnov.TwoSampleSorted(a, b);
        Assert.Equal(ks.Statistic, compared.Ks.Statistic, 1e-12);
        Assert.Equal(ks.PValue, compared.Ks.PValue, 1e-9);
        Assert.Equal((compared.Ks, compared.Ks, 0.0, 0.0), (compared.KsNear, compared.KsFar, compared.KsError, compared.WassersteinError));
        if (x.Sd > 0) Assert.Equal(Wasserstein.NormalisedBySd(a, b), compared.Wasserstein, 1e-9);
    }

    [Theory, MemberData(nameof(Names))]
    public void Sketches_stay_within_their_bounds(string law)
    {
        int runs = 20 * Draw.Scale(10), outside = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            double[] first = draw.Many(20_000, Laws[law]), second = draw.Many(15_000, d => 1.15 * Laws[law](d));
            double[] a = Samples.SortedFinite(first), b = Samples.SortedFinite(second);
            WeightedSample x = Sketched(first), y = Sketched(second);
            Assert.True(x.Error > 0 && x.Kept < 2000);
            Assert.Equal((a[0], a[^1], a.Length), (x.Min, x.Max, x.Count));
            Assert.Equal(Samples.MeanSd(a).Sd, x.Sd, 1e-9 * x.Sd);
            var compared = WeightedComparison.Of(x, y);
            var ks = KolmogorovSmirnov.TwoSampleSorted(a, b);
            var within = Math.Abs(ks.Statistic - compared.Ks.Statistic) <= compared.KsError
                && ks.PValue <= compared.KsNear.PValue + 0.02 && ks.PValue >= compared.KsFar.PValue - 0.02
                && (x.Sd == 0 || Math.Abs(Wasserstein.NormalisedBySd(a, b) - compared.Wasserstein) <= compared.WassersteinError);
            if (!within) outside++;
        }
        Assert.True(outside <= Draw.Allowed(runs, 0.02), $"{outside} of {runs}");
    }

    [Fact]
    public void A_long_tail_does_not_blow_up_the_bound_of_the_distance()
    {
        var draw = new Draw(3);
        var values = draw.Many(50_000, d => d.LogNormal(0, 2));
        values[7] = 1e9;
        var sketched = Sketched(values);
        var bound = WeightedComparison.Of(sketched, sketched).WassersteinError;
        Assert.True(bound < 0.25 * 2 * sketched.Error * (sketched.Max - sketched.Min) / sketched.Sd, $"{bound}");
    }

    [Fact]
    public void Distances_of_all_counts_within_the_limits_lie_between_the_ends()
    {
        var draw = new Draw(5);
        for (var run = 0; run < 500; run++)
        {
            var bins = 2 + draw.Below(10);
            long[] a = new long[bins], b = new long[bins];
            double[] slackA = new double[bins], slackB = new double[bins];
            for (var i = 0; i < bins; i++)
            {
                (a[i], b[i]) = (draw.Below(3000), draw.Below(2000));
                (slackA[i], slackB[i]) = (draw.Below(40), draw.Below(40));
            }
            var bounds = DistanceBounds.Of(new CountRange(a, slackA, slackA), new CountRange(b, slackB, slackB));
            Assert.Equal(Psi.Compare(a, b).Low, bounds.Psi.Low);
            // Rows change bins within the limits; the totals stay.
            long[] p = [.. a], q = [.. b];
            for (var move = 0; move < 100; move++)
            {
                Move(draw, p, a, slackA);
                Move(draw, q, b, slackB);
            }
            var truth = Psi.Compare(p, q);
            Assert.InRange(truth.Raw, bounds.PsiNear.Raw - 1e-12, bounds.PsiFar.Raw + 1e-12);
            Assert.InRange(truth.Low, bounds.PsiNear.Low - 0.002, bounds.PsiFar.Low + 0.002);
            Assert.True(Math.Abs(JensenShannon.Distance(p, q) - JensenShannon.Distance(a, b)) <= bounds.JensenShannonError + 1e-12);
            Assert.True(Math.Abs(Hellinger.Distance(p, q) - Hellinger.Distance(a, b)) <= bounds.HellingerError + 1e-12);
            Assert.InRange(ChiSquared.TwoSample(p, q, pool: false).Statistic, bounds.ChiNear - 1e-6, bounds.ChiFar + 1e-6);
        }
    }

    [Fact]
    public void Exact_counts_leave_no_room()
    {
        var bounds = DistanceBounds.Of(CountRange.Exact([100, 200, 0, 50]), CountRange.Exact([90, 100, 0, 150]));
        Assert.Equal((0.0, 0.0, 0.0), (Math.Round(bounds.PsiError, 12), Math.Round(bounds.JensenShannonError, 12), Math.Round(bounds.HellingerError, 12)));
        Assert.Equal(bounds.Psi.Low, bounds.PsiNear.Low, 1e-12);
        Assert.Equal(bounds.Psi.PValue, bounds.PsiFar.PValue, 1e-12);
        Assert.Equal(0, DistanceBounds.Of(CountRange.Exact([0, 0]), CountRange.Exact([1, 2])).PsiError);
    }

    [Fact]
    public void Empty_samples_compare_to_nothing()
    {
        WeightedSample none = WeightedSample.Of([]), some = WeightedSample.Of([1, 2]);
        Assert.True(double.IsNaN(none.Quantile(0.5)) && double.IsNaN(none.Sd) && none.Count == 0);
        Assert.Equal(TestResult.Undefined, WeightedComparison.Of(none, some).Ks);
        Assert.Equal(1, ReferenceBins.FromWeighted(none).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => some.At(2));
    }

    private static void Move(Draw draw, long[] counts, long[] centre, double[] slack)
    {
        int from = draw.Below(counts.Length), to = draw.Below(counts.Length);
        var rows = draw.Below(20);
        if (from == to || counts[from] - rows < Math.Max(0, centre[from] - slack[from]) || counts[to] + rows > centre[to] + slack[to]) return;
        counts[from] -= rows;
        counts[to] += rows;
    }

    private static WeightedSample Sketched(double[] values)
    {
        var sketch = new KllSketch(400);
        sketch.Add(values);
        return WeightedSample.Of(sketch, Moments.Of(values));
    }
}
