using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class SampleSketchesTests
{
    [Theory]
    [InlineData(0, 1), InlineData(1e9, 1), InlineData(-1e12, 0.5), InlineData(0, 1e150), InlineData(5, 0)]
    public void Moments_in_blocks_agree_with_two_passes(double centre, double sd)
    {
        var draw = new Draw(6);
        var values = draw.Many(10_007, d => centre + sd * d.Normal());
        // Two passes over the values as they are would round the mean first: taken from the centre, which costs nothing, they are exact.
        var (mean, exact) = Samples.MeanSd(Array.ConvertAll(values, v => v - centre));
        var moments = Moments.Of(values);
        Assert.Equal(centre + mean, moments.Mean, 1e-15 * Math.Abs(centre) + 1e-12 * sd);
        Assert.Equal(exact, moments.Sd, 1e-11 * exact);
        Assert.Equal((values.Length, values.Min(), values.Max()), ((int)moments.Count, moments.Min, moments.Max));
    }

    [Fact]
    public void Moments_stand_a_first_value_far_from_the_rest()
    {
        var draw = new Draw(7);
        double[] values = [1e8, .. draw.Many(5000, d => d.Normal())];
        Assert.Equal(Samples.MeanSd(values).Sd, Moments.Of(values).Sd, 1e-11 * 1e8);
        // And a level that moves for good.
        double[] moved = [.. draw.Many(5000, d => d.Normal()), .. draw.Many(5000, d => 1e7 + d.Normal())];
        Assert.Equal(Samples.MeanSd(moved).Sd, Moments.Of(moved).Sd, 1e-11 * 1e7);
    }

    [Fact]
    public void Moments_of_nothing_one_and_missing()
    {
        Assert.Equal(Moments.Empty, Moments.Of([]));
        Assert.Equal(Moments.Empty, Moments.Of([double.NaN, double.PositiveInfinity]));
        Assert.Equal(new Moments(1, 3, 0, 3, 3), Moments.Of([double.NaN, 3]));
        Assert.Equal(BitConverter.DoubleToInt64Bits(0.0), BitConverter.DoubleToInt64Bits(Moments.Of([-0.0]).Min));
    }

    [Fact]
    public void A_profile_is_the_same_to_the_last_bit_by_value_and_in_blocks_of_any_length()
    {
        var draw = new Draw(8);
        var values = draw.Many(9000, d => d.Coin(0.03) ? double.NaN : d.Coin(0.01) ? double.NegativeInfinity : d.Coin(0.1) ? -0.0 : d.Normal());
        foreach (var bins in new[] { ReferenceBins.FromNumeric(values), ReferenceBins.FromNumeric(values, 40), ReferenceBins.FromNumeric([]) })
        {
            FeatureProfile one = new(bins, 5, 300), block = new(bins, 5, 300), whole = new(bins, 5, 300);
            foreach (var value in values)
            {
                one.Add(value);
                _ = one.Moments; // reading leaves no trace
            }
            for (var at = 0; at < values.Length;)
            {
                var length = Math.Min(values.Length - at, draw.Below(700));
                block.Add(values.AsSpan(at, length));
                at += length;
            }
            whole.Add(values);
            Assert.Equal(one.ToBytes(), block.ToBytes());
            Assert.Equal(one.ToBytes(), whole.ToBytes());
            Assert.Equal(bins.CountsOf(values), whole.Counts);
        }
    }

    // Written by release 0.1, which had neither blocks of moments nor a checksum.
    [Fact]
    public void Profiles_of_version_1_are_read()
    {
        var numbers = new FeatureProfile(ReferenceBins.FromEdges([1, 2], [0.5, 1.5, 1.5, 3]), seed: 7, sampleSize: 3);
        foreach (var value in new[] { 0.5, 1.25, double.NaN, 2, 5.5, double.PositiveInfinity, -3 }) numbers.Add(value);
        var stored = FeatureProfile.FromBytes(Convert.FromHexString(
            "010003000000000000000000F03F000000000000004001000000000000000200000000000000010000000000000002000000000000000200000000000000010000000000000007000000000000000200000000000000010000000000000007000000000000000500000000000000000000000000F43F0000000000A0424000000000000008C0000000000000164007000000000000000300000003000000040000000000000000000000000016400000000000000000000000000000E03F03000000000000000000000000000040E8030000000000000000000000FFFFFFFFFFFFFFFF00000000"));
        Assert.Equal(numbers.Counts, stored.Counts);
        Assert.Equal((7L, 2L, 1L), (stored.Total, stored.Missing, stored.Infinite));
        Assert.Equal(numbers.Sample(), stored.Sample());
        Assert.Equal((numbers.Moments.Count, 1.25, numbers.Moments.M2, -3.0, 5.5), (stored.Moments.Count, stored.Moments.Mean, stored.Moments.M2, stored.Moments.Min, stored.Moments.Max));
        Assert.Equal(stored.ToBytes(), FeatureProfile.FromBytes(stored.ToBytes()).ToBytes());
        stored.Add(1.5);
        numbers.Add(1.5);
        Assert.Equal(numbers.Sample(), stored.Sample());

        var texts = FeatureProfile.FromBytes(Convert.FromHexString(
            "010103000000016102C3A40300000000000000010000000000000000000000000000000200000000000000010000000000000001000000000000000500000000000000010000000000000000000000000000000500000000000000000000000000000000000000000000000000000000000000000000000000F07F000000000000F0FF0000000000000000D007000000000000E8030000040000000000000000FFFFFFFFFFFFFFFF030000000161020000000000000002C3A40100000000000000036E65770100000000000000"));
        Assert.Equal([2L, 1, 1], texts.Counts);
        Assert.Equal(new Dictionary<string, long> { ["a"] = 2, ["ä"] = 1, ["new"] = 1 }, texts.Categories.Counts());
        Assert.Equal((5L, 1L, 1L), (texts.Total, texts.Missing, texts.Unseen));
    }

    [Fact]
    public void A_profile_without_a_sample_counts_as_one_with()
    {
        var bins = ReferenceBins.FromEdges([0], []);
        FeatureProfile with = new(bins), without = new(bins, sampleSize: 0);
        foreach (var profile in new[] { with, without }) profile.Add([1, -1, double.NaN, 2]);
        without.Add(5, 77);
        Assert.Empty(without.Sample());
        Assert.Equal((5L, 1L), (without.Total, without.Missing));
        Assert.Equal(3, with.Sample().Length);
        Assert.Throws<InvalidOperationException>(() => new FeatureProfile(ReferenceBins.FromCategories(new Dictionary<string, long>())).Add([1.0]));
    }

    [Fact]
    public void Rows_stay_together_and_are_a_uniform_sample()
    {
        var sample = new RowReservoir(3, 500, 4);
        for (var i = 0; i < 20_000; i++) sample.Add([i, 2 * i, i % 7 == 0 ? double.NaN : 1], (ulong)i);
        Assert.Equal(500, sample.Count);
        Assert.All(sample.Rows(), row => Assert.True(row[1] == 2 * row[0] && double.IsNaN(row[2]) == (row[0] % 7 == 0)));
        Assert.Equal(sample.Keys().Select(k => (double)k), sample.Column(0));
        Assert.True(KolmogorovSmirnov.TwoSample(sample.Column(0), [.. Enumerable.Range(0, 20_000).Select(i => (double)i)]).PValue > 0.001);
        // The same keys and seed take the same rows as the sample of one column.
        var single = new Reservoir(500, 4);
        for (var i = 0; i < 20_000; i++) single.Add(i, (ulong)i);
        Assert.Equal(single.InKeyOrder(), sample.Column(0));
        sample.Widen(4);
        Assert.All(sample.Rows(), row => Assert.True(row[1] == 2 * row[0] && double.IsNaN(row[3])));
        sample.Add([1, 2, 3, 4], 20_001);
        Assert.Throws<ArgumentException>(() => sample.Add([1.0], 5));
        Assert.Throws<ArgumentException>(() => sample.Merge(new RowReservoir(4, 500, 5)));
        Assert.Throws<ArgumentException>(() => sample.Merge(new RowReservoir(3, 500, 4)));
        Assert.Equal(0, new RowReservoir(2, 0).Count);
    }

    [Fact]
    public void The_same_key_twice_is_no_matter_of_order()
    {
        RowReservoir forward = new(1, 3), backward = new(1, 3);
        for (var i = 0; i < 12; i++)
        {
            forward.Add([i], (ulong)(i % 4));
            backward.Add([11 - i], (ulong)((11 - i) % 4));
        }
        Assert.Equal(forward.ToBytes(), backward.ToBytes());
    }

    [Fact]
    public void A_table_keeps_columns_exactly_and_rows_jointly()
    {
        var bins = ReferenceBins.FromEdges([0], []);
        var table = new TableProfile(sampleRows: 100);
        table.AddNumbers("x", bins);
        for (var i = 0; i < 500; i++) table.Add([i - 100.0], (ulong)i);
        table.AddTexts("kind");
        for (var i = 500; i < 1000; i++) table.Add([i % 10 == 0 ? Cell.Missing : i - 100.0, i % 2 == 0 ? "even" : "odd"], (ulong)i);
        Assert.Equal((1000L, 50L, 500L), (table.Rows, table.Missing(0), table.Missing(1)));
        Assert.Equal(0.5, table.MissingShare(1));
        Assert.Equal([101L, 849], table.Profile(0).Counts);
        Assert.Equal(new Dictionary<string, long> { ["even"] = 250, ["odd"] = 250 }, table.Profile(1).Categories.Counts());
        Assert.Equal(100, table.Sampled);
        var keys = table.SampledKeys();
        var (numbers, texts) = (table.Numbers(0), table.Texts(1));
        for (var i = 0; i < keys.Length; i++)
        {
            Assert.Equal(keys[i] >= 500 && keys[i] % 10 == 0 ? double.NaN : keys[i] - 100.0, numbers[i]);
            Assert.Equal(keys[i] < 500 ? null : keys[i] % 2 == 0 ? "even" : "odd", texts[i]);
        }
        Assert.Equal((1, -1), (table.IndexOf("kind"), table.IndexOf("z")));
        Assert.Throws<ArgumentException>(() => table.AddNumbers("x"));
        Assert.Throws<ArgumentException>(() => table.Add([1, 2, 3], 1000));
    }

    [Fact]
    public void Texts_among_numbers_and_numbers_among_texts()
    {
        var table = new TableProfile();
        table.AddNumbers("x");
        table.AddTexts("zip");
        table.Add(["1.5", 10115], 0);
        table.Add(["n/a", "80331"], 1);
        table.Add([double.PositiveInfinity, double.NaN], 2);
        Assert.Equal((1L, 2L, 1L), (table.Unparsed(0), table.Missing(0), table.Profile(0).Infinite));
        Assert.Equal([1.5, double.NaN, double.NaN], table.Numbers(0));
        Assert.Equal(["10115", "80331", null], table.Texts(1));
        Assert.Equal([10115, 80331, double.NaN], table.Numbers(1));
        Assert.Equal(["1.5", null, null], table.Texts(0));
    }

    [Fact]
    public void Tables_merge_by_name_and_an_endless_supply_of_texts_is_bounded()
    {
        TableProfile left = new(1, 50), right = new(1, 50), whole = new(1, 50);
        left.AddTexts("id");
        right.AddNumbers("n");
        right.AddTexts("id");
        whole.AddTexts("id");
        whole.AddNumbers("n");
        for (var i = 0; i < 4000; i++)
        {
            if (i % 2 == 0) left.Add(["id" + i], (ulong)i); else right.Add([i, "id" + i], (ulong)i);
            whole.Add(["id" + i, i % 2 == 0 ? double.NaN : i], (ulong)i);
        }
        left.Merge(right);
        Assert.Equal((whole.Rows, whole.Missing(0), whole.Missing(1)), (left.Rows, left.Missing(0), left.Missing(1)));
        Assert.Equal(whole.Texts(0), left.Texts(0));
        Assert.Equal(whole.Numbers(1), left.Numbers(1));
        Assert.Equal(left.SampledKeys().Select(k => "id" + k), left.Texts(0));
        Assert.Equal(left.Texts(0), TableProfile.FromBytes(left.ToBytes()).Texts(0));
        var other = new TableProfile(1);
        other.AddNumbers("id");
        var before = left.ToBytes();
        Assert.Throws<ArgumentException>(() => left.Merge(other));
        Assert.Throws<ArgumentException>(() => left.Merge(new TableProfile(2)));
        Assert.Equal(before, left.ToBytes());
    }

    [Fact]
    public void Columns_at_once_are_the_rows_one_by_one()
    {
        var draw = new Draw(3);
        var columns = new[] { draw.Many(3000, d => d.Normal()), draw.Many(3000, d => d.Coin(0.1) ? double.NaN : d.Uniform()) };
        TableProfile rows = Two(), blocks = Two();
        for (var i = 0; i < 3000; i++) rows.Add([columns[0][i], columns[1][i]], (ulong)i);
        blocks.Add([columns[0][..1000], columns[1][..1000]], 0);
        blocks.Add([columns[0][1000..], columns[1][1000..]], 1000);
        Assert.Equal(rows.ToBytes(), blocks.ToBytes());
        Assert.Throws<ArgumentException>(() => blocks.Add([columns[0]], 3000));
        Assert.Throws<ArgumentException>(() => blocks.Add([columns[0], columns[1][..5]], 3000));

        static TableProfile Two()
        {
            var result = new TableProfile(sampleRows: 200);
            result.AddNumbers("a", ReferenceBins.FromEdges([0], []));
            result.AddNumbers("b");
            return result;
        }
    }
}
