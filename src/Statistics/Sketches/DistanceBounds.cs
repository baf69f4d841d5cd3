using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// The distances between two rows of counts, each known within limits: what they are for the estimates, and between which values they lie for all counts
/// within the limits. Every term of these sums grows as the two shares of its bin move apart, so the extremes lie in corners, bin by bin.
/// </summary>
/// <param name="Psi">Population stability index of the estimates.</param>
/// <param name="PsiNear">As small as the limits allow: value, interval and p together.</param>
/// <param name="PsiFar">As large as they allow.</param>
/// <param name="JensenShannonError">Largest distance of the true Jensen-Shannon distance (base 2) from that of the estimates.</param>
/// <param name="HellingerError">The same for Hellinger's.</param>
/// <param name="ChiNear">Least value of the chi-squared statistic.</param>
/// <param name="ChiFar">Largest value of it.</param>
public sealed record DistanceBounds(PsiResult Psi, PsiResult PsiNear, PsiResult PsiFar, double JensenShannonError, double HellingerError, double ChiNear, double ChiFar)
{
    /// <summary>Largest distance of the true PSI (raw or corrected) from that of the estimates.</summary>
    public double PsiError => Math.Max(PsiFar.Raw - Psi.Raw, Psi.Raw - PsiNear.Raw);

    /// <summary>Compares.</summary>
    /// <param name="reference">Counts of the reference.</param>
    /// <param name="current">Counts of the current window in the same bins.</param>
    /// <param name="level">Confidence of the interval of the index, in (0, 1). Default 0.95.</param>
    public static DistanceBounds Of(CountRange reference, CountRange current, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        var psi = Distances.Psi.Compare(reference.Counts, current.Counts, level);
        double n = reference.Total, m = current.Total;
        if (n == 0 || m == 0 || reference.Counts.Length < 2) return new DistanceBounds(psi, psi, psi, 0, 0, 0, 0);
        var half = 0.5 * Enumerable.Range(0, reference.Counts.Length).Count(i => reference.Counts[i] + current.Counts[i] > 0);
        var (psiNear, psiFar) = Extremes(reference, current, 0.5, n + half, m + half, (p, q) => (p - q) * Math.Log(p / q));
        var (divergenceNear, divergenceFar) = Extremes(reference, current, 0, n, m, Divergence);
        var (hellingerNear, hellingerFar) = Extremes(reference, current, 0, n, m, (p, q) => Math.Pow(Math.Sqrt(p) - Math.Sqrt(q), 2) / 2);
        var (chiNear, chiFar) = Extremes(reference, current, 0, n, m, (p, q) => p + q == 0 ? 0 : n * m * (p - q) * (p - q) / (n * p + m * q));
        // The interval's width also depends on the counts: the widest of three states of them.
        var reach = Math.Max(Reach(psi), Math.Max(Reach(Pushed(reference, current, apart: true, level)), Reach(Pushed(reference, current, apart: false, level))));
        return new DistanceBounds(
            psi, Moved(psi, Math.Min(psiNear, psi.Raw), reach, n, m), Moved(psi, Math.Max(psiFar, psi.Raw), 2 * Reach(psi) - reach, n, m),
            Error(divergenceNear, divergenceFar, JensenShannon.Distance(reference.Counts, current.Counts)), Error(hellingerNear, hellingerFar, Hellinger.Distance(reference.Counts, current.Counts)),
            chiNear, chiFar);
    }

    private static double Divergence(double p, double q)
    {
        var middle = (p + q) / 2;
        return ((p > 0 ? p * Math.Log(p / middle) : 0) + (q > 0 ? q * Math.Log(q / middle) : 0)) / (2 * Math.Log(2));
    }

    private static double Error(double near, double far, double distance) => Math.Max(Math.Sqrt(Math.Max(0, far)) - distance, distance - Math.Sqrt(Math.Max(0, near)));

    private static double Reach(PsiResult psi) => psi.High - psi.Corrected;

    private static PsiResult Moved(PsiResult psi, double raw, double reach, double n, double m)
    {
        double corrected = raw - psi.NullMean, unit = 1 / n + 1 / m;
        var degrees = (int)Math.Round(psi.NullMean / unit);
        return psi with
        {
            Raw = raw,
            Corrected = corrected,
            Low = Math.Max(0, corrected - reach),
            High = Math.Max(0, corrected + reach),
            PValue = degrees < 1 ? 1 : Distributions.ChiSquaredSf(raw / unit, degrees),
        };
    }

    private static (double Near, double Far) Extremes(CountRange reference, CountRange current, double add, double n, double m, Func<double, double, double> term)
    {
        double near = 0, far = 0;
        for (var i = 0; i < reference.Counts.Length; i++)
        {
            if (reference.Counts[i] + current.Counts[i] == 0) continue;
            double pLow = (reference.Least(i) + add) / n, pHigh = (reference.Most(i) + add) / n, qLow = (current.Least(i) + add) / m, qHigh = (current.Most(i) + add) / m;
            far += Math.Max(term(pHigh, qLow), term(pLow, qHigh));
            near += pLow > qHigh ? term(pLow, qHigh) : qLow > pHigh ? term(pHigh, qLow) : 0;
        }
        return (near, far);
    }

    private static PsiResult Pushed(CountRange reference, CountRange current, bool apart, double level)
    {
        long[] a = new long[reference.Counts.Length], b = new long[a.Length];
        double n = reference.Total, m = current.Total;
        for (var i = 0; i < a.Length; i++)
        {
            var up = reference.Counts[i] / n > current.Counts[i] / m == apart;
            a[i] = (long)(up ? reference.Most(i) : reference.Least(i));
            b[i] = (long)(up ? current.Least(i) : current.Most(i));
        }
        return Distances.Psi.Compare(a, b, level);
    }
}
