using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sequential;

/// <summary>Intervals that hold at every look at once: P(the truth ever leaves them) &lt;= alpha.</summary>
public static class ConfidenceSequence
{
    /// <summary>
    /// For a rate, from the counts alone: all p whose Beta(1/2, 1/2) mixture likelihood ratio is below 1/alpha (Robbins 1970; exact, no state to keep).
    /// In [0, 1]; (0, 1) without trials. Wider than a fixed-sample interval by about a factor 2.
    /// </summary>
    /// <param name="events">Events among the trials.</param>
    /// <param name="trials">Trials so far.</param>
    /// <param name="alpha">Chance of ever being wrong, in (0, 1). Default 0.05.</param>
    public static (double Low, double High) Bernoulli(long events, long trials, double alpha = 0.05)
    {
        if (events < 0 || events > trials) throw new ArgumentOutOfRangeException(nameof(events), events, $"{events} events among {trials} trials are not possible.");
        CheckAlpha(alpha);
        if (trials == 0) return (0, 1);
        var misses = trials - events;
        var mixture = LogBeta(events + 0.5, misses + 0.5) - LogBeta(0.5, 0.5) - Math.Log(1 / alpha);
        bool Outside(double p) => Term(events, p) + Term(misses, 1 - p) < mixture;
        var centre = (double)events / trials;
        return (events == 0 ? 0 : Bound(0, centre, Outside), misses == 0 ? 1 : Bound(1, centre, Outside));
    }

    /// <summary>
    /// For the mean of values in [0, 1] from running sums: stitched empirical-variance-free boundary with variance proxy 1/4,
    /// 1.7 sqrt((ln ln 2t + 0.72 ln(10.4 / alpha)) / (4t)) (Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 2021). (0, 1) without values.
    /// </summary>
    public static (double Low, double High) BoundedMean(double sum, long count, double alpha = 0.05)
    {
        CheckAlpha(alpha);
        if (count < 2) return (0, 1);
        var reach = 1.7 * Math.Sqrt((Math.Log(Math.Log(2.0 * count)) + 0.72 * Math.Log(10.4 / alpha)) / (4.0 * count));
        return (Math.Max(0, sum / count - reach), Math.Min(1, sum / count + reach));
    }

    internal static void CheckAlpha(double alpha)
    {
        if (!(alpha > 0 && alpha < 1)) throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "The error chance must lie between 0 and 1.");
    }

    private static double Term(long count, double p) => count == 0 ? 0 : count * Math.Log(p);

    private static double LogBeta(double a, double b) => Distributions.LogGamma(a) + Distributions.LogGamma(b) - Distributions.LogGamma(a + b);

    private static double Bound(double outside, double inside, Func<double, bool> isOutside)
    {
        for (var i = 0; i < 60; i++)
        {
            var middle = 0.5 * (outside + inside);
            if (isOutside(middle)) outside = middle; else inside = middle;
        }
        return outside;
    }
}
