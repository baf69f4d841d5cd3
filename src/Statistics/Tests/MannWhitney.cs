namespace Holdfast.Statistics.Tests;

/// <summary>
/// Mann-Whitney U (Wilcoxon rank sum): whether the values of the second sample tend to be larger. It answers "which way", where Kolmogorov-Smirnov and
/// Cramer-von Mises answer "at all", and one outlier cannot sway it. Samples must be ascending and finite. Mann and Whitney, Annals of Mathematical Statistics 18 (1947).
/// </summary>
public static class MannWhitney
{
    private const int ExactTotal = 100;

    /// <summary>
    /// Two-sided test. Without ties and with at most 100 values in all the exact law; otherwise the normal law with the variance corrected for ties
    /// and a continuity correction of 1/2. The interval of the effect is the logit-transformed one with the placement variance
    /// (DeLong 1988; Brunner and Munzel, Biometrical Journal 42, 2000), valid under any shift; it is (0, 1) with fewer than two values on a side.
    /// Equal constants: U = nm / 2, p = 1.
    /// </summary>
    /// <param name="sortedA">First sample (the reference), ascending.</param>
    /// <param name="sortedB">Second sample (the window), ascending.</param>
    /// <param name="level">Confidence of the interval of the effect, in (0, 1). Default 0.95.</param>
    public static MannWhitneyResult TwoSample(ReadOnlySpan<double> sortedA, ReadOnlySpan<double> sortedB, double level = 0.95)
    {
        double n = sortedA.Length, m = sortedB.Length, total = n + m;
        if (n == 0 || m == 0) return new MannWhitneyResult(double.NaN, 1, double.NaN, 0, 1);
        double pairs = 0, ties = 0, squareA = 0, squareB = 0;
        int i = 0, j = 0;
        while (i < sortedA.Length || j < sortedB.Length)
        {
            var x = j == sortedB.Length || (i < sortedA.Length && sortedA[i] <= sortedB[j]) ? sortedA[i] : sortedB[j];
            double a = Samples.RunAt(sortedA[i..], x), b = Samples.RunAt(sortedB[j..], x), run = a + b;
            // Placements: the share of the other sample below (of A) or above (of B).
            double placeB = (i + a / 2) / n, placeA = (m - j - b / 2) / m;
            pairs += b * (i + a / 2);
            squareB += b * placeB * placeB;
            squareA += a * placeA * placeA;
            ties += run * (run - 1) * (run + 1);
            i += (int)a;
            j += (int)b;
        }
        var (u, effect) = (pairs, pairs / (n * m));
        var p = ties == 0 && total <= ExactTotal ? Exact(sortedA.Length, sortedB.Length, u) : Normal(n, m, u, ties);
        var (low, high) = Interval(effect, squareA / n - effect * effect, squareB / m - effect * effect, n, m, level);
        return new MannWhitneyResult(u, p, effect, low, high);
    }

    private static double Normal(double n, double m, double u, double ties)
    {
        var total = n + m;
        var variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)));
        if (!(variance > 0)) return 1;
        var z = Math.Max(0, Math.Abs(u - n * m / 2) - 0.5) / Math.Sqrt(variance);
        return Math.Min(1, 2 * Distributions.NormalSf(z));
    }

    // The counts of U are the coefficients of the Gaussian binomial: multiply by (1 - q^(m + k)) and divide by (1 - q^k), k = 1..n.
    private static double Exact(int n, int m, double u)
    {
        var ways = new double[n * m + 1];
        ways[0] = 1;
        for (var k = 1; k <= n; k++)
        {
            for (var i = ways.Length - 1; i >= m + k; i--) ways[i] -= ways[i - m - k];
            for (var i = k; i < ways.Length; i++) ways[i] += ways[i - k];
        }
        var smaller = (int)Math.Round(Math.Min(u, n * (double)m - u));
        double tail = 0, all = 0;
        for (var i = 0; i < ways.Length; i++)
        {
            all += ways[i];
            if (i <= smaller) tail += ways[i];
        }
        return Math.Min(1, 2 * tail / all);
    }

    private static (double Low, double High) Interval(double effect, double varianceA, double varianceB, double n, double m, double level)
    {
        if (n < 2 || m < 2) return (0, 1);
        // Half a pair keeps complete separation inside the open interval of the logit, and a variance above that of a single crossing pair.
        var floor = 0.5 / (n * m);
        var held = Math.Clamp(effect, floor, 1 - floor);
        var variance = Math.Max(Math.Max(0, varianceA) / (n - 1) + Math.Max(0, varianceB) / (m - 1), floor * floor);
        var reach = Distributions.NormalQuantile(0.5 + level / 2) * Math.Sqrt(variance) / (held * (1 - held));
        var centre = Math.Log(held / (1 - held));
        double Share(double logit) => 1 / (1 + Math.Exp(-logit));
        return (Math.Min(effect, Share(centre - reach)), Math.Max(effect, Share(centre + reach)));
    }
}
