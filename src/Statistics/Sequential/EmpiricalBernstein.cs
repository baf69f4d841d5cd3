namespace Holdfast.Statistics.Sequential;

/// <summary>
/// Sums of the predictable plug-in empirical-Bernstein interval for values in [0, 1]. With weight l_t = min(sqrt(2 ln(2/alpha) / (s2 t ln(1 + t))), 1/2), s2
/// from the past only: sum(l x) / sum l -+ (ln(2/alpha) + sum (x - mean)^2 (-ln(1 - l) - l)) / sum l.
/// </summary>
internal struct EmpiricalBernstein(double weight, double weighted, double variance)
{
    public double Weight { get; private set; } = weight;

    public double Weighted { get; private set; } = weighted;

    public double Variance { get; private set; } = variance;

    /// <summary>The interval after value number <paramref name="t"/>; mean and variance are those of the values before it.</summary>
    public (double Low, double High) Add(double x, double mean, double variance, long t, double alpha)
    {
        var stake = Math.Min(Stake(variance, t, alpha), 0.5);
        Weight += stake;
        Weighted += stake * x;
        Variance += 4 * (x - mean) * (x - mean) * (-Math.Log(1 - stake) - stake) / 4;
        var reach = (Math.Log(2 / alpha) + Variance) / Weight;
        var centre = Weighted / Weight;
        return (centre - reach, centre + reach);
    }

    /// <summary>sqrt(2 ln(2/alpha) / (s2 t ln(1 + t))): how much to stake on value number <paramref name="t"/>.</summary>
    public static double Stake(double variance, long t, double alpha) => Math.Sqrt(2 * Math.Log(2 / alpha) / (variance * t * Math.Log(1 + t)));
}
