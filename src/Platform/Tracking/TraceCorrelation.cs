namespace Holdfast.Tracking;

/// <summary>
/// How two conditions on traces go together: normalised pointwise mutual information, ln(p(xy) / (p(x) p(y))) / -ln p(xy).
/// 1 means that neither occurs without the other, 0 that they are independent, -1 that they never meet; not a number where one never occurs.
/// </summary>
/// <param name="First">Traces that meet the first condition.</param>
/// <param name="Second">Traces that meet the second.</param>
/// <param name="Joint">Traces that meet both.</param>
/// <param name="Total">All traces looked at.</param>
public sealed record TraceCorrelation(long First, long Second, long Joint, long Total)
{
    // Jeffreys' prior on each cell of the table.
    private const double Prior = 0.5;

    /// <summary>From the counts as they are.</summary>
    public double Npmi => Unknown ? double.NaN : Joint == 0 ? -1 : Of(0);

    /// <summary>With half a trace added to each cell, which tames small counts.</summary>
    public double Smoothed => Unknown ? double.NaN : Of(Prior);

    private bool Unknown => Total <= 0 || First == 0 || Second == 0 || First < Joint || Second < Joint || Total - First - Second + Joint < 0;

    private double Of(double prior)
    {
        if (Joint == Total)
            return 1;
        var joint = Joint + prior;
        var total = Total + (4 * prior);
        var information = Math.Log(joint) + Math.Log(total) - Math.Log(First + (2 * prior)) - Math.Log(Second + (2 * prior));
        return Math.Clamp(information / (Math.Log(total) - Math.Log(joint)), -1, 1);
    }
}
