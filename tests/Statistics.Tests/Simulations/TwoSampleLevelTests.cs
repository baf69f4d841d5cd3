using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests.Simulations;

/// <summary>Type-I error of every two-sample test: same population on both sides, seeded; the share of p below 0.05 must lie in its binomial interval.</summary>
public sealed class TwoSampleLevelTests
{
    // At 100 values the exact laws are coarse and the bins thin, so that a test may stay well below its level: only the upper side is held there.
    private const double Level = 0.05;
    private static readonly Report Report = new("statistics-two-sample.md");

    public static TheoryData<int, int> Sizes => Draw.Scale(2) == 1
        ? new() { { 100, 100 }, { 1000, 40 } }
        : new() { { 100, 4000 }, { 1000, 2000 }, { 10_000, 1000 }, { 100_000, 400 } };

    [Theory, MemberData(nameof(Sizes))]
    public void Tests_of_a_continuous_column_hold_their_level(int n, int runs) =>
        Check("continuous", n, runs, d => d.Normal(), twoSided: n >= 1000, Continuous);

    [Theory, MemberData(nameof(Sizes))]
    public void Tests_of_a_column_of_few_values_hold_their_level(int n, int runs) =>
        Check("Poisson(2)", n, runs, Poisson, twoSided: n >= 1000, Ranks);

    [Theory, MemberData(nameof(Sizes))]
    public void Tests_of_a_column_of_half_zeros_hold_their_level(int n, int runs) =>
        Check("60 % zeros, else lognormal", n, runs, d => d.Coin(0.6) ? 0 : d.LogNormal(0, 1), twoSided: n >= 1000, Ranks);

    [Theory, MemberData(nameof(Sizes))]
    public void Tests_of_a_rounded_column_hold_their_level(int n, int runs) =>
        Check("normal rounded to 0.1", n, runs, d => Math.Round(d.Normal(), 1), twoSided: n >= 1000, Ranks);

    [Theory, MemberData(nameof(Sizes))]
    public void Tests_of_categories_hold_their_level(int n, int runs)
    {
        Check("8 categories", n, runs, d => Math.Floor(8 * Math.Pow(d.Uniform(), 2)), twoSided: n >= 1000, d => Categories(d, "8 categories"));
        Check("thin categories", n, runs / 2, d => Math.Floor(Math.Min(n / 4.0, 250) * Math.Pow(d.Uniform(), 2)), twoSided: false, d => Categories(d, "thin"));
        Check("rare missing values", n, runs, d => d.Coin(0.01) ? 0 : 1, twoSided: false, d => [("missing values", MissingTest.Compare(Zeros(d.A), n, Zeros(d.B), n).PValue)]);
    }

    private readonly record struct Pair(double[] A, double[] B, int Seed);

    private static IEnumerable<(string Test, double P)> Continuous(Pair pair)
    {
        var bins = ReferenceBins.FromSortedNumeric(pair.A);
        var after = bins.CountsOfSorted(pair.B);
        foreach (var rank in Ranks(pair)) yield return rank;
        yield return ("PSI, bins of the reference", Psi.Compare(bins.ReferenceCounts, after).PValue);
        yield return ("Jensen-Shannon, same bins", JensenShannon.PValue(bins.ReferenceCounts, after));
        yield return ("Hellinger, same bins", Hellinger.PValue(bins.ReferenceCounts, after));
        yield return ("chi-squared, same bins", ChiSquared.TwoSample(bins.ReferenceCounts, after).PValue);
        yield return ("G, same bins", GTest.TwoSample(bins.ReferenceCounts, after).PValue);
        yield return ("Wasserstein, 199 labellings of 500", Wasserstein.PermutationPValue(pair.A, pair.B, 199, 500, pair.Seed));
    }

    private static IEnumerable<(string Test, double P)> Ranks(Pair pair)
    {
        yield return ("Kolmogorov-Smirnov", KolmogorovSmirnov.TwoSampleSorted(pair.A, pair.B).PValue);
        yield return ("Cramer-von Mises", CramerVonMises.TwoSample(pair.A, pair.B).PValue);
        yield return ("Mann-Whitney", MannWhitney.TwoSample(pair.A, pair.B).PValue);
    }

    private static IEnumerable<(string Test, double P)> Categories(Pair pair, string what)
    {
        var levels = pair.A.Concat(pair.B).Distinct().ToArray();
        var index = levels.Select((v, i) => (v, i)).ToDictionary(x => x.v, x => x.i);
        long[] before = new long[levels.Length], after = new long[levels.Length];
        foreach (var value in pair.A) before[index[value]]++;
        foreach (var value in pair.B) after[index[value]]++;
        yield return ($"{what}: suited test", CategoricalTest.TwoSample(before, after, 499).Result.PValue);
        yield return ($"{what}: chi-squared, pooled", ChiSquared.TwoSample(before, after).PValue);
    }

    private static void Check(string population, int n, int runs, Func<Draw, double> draw, bool twoSided, Func<Pair, IEnumerable<(string Test, double P)>> tests)
    {
        var rejected = new SortedDictionary<string, (int Five, int One)>(StringComparer.Ordinal);
        for (var run = 0; run < runs; run++)
        {
            var source = new Draw(1000 + run);
            var pair = new Pair(Samples.SortedFinite(source.Many(n, draw)), Samples.SortedFinite(source.Many(n, draw)), run);
            foreach (var (test, p) in tests(pair))
            {
                var (five, one) = rejected.GetValueOrDefault(test);
                rejected[test] = (five + (p < Level ? 1 : 0), one + (p < 0.01 ? 1 : 0));
            }
        }
        Report.Table(
            $"Type-I error, {population}, {n:N0} a side", $"{runs:N0} pairs of samples of one population, seeds 1000 to {999 + runs}.",
            ["test", "p < 0.05", "p < 0.01"], rejected.Select(r => new object[] { r.Key, (double)r.Value.Five / runs, (double)r.Value.One / runs }));
        foreach (var (test, (five, _)) in rejected)
        {
            Assert.True(five <= Draw.Allowed(runs, Level), $"{test}, {population}, n = {n}: {five} of {runs} rejected");
            if (twoSided) Assert.True(five >= Draw.Least(runs, Level), $"{test}, {population}, n = {n}: only {five} of {runs} rejected");
        }
    }

    private static long Zeros(double[] values) => values.LongCount(v => v == 0);

    private static double Poisson(Draw draw)
    {
        double product = draw.Uniform(), limit = Math.Exp(-2), count = 0;
        for (; product > limit; count++) product *= draw.Uniform();
        return count;
    }
}
