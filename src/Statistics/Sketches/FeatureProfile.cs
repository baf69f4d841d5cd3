using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Everything the drift measures need about one feature in one window, in bounded memory: counts in fixed reference bins, missing values, moments,
/// categories, and a sample of values. Profiles over the same bins merge; the order of adding and merging does not matter (moments: up to rounding).
/// Not safe for concurrent writers: one profile a writer, then merge.
/// </summary>
public sealed class FeatureProfile
{
    private const byte Version = 1;

    /// <summary>Size of the sample by default.</summary>
    public const int DefaultSampleSize = 2000;

    private readonly long[] _counts;
    private readonly Reservoir _sample;
    private CategoryCounts _categories;
    private ulong _position;

    /// <summary>An empty profile.</summary>
    /// <param name="bins">The bins, from the reference.</param>
    /// <param name="seed">Seed of the sample; profiles to be merged need the same one. Default 0.</param>
    /// <param name="sampleSize">Values kept (numeric features only). Default 2,000.</param>
    public FeatureProfile(ReferenceBins bins, ulong seed = 0, int sampleSize = DefaultSampleSize)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Bins = bins;
        _counts = new long[bins.Count];
        _sample = new Reservoir(sampleSize, seed);
        _categories = new CategoryCounts();
    }

    /// <summary>The bins.</summary>
    public ReferenceBins Bins { get; }

    /// <summary>Counts in the bins; missing values are not in them.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Rows seen, missing included.</summary>
    public long Total { get; private set; }

    /// <summary>Rows without a value: null, NaN, and infinities.</summary>
    public long Missing { get; private set; }

    /// <summary>Infinite values among the missing: a data-quality event of its own.</summary>
    public long Infinite { get; private set; }

    /// <summary>Share of missing rows in [0, 1]; 0 without rows.</summary>
    public double MissingShare => Total == 0 ? 0 : (double)Missing / Total;

    /// <summary>Moments of the finite numbers.</summary>
    public Moments Moments { get; private set; } = Moments.Empty;

    /// <summary>Counts of categories (categorical features only).</summary>
    public CategoryCounts Categories => _categories;

    /// <summary>Rows whose category has no bin of its own.</summary>
    public long Unseen => Bins.IsCategorical ? _counts[^1] : 0;

    /// <summary>Share of present rows whose category has no bin of its own, in [0, 1]; 0 for numbers.</summary>
    public double UnseenShare => Total == Missing ? 0 : (double)Unseen / (Total - Missing);

    /// <summary>A uniform sample of the finite values, in order of arrival (of keys).</summary>
    public double[] Sample() => _sample.InKeyOrder();

    /// <summary>The sample, ascending.</summary>
    public double[] SortedSample()
    {
        var sample = _sample.InKeyOrder();
        Array.Sort(sample);
        return sample;
    }

    /// <summary>Adds a number, under the next position of this profile. NaN and infinities count as missing.</summary>
    public void Add(double value) => Add(value, _position);

    /// <summary>
    /// Adds a number under a key unique in the whole stream (its log position). Use this when profiles of parts are merged later: equal keys in two
    /// parts would sample them together.
    /// </summary>
    public void Add(double value, ulong key)
    {
        Advance(key);
        Total++;
        var bin = Bins.IndexOf(value);
        if (bin < 0)
        {
            Missing++;
            if (double.IsInfinity(value)) Infinite++;
            return;
        }
        _counts[bin]++;
        Moments = Moments.Add(value);
        _sample.Add(value, key);
    }

    /// <summary>Adds a category; null counts as missing.</summary>
    public void Add(string? category)
    {
        Advance(_position);
        Total++;
        var bin = Bins.IndexOf(category);
        if (bin < 0)
        {
            Missing++;
            return;
        }
        _counts[bin]++;
        _categories.Add(category!);
    }

    /// <summary>Adds a row without a value.</summary>
    public void AddMissing()
    {
        Advance(_position);
        Total++;
        Missing++;
    }

    /// <summary>Takes over another profile over the same bins and with the same seed.</summary>
    public void Merge(FeatureProfile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Bins.SameBinsAs(other.Bins)) throw new ArgumentException("Profiles over different bins cannot be merged: both must be counted against the same reference.", nameof(other));
        _sample.Merge(other._sample);
        _categories.Merge(other._categories);
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        Total += other.Total;
        Missing += other.Missing;
        Infinite += other.Infinite;
        Moments = Moments.Merge(other.Moments);
        _position = Math.Max(_position, other._position);
    }

    /// <summary>The profile as bytes: a version byte, then little-endian fields, bins included. Equal profiles give equal bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        WriteBins(writer);
        foreach (var count in _counts) writer.Write(count);
        writer.Write(Total);
        writer.Write(Missing);
        writer.Write(Infinite);
        writer.Write(_position);
        writer.Write(Moments.Count);
        writer.Write(Moments.Mean);
        writer.Write(Moments.M2);
        writer.Write(Moments.Min);
        writer.Write(Moments.Max);
        writer.Write(_sample.Seed);
        writer.Write(_sample.Capacity);
        writer.Write(_sample.Count);
        foreach (var (key, value) in _sample.Items())
        {
            writer.Write(key);
            writer.Write(value);
        }
        _categories.Write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>The profile stored by <see cref="ToBytes"/>. Throws <see cref="FormatException"/> for another version or damaged bytes.</summary>
    public static FeatureProfile FromBytes(ReadOnlySpan<byte> bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray(), writable: false));
        try
        {
            var version = reader.ReadByte();
            if (version != Version) throw new FormatException($"A feature profile of version {version} cannot be read; this release reads version {Version}.");
            return Read(reader);
        }
        catch (Exception error) when (error is EndOfStreamException or ArgumentException or OverflowException)
        {
            throw new FormatException("The bytes are not a whole feature profile: " + error.Message, error);
        }
    }

    private static FeatureProfile Read(BinaryReader reader)
    {
        var bins = ReadBins(reader);
        var counts = new long[bins.Count];
        for (var i = 0; i < counts.Length; i++) counts[i] = reader.ReadInt64();
        long total = reader.ReadInt64(), missing = reader.ReadInt64(), infinite = reader.ReadInt64();
        var position = reader.ReadUInt64();
        var moments = new Moments(reader.ReadInt64(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        var seed = reader.ReadUInt64();
        var result = new FeatureProfile(bins, seed, reader.ReadInt32()) { Total = total, Missing = missing, Infinite = infinite, Moments = moments, _position = position };
        counts.CopyTo(result._counts, 0);
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var key = reader.ReadUInt64();
            result._sample.Add(reader.ReadDouble(), key);
        }
        result._categories = CategoryCounts.Read(reader);
        return result;
    }

    private void WriteBins(BinaryWriter writer)
    {
        writer.Write(Bins.IsCategorical);
        writer.Write(Bins.Count);
        foreach (var edge in Bins.Edges) writer.Write(edge);
        foreach (var category in Bins.Categories) writer.Write(category);
        foreach (var count in Bins.ReferenceCounts) writer.Write(count);
    }

    private static ReferenceBins ReadBins(BinaryReader reader)
    {
        var categorical = reader.ReadBoolean();
        var count = reader.ReadInt32();
        if (count < 1 || count > 1_000_000) throw new FormatException($"The bytes are not a whole feature profile: {count} bins.");
        var edges = categorical ? null : new double[count - 1];
        var categories = categorical ? new string[count - 1] : null;
        for (var i = 0; i < count - 1; i++)
        {
            if (edges is not null) edges[i] = reader.ReadDouble(); else categories![i] = reader.ReadString();
        }
        var reference = new long[count];
        for (var i = 0; i < count; i++) reference[i] = reader.ReadInt64();
        return ReferenceBins.FromState(new ReferenceBinsState(edges, categories, reference));
    }

    private void Advance(ulong key)
    {
        if (key >= _position) _position = key + 1;
    }
}
