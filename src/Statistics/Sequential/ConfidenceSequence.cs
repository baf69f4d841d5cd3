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

    /// <summary>
    /// Half-width of a band for a whole distribution function that holds at every count at once: |F_t - F| &lt;= 0.85 sqrt((ln ln(e t) + 0.8 ln(1612 / alpha)) / t)
    /// at all points and all t (Howard and Ramdas, Bernoulli 28 (2022)). In (0, 1]; 1 without values.
    /// </summary>
    /// <param name="count">Values so far.</param>
    /// <param name="alpha">Chance of ever being wrong, in (0, 1). Default 0.05.</param>
    public static double Ecdf(long count, double alpha = 0.05)
    {
        CheckAlpha(alpha);
        return count < 1 ? 1 : Math.Min(1, 0.85 * Math.Sqrt((Math.Log(Math.Log(Math.E * count)) + 0.8 * Math.Log(1612 / alpha)) / count));
    }

    /// <summary>
    /// Half-width of the Dvoretzky-Kiefer-Wolfowitz band at the epoch t = 2^k: sqrt(ln(2 / alpha_k) / (2t)), alpha_k = 6 alpha / (pi^2 k^2). It holds at all
    /// epochs together and is narrower there than <see cref="Ecdf"/>; between epochs it says nothing. In (0, 1].
    /// </summary>
    /// <param name="count">Values so far: 2, 4, 8, ...</param>
    /// <param name="alpha">Chance of being wrong at any epoch, in (0, 1). Default 0.05.</param>
    public static double EcdfAtEpoch(long count, double alpha = 0.05)
    {
        CheckAlpha(alpha);
        if (!IsEpoch(count)) throw new ArgumentOutOfRangeException(nameof(count), count, "Epochs are 2, 4, 8, and so on.");
        double k = long.Log2(count);
        return Math.Min(1, Math.Sqrt(Math.Log(2 * Math.PI * Math.PI * k * k / (6 * alpha)) / (2.0 * count)));
    }

    /// <summary>Whether a band may be looked at after this many values: 2, 4, 8, ...</summary>
    public static bool IsEpoch(long count) => count > 1 && long.IsPow2(count);

    internal static void CheckUnit(double value)
    {
        if (!(value is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(value), value, "The value must lie in [0, 1]: scale it by its known range.");
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
