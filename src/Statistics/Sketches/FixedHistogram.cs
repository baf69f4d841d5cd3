using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Exact counts of numbers in fixed bins (edge[k-1], edge[k]], the outer bins open. Mergeable and subtractable, so a sliding window is the sum of its
/// parts less what left it. NaN and infinities are counted in <see cref="Missing"/>.
/// </summary>
public sealed class FixedHistogram
{
    private const byte Version = 1;
    private readonly double[] _edges;
    private readonly EdgeSearch _search;
    private readonly long[] _counts;

    /// <summary>An empty histogram.</summary>
    /// <param name="edges">Inner edges, finite and ascending; none gives a single bin.</param>
    public FixedHistogram(ReadOnlySpan<double> edges)
    {
        _edges = edges.ToArray();
        for (var i = 0; i < _edges.Length; i++)
        {
            if (!double.IsFinite(_edges[i])) throw new ArgumentException($"Edge {i} is not a finite number.", nameof(edges));
            if (i > 0 && !(_edges[i - 1] < _edges[i])) throw new ArgumentException($"Edge {i} is not above edge {i - 1}.", nameof(edges));
        }
        _search = new EdgeSearch(_edges);
        _counts = new long[_edges.Length + 1];
    }

    /// <summary>An empty histogram in the numeric bins of a reference.</summary>
    public FixedHistogram(ReferenceBins bins)
        : this(EdgesOf(bins))
    {
    }

    /// <summary>Inner edges.</summary>
    public ReadOnlySpan<double> Edges => _edges;

    /// <summary>Counts in the bins.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>NaN and infinities seen.</summary>
    public long Missing { get; private set; }

    /// <summary>Finite values in all bins.</summary>
    public long Count
    {
        get
        {
            long sum = 0;
            foreach (var count in _counts) sum += count;
            return sum;
        }
    }

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        if (double.IsFinite(value)) _counts[_search.IndexOf(value)]++; else Missing++;
    }

    /// <summary>Adds values; several times faster than one by one.</summary>
    public void Add(ReadOnlySpan<double> values)
    {
        Span<double> room = stackalloc double[FiniteBlocks.Size];
        long missing = 0, infinite = 0;
        for (; values.Length > 0; values = values[Math.Min(values.Length, FiniteBlocks.Size)..])
            _search.Count(FiniteBlocks.Of(values[..Math.Min(values.Length, FiniteBlocks.Size)], room, ref missing, ref infinite), _counts);
        Missing += missing;
    }

    /// <summary>Adds the counts of another over the same edges.</summary>
    public void Merge(FixedHistogram other)
    {
        Check(other);
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Missing += other.Missing;
    }

    /// <summary>Takes away the counts of another that was merged before. Refused, with nothing changed, if a count would become negative.</summary>
    public void Subtract(FixedHistogram other)
    {
        Check(other);
        for (var i = 0; i < _counts.Length; i++)
        {
            if (other._counts[i] > _counts[i]) throw new ArgumentException($"Bin {i} has {_counts[i]} values and {other._counts[i]} are to be taken away: that part was never added.", nameof(other));
        }
        if (other.Missing > Missing) throw new ArgumentException($"{Missing} values are missing and {other.Missing} are to be taken away: that part was never added.", nameof(other));
        for (var i = 0; i < _counts.Length; i++) _counts[i] -= other._counts[i];
        Missing -= other.Missing;
    }

    /// <summary>The histogram as bytes: a version byte, little-endian fields, a checksum. Equal histograms give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        writer.Int32(_edges.Length);
        writer.Doubles(_edges);
        writer.Int64s(_counts);
        writer.Int64(Missing);
        return writer.Finish();
    }

    /// <summary>The histogram stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static FixedHistogram FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "histogram", Version);
        var edges = new double[reader.Length(2 * sizeof(double))];
        reader.Doubles(edges);
        for (var i = 0; i < edges.Length; i++) reader.Require(double.IsFinite(edges[i]) && (i == 0 || edges[i - 1] < edges[i]), "the edges do not ascend");
        var result = new FixedHistogram(edges);
        reader.Counts(result._counts);
        result.Missing = reader.Count();
        reader.End();
        return result;
    }

    private void Check(FixedHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!_edges.AsSpan().SequenceEqual(other._edges)) throw new ArgumentException("Histograms over different edges cannot be put together.", nameof(other));
    }

    private static double[] EdgesOf(ReferenceBins bins)
    {
        ArgumentNullException.ThrowIfNull(bins);
        if (bins.IsCategorical) throw new ArgumentException("These bins hold categories: a histogram counts numbers.", nameof(bins));
        return [.. bins.Edges];
    }
}
