namespace Holdfast.Statistics.Tests;

/// <summary>Comparison of two shares x1 / n1 and x2 / n2, for example missing values in the reference and in a window.</summary>
public static class TwoProportion
{
    /// <summary>
    /// Two-sided z-test with the pooled variance. Statistic: z, positive if the second share is larger. Undefined (NaN, p = 1) if a sample is empty;
    /// z = 0, p = 1 if both shares are 0 or both 1. For expected counts below 5 use <see cref="Fisher.Exact2x2"/>.
    /// </summary>
    public static TestResult Test(long x1, long n1, long x2, long n2)
    {
        Check(x1, n1);
        Check(x2, n2);
        if (n1 == 0 || n2 == 0) return TestResult.Undefined;
        var pooled = ((double)x1 + x2) / ((double)n1 + n2);
        var sd = Math.Sqrt(pooled * (1 - pooled) * (1.0 / n1 + 1.0 / n2));
        if (sd == 0) return new TestResult(0, 1);
        var z = ((double)x2 / n2 - (double)x1 / n1) / sd;
        return new TestResult(z, Math.Min(1, 2 * Distributions.NormalSf(Math.Abs(z))));
    }

    /// <summary>Newcombe's interval (hybrid score, method 10, Statistics in Medicine 17, 1998) for x2 / n2 - x1 / n1, in [-1, 1]; the whole range without data.</summary>
    public static (double Low, double High) DifferenceInterval(long x1, long n1, long x2, long n2, double level = 0.95)
    {
        Check(x1, n1);
        Check(x2, n2);
        if (n1 == 0 || n2 == 0) return (-1, 1);
        double p1 = (double)x1 / n1, p2 = (double)x2 / n2;
        var (low1, high1) = WilsonInterval(x1, n1, level);
        var (low2, high2) = WilsonInterval(x2, n2, level);
        var difference = p2 - p1;
        return (difference - Math.Sqrt((p2 - low2) * (p2 - low2) + (high1 - p1) * (high1 - p1)), difference + Math.Sqrt((high2 - p2) * (high2 - p2) + (p1 - low1) * (p1 - low1)));
    }

    /// <summary>Wilson's score interval for a share, in [0, 1]; (0, 1) without data. For one look; under continuous looking use a confidence sequence.</summary>
    public static (double Low, double High) WilsonInterval(long x, long n, double level = 0.95)
    {
        Check(x, n);
        if (n == 0) return (0, 1);
        double z = Distributions.NormalQuantile(0.5 + level / 2), p = (double)x / n, square = z * z;
        var centre = (p + square / (2 * n)) / (1 + square / n);
        var reach = z / (1 + square / n) * Math.Sqrt(p * (1 - p) / n + square / (4.0 * n * n));
        return (Math.Max(0, centre - reach), Math.Min(1, centre + reach));
    }

    private static void Check(long x, long n)
    {
        if (x < 0 || x > n) throw new ArgumentOutOfRangeException(nameof(x), x, $"A count of {x} among {n} is not possible.");
    }
}
