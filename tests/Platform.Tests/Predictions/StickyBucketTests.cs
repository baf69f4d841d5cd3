using Holdfast.Predictions;

namespace Holdfast.Platform.Tests.Predictions;

public sealed class StickyBucketTests
{
    [Fact]
    public void Smaller_shares_lie_inside_larger_ones_and_have_their_size()
    {
        var units = Enumerable.Range(0, 100_000).Select(i => StickyBucket.Unit("rollout-1", $"customer-{i}")).ToList();
        var one = units.Where(u => StickyBucket.Holds(u, 0.01)).ToHashSet();
        var five = units.Where(u => StickyBucket.Holds(u, 0.05)).ToHashSet();
        Assert.Subset(five, one);
        Assert.InRange(one.Count, 900, 1_100);
        Assert.InRange(five.Count, 4_750, 5_250);
    }

    [Fact]
    public void Another_salt_tries_other_people() =>
        Assert.InRange(
            Enumerable.Range(0, 10_000).Count(i => StickyBucket.Holds(StickyBucket.Unit("a", $"{i}"), 0.1) && StickyBucket.Holds(StickyBucket.Unit("b", $"{i}"), 0.1)), 60, 140);

    [Theory]
    [InlineData(0UL, 0, false)]
    [InlineData(0UL, 0.0001, true)]
    [InlineData(ulong.MaxValue, 1, true)]
    [InlineData(ulong.MaxValue, 0.9999, false)]
    public void The_ends_are_exact(ulong unit, double share, bool inside) => Assert.Equal(inside, StickyBucket.Holds(unit, share));

    // Changing the hash would move everybody in every running rollout.
    [Theory]
    [InlineData("salt", "key")]
    public void The_hash_is_XxHash64_of_salt_zero_key(string salt, string key) =>
        Assert.Equal(System.IO.Hashing.XxHash64.HashToUInt64("salt\0key"u8), StickyBucket.Unit(salt, key));
}
