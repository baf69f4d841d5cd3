using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Distances;

/// <summary>Hellinger distance, sqrt(sum (sqrt p - sqrt q)^2 / 2), in [0, 1]; 1 for disjoint supports, 0 if one side is empty. Hellinger 1909.</summary>
public static class Hellinger
{
    /// <summary>The distance between the shares of two rows of counts.</summary>
    public static double Distance(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0) return 0;
        double total = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            var difference = Math.Sqrt((double)reference[i] / counts.N) - Math.Sqrt((double)current[i] / counts.M);
            total += difference * difference;
        }
        return Math.Sqrt(total / 2);
    }

    /// <summary>P(a distance this large | same population): 8 H^2 nm / (n + m) ~ chi2 with B - 1 degrees. 1 without data or with one bin.</summary>
    public static double PValue(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0 || counts.Bins < 2) return 1;
        var distance = Distance(reference, current);
        return Distributions.ChiSquaredSf(8 * distance * distance / (1.0 / counts.N + 1.0 / counts.M), counts.Bins - 1);
    }
}
