using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class FeatureProfileTests
{
    private static readonly ReferenceBins Numbers = ReferenceBins.FromNumeric(new Draw(1).Many(1000, d => d.Normal()));

    [Fact]
    public void Parts_merged_in_any_order_equal_the_whole()
    {
        var draw = new Draw(2);
        var values = draw.Many(10_000, d => d.Coin(0.02) ? double.NaN : d.Coin(0.001) ? double.PositiveInfinity : d.Normal());
        var whole = new FeatureProfile(Numbers);
        FeatureProfile[] parts = [new(Numbers), new(Numbers), new(Numbers)];
        for (var i = 0; i < values.Length; i++)
        {
            whole.Add(values[i], (ulong)i);
            parts[draw.Below(3)].Add(values[i], (ulong)i);
        }
        foreach (var order in new[] { new[] { 0, 1, 2 }, [2, 0, 1], [1, 2, 0] })
        {
            var merged = new FeatureProfile(Numbers);
            foreach (var k in order) merged.Merge(parts[k]);
            Assert.Equal(whole.Counts.ToArray(), merged.Counts.ToArray());
            Assert.Equal((whole.Total, whole.Missing, whole.Infinite), (merged.Total, merged.Missing, merged.Infinite));
            Assert.Equal(whole.Sample(), merged.Sample());
            Assert.Equal(whole.Moments.Mean, merged.Moments.Mean, 1e-12);
            Assert.Equal(whole.Moments.M2, merged.Moments.M2, 1e-7);
        }
        Assert.Equal(2000, whole.Sample().Length);
    }

    [Fact]
    public void The_sample_is_uniform_and_in_order_of_arrival()
    {
        var profile = new FeatureProfile(ReferenceBins.FromNumeric([0.5, 1.5, 2.5]), seed: 3, sampleSize: 2000);
        for (var i = 0; i < 50_000; i++) profile.Add(i);
        var sample = profile.Sample();
        Assert.Equal(sample.Order(), sample);
        var uniform = Enumerable.Range(0, 50_000).Select(i => (double)i).ToArray();
        Assert.True(KolmogorovSmirnov.TwoSample(sample, uniform).PValue > 0.001);
    }

    [Fact]
    public void Bytes_bring_it_back_and_it_goes_on_as_before()
    {
        var draw = new Draw(4);
        var profile = new FeatureProfile(Numbers, seed: 9);
        for (var i = 0; i < 5000; i++) profile.Add(draw.Normal());
        profile.AddMissing();
        var back = FeatureProfile.FromBytes(profile.ToBytes());
        Assert.Equal(profile.ToBytes(), back.ToBytes());
        for (var i = 0; i < 100; i++)
        {
            profile.Add(i);
            back.Add(i);
        }
        Assert.Equal(profile.ToBytes(), back.ToBytes());
    }

    [Fact]
    public void Other_versions_and_damaged_bytes_are_refused()
    {
        var bytes = new FeatureProfile(Numbers).ToBytes();
        Assert.Throws<FormatException>(() => FeatureProfile.FromBytes(bytes.AsSpan(0, bytes.Length / 2)));
        Assert.Throws<FormatException>(() => FeatureProfile.FromBytes([]));
        bytes[0] = 99;
        Assert.Contains("99", Assert.Throws<FormatException>(() => FeatureProfile.FromBytes(bytes)).Message);
    }

    [Fact]
    public void Categories_are_exact_up_to_the_limit_and_estimated_beyond_in_any_order()
    {
        var bins = ReferenceBins.FromCategories(new Dictionary<string, long> { ["a"] = 10, ["b"] = 5 });
        FeatureProfile left = new(bins), right = new(bins), both = new(bins);
        for (var i = 0; i < 6000; i++)
        {
            var name = i % 3 == 0 ? "a" : "id" + i % 4000;
            (i % 2 == 0 ? left : right).Add(name);
            both.Add(name);
        }
        left.Add((string?)null);
        var merged = new FeatureProfile(bins);
        merged.Merge(right);
        merged.Merge(left);
        Assert.Equal(1, merged.Missing);
        Assert.Equal(4000, merged.Unseen);
        Assert.Equal(both.Categories.Counts().OrderBy(x => x.Key), merged.Categories.Counts().OrderBy(x => x.Key));
        var distinct = Enumerable.Range(0, 6000).Select(i => i % 3 == 0 ? "a" : "id" + i % 4000).Distinct().Count();
        Assert.InRange(merged.Categories.Distinct, 0.85 * distinct, 1.15 * distinct);
        Assert.Equal(merged.Categories.Counts(), FeatureProfile.FromBytes(merged.ToBytes()).Categories.Counts());
    }

    [Fact]
    public void Profiles_over_other_bins_do_not_merge() =>
        Assert.Throws<ArgumentException>(() => new FeatureProfile(Numbers).Merge(new FeatureProfile(ReferenceBins.FromNumeric([1.5, 2.5]))));
}
