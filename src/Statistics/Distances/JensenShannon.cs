using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Distances;

/// <summary>
/// Jensen-Shannon divergence, (KL(P|M) + KL(Q|M)) / 2 with M = (P + Q) / 2 and 0 ln 0 = 0, and its square root, the distance (a metric).
/// With base 2 both lie in [0, 1]; with base e the divergence is at most ln 2. No smoothing is needed. 0 if one side is empty.
/// scipy, Evidently and NannyML report the distance (Evidently base e). Lin, IEEE Transactions on Information Theory 37 (1991).
/// </summary>
public static class JensenShannon
{
    /// <summary>The distance: the square root of <see cref="Divergence"/>.</summary>
    public static double Distance(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, bool base2 = true) => Math.Sqrt(Divergence(reference, current, base2));

    /// <summary>The divergence: bits by default, nats with <paramref name="base2"/> false.</summary>
    public static double Divergence(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, bool base2 = true)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0) return 0;
        double total = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            double p = (double)reference[i] / counts.N, q = (double)current[i] / counts.M, middle = 0.5 * (p + q);
            if (p > 0) total += p * Math.Log(p / middle);
            if (q > 0) total += q * Math.Log(q / middle);
        }
        total = Math.Max(0, total / 2);
        return base2 ? total / Math.Log(2) : total;
    }

    /// <summary>P(a divergence this large | same population): 8 JSD (in nats) nm / (n + m) ~ chi2 with B - 1 degrees. 1 without data or with one bin.</summary>
    public static double PValue(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0 || counts.Bins < 2) return 1;
        return Distributions.ChiSquaredSf(8 * Divergence(reference, current, base2: false) / (1.0 / counts.N + 1.0 / counts.M), counts.Bins - 1);
    }
}
