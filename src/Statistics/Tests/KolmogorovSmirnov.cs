namespace Holdfast.Statistics.Tests;

/// <summary>
/// Two-sample Kolmogorov-Smirnov test: D = sup over x of |F(x) - G(x)|, the largest distance between the empirical distribution functions,
/// in [0, 1], taken after all equal values of both samples were consumed. NaN and infinite values are left out (missing values are tested apart).
/// With ties the tie-free laws are conservative; <see cref="KsMethod.Auto"/> then takes the law given the ties.
/// </summary>
public static class KolmogorovSmirnov
{
    private const long ExactLimit = 400_000;

    /// <summary>Tests whether two samples come from one distribution, two-sided. The samples need not be sorted. Undefined (NaN, p = 1) if one is empty.</summary>
    public static TestResult TwoSample(ReadOnlySpan<double> a, ReadOnlySpan<double> b, KsMethod method = KsMethod.Auto, int seed = 1) =>
        TwoSampleSorted(Samples.SortedFinite(a), Samples.SortedFinite(b), method, seed);

    /// <summary>As <see cref="TwoSample"/>, for samples already ascending and finite: O(n + m) for D. The reference is usually kept sorted.</summary>
    public static TestResult TwoSampleSorted(ReadOnlySpan<double> a, ReadOnlySpan<double> b, KsMethod method = KsMethod.Auto, int seed = 1) =>
        a.Length == 0 || b.Length == 0 ? TestResult.Undefined : Sorted(a, b, method, seed);

    private static TestResult Sorted(ReadOnlySpan<double> a, ReadOnlySpan<double> b, KsMethod method, int seed)
    {
        var crossings = SampleMerge.Crossings(a, b);
        var d = crossings / ((double)a.Length * b.Length);
        var small = (long)a.Length * b.Length <= ExactLimit;
        if (method == KsMethod.Auto) method = SampleMerge.IsTied(a, b) ? KsMethod.Conditional : small ? KsMethod.Exact : KsMethod.Asymptotic;
        if (method != KsMethod.Conditional) return new TestResult(d, PValue(crossings, d, a.Length, b.Length, method));
        if (crossings == 0) return new TestResult(d, 1);
        var tieFree = small ? 1 : PValue(crossings, d, a.Length, b.Length, KsMethod.Asymptotic);
        return new TestResult(d, small ? TiedKolmogorov.Exact(a, b, crossings) : TiedKolmogorov.Drawn(a, b, crossings, tieFree, seed));
    }

    /// <summary>D alone, in [0, 1], for ascending finite samples; NaN if one is empty.</summary>
    public static double Statistic(ReadOnlySpan<double> sortedA, ReadOnlySpan<double> sortedB) =>
        sortedA.Length == 0 || sortedB.Length == 0 ? double.NaN : SampleMerge.Crossings(sortedA, sortedB) / ((double)sortedA.Length * sortedB.Length);

    /// <summary>
    /// The D that an honest comparison of n and m values stays under with 95 % chance when the true distance is at most <paramref name="tolerance"/>:
    /// tolerance + 1.36 sqrt((n + m) / (nm)).
    /// </summary>
    public static double Allowance(int n, int m, double tolerance = 0.05) => tolerance + 1.36 * Math.Sqrt(1.0 / n + 1.0 / m);

    private static double PValue(long crossings, double d, int n, int m, KsMethod method)
    {
        var effective = (double)n * m / ((double)n + m);
        return method switch
        {
            KsMethod.Exact => ExactOutside(n, m, crossings),
            KsMethod.KolmogorovLimit => KolmogorovSf(d * Math.Sqrt(effective)),
            _ => KolmogorovFinite.Sf((int)Math.Round(effective, MidpointRounding.ToEven), d),
        };
    }

    /// <summary>Kolmogorov's limiting law, P(K &gt; lambda) = 2 sum (-1)^(k-1) exp(-2 k^2 lambda^2); the theta form below 1.18. In [0, 1].</summary>
    public static double KolmogorovSf(double lambda)
    {
        if (double.IsNaN(lambda)) return double.NaN;
        if (lambda < 0.04) return 1;
        double sum = 0;
        if (lambda < 1.18)
        {
            for (var k = 1; k <= 20; k++) sum += Math.Exp(-(2 * k - 1) * (2 * k - 1) * Math.PI * Math.PI / (8 * lambda * lambda));
            return 1 - Math.Sqrt(2 * Math.PI) / lambda * sum;
        }
        for (var k = 1; k <= 20; k++)
        {
            var term = Math.Exp(-2.0 * k * k * lambda * lambda);
            sum += (k & 1) == 1 ? term : -term;
            if (term < 1e-300) break;
        }
        return Math.Min(1, 2 * sum);
    }

    // The share of lattice paths (0,0)->(n,m) that touch |i m - j n| >= crossings, as a recursion over probabilities:
    // every quantity is positive, so even a p-value of 1e-100 keeps its digits.
    private static double ExactOutside(int n, int m, long crossings)
    {
        if (crossings == 0) return 1;
        if (n < m) (n, m) = (m, n);
        var row = new double[m + 1];
        Array.Fill(row, 1.0);
        var high = Math.Min(m, (int)((crossings - 1) / n));
        for (var j = 0; j <= high; j++) row[j] = 0;
        var low = 0;
        for (var i = 1; i <= n; i++)
        {
            var centre = (long)i * m;
            var first = centre < crossings ? 0 : (int)((centre - crossings) / n) + 1;
            var last = (int)Math.Min(m, (centre + crossings - 1) / n);
            if (first > last) return 1;
            for (var j = low; j < first && j <= m; j++) row[j] = 1;
            low = first;
            var value = first == 0 ? 0 : 1.0;
            for (var j = first; j <= last; j++)
            {
                value = (row[j] * i + value * j) / (i + j);
                row[j] = value;
            }
        }
        return Math.Min(1, row[m]);
    }
}
