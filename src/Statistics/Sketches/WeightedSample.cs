namespace Holdfast.Statistics.Sketches;

/// <summary>
/// A sample of numbers as ascending values and how many there are up to each: what sketches and counters hold of a stream of any length, with the
/// operations of an ascending array. Immutable.
/// </summary>
public sealed class WeightedSample
{
    private readonly double[] _values;
    private readonly long[] _ends;

    private WeightedSample(double[] values, long[] ends, long kept, double error, double low, double high, (double Mean, double Sd)? moments)
    {
        (_values, _ends, Kept, Error, Min, Max) = (values, ends, kept, error, low, high);
        (Mean, Sd) = moments ?? MomentsOf(values, ends);
    }

    /// <summary>The different values, ascending.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>How many values there are up to and including each.</summary>
    public ReadOnlySpan<long> Ends => _ends;

    /// <summary>Values in all.</summary>
    public long Count => _ends.Length == 0 ? 0 : _ends[^1];

    /// <summary>Values that were looked at one by one: all of them, or those that a sketch kept.</summary>
    public long Kept { get; }

    /// <summary>
    /// Largest error of a share between any two points, all points at once, with 99 % confidence; 0 where nothing was lost. See <see cref="KllSketch.MassError"/>.
    /// </summary>
    public double Error { get; }

    /// <summary>Smallest value, exact; NaN if empty.</summary>
    public double Min { get; }

    /// <summary>Largest value, exact; NaN if empty.</summary>
    public double Max { get; }

    /// <summary>Mean, exact up to rounding; NaN if empty.</summary>
    public double Mean { get; }

    /// <summary>Standard deviation (divisor n), exact up to rounding; NaN if empty.</summary>
    public double Sd { get; }

    /// <summary>What a sketch holds.</summary>
    /// <param name="sketch">The sketch.</param>
    /// <param name="moments">Moments of the same values, for their mean and standard deviation.</param>
    public static WeightedSample Of(KllSketch sketch, Moments moments)
    {
        ArgumentNullException.ThrowIfNull(sketch);
        var view = sketch.View();
        var (values, ends) = Joined(view.Values, view.Weights);
        return new WeightedSample(values, ends, sketch.Retained, sketch.MassError, sketch.Min, sketch.Max, moments.Count == 0 ? (double.NaN, double.NaN) : (moments.Mean, moments.Sd));
    }

    /// <summary>Exact counts of values.</summary>
    public static WeightedSample Of(IReadOnlyDictionary<double, long> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        double[] values = [.. counts.Keys.Order()];
        var ends = new long[values.Length];
        long sum = 0;
        for (var i = 0; i < values.Length; i++) ends[i] = sum += counts[values[i]];
        return Exact(values, ends);
    }

    /// <summary>An ascending finite sample itself.</summary>
    public static WeightedSample Of(ReadOnlySpan<double> sorted)
    {
        var ends = new long[sorted.Length];
        for (var i = 0; i < ends.Length; i++) ends[i] = i + 1;
        var (values, joined) = Joined(sorted, ends);
        return Exact(values, joined);
    }

    /// <summary>The value at a place of the ascending sample, 0 to Count - 1.</summary>
    public double At(long place)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(place);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(place, Count);
        int low = 0, high = _ends.Length - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_ends[middle] <= place) low = middle + 1; else high = middle;
        }
        return _values[low];
    }

    /// <summary>How many values are at most <paramref name="value"/>.</summary>
    public long UpTo(double value)
    {
        var place = Samples.EndOf(_values, value);
        return place == 0 ? 0 : _ends[place - 1];
    }

    /// <summary>The quantile at <paramref name="share"/> in [0, 1], as <see cref="Samples.Quantile"/> of the ascending sample. NaN if empty.</summary>
    public double Quantile(double share)
    {
        if (Count == 0 || double.IsNaN(share)) return double.NaN;
        var position = (Count - 1) * Math.Clamp(share, 0, 1);
        var index = (long)Math.Floor(position);
        if (index >= Count - 1) return _values[^1];
        double low = At(index), high = At(index + 1), fraction = position - index;
        return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
    }

    /// <summary>Where the quantile at <paramref name="share"/> lies, given the <see cref="Error"/>.</summary>
    public (double Low, double High) QuantileRange(double share) =>
        Error == 0 ? (Quantile(share), Quantile(share))
            : (share - Error <= 0 ? Min : Quantile(share - Error), share + Error >= 1 ? Max : Quantile(share + Error));

    /// <summary>Counts in the bins (edge[k-1], edge[k]], the outer bins open.</summary>
    /// <param name="edges">Inner edges, ascending.</param>
    public long[] CountsIn(IReadOnlyList<double> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);
        var counts = new long[edges.Count + 1];
        long before = 0;
        for (var i = 0; i < edges.Count; i++)
        {
            var upTo = UpTo(edges[i]);
            (counts[i], before) = (upTo - before, upTo);
        }
        counts[^1] = Count - before;
        return counts;
    }

    /// <summary>Every value as often as it stands in the sample, ascending.</summary>
    public double[] Expand()
    {
        var result = new double[Count];
        for (var i = 0; i < _values.Length; i++) result.AsSpan((int)(i == 0 ? 0 : _ends[i - 1])..(int)_ends[i]).Fill(_values[i]);
        return result;
    }

    private static WeightedSample Exact(double[] values, long[] ends) =>
        new(values, ends, ends.Length == 0 ? 0 : ends[^1], 0, values.Length == 0 ? double.NaN : values[0], values.Length == 0 ? double.NaN : values[^1], null);

    private static (double[] Values, long[] Ends) Joined(ReadOnlySpan<double> ascending, ReadOnlySpan<long> ends)
    {
        var values = new List<double>(ascending.Length);
        var joined = new List<long>(ascending.Length);
        for (var i = 0; i < ascending.Length; i++)
        {
            if (values.Count > 0 && values[^1] == ascending[i])
            {
                joined[^1] = ends[i];
                continue;
            }
            values.Add(ascending[i]);
            joined.Add(ends[i]);
        }
        return ([.. values], [.. joined]);
    }

    private static (double Mean, double Sd) MomentsOf(double[] values, long[] ends)
    {
        if (values.Length == 0) return (double.NaN, double.NaN);
        double mean = 0, squares = 0, n = ends[^1];
        for (var i = 0; i < values.Length; i++) mean += values[i] * ((ends[i] - (i == 0 ? 0 : ends[i - 1])) / n);
        for (var i = 0; i < values.Length; i++) squares += (values[i] - mean) * (values[i] - mean) * ((ends[i] - (i == 0 ? 0 : ends[i - 1])) / n);
        return (mean, values.Length == 1 ? 0 : Math.Sqrt(squares));
    }
}
