namespace Holdfast.Monitoring;

/// <summary>Where in a sequence of rows the distribution of a feature changed.</summary>
internal static class ChangePoint
{
    /// <summary>
    /// The most likely start of a change that lasts to the end: the index from which the sum of ln(q / p) is largest, p the baseline's
    /// shares of the bins and q those of the newest rows (both with 1/2 added to every bin). Page's test, read backwards. 0 = all rows changed.
    /// </summary>
    /// <param name="bins">Bin of each row in order of time.</param>
    /// <param name="baseline">Counts of the baseline.</param>
    /// <param name="newest">How many rows at the end describe the state after the change.</param>
    public static int Locate(IReadOnlyList<int> bins, ReadOnlySpan<long> baseline, int newest)
    {
        var after = new long[baseline.Length];
        for (var i = Math.Max(0, bins.Count - newest); i < bins.Count; i++)
            after[bins[i]]++;

        double n = 0, m = 0;
        for (var b = 0; b < baseline.Length; b++)
        {
            n += baseline[b] + 0.5;
            m += after[b] + 0.5;
        }

        var weight = new double[baseline.Length];
        for (var b = 0; b < weight.Length; b++)
            weight[b] = Math.Log((after[b] + 0.5) / m / ((baseline[b] + 0.5) / n));
        double sum = 0, best = double.NegativeInfinity;
        var start = bins.Count;
        for (var i = bins.Count - 1; i >= 0; i--)
        {
            sum += weight[bins[i]];
            if (sum < best)
                continue;
            best = sum;
            start = i;
        }

        return start;
    }
}
