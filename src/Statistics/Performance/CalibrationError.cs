namespace Holdfast.Statistics.Performance;

/// <summary>How far scores are from the shares they claim.</summary>
/// <param name="Expected">
/// Expected calibration error: the mean over bins of equal size of |mean score - share of positives|, in [0, 1]. Naeini, Cooper and Hauskrecht, AAAI 2015.
/// </param>
/// <param name="NullMean">What perfectly calibrated scores show on average at this sample size: sum w sigma sqrt(2 / pi).</param>
/// <param name="Critical">What they stay under with 95 % chance (normal law over the bins).</param>
public readonly record struct CalibrationError(double Expected, double NullMean, double Critical)
{
    /// <summary>The error over <paramref name="bins"/> bins of equal size in the order of the scores (ties in the order of the rows). All zero without rows.</summary>
    public static CalibrationError Of(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, int bins = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        Calibration.Check(scores, labels);
        if (scores.Length == 0) return default;
        var keys = scores.ToArray();
        var rows = new int[keys.Length];
        for (var i = 0; i < rows.Length; i++) rows[i] = i;
        Array.Sort(keys, rows, Comparer<double>.Default);
        bins = Math.Min(bins, Math.Max(1, keys.Length / 2));
        double error = 0, mean = 0, variance = 0;
        for (var bin = 0; bin < bins; bin++)
        {
            int start = (int)((long)keys.Length * bin / bins), end = (int)((long)keys.Length * (bin + 1) / bins);
            double gap = 0, spread = 0;
            for (var i = start; i < end; i++)
            {
                gap += keys[i] - (labels[rows[i]] ? 1 : 0);
                spread += keys[i] * (1 - keys[i]);
            }
            error += Math.Abs(gap) / keys.Length;
            mean += Math.Sqrt(spread * 2 / Math.PI) / keys.Length;
            variance += spread * (1 - 2 / Math.PI) / ((double)keys.Length * keys.Length);
        }
        return new CalibrationError(error, mean, mean + 1.6448536269514722 * Math.Sqrt(variance));
    }
}
