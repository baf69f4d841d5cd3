namespace Holdfast.Statistics.Tests;

/// <summary>
/// The two-sample test for categories that suits the counts: Pearson's X2 where every expected count is at least 1 and 80 % of them at least 5
/// (Cochran 1954); Fisher's exact test for two categories with an expected count below 5; for thinner tables of more categories X2 against 2,000
/// random tables with the same margins (Patefield 1981), which keeps the rare categories apart instead of pooling them away.
/// </summary>
public static class CategoricalTest
{
    /// <summary>Beyond this many filled categories a thin table is pooled by Cochran's rule instead: the draws would cost more than they tell.</summary>
    public const int MostDrawn = 2000;

    /// <summary>Tests whether two rows of counts come from one distribution. Categories empty in both rows are dropped; p = 1 if nothing is left to compare.</summary>
    /// <param name="reference">Counts of the reference.</param>
    /// <param name="current">Counts of the current window in the same categories.</param>
    /// <param name="draws">Random tables of the Monte Carlo test, at least 1; the smallest p is 1 / (draws + 1). Default 2,000.</param>
    /// <param name="seed">Seed of these tables: the same counts give the same p.</param>
    public static (ChiSquaredResult Result, CategoricalMethod Method) TwoSample(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, int draws = 2000, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(draws, 1);
        var table = Table.Build(reference, current, pool: false);
        if (!table.Defined) return (table.Result(double.NaN), CategoricalMethod.Undefined);
        var statistic = table.Pearson(yates: false);
        if (table.Columns == 2 && table.MinExpected < 5)
        {
            var (a, b, c, d) = table.TwoByTwo;
            return (table.Result(statistic, Fisher.Exact2x2(a, b, c, d).PValue), CategoricalMethod.Fisher);
        }
        if (table.CarriesChiSquared) return (table.Result(statistic), CategoricalMethod.ChiSquared);
        return table.Columns > MostDrawn
            ? (ChiSquared.TwoSample(reference, current), CategoricalMethod.ChiSquared)
            : (table.Result(statistic, table.MonteCarlo(draws, seed)), CategoricalMethod.MonteCarlo);
    }
}
