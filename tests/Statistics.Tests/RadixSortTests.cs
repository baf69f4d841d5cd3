using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests;

public sealed class RadixSortTests
{
    [Theory, InlineData(0), InlineData(10), InlineData(2047), InlineData(2048), InlineData(50_000)]
    public void Sorts_as_a_comparison_sort_does(int n)
    {
        var draw = new Draw(n);
        foreach (var kind in new Func<Draw, double>[] { d => d.Normal(), d => d.Below(5) - 2, d => Math.Round(d.Normal() * 1e3) / 8, d => BitConverter.UInt64BitsToDouble((ulong)(d.Uniform() * ulong.MaxValue)), _ => 7, d => d.Coin(0.1) ? double.NegativeInfinity : d.Coin(0.1) ? double.MaxValue : -double.Epsilon })
        {
            var values = draw.Many(n, kind);
            values = Array.FindAll(values, v => !double.IsNaN(v));
            var expected = values.ToArray();
            Array.Sort(expected);
            RadixSort.Sort(values);
            Assert.Equal(expected, values);
            RadixSort.Sort(values);
            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public void Values_crowded_far_from_the_greatest_are_sorted_with_a_range_of_their_own()
    {
        var draw = new Draw(5);
        foreach (var kind in new Func<Draw, double>[] { d => d.Coin(0.001) ? 1e300 * d.Normal() : 1e6 + 1e-4 * d.Uniform(), d => d.Coin(0.5) ? 1e-300 * d.Uniform() : -7 - 1e-9 * d.Below(3000), d => d.Below(40) * 1e-12 + (d.Coin(0.3) ? 1e9 : 0) })
        {
            var values = draw.Many(30_000, kind);
            var expected = values.ToArray();
            Array.Sort(expected);
            RadixSort.Sort(values);
            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public void Millions_of_values_are_sorted_in_place()
    {
        var draw = new Draw(6);
        foreach (var kind in new Func<Draw, double>[] { d => d.Normal(), d => d.Coin(0.9) ? 1e6 + d.Uniform() : 1e100 * d.Normal(), d => d.Below(3) })
        {
            var values = draw.Many(4_500_000, kind);
            var expected = values.ToArray();
            Array.Sort(expected);
            RadixSort.Sort(values);
            Assert.True(expected.AsSpan().SequenceEqual(values));
        }
    }

    [Theory, InlineData(0), InlineData(100), InlineData(20_000)]
    public void Whole_numbers_are_sorted(int n)
    {
        var random = new Random(n);
        foreach (var kind in new Func<ulong>[] { () => (ulong)random.NextInt64(long.MinValue, long.MaxValue), () => (ulong)random.Next(7), () => ulong.MaxValue - (ulong)random.Next(2) * ulong.MaxValue })
        {
            var keys = Enumerable.Range(0, n).Select(_ => kind()).ToArray();
            var expected = keys.ToArray();
            Array.Sort(expected);
            RadixSort.Sort(keys);
            Assert.Equal(expected, keys);
        }
    }

    [Fact]
    public void Zeros_of_either_sign_lie_together()
    {
        var values = Enumerable.Range(0, 4096).Select(i => (i % 4) switch { 0 => -0.0, 1 => 0.0, 2 => 1, _ => -1 }).ToArray();
        RadixSort.Sort(values);
        Assert.True(values[1023] == -1 && values[1024] == 0 && values[3071] == 0 && values[3072] == 1);
    }

    [Theory, InlineData(10), InlineData(200)]
    public void Counts_of_many_values_are_those_of_each_value(int wanted)
    {
        var draw = new Draw(13);
        double[] special = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, double.MinValue, -0.0];
        var values = draw.Many(5001, d => d.Coin(0.1) ? special[d.Below(special.Length)] : Math.Round(d.Normal(), 2));
        var bins = ReferenceBins.FromNumeric(values, wanted);
        var expected = new long[bins.Count];
        foreach (var value in values)
        {
            if (bins.IndexOf(value) is >= 0 and var bin) expected[bin]++;
        }
        Assert.Equal(expected, bins.CountsOf(values));
        Assert.Equal(Samples.Finite(values).Length, Samples.CountFinite(values));
        Assert.Equal(expected, bins.CountsOfSorted(Samples.SortedFinite(values)));
    }

    [Fact]
    public void Bins_of_sorted_values_are_those_of_the_values()
    {
        var draw = new Draw(12);
        foreach (var kind in new Func<Draw, double>[] { d => d.Normal(), d => d.Below(15), d => d.Coin(0.4) ? 0 : d.Normal(), d => Math.Round(d.Normal(), 1), _ => 1 })
        {
            var values = draw.Many(3000, kind);
            var bins = ReferenceBins.FromNumeric(values);
            var sorted = Samples.SortedFinite(values);
            Assert.True(bins.SameBinsAs(ReferenceBins.FromSortedNumeric(sorted)));
            Assert.Equal(bins.CountsOf(values), bins.CountsOfSorted(sorted));
            Assert.Equal(bins.CountsOf(values), bins.ReferenceCounts.ToArray());
            // Every value with a tenth of the mass has a bin of its own.
            foreach (var atom in sorted.CountBy(v => v).Where(a => a.Value * 10 >= sorted.Length))
                Assert.Equal(atom.Value, bins.CountsOfSorted(sorted)[bins.IndexOf(atom.Key)]);
        }
    }
}
