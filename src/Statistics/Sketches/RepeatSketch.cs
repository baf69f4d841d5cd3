namespace Holdfast.Statistics.Sketches;

/// <summary>
/// How often the different keys of a stream come, in bounded memory: the keys with the smallest hashes are kept, each with its exact count, a uniform sample
/// of the different keys (Gibbons, VLDB 2001). Exact until more than 2k different keys were seen. The same in any order of adding and merging, up to the
/// moment at which the sample is thinned: the counts are exact whenever that was.
/// </summary>
public sealed class RepeatSketch
{
    private readonly Dictionary<ulong, long> _counts = [];
    private ulong _threshold = ulong.MaxValue;

    /// <summary>Nothing seen yet.</summary>
    /// <param name="size">k, at least 16: so many different keys are kept at least. Default 32,768, at most 2 MB.</param>
    public RepeatSketch(int size = 1 << 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 16);
        Size = size;
    }

    /// <summary>k.</summary>
    public int Size { get; }

    /// <summary>Keys seen, repeated ones each time.</summary>
    public long Total { get; private set; }

    /// <summary>True while every key is kept.</summary>
    public bool IsExact => _threshold == ulong.MaxValue;

    /// <summary>Number of different keys: exact while all are kept, then Total over the mean count of those kept.</summary>
    public double Distinct => _counts.Count == 0 ? 0 : IsExact ? _counts.Count : Total / Mean;

    /// <summary>Share of keys that repeat an earlier one, in [0, 1]; 0 without any.</summary>
    public double RepeatedShare => Total == 0 ? 0 : 1 - Distinct / Total;

    /// <summary>
    /// Error of <see cref="RepeatedShare"/> with 99 % confidence (delta method for the mean count, and 4.6 / k for what k keys cannot show); 0 while exact.
    /// </summary>
    public double Error
    {
        get
        {
            if (IsExact || _counts.Count < 2) return 0;
            double mean = Mean, squares = 0;
            foreach (var count in _counts.Values) squares += (count - mean) * (count - mean);
            return 2.576 * Math.Sqrt(squares) / _counts.Count / (mean * mean) + 4.6 / _counts.Count;
        }
    }

    private double Mean => (double)_counts.Values.Sum() / _counts.Count;

    /// <summary>Adds a key, mixed here.</summary>
    public void Add(ulong key) => Keep(Hash.Mix(key), 1);

    /// <summary>Takes over another of the same size.</summary>
    public void Merge(RepeatSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(other, this)) throw new ArgumentException("A sketch cannot be merged into itself.", nameof(other));
        if (other.Size != Size) throw new ArgumentException($"Sketches of size {Size} and {other.Size} cannot be merged.", nameof(other));
        if (other._threshold < _threshold) Thin(other._threshold);
        var before = Total;
        foreach (var (hash, count) in other._counts) Keep(hash, count);
        Total = before + other.Total;
    }

    /// <summary>How many different keys came once, twice, …; estimated from those kept once they are not all.</summary>
    public IReadOnlyDictionary<long, double> Times()
    {
        var weight = _counts.Count == 0 ? 1 : Distinct / _counts.Count;
        return _counts.Values.GroupBy(c => c).ToDictionary(g => g.Key, g => g.Count() * weight);
    }

    private void Keep(ulong hash, long count)
    {
        Total += count;
        if (hash > _threshold) return;
        _counts[hash] = _counts.GetValueOrDefault(hash) + count;
        if (_counts.Count <= 2 * Size) return;
        ulong[] hashes = [.. _counts.Keys];
        Array.Sort(hashes);
        Thin(hashes[Size - 1]);
    }

    private void Thin(ulong threshold)
    {
        _threshold = threshold;
        foreach (var hash in _counts.Keys.Where(h => h > threshold).ToList()) _counts.Remove(hash);
    }
}
