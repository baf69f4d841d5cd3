namespace Holdfast.Statistics.Tests;

/// <summary>Fisher's exact test for a 2 x 2 table [[a, b], [c, d]]. Fisher 1922.</summary>
public static class Fisher
{
    /// <summary>
    /// Two-sided: the sum over all tables with the same margins whose probability is at most that of the observed one (relative slack 1e-7).
    /// Statistic: the sample odds ratio ad / (bc); +infinity if bc = 0 &lt; ad; NaN and p = 1 if a margin is empty.
    /// </summary>
    public static TestResult Exact2x2(long a, long b, long c, long d)
    {
        if (a < 0 || b < 0 || c < 0 || d < 0) throw new ArgumentOutOfRangeException(nameof(a), "Counts must not be negative.");
        long row = a + b, other = c + d, column = a + c, total = row + other;
        if (row == 0 || other == 0 || column == 0 || column == total) return TestResult.Undefined;
        var odds = b == 0 || c == 0 ? (a == 0 || d == 0 ? 0 : double.PositiveInfinity) : (double)a * d / ((double)b * c);
        var low = Math.Max(0, column - other);
        var high = Math.Min(row, column);
        var observed = LogWeight(a, row, other, column);
        double inside = 0, all = 0;
        for (var x = low; x <= high; x++)
        {
            var weight = Math.Exp(LogWeight(x, row, other, column) - observed);
            all += weight;
            if (weight <= 1 + 1e-7) inside += weight;
        }
        return new TestResult(odds, Math.Min(1, inside / all));
    }

    private static double LogWeight(long x, long row, long other, long column) => LogChoose(row, x) + LogChoose(other, column - x);

    private static double LogChoose(double n, double k) =>
        Distributions.LogGamma(n + 1) - Distributions.LogGamma(k + 1) - Distributions.LogGamma(n - k + 1);
}
