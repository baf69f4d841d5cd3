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

    private const int Draws = 2000;
    private const double LargeExpected = 40;

    /// <summary>
    /// P(a distance this large | same population): 8 H^2 nm / (n + m) ~ chi2 with B - 1 degrees, where a bin may expect 40 rows on each side. With fewer that law's tail is
    /// too light (square roots of small counts), and p comes from 2,000 random tables with the same margins, (1 + hits) / 2,001; without a hit the smaller of both.
    /// 1 without data or with one bin.
    /// </summary>
    /// <param name="reference">Counts of the reference.</param>
    /// <param name="current">Counts of the current window in the same bins.</param>
    /// <param name="seed">The same counts and seed give the same p.</param>
    public static double PValue(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, int seed = 1)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0 || counts.Bins < 2) return 1;
        var distance = Distance(reference, current);
        var asymptotic = Distributions.ChiSquaredSf(8 * distance * distance / (1.0 / counts.N + 1.0 / counts.M), counts.Bins - 1);
        var both = new long[reference.Length];
        var least = double.PositiveInfinity;
        for (var i = 0; i < both.Length; i++)
        {
            both[i] = reference[i] + current[i];
            if (both[i] > 0) least = Math.Min(least, both[i] * (double)Math.Min(counts.N, counts.M) / (counts.N + counts.M));
        }
        return least >= LargeExpected ? asymptotic : Drawn(both, counts, distance, asymptotic, seed);
    }

    private static double Drawn(long[] both, BinCounts counts, double distance, double asymptotic, int seed)
    {
        var margins = new FixedMargins(both, counts.N, seed);
        long[] first = new long[both.Length], second = new long[both.Length];
        var hits = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            margins.Draw(first);
            for (var i = 0; i < first.Length; i++) second[i] = both[i] - first[i];
            if (Distance(first, second) >= distance * (1 - 1e-12)) hits++;
        }
        var p = (1.0 + hits) / (1 + Draws);
        return hits == 0 ? Math.Min(p, asymptotic) : p;
    }
}
