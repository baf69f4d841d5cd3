namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Maximum mean discrepancy with a Gaussian kernel: sees any difference of two joint distributions, also one that leaves every single column as it was.
/// MMD^2 = E k(r, r') + E k(c, c') - 2 E k(r, c), r and c drawn from reference and current. All forms take rows that are complete and standardised by the
/// reference (<see cref="Standardisation"/>); NaN and infinite values are refused.
/// Gretton et al., "A kernel two-sample test", Journal of Machine Learning Research 13, 2012.
/// </summary>
public static class Mmd
{
    /// <summary>
    /// Unbiased MMD^2 (U-statistic) and a permutation test over all pooled rows. Exact for any sample size if rows are exchangeable under "nothing changed"; rows
    /// that depend on their neighbours (a time series) make it alarm too often. Costs O((n + m)^2) time, O(n + m) memory: see <see cref="Linear"/> and
    /// <see cref="Block"/> for more rows. Fewer than two rows on a side: NaN and p = 1.
    /// </summary>
    /// <param name="reference">Reference rows.</param>
    /// <param name="current">Current rows.</param>
    /// <param name="permutations">Relabellings, &gt;= 0; the smallest p is 1 / (1 + permutations). Default 200, enough to decide at 0.05 and 0.01.</param>
    /// <param name="seed">Seed of the relabellings; the same seed gives the same p.</param>
    /// <param name="sigma">Bandwidth &gt; 0; default by <see cref="RbfKernel.MedianSigma"/> of the reference.</param>
    public static MmdResult Test(Matrix reference, Matrix current, int permutations = 200, ulong seed = 0, double? sigma = null)
    {
        Matrix.CheckPair(reference, current);
        ArgumentOutOfRangeException.ThrowIfNegative(permutations);
        var s = Bandwidth(reference, sigma);
        int n = reference.Rows, m = current.Rows;
        if (n < 2 || m < 2) return new MmdResult(double.NaN, double.NaN, s, 1, []);

        var sets = Labels(n, m, permutations, seed);
        var forms = KernelForms.Of(Matrix.Stack(reference, current), s, sets);
        double total = 0;
        foreach (var sum in forms.RowSums) total += sum;
        var values = new double[sets.Length];
        double biased = 0;
        for (var b = 0; b < sets.Length; b++)
        {
            var (xx, xy, yy) = Sums(sets[b], forms.Quadratic[b], forms.RowSums, total);
            values[b] = xx / ((double)n * (n - 1)) + yy / ((double)m * (m - 1)) - 2 * xy / ((double)n * m);
            if (b == 0) biased = (xx + n) / ((double)n * n) + (yy + m) / ((double)m * m) - 2 * xy / ((double)n * m);
        }
        var asLarge = 1;
        for (var b = 1; b < values.Length; b++)
        {
            if (values[b] >= values[0]) asLarge++;
        }
        return new MmdResult(values[0], biased, s, permutations == 0 ? 1 : asLarge / (1.0 + permutations), values[1..]);
    }

    /// <summary>
    /// Linear-time MMD^2: the mean of h = k(r1, r2) + k(c1, c2) - k(r1, c2) - k(r2, c1) over disjoint pairs of rows in their order, with a one-sided z-test
    /// (statistic: z = mean / (sd / sqrt(pairs))). One pass, no memory, far less power than <see cref="Test"/> for the same rows. Rows beyond the shorter side's
    /// even count are not used. Fewer than two pairs, or no spread: undefined, p = 1.
    /// Gretton et al. 2012, section 6.
    /// </summary>
    /// <param name="reference">Reference rows.</param>
    /// <param name="current">Current rows.</param>
    /// <param name="sigma">Bandwidth &gt; 0; default by <see cref="RbfKernel.MedianSigma"/> of the reference.</param>
    public static MmdEstimate Linear(Matrix reference, Matrix current, double? sigma = null)
    {
        Matrix.CheckPair(reference, current);
        var s = Bandwidth(reference, sigma);
        var terms = new double[Math.Min(reference.Rows, current.Rows) / 2];
        for (var i = 0; i < terms.Length; i++)
            terms[i] = PairTerm(reference.Row(2 * i), reference.Row(2 * i + 1), current.Row(2 * i), current.Row(2 * i + 1), s);
        return MmdEstimate.FromTerms(terms, s);
    }

    /// <summary>
    /// h = k(r1, r2) + k(c1, c2) - k(r1, c2) - k(r2, c1), in [-2, 2] with mean MMD^2: one step of <see cref="Linear"/>, and half of it a bounded payoff for a bet
    /// that the distributions differ.
    /// </summary>
    public static double PairTerm(ReadOnlySpan<double> r1, ReadOnlySpan<double> r2, ReadOnlySpan<double> c1, ReadOnlySpan<double> c2, double sigma) =>
        RbfKernel.Value(r1, r2, sigma) + RbfKernel.Value(c1, c2, sigma) - RbfKernel.Value(r1, c2, sigma) - RbfKernel.Value(r2, c1, sigma);

    /// <summary>
    /// Block MMD^2 (B-test): the unbiased MMD^2 of consecutive blocks of rows, averaged, with a one-sided z-test from the spread of the blocks. Between
    /// <see cref="Linear"/> and <see cref="Test"/> in cost (rows times block size) and in power. Rows beyond the last whole block are not used. Fewer than two
    /// blocks, or no spread: undefined, p = 1. The test leans on the central limit theorem over blocks: have 20 or more.
    /// Zaremba, Gretton and Blaschko, "B-tests: low variance kernel two-sample tests", NIPS 2013.
    /// </summary>
    /// <param name="reference">Reference rows.</param>
    /// <param name="current">Current rows.</param>
    /// <param name="blockSize">Rows of each side in a block, at least 2. Default: the square root of the shorter side's rows.</param>
    /// <param name="sigma">Bandwidth &gt; 0; default by <see cref="RbfKernel.MedianSigma"/> of the reference.</param>
    public static MmdEstimate Block(Matrix reference, Matrix current, int? blockSize = null, double? sigma = null)
    {
        Matrix.CheckPair(reference, current);
        var rows = Math.Min(reference.Rows, current.Rows);
        var size = blockSize ?? Math.Max(2, (int)Math.Sqrt(rows));
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 2, nameof(blockSize));
        var s = Bandwidth(reference, sigma);
        var terms = new double[rows / size];
        for (var block = 0; block < terms.Length; block++) terms[block] = BlockTerm(reference, current, block * size, size, s);
        return MmdEstimate.FromTerms(terms, s);
    }

    private static double BlockTerm(Matrix reference, Matrix current, int start, int size, double sigma)
    {
        double sum = 0;
        for (var i = start; i < start + size; i++)
        {
            for (var j = start; j < i; j++)
                sum += PairTerm(reference.Row(i), reference.Row(j), current.Row(i), current.Row(j), sigma);
        }
        return 2 * sum / ((double)size * (size - 1));
    }

    // Sums over ordered pairs within the set, across, and within the rest, from w'Kw, K1 and 1'K1.
    private static (double Within, double Across, double Others) Sums(byte[] set, double quadratic, double[] rowSums, double total)
    {
        double marked = 0;
        for (var i = 0; i < set.Length; i++) marked += set[i] * rowSums[i];
        var across = marked - quadratic;
        return (quadratic, across, total - quadratic - 2 * across);
    }

    // The true labels, then relabellings: n of the pooled rows chosen at random.
    private static byte[][] Labels(int n, int m, int permutations, ulong seed)
    {
        var result = new byte[permutations + 1][];
        result[0] = new byte[n + m];
        Array.Fill(result[0], (byte)1, 0, n);
        var draws = new SeededDraws(seed);
        var order = new int[n + m];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        var few = Math.Min(n, m);
        for (var b = 1; b <= permutations; b++)
        {
            // Only the smaller side need be drawn; going on from the last order is as random as starting afresh.
            var set = new byte[n + m];
            if (n > m) Array.Fill(set, (byte)1);
            for (var i = 0; i < few; i++)
            {
                var j = i + draws.Below(order.Length - i);
                (order[i], order[j]) = (order[j], order[i]);
                set[order[i]] ^= 1;
            }
            result[b] = set;
        }
        return result;
    }

    private static double Bandwidth(Matrix reference, double? sigma)
    {
        var s = sigma ?? RbfKernel.MedianSigma(reference);
        if (!(s > 0 && double.IsFinite(s))) throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "The bandwidth must be above 0.");
        return s;
    }
}
