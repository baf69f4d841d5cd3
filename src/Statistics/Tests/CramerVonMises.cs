namespace Holdfast.Statistics.Tests;

/// <summary>
/// Two-sample Cramer-von Mises test: T = nm / (n + m)^2 times the sum over all pooled values of (F(z) - G(z))^2, &gt;= 0. It weighs the whole distribution
/// where Kolmogorov-Smirnov looks at the largest gap. Samples must be ascending and finite. Anderson, Annals of Mathematical Statistics 33 (1962).
/// </summary>
public static class CramerVonMises
{
    private const int Draws = 2000;
    private const int Nodes = 256;

    /// <summary>
    /// Tests whether two samples come from one distribution. The distribution functions are taken after all equal values, so ties do not inflate T.
    /// p: the limiting law after T was given its mean and variance (Anderson 1962). Where less than half of the pooled values are distinct that law does
    /// not hold, and p comes from 2,000 seeded re-labellings of the runs of equal values; with more than 500 runs the rare ones are first joined to stretches
    /// of a percent, on both sides alike, which keeps the level. Undefined (NaN, p = 1) if a sample is empty.
    /// </summary>
    public static TestResult TwoSample(ReadOnlySpan<double> sortedA, ReadOnlySpan<double> sortedB, int seed = 1)
    {
        if (sortedA.Length == 0 || sortedB.Length == 0) return TestResult.Undefined;
        var runs = PooledRuns.Of(sortedA, sortedB);
        var t = Statistic(runs.Sizes, runs.First, sortedA.Length, sortedB.Length);
        var tied = runs.Sizes.Length < 0.5 * ((double)sortedA.Length + sortedB.Length);
        return new TestResult(t, tied ? Drawn(runs.Coarse(), sortedA.Length, sortedB.Length, seed) : Standardised(t, sortedA.Length, sortedB.Length));
    }

    /// <summary>
    /// T as scipy's <c>cramervonmises_2samp(method='asymptotic')</c> has it: from the mid-ranks of each sample against its own order. Equal to
    /// <see cref="TwoSample"/> without ties; with ties T grows with the ties themselves and rejects samples that agree. For comparison only.
    /// </summary>
    public static TestResult MidRank(ReadOnlySpan<double> sortedA, ReadOnlySpan<double> sortedB)
    {
        if (sortedA.Length == 0 || sortedB.Length == 0) return TestResult.Undefined;
        var (sizes, first, _) = PooledRuns.Of(sortedA, sortedB);
        double n = sortedA.Length, m = sortedB.Length, u = 0, below = 0, x = 0, y = 0;
        for (var k = 0; k < sizes.Length; k++)
        {
            var rank = below + (sizes[k] + 1) / 2.0;
            u += n * Squares(rank, x, first[k]) + m * Squares(rank, y, sizes[k] - first[k]);
            below += sizes[k];
            x += first[k];
            y += sizes[k] - first[k];
        }
        var t = u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m));
        return new TestResult(t, Standardised(t, n, m));
    }

    /// <summary>
    /// The limiting law, P(W2 &gt; x): Smirnov's integral, (1 / pi) sum over j of (-1)^(j-1) times the integral of
    /// sqrt(-sqrt(y) / sin sqrt(y)) exp(-xy / 2) / y over [((2j - 1) pi)^2, (2j pi)^2]. Keeps its digits in the tail. 1 for x &lt;= 0.003.
    /// </summary>
    public static double Sf(double x)
    {
        if (double.IsNaN(x)) return double.NaN;
        if (x <= 0.003) return 1;
        double total = 0;
        for (var j = 1; ; j++)
        {
            var part = Piece(x, (2 * j - 1) * Math.PI);
            total += (j & 1) == 1 ? part : -part;
            if (part <= 1e-17 * total || j == 200) break;
        }
        return Math.Clamp(total / Math.PI, 0, 1);
    }

    // With s = sqrt(y) and s = start + (1 - cos phi) pi / 2 the integrand is smooth and periodic in phi: the midpoint rule converges geometrically.
    private static double Piece(double x, double start)
    {
        double total = 0;
        for (var i = 0; i < Nodes; i++)
        {
            var (sin, cos) = Math.SinCos((i + 0.5) * Math.PI / Nodes);
            var u = (1 - cos) * Math.PI / 2;
            var s = start + u;
            total += 2 / s * Math.Sqrt(s / Math.Sin(u)) * Math.Exp(-x * s * s / 2) * sin;
        }
        return total * Math.PI / 2 * Math.PI / Nodes;
    }

    private static double Standardised(double t, double n, double m)
    {
        double total = n + m, k = n * m;
        var mean = (1 + 1 / total) / 6;
        var variance = (total + 1) * (4 * k * total - 3 * (n * n + m * m) - 2 * k) / (45 * total * total * 4 * k);
        return Sf(1.0 / 6 + (t - mean) / Math.Sqrt(45 * variance));
    }

    private static double Drawn(PooledRuns runs, long n, long m, int seed)
    {
        var observed = Statistic(runs.Sizes, runs.First, n, m) * (1 - 1e-9);
        var margins = new FixedMargins(runs.Sizes, n, seed);
        var first = new long[runs.Sizes.Length];
        var hits = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            margins.Draw(first);
            if (Statistic(runs.Sizes, first, n, m) >= observed) hits++;
        }
        return (1.0 + hits) / (1 + Draws);
    }

    private static double Statistic(long[] sizes, long[] first, double n, double m)
    {
        double height = 0, total = 0;
        for (var k = 0; k < sizes.Length; k++)
        {
            height += first[k] / n - (sizes[k] - first[k]) / m;
            total += sizes[k] * height * height;
        }
        return total * n * m / ((n + m) * (n + m));
    }

    // Sum over i = 1..count of (rank - before - i)^2.
    private static double Squares(double rank, double before, double count)
    {
        var middle = rank - before - (count + 1) / 2;
        return count * middle * middle + count * (count * count - 1) / 12;
    }
}
