namespace Holdfast.Statistics.Quality;

/// <summary>Spearman's rank correlation.</summary>
internal static class RankCorrelation
{
    /// <summary>Correlation of mean ranks in [-1, 1] over the rows where both are finite; 0 if a column is constant or there are fewer than two.</summary>
    public static double Of(double[] a, double[] b)
    {
        var x = new List<double>(a.Length);
        var y = new List<double>(a.Length);
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (!double.IsFinite(a[i]) || !double.IsFinite(b[i])) continue;
            x.Add(a[i]);
            y.Add(b[i]);
        }
        double[] ranksX = Ranks([.. x]), ranksY = Ranks([.. y]);
        var (meanX, sdX) = Samples.MeanSd(ranksX);
        var (meanY, sdY) = Samples.MeanSd(ranksY);
        if (!(sdX > 0 && sdY > 0)) return 0;
        double cross = 0;
        for (var i = 0; i < ranksX.Length; i++) cross += (ranksX[i] - meanX) * (ranksY[i] - meanY);
        return cross / ranksX.Length / (sdX * sdY);
    }

    private static double[] Ranks(double[] values)
    {
        var order = new int[values.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        var sorted = (double[])values.Clone();
        Array.Sort(sorted, order);
        var ranks = new double[values.Length];
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = start + 1;
            while (end < order.Length && sorted[end] == sorted[start]) end++;
            for (var i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2.0;
        }
        return ranks;
    }
}
