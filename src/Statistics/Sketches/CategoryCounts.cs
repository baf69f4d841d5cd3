namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Counts of categories in bounded memory. Exact up to the limit; beyond it, those categories are kept whose hashes are smallest, each with its
/// exact count, and the number of distinct ones is estimated from the largest kept hash (Bar-Yossef et al. 2002, relative error about 1/sqrt(limit)).
/// The same in any order of adding and merging.
/// </summary>
public sealed class CategoryCounts
{
    private const byte Version = 1;

    private readonly Dictionary<ulong, (string Name, long Count)> _kept = [];
    private readonly SortedSet<ulong> _ranks = [];

    /// <summary>No categories yet.</summary>
    /// <param name="limit">Most categories kept, at least 2.</param>
    public CategoryCounts(int limit = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 2);
        Limit = limit;
    }

    /// <summary>Most categories kept.</summary>
    public int Limit { get; }

    /// <summary>Sum of all counts, dropped categories included.</summary>
    public long Total { get; private set; }

    /// <summary>True once a category was dropped: then <see cref="Counts"/> is a sample of the categories.</summary>
    public bool Sampled { get; private set; }

    private ulong _threshold = ulong.MaxValue;

    /// <summary>Number of distinct categories: exact until <see cref="Sampled"/>, then an estimate.</summary>
    public double Distinct => Sampled ? _kept.Count / ((double)_threshold / ulong.MaxValue) : _kept.Count;

    /// <summary>Adds <paramref name="count"/> &gt;= 0 of a category.</summary>
    public void Add(string category, long count = 1)
    {
        ArgumentNullException.ThrowIfNull(category);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Total += count;
        Keep(category, count);
    }

    /// <summary>Adds all of another.</summary>
    public void Merge(CategoryCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Total += other.Total;
        if (other.Sampled) Tighten(other._threshold);
        foreach (var (name, count) in other._kept.Values) Keep(name, count);
    }

    /// <summary>The kept categories with their counts, most frequent first, ties by ordinal order.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Top(int limit = int.MaxValue)
    {
        var items = new List<KeyValuePair<string, long>>(_kept.Count);
        foreach (var (name, count) in _kept.Values) items.Add(new(name, count));
        items.Sort((x, y) => x.Value != y.Value ? y.Value.CompareTo(x.Value) : string.CompareOrdinal(x.Key, y.Key));
        if (items.Count > limit) items.RemoveRange(limit, items.Count - limit);
        return items;
    }

    /// <summary>The kept categories with their counts.</summary>
    public Dictionary<string, long> Counts()
    {
        var result = new Dictionary<string, long>(_kept.Count, StringComparer.Ordinal);
        foreach (var (name, count) in _kept.Values) result[name] = count;
        return result;
    }

    /// <summary>The counts as bytes: a version byte, little-endian fields, a checksum. Equal counts give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        Write(writer);
        return writer.Finish();
    }

    /// <summary>The counts stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static CategoryCounts FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "set of category counts", Version);
        var result = Read(ref reader);
        reader.End();
        return result;
    }

    private void Keep(string category, long count)
    {
        var rank = Hash.Text(category, 0);
        if (Sampled && rank >= _threshold) return;
        if (_kept.TryGetValue(rank, out var entry))
        {
            _kept[rank] = (entry.Name, entry.Count + count);
            return;
        }
        _kept[rank] = (category, count);
        _ranks.Add(rank);
        if (_kept.Count > Limit) Tighten(_ranks.Max);
    }

    private void Tighten(ulong threshold)
    {
        if (threshold >= _threshold && Sampled) return;
        Sampled = true;
        _threshold = threshold;
        while (_ranks.Count > 0 && _ranks.Max >= threshold)
        {
            _kept.Remove(_ranks.Max);
            _ranks.Remove(_ranks.Max);
        }
    }

    internal void Write(SketchWriter writer)
    {
        writer.Int32(Limit);
        writer.Int64(Total);
        writer.Bool(Sampled);
        writer.UInt64(_threshold);
        writer.Int32(_kept.Count);
        foreach (var rank in _ranks)
        {
            var (name, count) = _kept[rank];
            writer.Text(name);
            writer.Int64(count);
        }
    }

    internal static CategoryCounts Read(ref SketchReader reader)
    {
        var limit = reader.Int32();
        reader.Require(limit >= 2, "the limit of categories is below 2");
        var result = new CategoryCounts(limit);
        var total = reader.Count();
        result.Sampled = reader.Bool();
        result._threshold = reader.UInt64();
        for (var left = reader.Length(9); left > 0; left--)
        {
            var name = reader.Text();
            result.Keep(name, reader.Count());
        }
        result.Total = total;
        return result;
    }
}
