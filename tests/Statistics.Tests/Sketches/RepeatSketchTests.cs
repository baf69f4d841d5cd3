using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

public sealed class RepeatSketchTests
{
    [Fact]
    public void Few_keys_are_counted_exactly()
    {
        var sketch = new RepeatSketch(16);
        for (var i = 0; i < 100; i++) sketch.Add((ulong)(i % 20));
        Assert.Equal((true, 20.0, 0.8, 0.0, 100L), (sketch.IsExact, sketch.Distinct, sketch.RepeatedShare, sketch.Error, sketch.Total));
        Assert.Equal([(5L, 20.0)], sketch.Times().Select(t => (t.Key, t.Value)));
        var empty = new RepeatSketch();
        Assert.Equal((0.0, 0.0, 0.0), (empty.Distinct, empty.RepeatedShare, empty.Error));
    }

    // Keys that all differ have no spread of counts, so even a thinned sample is right about them.
    [Fact]
    public void Keys_without_repetition_have_none_at_any_length()
    {
        var sketch = new RepeatSketch(64);
        for (var i = 0UL; i < 50_000; i++) sketch.Add(i);
        Assert.False(sketch.IsExact);
        Assert.Equal(50_000, sketch.Distinct, 1e-9 * 50_000);
        Assert.InRange(sketch.Error, 1e-6, 0.1);
    }

    [Theory, InlineData(0.3, 2), InlineData(0.1, 40), InlineData(0.9, 3)]
    public void The_share_of_repeated_keys_is_within_its_error(double repeating, int times)
    {
        int runs = 40 * Draw.Scale(10), outside = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            var sketch = new RepeatSketch(512);
            long total = 0, distinct = 0;
            for (var key = 0; total < 30_000; key++)
            {
                var often = draw.Coin(repeating) ? 1 + draw.Below(times) : 1;
                for (var i = 0; i < often; i++) sketch.Add((ulong)seed << 32 | (uint)key);
                (total, distinct) = (total + often, distinct + 1);
            }
            if (Math.Abs(sketch.RepeatedShare - (1 - (double)distinct / total)) > sketch.Error) outside++;
            Assert.Equal(total, sketch.Times().Sum(t => t.Key * t.Value), 1e-6 * total);
        }
        Assert.True(outside <= Draw.Allowed(runs, 0.01), $"{outside} of {runs}");
    }

    [Fact]
    public void Parts_merge_into_the_whole()
    {
        var draw = new Draw(9);
        RepeatSketch whole = new(32), left = new(32), right = new(32);
        for (var i = 0; i < 20_000; i++)
        {
            var key = (ulong)draw.Below(5000);
            whole.Add(key);
            (i % 3 == 0 ? left : right).Add(key);
        }
        left.Merge(right);
        Assert.Equal(whole.Total, left.Total);
        Assert.Equal(whole.Distinct, left.Distinct, 0.35 * whole.Distinct);
        Assert.Throws<ArgumentException>(() => left.Merge(left));
        Assert.Throws<ArgumentException>(() => left.Merge(new RepeatSketch(64)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepeatSketch(3));
    }
}
