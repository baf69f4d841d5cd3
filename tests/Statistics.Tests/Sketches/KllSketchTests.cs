using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class KllSketchTests
{
    [Fact]
    public void Exact_while_everything_fits()
    {
        var draw = new Draw(1);
        var values = draw.Many(200, d => Math.Round(d.Normal(), 1));
        var sketch = new KllSketch(200);
        sketch.Add(values);
        var sorted = values.Order().ToArray();
        Assert.True(sketch.IsExact);
        Assert.Equal((0.0, 0.0), (sketch.RankError, sketch.MassError));
        foreach (var x in sorted) Assert.Equal(values.Count(v => v <= x) / 200.0, sketch.Rank(x), 1e-15);
        for (var i = 1; i <= 200; i++) Assert.Equal(sorted[i - 1], sketch.Quantile(i / 200.0 - 1e-9));
        Assert.Equal([1, 3, 0], Of(1, 2, 3, 4).CountsIn([1.0, 4.5]));
    }

    [Fact]
    public void Empty_single_and_missing()
    {
        var sketch = new KllSketch();
        sketch.Add([double.NaN, double.PositiveInfinity, double.NegativeInfinity]);
        Assert.Equal((0L, 3L), (sketch.Count, sketch.Missing));
        Assert.True(double.IsNaN(sketch.Min) && double.IsNaN(sketch.Max) && double.IsNaN(sketch.Rank(1)) && double.IsNaN(sketch.Quantile(0.5)));
        Assert.Equal([0L, 0], sketch.CountsIn([1.0]));
        sketch.Add(4);
        Assert.Equal((4.0, 4.0, 4.0, 4.0, 4.0), (sketch.Min, sketch.Max, sketch.Quantile(0), sketch.Quantile(0.5), sketch.Quantile(1)));
        Assert.Equal((0.0, 1.0), (sketch.Rank(3.9), sketch.Rank(4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Quantile(1.01));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Quantile(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KllSketch(7));
        Assert.Throws<ArgumentException>(() => sketch.Merge(sketch));
        Assert.Throws<ArgumentException>(() => sketch.CountsIn([2.0, 2.0]));
    }

    [Fact]
    public void A_constant_stream_has_one_quantile()
    {
        var sketch = new KllSketch(50);
        for (var i = 0; i < 100_000; i++) sketch.Add(3.5);
        Assert.Equal((3.5, 1.0, 0.0), (sketch.Quantile(0.37), sketch.Rank(3.5), sketch.Rank(3.4)));
    }

    // The bound is one of 99 %: of many seeded streams about 1 % may exceed it.
    [Theory]
    [InlineData("random"), InlineData("sorted"), InlineData("merged"), InlineData("sketch of equal parts")]
    public void One_rank_is_within_its_error(string order)
    {
        const int n = 20_000;
        var runs = 80 * Draw.Scale(20);
        int beyond = 0, beyondAnywhere = 0;
        for (var run = 0; run < runs; run++)
        {
            var sketch = Sketch(order, n, run);
            Assert.Equal(n, sketch.Count);
            var worst = 0.0;
            for (var share = 0.02; share < 1; share += 0.02) worst = Math.Max(worst, Math.Abs(sketch.Rank(share * n - 0.5) - share));
            if (Math.Abs(sketch.Rank(0.3 * n - 0.5) - 0.3) > sketch.RankError) beyond++;
            if (worst > sketch.MassError) beyondAnywhere++;
        }
        Assert.True(beyond <= Draw.Allowed(runs, 0.01), $"{beyond} of {runs} beyond the error of one rank");
        Assert.True(beyondAnywhere <= Draw.Allowed(runs, 0.01), $"{beyondAnywhere} of {runs} beyond the error of all ranks");
    }

    [Fact]
    public void Memory_stays_about_three_k()
    {
        var sketch = new KllSketch(200);
        for (var i = 0; i < 1_000_000; i++) sketch.Add(i * 0.618 % 1);
        Assert.InRange(sketch.Retained, 300, 700);
        var merged = new KllSketch(200);
        for (var i = 0; i < 50; i++)
        {
            merged.Merge(sketch);
            Assert.InRange(merged.Retained, 300, 750);
        }
        Assert.Equal(50_000_000, merged.Count);
        Assert.Equal(0.5, merged.Rank(0.5), merged.RankError);
    }

    [Fact]
    public void The_published_errors_and_the_size_for_a_wanted_one()
    {
        // Apache DataSketches, documentation of KLL.
        Assert.Equal(0.0133, KllSketch.RankErrorOf(200), 0.00005);
        Assert.Equal(0.0165, KllSketch.MassErrorOf(200), 0.00005);
        foreach (var k in new[] { 100, 200, 1024, 2048 }) Assert.Equal(k, KllSketch.SizeFor(KllSketch.MassErrorOf(k) * 1.000001));
        Assert.Throws<ArgumentOutOfRangeException>(() => KllSketch.SizeFor(0));
    }

    [Fact]
    public void A_smaller_sketch_sets_the_error_of_the_whole()
    {
        KllSketch fine = new(2048), coarse = new(100), small = new(8);
        for (var i = 0; i < 10_000; i++)
        {
            fine.Add(i);
            coarse.Add(i);
        }
        small.Add(5);
        fine.Merge(small);
        Assert.Equal(2048, fine.SmallestK); // it was exact
        fine.Merge(coarse);
        Assert.Equal((100, KllSketch.RankErrorOf(100)), (fine.SmallestK, fine.RankError));
    }

    [Fact]
    public void Ks_from_sketches_is_within_its_error_and_brackets_the_p_value()
    {
        var runs = 25 * Draw.Scale(16);
        var (beyond, outside) = (0, 0);
        for (var run = 0; run < runs; run++)
        {
            var draw = new Draw(run);
            var shift = run % 4 * 0.03;
            double[] a = draw.Many(6000, d => Math.Round(d.Normal(), 3)), b = draw.Many(4000, d => Math.Round(shift + d.Normal(), 3));
            var exact = KolmogorovSmirnov.TwoSample(a, b, KsMethod.Asymptotic);
            var result = SketchKs.Compare(Of(200, a), Of(200, b));
            if (Math.Abs(result.Statistic - exact.Statistic) > result.Error) beyond++;
            if (exact.PValue < result.PLow - 1e-12 || exact.PValue > result.PHigh + 1e-12) outside++;
            Assert.False(result.IsSharp);
        }
        Assert.True(beyond <= Draw.Allowed(runs, 0.02) && outside <= Draw.Allowed(runs, 0.02), $"{beyond}, {outside} of {runs}");
    }

    [Fact]
    public void Ks_of_exact_sketches_is_the_test_itself()
    {
        var draw = new Draw(3);
        double[] a = draw.Many(900, d => d.Normal()), b = draw.Many(700, d => 0.1 + d.Normal());
        var exact = KolmogorovSmirnov.TwoSample(a, b, KsMethod.Asymptotic);
        var result = SketchKs.Compare(Of(1024, a), Of(1024, b));
        Assert.Equal(exact.Statistic, result.Statistic, 1e-15);
        Assert.Equal((0.0, exact.PValue, true), (result.Error, Math.Round(result.PValue - exact.PValue, 12) + exact.PValue, result.IsSharp));
        Assert.Equal((result.PValue, result.PValue), (result.PLow, result.PHigh));
        Assert.Equal(SketchKsResult.Undefined, SketchKs.Compare(new KllSketch(), Of(1024, a)));
    }

    [Fact]
    public void Psi_from_sketches_is_within_its_error()
    {
        var runs = 20 * Draw.Scale(16);
        var beyond = 0;
        for (var run = 0; run < runs; run++)
        {
            var draw = new Draw(run);
            double[] a = draw.Many(8000, d => d.Normal()), b = draw.Many(8000, d => 0.3 + 1.1 * d.Normal());
            var bins = ReferenceBins.FromNumeric(a);
            var exact = Psi.Compare(bins.ReferenceCounts, bins.CountsOf(b));
            var both = SketchPsi.Compare(bins, Of(512, a), Of(512, b));
            var one = SketchPsi.Compare(bins, Of(512, b));
            if (Math.Abs(both.Psi.Raw - exact.Raw) > both.Error || Math.Abs(one.Psi.Raw - exact.Raw) > one.Error) beyond++;
            Assert.True(one.Error < both.Error && both.Error < 0.1);
        }
        Assert.True(beyond <= Draw.Allowed(runs, 0.02), $"{beyond} of {runs}");
    }

    [Fact]
    public void Psi_of_exact_sketches_is_psi()
    {
        var draw = new Draw(9);
        double[] a = draw.Many(500, d => d.Normal()), b = draw.Many(400, d => 0.4 + d.Normal());
        var bins = ReferenceBins.FromNumeric(a);
        var result = SketchPsi.Compare(bins, Of(1024, a), Of(1024, b));
        Assert.Equal((Psi.Compare(bins.ReferenceCounts, bins.CountsOf(b)).Raw, 0.0), (result.Psi.Raw, result.Error));
        Assert.Throws<ArgumentException>(() => SketchPsi.Compare(ReferenceBins.FromCategories(new Dictionary<string, long>()), Of(1024, a)));
        Assert.Equal(0, SketchPsi.Compare(bins, new KllSketch()).Error);
    }

    private static KllSketch Of(params double[] values) => Of(1024, values);

    private static KllSketch Of(int k, double[] values)
    {
        var result = new KllSketch(k);
        result.Add(values);
        return result;
    }

    private static KllSketch Sketch(string order, int n, int run)
    {
        var values = Enumerable.Range(0, n).Select(i => (double)i).ToArray();
        if (order != "sorted") new Random(run).Shuffle(values);
        if (order is "random" or "sorted")
        {
            var sketch = new KllSketch(100, (ulong)run);
            sketch.Add(values);
            return sketch;
        }
        // Equal parts: windows that are alike (each ascending) and have the same seed must not err alike.
        var result = new KllSketch(100, (ulong)run);
        for (var part = 0; part < 20; part++)
        {
            var window = values[(part * n / 20)..((part + 1) * n / 20)];
            if (order != "merged") Array.Sort(window);
            var sketch = new KllSketch(100, (ulong)run);
            sketch.Add(window);
            result.Merge(sketch);
        }
        return result;
    }
}
