using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Distances;

/// <summary>
/// Population stability index: sum over bins of (p - q) ln(p / q), natural logarithm (nats), the symmetric Kullback-Leibler divergence (Jeffreys).
/// 0 if the shares agree; no upper bound.
/// </summary>
public static class Psi
{
    /// <summary>
    /// Compares bin counts of a reference and a current window. Every bin gets 1/2 on both sides (Jeffreys prior): p = (a + .5) / (n + .5 B), so an
    /// empty bin gives a finite value that does not depend on an arbitrary floor. Bins empty on both sides are ignored.
    /// Null law: PSI ~ (1/n + 1/m) chi2 with B - 1 degrees (Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020).
    /// The interval is bias-corrected PSI -+ z sd, with the delta-method variance plus the null variance, so that it does not collapse at PSI = 0.
    /// Empty on one side, or a single bin: all zero, p = 1.
    /// </summary>
    /// <param name="reference">Counts of the reference (&gt;= 0).</param>
    /// <param name="current">Counts of the current window in the same bins.</param>
    /// <param name="level">Confidence of the two-sided interval, in (0, 1). Default 0.95.</param>
    public static PsiResult Compare(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, double level = 0.95)
    {
        var counts = BinCounts.Check(reference, current);
        if (!(level > 0 && level < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "The confidence level must lie between 0 and 1.");
        var contributions = new double[reference.Length];
        if (counts.N == 0 || counts.M == 0 || counts.Bins < 2) return new PsiResult(0, 0, 0, 0, 1, 0, contributions);

        double total = 0, meanG = 0, squareG = 0, meanH = 0, squareH = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] + current[i] == 0) continue;
            var p = (reference[i] + 0.5) / (counts.N + 0.5 * counts.Bins);
            var q = (current[i] + 0.5) / (counts.M + 0.5 * counts.Bins);
            var log = Math.Log(p / q);
            contributions[i] = (p - q) * log;
            total += contributions[i];
            double g = log + 1 - q / p, h = -log + 1 - p / q;
            meanG += p * g;
            squareG += p * g * g;
            meanH += q * h;
            squareH += q * h * h;
        }
        var unit = 1.0 / counts.N + 1.0 / counts.M;
        var degrees = counts.Bins - 1;
        var nullMean = degrees * unit;
        var variance = Math.Max(0, squareG - meanG * meanG) / counts.N + Math.Max(0, squareH - meanH * meanH) / counts.M + 2 * degrees * unit * unit;
        var reach = Distributions.NormalQuantile(0.5 + level / 2) * Math.Sqrt(variance);
        var corrected = total - nullMean;
        return new PsiResult(total, corrected, Math.Max(0, corrected - reach), Math.Max(0, corrected + reach), Distributions.ChiSquaredSf(total / unit, degrees), nullMean, contributions);
    }

    /// <summary>
    /// PSI as most other tools give it: shares floored at <paramref name="floor"/> without renormalising. The value of an emptied bin depends on the
    /// floor, so this is for comparison only. 0 without data.
    /// </summary>
    public static double WithFloor(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, double floor = 1e-4)
    {
        var counts = BinCounts.Check(reference, current);
        if (counts.N == 0 || counts.M == 0) return 0;
        double total = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] + current[i] == 0) continue;
            var p = Math.Max((double)reference[i] / counts.N, floor);
            var q = Math.Max((double)current[i] / counts.M, floor);
            total += (p - q) * Math.Log(p / q);
        }
        return total;
    }

    /// <summary>The raw PSI that is exceeded with chance <paramref name="alpha"/> if nothing changed: (1/n + 1/m) times the chi-squared quantile at B - 1.</summary>
    public static double Critical(long n, long m, int bins, double alpha = 0.05) =>
        n < 1 || m < 1 || bins < 2 ? double.PositiveInfinity : (1.0 / n + 1.0 / m) * Distributions.ChiSquaredQuantile(1 - alpha, bins - 1);
}
