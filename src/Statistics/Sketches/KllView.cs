namespace Holdfast.Statistics.Sketches;

/// <summary>The kept values of a KLL sketch ascending, each with the weight of all values up to it. Immutable.</summary>
internal sealed class KllView
{
    private readonly double[] _values;
    private readonly long[] _weights;

    private KllView(double[] values, long[] weights, long count)
    {
        _values = values;
        _weights = weights;
        Count = count;
    }

    public long Count { get; }

    public ReadOnlySpan<double> Values => _values;

    /// <summary>Weight of the values up to and including each.</summary>
    public ReadOnlySpan<long> Weights => _weights;

    public static KllView Of(KllSketch sketch)
    {
        var values = new double[sketch.Retained];
        var weights = new long[values.Length];
        var at = 0;
        for (var h = 0; h < sketch.Levels; h++)
        {
            var items = sketch.Items(h);
            items.CopyTo(values.AsSpan(at));
            weights.AsSpan(at, items.Length).Fill(1L << h);
            at += items.Length;
        }
        Array.Sort(values, weights);
        for (var i = 1; i < weights.Length; i++) weights[i] += weights[i - 1];
        return new KllView(values, weights, sketch.Count);
    }

    public long WeightUpTo(double value)
    {
        int low = 0, high = _values.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_values[middle] <= value) low = middle + 1; else high = middle;
        }
        return low == 0 ? 0 : _weights[low - 1];
    }

    public double ValueAt(double share)
    {
        var target = share * Count;
        int low = 0, high = _weights.Length - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_weights[middle] < target) low = middle + 1; else high = middle;
        }
        return _values[low];
    }
}
