using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Distances;

public sealed partial class ReferenceBins
{
    /// <summary>
    /// As <see cref="FromNumeric"/>, for a sample held as values and counts. Equal bins where the sample is exact; else every edge that is a quantile is off
    /// by the sample's error in rank, and a value whose share is within that error of 1 / <paramref name="bins"/> may or may not have a bin of its own.
    /// </summary>
    public static ReferenceBins FromWeighted(WeightedSample reference, int bins = 10)
    {
        ArgumentNullException.ThrowIfNull(reference);
        CheckBins(bins);
        List<double> kept = [];
        long taken = 0;
        foreach (var edge in IntegerLevelEdges(reference) ?? [.. QuantileEdges(reference, bins)])
        {
            var next = reference.UpTo(edge);
            if (next == taken || next == reference.Count) continue;
            kept.Add(edge);
            taken = next;
        }
        return new ReferenceBins([.. kept], null, reference.CountsIn(kept));
    }

    private static double[]? IntegerLevelEdges(WeightedSample reference)
    {
        var values = reference.Values;
        if (values.Length is 0 or > IntegerLevels) return null;
        foreach (var value in values)
        {
            if (value != Math.Floor(value)) return null;
        }
        return values[..^1].ToArray();
    }

    private static SortedSet<double> QuantileEdges(WeightedSample reference, int bins)
    {
        var edges = new SortedSet<double>();
        if (reference.Count == 0) return edges;
        for (var k = 1; k < bins; k++) edges.Add(reference.Quantile((double)k / bins));
        var least = (reference.Count + bins - 1) / bins;
        for (var i = 0; i < reference.Values.Length; i++)
        {
            if (reference.Ends[i] - (i == 0 ? 0 : reference.Ends[i - 1]) < least) continue;
            edges.Add(Math.BitDecrement(reference.Values[i]));
            edges.Add(reference.Values[i]);
        }
        return edges;
    }
}
