using System.Text.Json;
using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests.Distances;

public sealed class ReferenceBinsTests
{
    [Fact]
    public void An_integer_column_of_few_levels_gets_a_bin_a_level()
    {
        var bins = ReferenceBins.FromNumeric([1, 1, 1, 2, 2, 3, 5, 5]);
        Assert.Equal([1, 2, 3], bins.Edges);
        Assert.Equal([3, 2, 1, 2], bins.ReferenceCounts.ToArray());
        Assert.Equal("<= 1", bins.Label(0));
        Assert.Equal("> 3", bins.Label(3));
    }

    [Fact]
    public void A_frequent_value_gets_a_bin_of_its_own_and_its_neighbours_do_not_fall_into_it()
    {
        var draw = new Draw(1);
        var values = draw.Many(1000, d => d.Coin(0.4) ? 0.5 : d.Uniform());
        var bins = ReferenceBins.FromNumeric(values);
        var atom = bins.IndexOf(0.5);
        Assert.Equal("= 0.5", bins.Label(atom));
        Assert.Equal(values.Count(x => x == 0.5), bins.ReferenceCounts[atom]);
        Assert.NotEqual(atom, bins.IndexOf(0.4999999));
        Assert.NotEqual(atom, bins.IndexOf(0.5000001));
        Assert.DoesNotContain(0L, bins.ReferenceCounts.ToArray());
    }

    [Theory]
    [InlineData(new double[0], 1)]
    [InlineData(new double[] { 7, 7, 7 }, 1)]
    [InlineData(new double[] { double.NaN, double.PositiveInfinity }, 1)]
    [InlineData(new double[] { 0.5 }, 1)]
    public void Degenerate_references_give_one_bin_and_no_drift(double[] reference, int count)
    {
        var bins = ReferenceBins.FromNumeric(reference);
        Assert.Equal(count, bins.Count);
        Assert.Equal(1, Psi.Compare(bins.ReferenceCounts, bins.CountsOf([1, 2, 3])).PValue);
    }

    [Fact]
    public void Missing_and_infinite_values_have_no_bin()
    {
        var bins = ReferenceBins.FromNumeric([1.5, 2.5, 3.5]);
        Assert.Equal((-1, -1, -1), (bins.IndexOf(double.NaN), bins.IndexOf(double.PositiveInfinity), bins.IndexOf(double.NegativeInfinity)));
    }

    [Fact]
    public void Categories_are_ordered_by_frequency_and_the_rest_is_other()
    {
        var bins = ReferenceBins.FromCategories(new Dictionary<string, long> { ["b"] = 5, ["a"] = 5, ["c"] = 9, ["rare"] = 1 }, limit: 3);
        Assert.Equal(["c", "a", "b"], bins.Categories);
        Assert.Equal(3, bins.IndexOf("rare"));
        Assert.Equal(3, bins.IndexOf("never seen"));
        Assert.Equal(-1, bins.IndexOf((string?)null));
        Assert.Equal([9, 5, 5, 1], bins.ReferenceCounts.ToArray());
        Assert.Equal("other", bins.Label(3));
        Assert.Throws<InvalidOperationException>(() => bins.IndexOf(1.0));
    }

    [Fact]
    public void The_state_survives_json_and_damage_is_named()
    {
        foreach (var bins in new[] { ReferenceBins.FromNumeric(new Draw(2).Many(500, d => d.Coin(0.3) ? 0 : d.Normal())), ReferenceBins.FromCategories(new Dictionary<string, long> { ["x"] = 2, ["y"] = 1 }) })
        {
            var back = ReferenceBins.FromState(JsonSerializer.Deserialize<ReferenceBinsState>(JsonSerializer.Serialize(bins.ToState()))!);
            Assert.True(bins.SameBinsAs(back));
            Assert.Equal(bins.ReferenceCounts.ToArray(), back.ReferenceCounts.ToArray());
        }
        Assert.Throws<ArgumentException>(() => ReferenceBins.FromState(new ReferenceBinsState([1, 2], null, [1])));
        Assert.Throws<ArgumentException>(() => ReferenceBins.FromState(new ReferenceBinsState([2, 1], null, [1, 1, 1])));
    }
}
