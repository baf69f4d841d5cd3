namespace Holdfast.Predictions;

/// <summary>Counters of latencies, each 5 % wider than the one before: 0.01 ms to some 40 minutes.</summary>
internal static class LatencyBins
{
    public const int Size = 400;
    private const double Step = 1.05;
    private const double Least = 0.01;

    public static int Of(double milliseconds) => !(milliseconds > Least) ? 0 : Math.Min(Size - 1, (int)(Math.Log(milliseconds / Least) / Math.Log(Step)) + 1);

    /// <summary>The middle of a bin in milliseconds; a latency in it is within 2.5 %.</summary>
    public static double Middle(int bin) => bin == 0 ? Least : Least * Math.Pow(Step, bin - 0.5);

    /// <summary>The upper end of the bin above which at most <paramref name="share"/> of the answers lie.</summary>
    public static double Above(long[] counts, double share)
    {
        var allowed = (long)(counts.Sum() * share);
        long above = 0;
        var at = Size - 1;
        while (at > 0 && above + counts[at] <= allowed)
            above += counts[at--];
        return Least * Math.Pow(Step, at);
    }
}
