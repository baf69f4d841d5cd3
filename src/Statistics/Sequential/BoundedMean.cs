namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="BoundedMean"/>.</summary>
/// <param name="Alpha">Error chance over all looks.</param>
/// <param name="Count">Values seen.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="Squares">Sum of squared deviations from the predictable mean.</param>
/// <param name="BetWeight">Sum of the interval's weights.</param>
/// <param name="BetSum">Weighted sum of the values.</param>
/// <param name="BetVariance">Variance term of the interval.</param>
/// <param name="Lower">Lower limit so far.</param>
/// <param name="Upper">Upper limit so far.</param>
public sealed record BoundedMeanState(
    double Alpha, long Count, double Sum, double Squares, double BetWeight, double BetSum, double BetVariance, double Lower, double Upper);

/// <summary>
/// Confidence sequence for the mean of values in [0, 1] by predictable plug-in empirical Bernstein: the chance that the mean ever leaves
/// [<see cref="Lower"/>, <see cref="Upper"/>] is at most alpha, however often one looks. The values need only a common mean given the past. The interval
/// adapts to the variance, with constant work and memory; <see cref="HedgedBettingMean"/> is narrower at a higher price,
/// <see cref="ConfidenceSequence.BoundedMean"/> needs no state. Waudby-Smith and Ramdas, JRSS B 2024, theorem 2.
/// </summary>
public sealed class BoundedMean
{
    private EmpiricalBernstein _interval;
    private double _sum;
    private double _squares;

    /// <summary>Starts without data: [0, 1].</summary>
    /// <param name="alpha">Error chance over all looks, in (0, 1). Default 0.05.</param>
    public BoundedMean(double alpha = 0.05)
    {
        ConfidenceSequence.CheckAlpha(alpha);
        Alpha = alpha;
    }

    /// <summary>Goes on from a stored state.</summary>
    public BoundedMean(BoundedMeanState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Alpha)
    {
        (Count, _sum, _squares, Lower, Upper) = (state.Count, state.Sum, state.Squares, state.Lower, state.Upper);
        _interval = new EmpiricalBernstein(state.BetWeight, state.BetSum, state.BetVariance);
    }

    /// <summary>Error chance over all looks.</summary>
    public double Alpha { get; }

    /// <summary>Values seen.</summary>
    public long Count { get; private set; }

    /// <summary>Mean so far; NaN without data.</summary>
    public double Mean => Count == 0 ? double.NaN : _sum / Count;

    /// <summary>Lower limit of the mean, in [0, 1]. It never falls.</summary>
    public double Lower { get; private set; }

    /// <summary>Upper limit of the mean, in [0, 1]. It never rises.</summary>
    public double Upper { get; private set; } = 1;

    /// <summary>Everything, for storing.</summary>
    public BoundedMeanState State => new(Alpha, Count, _sum, _squares, _interval.Weight, _interval.Weighted, _interval.Variance, Lower, Upper);

    /// <summary>One value; values outside [0, 1] and NaN are refused (clipping would bias the mean).</summary>
    public void Observe(double value)
    {
        ConfidenceSequence.CheckUnit(value);
        double mean = (0.5 + _sum) / (Count + 1), variance = (0.25 + _squares) / (Count + 1);
        Count++;
        var (low, high) = _interval.Add(value, mean, variance, Count, Alpha);
        Lower = Math.Max(Lower, low);
        Upper = Math.Min(Upper, high);
        _sum += value;
        var after = (0.5 + _sum) / (Count + 1);
        _squares += (value - after) * (value - after);
    }
}
