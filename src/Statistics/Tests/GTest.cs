namespace Holdfast.Statistics.Tests;

/// <summary>
/// Likelihood-ratio test on a 2 x K table: G = 2 sum O ln(O / E), natural logarithm, K - 1 degrees; empty cells add 0. Wilks 1938.
/// Close to chi-squared for large counts.
/// </summary>
public static class GTest
{
    /// <summary>Tests whether two rows of counts come from one distribution; pooling as in <see cref="ChiSquared.TwoSample"/>.</summary>
    public static ChiSquaredResult TwoSample(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, bool pool = true)
    {
        var table = Table.Build(reference, current, pool);
        return table.Result(table.LikelihoodRatio());
    }
}
