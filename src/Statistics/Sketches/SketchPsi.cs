using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Sketches;

/// <summary>A population stability index from sketches.</summary>
/// <param name="Psi">The index as if the estimated counts were exact.</param>
/// <param name="Error">First-order bound on what the sketches add to <see cref="PsiResult.Raw"/>, in nats: sum over bins of |g| eps_r + |h| eps_c.</param>
public sealed record SketchPsiResult(PsiResult Psi, double Error);

/// <summary>
/// PSI where the counts in the bins come from KLL sketches. Where the bins are known before the data (a current window), exact counts cost less and
/// have no such error: use <see cref="FixedHistogram"/> there, and this for sketches that exist already.
/// </summary>
public static class SketchPsi
{
    /// <summary>Compares two sketches in numeric bins. Empty on one side, or a single bin: all zero, p = 1.</summary>
    /// <param name="bins">The bins; their own reference counts are not used.</param>
    /// <param name="reference">Sketch of the reference.</param>
    /// <param name="current">Sketch of the current window.</param>
    /// <param name="level">Confidence of the interval of the index, in (0, 1). Default 0.95.</param>
    public static SketchPsiResult Compare(ReferenceBins bins, KllSketch reference, KllSketch current, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        var edges = Edges(bins);
        return Compare(reference.CountsIn(edges), reference.MassError, current.CountsIn(edges), current.MassError, level);
    }

    /// <summary>Compares a sketch with the exact counts of the reference that the bins carry.</summary>
    public static SketchPsiResult Compare(ReferenceBins bins, KllSketch current, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(current);
        var edges = Edges(bins);
        return Compare(bins.ReferenceCounts, 0, current.CountsIn(edges), current.MassError, level);
    }

    private static SketchPsiResult Compare(ReadOnlySpan<long> reference, double referenceError, ReadOnlySpan<long> current, double currentError, double level)
    {
        var psi = Psi.Compare(reference, current, level);
        double n = Sum(reference), m = Sum(current), error = 0;
        if (n == 0 || m == 0) return new SketchPsiResult(psi, 0);
        var used = 0;
        for (var i = 0; i < reference.Length; i++) used += reference[i] + current[i] > 0 ? 1 : 0;
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] + current[i] == 0) continue;
            // The derivatives of (p - q) ln(p / q) by p and by q.
            var p = (reference[i] + 0.5) / (n + 0.5 * used);
            var q = (current[i] + 0.5) / (m + 0.5 * used);
            var log = Math.Log(p / q);
            error += Math.Abs(log + 1 - q / p) * referenceError + Math.Abs(-log + 1 - p / q) * currentError;
        }
        return new SketchPsiResult(psi, error);
    }

    private static double[] Edges(ReferenceBins bins)
    {
        ArgumentNullException.ThrowIfNull(bins);
        if (bins.IsCategorical) throw new ArgumentException("These bins hold categories: a quantile sketch has numbers.", nameof(bins));
        return [.. bins.Edges];
    }

    private static double Sum(ReadOnlySpan<long> counts)
    {
        long sum = 0;
        foreach (var count in counts) sum += count;
        return sum;
    }
}
