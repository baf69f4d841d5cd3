using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Statistics.Distances;

/// <summary>
/// Bins fixed once from the reference and never from pooled data, so that the score of a window does not depend on the window's neighbours
/// and current counts need only <see cref="Count"/> integers (exact, mergeable, subtractable). Immutable.
/// </summary>
public sealed partial class ReferenceBins
{
    /// <summary>The label of the last categorical bin, for values not seen in the reference or too rare for a bin of their own.</summary>
    public const string Other = "other";

    private const int IntegerLevels = 20;
    private const int MostCompared = 64;
    private const int Block = 1024;

    private readonly double[]? _edges;
    private readonly string[]? _categories;
    private readonly Dictionary<string, int>? _index;
    private readonly long[] _reference;

    private ReferenceBins(double[]? edges, string[]? categories, long[] reference)
    {
        _edges = edges;
        _categories = categories;
        _reference = reference;
        if (categories is null) return;
        _index = new Dictionary<string, int>(categories.Length, StringComparer.Ordinal);
        for (var i = 0; i < categories.Length; i++) _index[categories[i]] = i;
    }

    /// <summary>Number of bins, at least 1; for categories this includes "other".</summary>
    public int Count => _edges is null ? _categories!.Length + 1 : _edges.Length + 1;

    /// <summary>True for bins over categories, false for bins over numbers.</summary>
    public bool IsCategorical => _categories is not null;

    /// <summary>Inner edges, ascending; bin k holds (edge[k-1], edge[k]]. Empty for categories.</summary>
    public IReadOnlyList<double> Edges => _edges ?? [];

    /// <summary>The categories with a bin of their own. Empty for numbers.</summary>
    public IReadOnlyList<string> Categories => _categories ?? [];

    /// <summary>Reference counts in each bin.</summary>
    public ReadOnlySpan<long> ReferenceCounts => _reference;

    /// <summary>
    /// Bins for a numeric feature. Edges are the distinct quantiles of the finite reference values at k / <paramref name="bins"/>
    /// (linear interpolation). A value that carries at least 1 / bins of the mass gets a bin of its own, and an integer column with at most 20
    /// levels one bin a level. Bins without any reference value are merged into the next. An empty or constant reference gives one or few bins.
    /// </summary>
    /// <param name="reference">Reference values in any order; NaN and infinities are left out.</param>
    /// <param name="bins">Wanted number of bins, 2 to 1000. 10 is the convention behind the 0.1 / 0.25 bands of PSI.</param>
    public static ReferenceBins FromNumeric(ReadOnlySpan<double> reference, int bins = 10)
    {
        CheckBins(bins);
        return FromSortedNumeric(Samples.SortedFinite(reference), bins);
    }

    /// <summary>As <see cref="FromNumeric"/>, for a reference that is ascending and finite already: O(bins log n).</summary>
    public static ReferenceBins FromSortedNumeric(ReadOnlySpan<double> sortedReference, int bins = 10)
    {
        CheckBins(bins);
        var edges = IntegerLevelEdges(sortedReference) ?? QuantileEdges(sortedReference, bins, atoms: true);
        return FromSorted(WithoutEmptyBins(edges, sortedReference), sortedReference);
    }

    /// <summary>Plain quantile bins: as <see cref="FromNumeric"/> without bins for atoms; numpy's <c>unique(quantile(reference, k/bins))</c>. For comparison with other tools.</summary>
    public static ReferenceBins FromQuantiles(ReadOnlySpan<double> reference, int bins = 10)
    {
        CheckBins(bins);
        var sorted = Samples.SortedFinite(reference);
        return FromSorted(QuantileEdges(sorted, bins, atoms: false), sorted);
    }

    /// <summary>Bins with given inner edges (any order; duplicates and non-finite edges dropped), for instance fixed by the business.</summary>
    public static ReferenceBins FromEdges(ReadOnlySpan<double> edges, ReadOnlySpan<double> reference) =>
        FromSorted([.. new SortedSet<double>(Samples.Finite(edges))], Samples.SortedFinite(reference));

    /// <summary>
    /// One bin a category, most frequent first (ties by ordinal order), and a last bin <see cref="Other"/> for the rest and for unseen values.
    /// </summary>
    /// <param name="counts">Reference counts; negative counts are refused, zero counts dropped.</param>
    /// <param name="limit">Most categories with a bin of their own (default 100: beyond that the counts are too thin for a distance).</param>
    public static ReferenceBins FromCategories(IReadOnlyDictionary<string, long> counts, int limit = 100)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        var items = new List<KeyValuePair<string, long>>(counts.Count);
        foreach (var item in counts)
        {
            if (item.Value < 0) throw new ArgumentOutOfRangeException(nameof(counts), item.Value, $"The count of category '{item.Key}' is negative.");
            if (item.Value > 0) items.Add(item);
        }
        items.Sort((x, y) => x.Value != y.Value ? y.Value.CompareTo(x.Value) : string.CompareOrdinal(x.Key, y.Key));
        var kept = Math.Min(items.Count, limit);
        var categories = new string[kept];
        var reference = new long[kept + 1];
        for (var i = 0; i < items.Count; i++)
        {
            if (i < kept) categories[i] = items[i].Key;
            reference[Math.Min(i, kept)] += items[i].Value;
        }
        return new ReferenceBins(null, categories, reference);
    }

    /// <summary>The bin of a number, 0 to Count - 1; -1 for NaN and infinities, which count as missing.</summary>
    public int IndexOf(double value)
    {
        var edges = _edges ?? throw new InvalidOperationException("These bins hold categories: pass the category as text.");
        if (!double.IsFinite(value)) return -1;
        int low = 0, high = edges.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (edges[middle] < value) low = middle + 1; else high = middle;
        }
        return low;
    }

    /// <summary>The bin of a category; the last bin for unseen ones; -1 for null, which counts as missing.</summary>
    public int IndexOf(string? value)
    {
        var index = _index ?? throw new InvalidOperationException("These bins hold numbers: pass the value as a number.");
        if (value is null) return -1;
        return index.TryGetValue(value, out var bin) ? bin : index.Count;
    }

    /// <summary>Counts of a numeric sample in these bins; missing values are left out.</summary>
    public long[] CountsOf(ReadOnlySpan<double> values)
    {
        var edges = _edges ?? throw new InvalidOperationException("These bins hold categories: pass their counts.");
        var counts = new long[Count];
        if (edges.Length <= MostCompared)
        {
            for (; values.Length >= Block; values = values[Block..]) Compare(edges, values[..Block], counts);
        }
        foreach (var value in values)
        {
            var bin = IndexOf(value);
            if (bin >= 0) counts[bin]++;
        }
        return counts;
    }

    // How many values of the block are at most each edge, by comparing all of them: cheaper than a search whose branches no predictor learns.
    private static void Compare(double[] edges, ReadOnlySpan<double> block, long[] counts)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(block);
        var finite = Samples.CountFinite(block);
        var negative = finite == block.Length ? 0 : AtMost(wide, double.MinValue, below: true);
        long taken = 0;
        for (var bin = 0; bin < edges.Length; bin++)
        {
            var end = AtMost(wide, edges[bin], below: false) - negative;
            counts[bin] += end - taken;
            taken = end;
        }
        counts[^1] += finite - taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long AtMost(ReadOnlySpan<Vector<double>> values, double edge, bool below)
    {
        var bound = new Vector<double>(edge);
        var count = Vector<long>.Zero;
        if (below)
        {
            foreach (var v in values) count -= Vector.LessThan(v, bound);
        }
        else
        {
            foreach (var v in values) count -= Vector.LessThanOrEqual(v, bound);
        }
        return Vector.Sum(count);
    }

    /// <summary>As <see cref="CountsOf(ReadOnlySpan{double})"/>, for values that are ascending and finite already: O(bins log n).</summary>
    public long[] CountsOfSorted(ReadOnlySpan<double> sorted)
    {
        var edges = _edges ?? throw new InvalidOperationException("These bins hold categories: pass their counts.");
        var counts = new long[Count];
        var taken = 0;
        for (var bin = 0; bin < edges.Length; bin++)
        {
            var end = Samples.EndOf(sorted, edges[bin]);
            counts[bin] = end - taken;
            taken = end;
        }
        counts[^1] = sorted.Length - taken;
        return counts;
    }

    /// <summary>Counts of categories in these bins.</summary>
    public long[] CountsOf(IReadOnlyDictionary<string, long> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var counts = new long[Count];
        foreach (var (category, count) in values) counts[IndexOf(category)] += count;
        return counts;
    }

    /// <summary>What a reader sees for a bin: "(12.5, 40]", "= 0" for a bin of one value, "&lt;= 3", "&gt; 9", or the category.</summary>
    public string Label(int bin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bin);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bin, Count);
        if (_categories is not null) return bin < _categories.Length ? _categories[bin] : Other;
        if (_edges!.Length == 0) return "all";
        if (bin == 0) return "<= " + Text(_edges[0]);
        if (bin == _edges.Length) return "> " + Text(_edges[^1]);
        double low = _edges[bin - 1], high = _edges[bin];
        return Math.BitIncrement(low) == high ? "= " + Text(high) : $"({Text(low)}, {Text(high)}]";
    }

    /// <summary>The state to store; <see cref="FromState"/> gives equal bins back.</summary>
    public ReferenceBinsState ToState() => new(_edges, _categories, _reference);

    /// <summary>Bins from a stored state. Throws <see cref="ArgumentException"/> naming what is wrong with it.</summary>
    public static ReferenceBins FromState(ReferenceBinsState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if ((state.Edges is null) == (state.Categories is null)) throw new ArgumentException("Exactly one of edges and categories must be given.", nameof(state));
        var result = new ReferenceBins(state.Edges is null ? null : [.. state.Edges], state.Categories is null ? null : [.. state.Categories], [.. state.Reference]);
        if (result._reference.Length != result.Count)
            throw new ArgumentException($"The state has {result._reference.Length} reference counts for {result.Count} bins.", nameof(state));
        for (var i = 1; i < result.Edges.Count; i++)
        {
            if (!(result._edges![i - 1] < result._edges[i])) throw new ArgumentException($"Edge {i} is not above edge {i - 1}.", nameof(state));
        }
        return result;
    }

    /// <summary>True when both put every value into the same bin (reference counts may differ).</summary>
    public bool SameBinsAs(ReferenceBins other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _edges is null == other._edges is null
            && Edges.AsSpanOf().SequenceEqual(other.Edges.AsSpanOf())
            && (_categories ?? []).AsSpan().SequenceEqual(other._categories ?? []);
    }

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    private static void CheckBins(int bins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bins, 1000);
    }

    private static ReferenceBins FromSorted(double[] edges, ReadOnlySpan<double> sorted)
    {
        var bins = new ReferenceBins(edges, null, new long[edges.Length + 1]);
        bins.CountsOfSorted(sorted).CopyTo(bins._reference, 0);
        return bins;
    }

    private static double[]? IntegerLevelEdges(ReadOnlySpan<double> sorted)
    {
        var levels = new List<double>(IntegerLevels + 1);
        for (var i = 0; i < sorted.Length; i = Samples.EndOf(sorted, sorted[i]))
        {
            if (sorted[i] != Math.Floor(sorted[i]) || levels.Count == IntegerLevels) return null;
            levels.Add(sorted[i]);
        }
        if (levels.Count == 0) return null;
        // The outer bins are open: a value beyond the known levels joins the nearest one.
        levels.RemoveAt(levels.Count - 1);
        return [.. levels];
    }

    private static double[] QuantileEdges(ReadOnlySpan<double> sorted, int bins, bool atoms)
    {
        if (sorted.Length == 0) return [];
        var edges = new SortedSet<double>();
        for (var k = 1; k < bins; k++) edges.Add(Samples.Quantile(sorted, (double)k / bins));
        if (atoms) AddAtoms(edges, sorted, bins);
        return [.. edges];
    }

    // A run of at least n / bins equal values covers one of the places that lie that far apart.
    private static void AddAtoms(SortedSet<double> edges, ReadOnlySpan<double> sorted, int bins)
    {
        var least = (sorted.Length + bins - 1) / bins;
        for (var place = least - 1; place < sorted.Length; place += least)
        {
            var value = sorted[place];
            var below = Math.BitDecrement(value);
            if (Samples.EndOf(sorted, value) - Samples.EndOf(sorted, below) < least) continue;
            edges.Add(below);
            edges.Add(value);
        }
    }

    // A bin that the reference never fills adds a degree of freedom and no information.
    private static double[] WithoutEmptyBins(double[] edges, ReadOnlySpan<double> sorted)
    {
        var kept = new List<double>(edges.Length);
        var taken = 0;
        foreach (var edge in edges)
        {
            var next = Samples.EndOf(sorted, edge);
            if (next == taken || next == sorted.Length) continue;
            kept.Add(edge);
            taken = next;
        }
        return [.. kept];
    }
}

file static class Spans
{
    public static ReadOnlySpan<double> AsSpanOf(this IReadOnlyList<double> list) => list is double[] array ? array : [.. list];
}
