using System.Runtime.InteropServices;

namespace Holdfast.Statistics.Sketches;

/// <summary>A frequent category with the limits of its true count.</summary>
/// <param name="Category">The category.</param>
/// <param name="Low">At least this often.</param>
/// <param name="High">At most this often: Low plus <see cref="MisraGries.Error"/>.</param>
public readonly record struct FrequentCategory(string Category, long Low, long High);

/// <summary>
/// The most frequent categories of a stream in bounded memory (Misra and Gries 1982; mergeable: Agarwal et al., PODS 2012): up to 2K counters; when
/// they are full, the (K+1)-th largest count is taken off all of them, and those at zero or below are dropped. Every count is low by at most
/// <see cref="Error"/> &lt;= N / (K + 1), so each category with more than that share is in the list. Exact until the first time counters run out.
/// Where the exact counts of a random sample of categories are wanted instead, see <see cref="CategoryCounts"/>.
/// The same for equal input; in another order of adding or merging, within the stated error.
/// </summary>
public sealed class MisraGries
{
    private const byte Version = 1;
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>No categories yet.</summary>
    /// <param name="capacity">K, at least 1: counts are within N / (K + 1). Default 100.</param>
    public MisraGries(int capacity = 100)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, int.MaxValue / 2);
        Capacity = capacity;
    }

    /// <summary>K.</summary>
    public int Capacity { get; }

    /// <summary>N: all that was added, nulls left out.</summary>
    public long Total { get; private set; }

    /// <summary>Nulls seen.</summary>
    public long Missing { get; private set; }

    /// <summary>Most that any count is too low, known from what was taken off: at most N / (K + 1), and 0 while exact.</summary>
    public long Error { get; private set; }

    /// <summary>Adds <paramref name="count"/> &gt;= 0 of a category; null counts as missing.</summary>
    public void Add(string? category, long count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (category is null)
        {
            Missing += count;
            return;
        }
        if (count == 0) return;
        Total += count;
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, category, out _) += count;
        if (_counts.Count > 2 * Capacity) Reduce();
    }

    /// <summary>Takes over another of the same capacity; the errors add up, as the totals do.</summary>
    public void Merge(MisraGries other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(other, this)) throw new ArgumentException("Counters cannot be merged into themselves.", nameof(other));
        if (other.Capacity != Capacity) throw new ArgumentException($"Counters of capacity {Capacity} and {other.Capacity} cannot be merged.", nameof(other));
        foreach (var (category, count) in other._counts) CollectionsMarshal.GetValueRefOrAddDefault(_counts, category, out _) += count;
        Total += other.Total;
        Missing += other.Missing;
        Error += other.Error;
        if (_counts.Count > 2 * Capacity) Reduce();
    }

    /// <summary>The limits of a category's true count; from 0 to <see cref="Error"/> when it has no counter.</summary>
    public FrequentCategory Find(string category)
    {
        ArgumentNullException.ThrowIfNull(category);
        var low = _counts.GetValueOrDefault(category);
        return new FrequentCategory(category, low, low + Error);
    }

    /// <summary>The categories with the largest counts, most frequent first, ties by ordinal order.</summary>
    /// <param name="limit">Most that are given back. Default: K.</param>
    public IReadOnlyList<FrequentCategory> Top(int? limit = null)
    {
        var result = new List<FrequentCategory>(_counts.Count);
        foreach (var (category, count) in _counts) result.Add(new FrequentCategory(category, count, count + Error));
        result.Sort((x, y) => x.Low != y.Low ? y.Low.CompareTo(x.Low) : string.CompareOrdinal(x.Category, y.Category));
        var kept = Math.Clamp(limit ?? Capacity, 0, result.Count);
        result.RemoveRange(kept, result.Count - kept);
        return result;
    }

    /// <summary>The counters as bytes: a version byte, little-endian fields, a checksum. Equal counters give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        writer.Int32(Capacity);
        writer.Int64(Total);
        writer.Int64(Missing);
        writer.Int64(Error);
        var top = Top(int.MaxValue);
        writer.Int32(top.Count);
        foreach (var item in top)
        {
            writer.Text(item.Category);
            writer.Int64(item.Low);
        }
        return writer.Finish();
    }

    /// <summary>The counters stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static MisraGries FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "list of frequent categories", Version);
        var capacity = reader.Int32();
        reader.Require(capacity is >= 1 and <= int.MaxValue / 2, "the capacity is out of range");
        var result = new MisraGries(capacity) { Total = reader.Count(), Missing = reader.Count(), Error = reader.Count() };
        for (var left = reader.Length(9); left > 0; left--) result._counts[reader.Text()] = reader.Count();
        reader.End();
        return result;
    }

    private void Reduce()
    {
        var counts = new long[_counts.Count];
        _counts.Values.CopyTo(counts, 0);
        Array.Sort(counts);
        var off = counts[^(Capacity + 1)];
        Error += off;
        foreach (var (category, count) in _counts)
        {
            if (count <= off) _counts.Remove(category); else _counts[category] = count - off;
        }
    }
}
