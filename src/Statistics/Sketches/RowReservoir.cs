namespace Holdfast.Statistics.Sketches;

/// <summary>
/// A uniform sample of whole rows, by the hashes of their keys as in <see cref="Reservoir"/>: the values of one row stay together, so correlations,
/// moments of change and what other columns did meanwhile can be read off it. The sample of merged parts is that of the whole, in any order.
/// </summary>
public sealed class RowReservoir
{
    /// <summary>Rows kept by default: they resolve a PSI of 0.02 and a KS distance of 0.04.</summary>
    public const int DefaultCapacity = 2000;

    private const byte Version = 1;

    private readonly BottomK _kept;
    private double[] _cells;

    /// <summary>An empty sample.</summary>
    /// <param name="width">Values in a row, &gt;= 0.</param>
    /// <param name="capacity">Rows kept. Default 2,000; the memory is 8 bytes a value.</param>
    /// <param name="seed">Seed of the hash; samples to be merged need the same one. Default 0.</param>
    public RowReservoir(int width, int capacity = DefaultCapacity, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        _kept = new BottomK(capacity, seed, (a, b) => Row(a).SequenceCompareTo(Row(b)));
        Width = width;
        _cells = [];
    }

    /// <summary>Values in a row.</summary>
    public int Width { get; private set; }

    /// <summary>Most rows kept.</summary>
    public int Capacity => _kept.Capacity;

    /// <summary>Seed of the hash.</summary>
    public ulong Seed => _kept.Seed;

    /// <summary>Rows held now.</summary>
    public int Count => _kept.Count;

    /// <summary>False if a row of this key would not be taken: then it need not be gathered.</summary>
    public bool Wants(ulong key) => _kept.Passes(key);

    /// <summary>Offers a row under a key unique in the whole stream, such as its log position. NaN stands for a missing value.</summary>
    public void Add(ReadOnlySpan<double> row, ulong key)
    {
        if (row.Length != Width) throw new ArgumentException($"The row has {row.Length} values, the sample {Width}.", nameof(row));
        if (!_kept.Passes(key)) return;
        var needed = (_kept.Spare + 1) * Width;
        if (_cells.Length < needed) Array.Resize(ref _cells, (int)Math.Min(((long)Capacity + 1) * Width, Math.Max(2L * _cells.Length, 16L * Width)));
        row.CopyTo(_cells.AsSpan(_kept.Spare * Width, Width));
        _kept.Offer(key);
    }

    /// <summary>Takes over another sample of the same width and seed.</summary>
    public void Merge(RowReservoir other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Seed != Seed) throw new ArgumentException("Samples with different seeds cannot be merged.", nameof(other));
        if (other.Width != Width) throw new ArgumentException($"Samples of rows of {Width} and {other.Width} values cannot be merged.", nameof(other));
        foreach (var item in other._kept.ByRank()) Add(other.Row(item.Slot), item.Key);
    }

    /// <summary>Makes the rows wider; the new values of the rows held are NaN.</summary>
    public void Widen(int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, Width);
        var cells = new double[(_kept.Count + 1) * width];
        Array.Fill(cells, double.NaN);
        foreach (var item in _kept.ByRank()) Row(item.Slot).CopyTo(cells.AsSpan(item.Slot * width));
        (Width, _cells) = (width, cells);
    }

    /// <summary>The keys of the sampled rows, ascending.</summary>
    public ulong[] Keys() => Array.ConvertAll(_kept.ByKey(), item => item.Key);

    /// <summary>The sampled rows ascending by key: in order of arrival if the keys are positions.</summary>
    public double[][] Rows() => Array.ConvertAll(_kept.ByKey(), item => Row(item.Slot).ToArray());

    /// <summary>One column of the sampled rows, in the order of <see cref="Rows"/>.</summary>
    public double[] Column(int column)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, Width);
        return Array.ConvertAll(_kept.ByKey(), item => _cells[item.Slot * Width + column]);
    }

    /// <summary>The sample as bytes: a version byte, little-endian fields, a checksum. Equal samples give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        writer.UInt64(Seed);
        writer.Int32(Capacity);
        writer.Int32(Width);
        writer.Int32(Count);
        foreach (var item in _kept.ByRank())
        {
            writer.UInt64(item.Key);
            writer.Doubles(Row(item.Slot));
        }
        return writer.Finish();
    }

    /// <summary>The sample stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static RowReservoir FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "sample of rows", Version);
        var seed = reader.UInt64();
        var (capacity, width) = (reader.Int32(), reader.Int32());
        reader.Require(capacity >= 0 && width >= 0 && width < 1_000_000, "the size of the sample is out of range");
        var result = new RowReservoir(width, capacity, seed);
        var row = new double[width];
        var count = reader.Length(8 + 8 * width);
        reader.Require(count <= capacity, "the sample is larger than its size");
        for (; count > 0; count--)
        {
            var key = reader.UInt64();
            reader.Doubles(row);
            result.Add(row, key);
        }
        reader.End();
        return result;
    }

    internal IEnumerable<(ulong Key, double[] Row)> ByRank()
    {
        foreach (var item in _kept.ByRank()) yield return (item.Key, Row(item.Slot).ToArray());
    }

    /// <summary>Replaces the values of a column in the rows held.</summary>
    internal void Recode(int column, Func<double, double> code)
    {
        foreach (var item in _kept.ByRank())
        {
            ref var cell = ref _cells[item.Slot * Width + column];
            cell = code(cell);
        }
    }

    private Span<double> Row(int slot) => _cells.AsSpan(slot * Width, Width);
}
