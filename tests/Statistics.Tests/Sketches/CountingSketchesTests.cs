using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class CountingSketchesTests
{
    [Theory]
    [InlineData(0.01), InlineData(0.05), InlineData(0.001)]
    public void DdSketch_quantiles_are_within_the_relative_error(double accuracy)
    {
        var draw = new Draw(1);
        var values = draw.Many(20_000, d => d.Coin(0.1) ? 0 : d.Coin(0.3) ? -d.LogNormal(1, 2) : d.LogNormal(3, 3));
        var sketch = new DdSketch(accuracy, 20_000);
        sketch.Add(values);
        var sorted = values.Order().ToArray();
        for (var share = 0.0; share <= 1; share += 0.001)
        {
            var exact = sorted[(int)Math.Floor(share * (sorted.Length - 1))];
            Assert.True(Math.Abs(sketch.Quantile(share) - exact) <= accuracy * (1 + 1e-9) * Math.Abs(exact), $"at {share}: {sketch.Quantile(share)} for {exact}");
        }
        Assert.Equal((sorted[0], sorted[^1], false), (sketch.Quantile(0), sketch.Quantile(1), sketch.IsCollapsed));
    }

    [Fact]
    public void DdSketch_collapses_the_lowest_and_keeps_the_highest_right()
    {
        var sketch = new DdSketch(0.01, 256);
        var values = new double[12_000];
        for (var i = 0; i < values.Length; i++) values[i] = Math.Pow(10, -6 + i * 0.001);
        sketch.Add(values);
        Assert.True(sketch.IsCollapsed);
        // 256 buckets of 2 % span a factor of 167 below the largest.
        foreach (var share in new[] { 0.83, 0.9, 0.99 })
        {
            var exact = values[(int)(share * (values.Length - 1))];
            Assert.Equal(exact, sketch.Quantile(share), 0.0101 * exact);
        }
        Assert.Equal((12_000L, 1e-6), (sketch.Count, sketch.Quantile(0)));
    }

    [Fact]
    public void DdSketch_empty_single_and_edge_values()
    {
        var sketch = new DdSketch();
        Assert.True(double.IsNaN(sketch.Quantile(0.5)) && double.IsNaN(sketch.Min));
        sketch.Add(double.NaN);
        sketch.Add(double.PositiveInfinity);
        Assert.Equal((0L, 2L), (sketch.Count, sketch.Missing));
        sketch.Add(-42);
        Assert.Equal((-42.0, -42.0), (sketch.Quantile(0.5), sketch.Max));
        foreach (var value in new[] { double.MaxValue, double.MinValue, double.Epsilon, -double.Epsilon, 2.3e-308, 0 }) sketch.Add(value);
        Assert.Equal((7L, 3L, double.MinValue, double.MaxValue), (sketch.Count, sketch.Zeros, sketch.Quantile(0), sketch.Quantile(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DdSketch(0));
        Assert.Throws<ArgumentException>(() => sketch.Merge(new DdSketch(0.02)));
    }

    [Fact]
    public void MisraGries_counts_hold_their_limits_and_every_frequent_one_is_there()
    {
        var draw = new Draw(2);
        var truth = new Dictionary<string, long>();
        MisraGries left = new(50), right = new(50);
        for (var i = 0; i < 50_000; i++)
        {
            // Zipf with a tail of 100,000 names, ordered so that the heavy ones come late.
            var name = "n" + (i < 25_000 ? draw.Below(100_000) : (int)(1 / (1e-5 + draw.Uniform())));
            truth[name] = truth.GetValueOrDefault(name) + 1;
            (i % 3 == 0 ? left : right).Add(name);
        }
        left.Merge(right);
        Assert.Equal(50_000, left.Total);
        Assert.InRange(left.Error, 1, 50_000 / 51);
        foreach (var (name, count) in truth)
        {
            var found = left.Find(name);
            Assert.True(found.Low <= count && count <= found.High, $"{name}: {count} is not in {found}");
        }
        foreach (var (name, _) in truth.Where(t => t.Value > 50_000 / 51)) Assert.Contains(left.Top(), t => t.Category == name);
        Assert.True(truth.Values.Max() > 5000);
    }

    [Fact]
    public void MisraGries_is_exact_while_counters_last()
    {
        var sketch = new MisraGries(3);
        sketch.Add("b", 2);
        sketch.Add("a", 2);
        sketch.Add("c");
        sketch.Add(null, 4);
        sketch.Add("d", 0);
        Assert.Equal((5L, 4L, 0L), (sketch.Total, sketch.Missing, sketch.Error));
        Assert.Equal([new FrequentCategory("a", 2, 2), new("b", 2, 2), new("c", 1, 1)], sketch.Top());
        Assert.Equal([new FrequentCategory("a", 2, 2)], sketch.Top(1));
        Assert.Equal(new FrequentCategory("z", 0, 0), sketch.Find("z"));
        Assert.Throws<ArgumentOutOfRangeException>(() => sketch.Add("a", -1));
        Assert.Throws<ArgumentException>(() => sketch.Merge(new MisraGries(4)));
        Assert.Throws<ArgumentException>(() => sketch.Merge(sketch));
    }

    // The stated error is a standard deviation: of many sketches the root of the mean square must agree with it, without a bias.
    [Theory]
    [InlineData(10), InlineData(1000), InlineData(4096), InlineData(10_000), InlineData(100_000)]
    public void HyperLogLog_has_no_bias_and_the_stated_spread(int distinct)
    {
        const int precision = 10; // small registers pass through all ranges quickly
        var runs = 60 * Draw.Scale(10);
        double sum = 0, squares = 0, stated = 0;
        for (var run = 0; run < runs; run++)
        {
            var sketch = new HyperLogLog(precision);
            for (var i = 0; i < distinct; i++) sketch.Add(((ulong)run << 32) | (uint)i);
            var error = sketch.Estimate() / distinct - 1;
            sum += error;
            squares += error * error;
            stated = sketch.RelativeError;
        }
        Assert.True(Math.Sqrt(squares / runs) < stated * (1 + 3.1 / Math.Sqrt(2 * runs)), $"spread {Math.Sqrt(squares / runs)} for {stated}");
        Assert.True(Math.Abs(sum / runs) < 3.3 * stated / Math.Sqrt(runs), $"bias {sum / runs}");
    }

    [Theory]
    [InlineData(12), InlineData(14)]
    public void HyperLogLog_of_texts_and_numbers(int precision)
    {
        HyperLogLog texts = new(precision), numbers = new(precision);
        for (var i = 0; i < 200_000; i++)
        {
            texts.Add("customer " + i % 50_000);
            numbers.Add(i % 50_000 * 0.25);
        }
        Assert.Equal(1.04 / Math.Sqrt(1 << precision), texts.RelativeError, 1e-12);
        Assert.Equal(50_000, texts.Estimate(), 50_000 * 4 * texts.RelativeError);
        Assert.Equal(50_000, numbers.Estimate(), 50_000 * 4 * numbers.RelativeError);
    }

    [Fact]
    public void HyperLogLog_empty_single_and_missing()
    {
        var sketch = new HyperLogLog();
        Assert.Equal(0, sketch.Estimate());
        sketch.Add((string?)null);
        sketch.Add(double.NaN);
        Assert.Equal((0.0, 2L), (sketch.Estimate(), sketch.Missing));
        sketch.Add(0.0);
        sketch.Add(-0.0);
        Assert.Equal(1, sketch.Estimate(), 0.001);
        for (var i = 0; i < 1 << 12; i++) sketch.AddHash((ulong)i << 52);
        Assert.Equal(double.PositiveInfinity, sketch.Estimate()); // every register at its top
        Assert.Throws<ArgumentOutOfRangeException>(() => new HyperLogLog(3));
        Assert.Throws<ArgumentException>(() => sketch.Merge(new HyperLogLog(13)));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(3), InlineData(4), InlineData(16), InlineData(17), InlineData(40)]
    public void Histogram_counts_as_the_bins_do(int edges)
    {
        var draw = new Draw(edges);
        var inner = new SortedSet<double>(draw.Many(edges, d => d.Normal())).ToArray();
        var values = draw.Many(5001, d => d.Coin(0.01) ? double.NaN : d.Coin(0.01) ? double.PositiveInfinity : inner.Length > 0 && d.Coin(0.2) ? inner[d.Below(inner.Length)] : d.Normal());
        var bins = ReferenceBins.FromEdges(inner, []);
        FixedHistogram one = new(bins), block = new(inner);
        foreach (var value in values) one.Add(value);
        block.Add(values);
        Assert.Equal(bins.CountsOf(values), one.Counts);
        Assert.Equal(one.ToBytes(), block.ToBytes());
        Assert.Equal(5001, one.Count + one.Missing);
        Assert.Equal(values.Count(v => !double.IsFinite(v)), one.Missing);
    }

    [Fact]
    public void Histogram_of_a_sliding_window_is_the_sum_less_what_left()
    {
        var draw = new Draw(5);
        var days = Enumerable.Range(0, 6).Select(_ => draw.Many(100, d => d.Normal())).ToArray();
        FixedHistogram Of(params double[][] parts)
        {
            var result = new FixedHistogram([-1, 0, 1]);
            foreach (var part in parts) result.Add(part);
            return result;
        }
        var window = Of(days[0], days[1], days[2]);
        window.Merge(Of(days[3]));
        window.Subtract(Of(days[0]));
        Assert.Equal(Of(days[1], days[2], days[3]).ToBytes(), window.ToBytes());
        var before = window.ToBytes();
        Assert.Throws<ArgumentException>(() => window.Subtract(Of(days)));
        Assert.Equal(before, window.ToBytes());
        Assert.Throws<ArgumentException>(() => window.Merge(new FixedHistogram([0.0])));
        Assert.Throws<ArgumentException>(() => new FixedHistogram([1.0, 1.0]));
        Assert.Throws<ArgumentException>(() => new FixedHistogram([double.NaN]));
        Assert.Throws<ArgumentException>(() => new FixedHistogram(ReferenceBins.FromCategories(new Dictionary<string, long>())));
    }
}
