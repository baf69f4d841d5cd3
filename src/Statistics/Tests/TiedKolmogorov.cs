namespace Holdfast.Statistics.Tests;

/// <summary>
/// The law of the Kolmogorov-Smirnov statistic given the pooled values, ties and all: every re-labelling equally likely, and D looked at only where
/// a run of equal values ends. That is what makes the tie-free law conservative. Schroeer and Trenkler, Computational Statistics and Data Analysis 20 (1995).
/// </summary>
internal static class TiedKolmogorov
{
    private const int Draws = 2000;

    /// <summary>P(D at least as observed), exact: share of lattice paths that stand outside at the end of a run. O(nm).</summary>
    public static double Exact(ReadOnlySpan<double> a, ReadOnlySpan<double> b, long crossings)
    {
        int n = a.Length, m = b.Length;
        var ends = new bool[n + m + 1];
        var taken = 0;
        foreach (var size in PooledRuns.Of(a, b).Sizes) ends[taken += (int)size] = true;
        var row = new double[m + 1];
        for (var i = 0; i <= n; i++)
        {
            for (var j = 0; j <= m; j++)
            {
                if (ends[i + j] && Math.Abs((long)i * m - (long)j * n) >= crossings) row[j] = 1;
                else if (i + j > 0) row[j] = ((i > 0 ? row[j] * i : 0) + (j > 0 ? row[j - 1] * j : 0)) / (i + j);
            }
        }
        return Math.Min(1, row[m]);
    }

    /// <summary>
    /// P(D at least as observed) from 2,000 seeded draws of the counts of the runs, (1 + hits) / 2,001. With more than 500 runs those below half a
    /// percent of all values are joined into stretches, and each stretch adds the chance that a Brownian bridge between its ends leaves the bounds.
    /// With less than one hit the smaller of that and the tie-free law: both are valid, and only the latter knows how far out D lies.
    /// </summary>
    public static double Drawn(ReadOnlySpan<double> a, ReadOnlySpan<double> b, long crossings, double tieFree, int seed) =>
        Drawn(PooledRuns.Of(a, b), a.Length, b.Length, crossings, tieFree, seed);

    /// <summary>The same from the runs alone.</summary>
    /// <param name="runs">Runs of equal values.</param>
    /// <param name="n">Values of the first sample.</param>
    /// <param name="m">Values of the second.</param>
    /// <param name="crossings">D n m.</param>
    /// <param name="tieFree">p by the tie-free law.</param>
    /// <param name="seed">Seed of the draws.</param>
    public static double Drawn(PooledRuns runs, long n, long m, long crossings, double tieFree, int seed)
    {
        // The tie-free law is the larger one: no hit is to be expected, and the answer known.
        if (tieFree * Draws < 1e-4) return tieFree;
        var (sizes, _, stretches) = runs.Coarse();
        var margins = new FixedMargins(sizes, n, seed);
        var first = new long[sizes.Length];
        double hits = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            margins.Draw(first);
            hits += Leaves(sizes, stretches, first, n, m, crossings);
        }
        var p = (1 + hits) / (1 + Draws);
        return hits < 1 ? Math.Min(p, tieFree) : p;
    }

    private static double Leaves(long[] sizes, bool[] stretches, long[] first, long n, long m, long crossings)
    {
        double height = 0, stays = 1;
        for (var k = 0; k < sizes.Length - 1 || (k < sizes.Length && stretches[k]); k++)
        {
            var next = height + first[k] * (double)m - (sizes[k] - first[k]) * (double)n;
            if (Math.Abs(next) >= crossings) return 1;
            if (stretches[k])
            {
                // Steps are +m and -n, so the variance of the bridge over c values is c n m.
                var scale = -2 / (sizes[k] * (double)n * m);
                stays *= Math.Max(0, 1 - Math.Exp(scale * (crossings - height) * (crossings - next)) - Math.Exp(scale * (crossings + height) * (crossings + next)));
            }
            height = next;
        }
        return 1 - stays;
    }
}
