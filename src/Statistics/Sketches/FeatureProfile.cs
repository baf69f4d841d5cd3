using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Everything the drift measures need about one feature in one window, in bounded memory: counts in fixed reference bins, missing values, moments,
/// categories, and a sample of values. Profiles over the same bins merge; the order of adding and merging does not matter (moments: up to rounding).
/// Not safe for concurrent writers: one profile a writer, then merge.
/// </summary>
public sealed class FeatureProfile
{
    // 2: moments in blocks, a checksum. 1: moments alone.
    private const byte Version = 2;

    /// <summary>Size of the sample by default.</summary>
    public const int DefaultSampleSize = 2000;

    private readonly long[] _counts;
    private readonly EdgeSearch? _search;
    private Reservoir _sample;
    private MomentSums _moments = new();
    private CategoryCounts _categories;
    private ulong _position;

    /// <summary>An empty profile.</summary>
    /// <param name="bins">The bins, from the reference.</param>
    /// <param name="seed">Seed of the sample; profiles to be merged need the same one. Default 0.</param>
    /// <param name="sampleSize">Values kept (numeric features only); 0 keeps none, for where whole rows are sampled (<see cref="TableProfile"/>). Default 2,000.</param>
    public FeatureProfile(ReferenceBins bins, ulong seed = 0, int sampleSize = DefaultSampleSize)
    {
        ArgumentNullException.ThrowIfNull(bins);
        Bins = bins;
        _counts = new long[bins.Count];
        _search = bins.IsCategorical ? null : new EdgeSearch([.. bins.Edges]);
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
    public Moments Moments => _moments.Moments;

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
        var search = _search ?? throw Categorical();
        Advance(key);
        Total++;
        if (!double.IsFinite(value))
        {
            Missing++;
            if (double.IsInfinity(value)) Infinite++;
            return;
        }
        _counts[search.IndexOf(value)]++;
        _moments.Add(value);
        _sample.Add(value, key);
    }

    /// <summary>Adds numbers under the next positions of this profile.</summary>
    public void Add(ReadOnlySpan<double> values) => Add(values, _position);

    /// <summary>Adds numbers under consecutive keys: the same profile, to the last bit, as one by one, in a fraction of the time.</summary>
    /// <param name="values">The numbers; NaN and infinities count as missing.</param>
    /// <param name="firstKey">Key of the first.</param>
    public void Add(ReadOnlySpan<double> values, ulong firstKey)
    {
        var search = _search ?? throw Categorical();
        if (values.Length == 0) return;
        Advance(firstKey + (ulong)values.Length - 1);
        Total += values.Length;
        _sample.Add(values, firstKey);
        Span<double> room = stackalloc double[FiniteBlocks.Size];
        long missing = 0, infinite = 0;
        for (; values.Length > 0; values = values[Math.Min(values.Length, FiniteBlocks.Size)..])
        {
            var block = FiniteBlocks.Of(values[..Math.Min(values.Length, FiniteBlocks.Size)], room, ref missing, ref infinite);
            search.Count(block, _counts);
            _moments.Add(block);
        }
        Missing += missing;
        Infinite += infinite;
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
        _moments.Merge(other._moments);
        _position = Math.Max(_position, other._position);
    }

    /// <summary>The profile as bytes: a version byte, then little-endian fields, bins included, and a checksum. Equal profiles give equal bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = new SketchWriter(Version);
        Write(writer);
        return writer.Finish();
    }

    /// <summary>
    /// The profile stored by <see cref="ToBytes"/> of this release or of 0.1 (version 1). Throws <see cref="FormatException"/> for another version or
    /// damaged bytes.
    /// </summary>
    public static FeatureProfile FromBytes(ReadOnlySpan<byte> bytes)
    {
        var reader = new SketchReader(bytes, "feature profile", Version, plain: 1);
        var result = Read(ref reader, plain: reader.Version == 1);
        reader.End();
        return result;
    }

    internal void Write(SketchWriter writer)
    {
        WriteBins(writer);
        writer.Int64s(_counts);
        writer.Int64(Total);
        writer.Int64(Missing);
        writer.Int64(Infinite);
        writer.UInt64(_position);
        _moments.Write(writer);
        _sample.Write(writer);
        _categories.Write(writer);
    }

    internal static FeatureProfile Read(ref SketchReader reader, bool plain = false)
    {
        var bins = ReadBins(ref reader);
        var result = new FeatureProfile(bins, sampleSize: 0);
        reader.Counts(result._counts);
        (result.Total, result.Missing, result.Infinite) = (reader.Count(), reader.Count(), reader.Count());
        result._position = reader.UInt64();
        result._moments = plain ? MomentSums.Of(Moments.Read(ref reader)) : MomentSums.Read(ref reader);
        result._sample = Reservoir.Read(ref reader);
        result._categories = CategoryCounts.Read(ref reader);
        return result;
    }

    private void WriteBins(SketchWriter writer)
    {
        writer.Bool(Bins.IsCategorical);
        writer.Int32(Bins.Count);
        foreach (var edge in Bins.Edges) writer.Double(edge);
        foreach (var category in Bins.Categories) writer.Text(category);
        writer.Int64s(Bins.ReferenceCounts);
    }

    private static ReferenceBins ReadBins(ref SketchReader reader)
    {
        var categorical = reader.Bool();
        var count = reader.Length(sizeof(long));
        reader.Require(count >= 1, "there are no bins");
        var edges = categorical ? null : new double[count - 1];
        var categories = categorical ? new string[count - 1] : null;
        for (var i = 0; i < count - 1; i++)
        {
            if (edges is not null) edges[i] = reader.Double(); else categories![i] = reader.Text();
        }
        var reference = new long[count];
        reader.Counts(reference);
        for (var i = 1; edges is not null && i < edges.Length; i++) reader.Require(edges[i - 1] < edges[i], "the edges do not ascend");
        return ReferenceBins.FromState(new ReferenceBinsState(edges, categories, reference));
    }

    private static InvalidOperationException Categorical() => new("These bins hold categories: pass the category as text.");

    private void Advance(ulong key)
    {
        if (key >= _position) _position = key + 1;
    }
}
