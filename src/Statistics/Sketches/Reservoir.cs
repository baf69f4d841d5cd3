namespace Holdfast.Statistics.Sketches;

/// <summary>
/// A uniform sample without replacement of fixed size: the k values whose keys have the smallest hashes ("bottom-k"; Cohen and Kaplan 2007).
/// It depends only on the set of (key, value), so adding and merging in any order give the same sample. One hash and one comparison for a value that is
/// not taken, O(log k) else.
/// </summary>
public sealed class Reservoir
{
    private const byte Version = 1;

    private readonly BottomK _kept;
    private double[] _values;

    /// <summary>An empty sample.</summary>
    /// <param name="capacity">Values kept; 0 keeps none. 2,000 resolves a KS distance of about 0.04.</param>
    /// <param name="seed">Seed of the hash; samples to be merged need the same one.</param>
    public Reservoir(int capacity, ulong seed)
    {
        _kept = new BottomK(capacity, seed, (a, b) => _values![a].CompareTo(_values[b]));
        _values = new double[Math.Min(capacity, 255) + 1];
    }

    /// <summary>Most values kept.</summary>
    public int Capacity => _kept.Capacity;

    /// <summary>Seed of the hash.</summary>
    public ulong Seed => _kept.Seed;

    /// <summary>Values held now.</summary>
    public int Count => _kept.Count;

    /// <summary>Offers a value under a key that is unique in the stream, such as its log position; NaN and infinities are passed over.</summary>
    public void Add(double value, ulong key)
    {
        if (_kept.Passes(key) && double.IsFinite(value)) Take(value, key);
    }

    /// <summary>Offers values under consecutive keys from <paramref name="firstKey"/>; NaN and infinities are passed over, with their keys.</summary>
    public void Add(ReadOnlySpan<double> values, ulong firstKey)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var key = firstKey + (ulong)i;
            if (_kept.Passes(key) && double.IsFinite(values[i])) Take(values[i], key);
        }
    }

    /// <summary>Takes over another sample of the same seed.</summary>
    public void Merge(Reservoir other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Seed != Seed) throw new ArgumentException("Samples with different seeds cannot be merged.", nameof(other));
        foreach (var item in other._kept.ByRank()) Add(other._values[item.Slot], item.Key);
    }

    /// <summary>The sampled values ascending by key: in order of arrival if the keys are positions.</summary>
    public double[] InKeyOrder()
    {
        var items = _kept.ByKey();
        var result = new double[items.Length];
        for (var i = 0; i < result.Length; i++) result[i] = _values[items[i].Slot];
        return result;
    }

    /// <summary>The sample as bytes: a version byte, little-endian fields, a checksum. Equal samples give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        Write(writer);
        return writer.Finish();
    }

    /// <summary>The sample stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static Reservoir FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "sample", Version);
        var result = Read(ref reader);
        reader.End();
        return result;
    }

    internal void Write(SketchWriter writer)
    {
        writer.UInt64(Seed);
        writer.Int32(Capacity);
        writer.Int32(Count);
        foreach (var item in _kept.ByRank())
        {
            writer.UInt64(item.Key);
            writer.Double(_values[item.Slot]);
        }
    }

    internal static Reservoir Read(ref SketchReader reader)
    {
        var seed = reader.UInt64();
        var capacity = reader.Int32();
        reader.Require(capacity >= 0, "the size of the sample is negative");
        var result = new Reservoir(capacity, seed);
        var count = reader.Length(16);
        reader.Require(count <= capacity, "the sample is larger than its size");
        for (; count > 0; count--)
        {
            var key = reader.UInt64();
            result.Add(reader.Double(), key);
        }
        return result;
    }

    private void Take(double value, ulong key)
    {
        if (_kept.Spare >= _values.Length) Array.Resize(ref _values, (int)Math.Min((long)Capacity + 1, 2L * _values.Length));
        _values[_kept.Spare] = value;
        _kept.Offer(key);
    }
}
