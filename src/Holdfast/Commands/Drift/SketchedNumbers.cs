using Holdfast.Statistics.Sketches;

namespace Holdfast.Commands.Drift;

/// <summary>A stream of numbers in bounded memory: few different ones are counted exactly, more go into a quantile sketch. Missing values are left out.</summary>
internal sealed class SketchedNumbers(SketchSizes sizes)
{
    // Up to here the values themselves are compared, as without --approximate.
    private const int MostExpanded = 1 << 17;

    private readonly KllSketch _sketch = new(sizes.Kll);
    private readonly Reservoir _sample = new(FeatureProfile.DefaultSampleSize, 0);
    private readonly RepeatSketch _repeats = new(1 << 12);
    private readonly double[] _block = new double[1024];
    private int _filled;
    private Dictionary<double, long>? _counts = [];
    private Moments _moments = Moments.Empty;

    /// <summary>Finite values.</summary>
    public long Finite { get; private set; }

    /// <summary>Infinite values.</summary>
    public long Infinite { get; private set; }

    /// <summary>Values that are 0.</summary>
    public long Zeros { get; private set; }

    /// <summary>Values that are 1.</summary>
    public long Ones { get; private set; }

    /// <summary>Share of values that are different ones, in [0, 1].</summary>
    public double DistinctShare => 1 - _repeats.RepeatedShare;

    /// <summary>The different values with their counts; null once there are too many.</summary>
    public IReadOnlyDictionary<double, long>? Counts => _counts;

    /// <summary>Takes the value of a row.</summary>
    public void Add(double value, long row)
    {
        if (!double.IsFinite(value))
        {
            Infinite += double.IsInfinity(value) ? 1 : 0;
            return;
        }

        Finite++;
        Zeros += value == 0 ? 1 : 0;
        Ones += value == 1 ? 1 : 0;
        _sample.Add(value, (ulong)row);
        _sketch.Add(value);
        _repeats.Add(BitConverter.DoubleToUInt64Bits(value));
        if (_counts is not null)
        {
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, value, out _)++;
            if (_counts.Count > sizes.Values)
                _counts = null;
        }

        _block[_filled++] = value;
        if (_filled == _block.Length)
            Flush();
    }

    /// <summary>The side of a comparison: the values themselves where all of them are known and few enough, else what the sketch holds.</summary>
    public FeatureSide Side(long total)
    {
        Flush();
        var side = new FeatureSide(total, total - Finite) { Sample = _sample.InKeyOrder(), Infinite = Infinite, DistinctShare = DistinctShare };
        var weighted = _counts is null ? WeightedSample.Of(_sketch, _moments) : WeightedSample.Of(_counts);
        return weighted.Error == 0 && weighted.Count <= MostExpanded ? side with { Sorted = weighted.Expand() } : side with { Weighted = weighted };
    }

    private void Flush()
    {
        _moments = _moments.Merge(Moments.Of(_block.AsSpan(0, _filled)));
        _filled = 0;
    }
}
