namespace Holdfast.Statistics.Tests;

/// <summary>
/// Pearson's two-sample chi-squared test on a 2 x K table of counts: X2 = sum (O - E)^2 / E, E = row * column / N, K - 1 degrees. Both rows are
/// samples: the reference is not taken as exact. No Yates correction unless asked for (2 x 2).
/// </summary>
public static class ChiSquared
{
    /// <summary>Tests whether two rows of counts come from one distribution. Categories empty in both rows are dropped.</summary>
    /// <param name="reference">Counts of the reference.</param>
    /// <param name="current">Counts of the current window in the same categories.</param>
    /// <param name="pool">
    /// Pool the rarest categories until every expected count is at least 1 and 80 % of them at least 5 (Cochran 1954). Default true; false for comparison with other tools.
    /// </param>
    /// <param name="yates">Continuity correction for a 2 x 2 table. Default false.</param>
    public static ChiSquaredResult TwoSample(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, bool pool = true, bool yates = false)
    {
        var table = Table.Build(reference, current, pool);
        return table.Result(table.Pearson(yates));
    }
}
