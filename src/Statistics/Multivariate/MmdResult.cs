namespace Holdfast.Statistics.Multivariate;

/// <summary>A maximum mean discrepancy with its permutation law.</summary>
/// <param name="Squared">Unbiased MMD^2; 0 in the mean if nothing changed, may be negative, at most 2. NaN with fewer than two rows on a side.</param>
/// <param name="Biased">MMD^2 with the diagonals kept (V-statistic), &gt;= 0: the squared distance of the two samples' mean embeddings.</param>
/// <param name="Sigma">Bandwidth of the kernel.</param>
/// <param name="PValue">(1 + permutations at least as large) / (1 + permutations), in (0, 1]; 1 without permutations or without data.</param>
/// <param name="Null">Unbiased MMD^2 of each permutation, in the order drawn.</param>
public sealed record MmdResult(double Squared, double Biased, double Sigma, double PValue, double[] Null)
{
    /// <summary>Unbiased MMD^2 that a test at level <paramref name="alpha"/> must exceed: the 1 - alpha quantile of <see cref="Null"/>; NaN without permutations.</summary>
    public double Critical(double alpha = 0.05)
    {
        var sorted = (double[])Null.Clone();
        Array.Sort(sorted);
        return Samples.Quantile(sorted, 1 - alpha);
    }
}
