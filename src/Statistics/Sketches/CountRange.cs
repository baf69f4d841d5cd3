namespace Holdfast.Statistics.Sketches;

/// <summary>Counts in bins that are known within limits only.</summary>
/// <param name="Counts">The estimates.</param>
/// <param name="Below">By how much each may be too high, &gt;= 0.</param>
/// <param name="Above">By how much each may be too low, &gt;= 0.</param>
public sealed record CountRange(long[] Counts, double[] Below, double[] Above)
{
    /// <summary>Exact counts.</summary>
    public static CountRange Exact(long[] counts) => new(counts, new double[counts?.Length ?? 0], new double[counts?.Length ?? 0]);

    internal double Total => Counts.Sum(c => (double)c);

    internal double Least(int bin) => Math.Max(0, Counts[bin] - Below[bin]);

    internal double Most(int bin) => Counts[bin] + Above[bin];
}
