namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="PairedBoundedMean"/>.</summary>
/// <param name="Margin">The margin in [-1, 1].</param>
/// <param name="Alpha">Error chance of the interval.</param>
/// <param name="Count">Pairs seen.</param>
/// <param name="Sum">Sum of the rescaled values.</param>
/// <param name="Squares">Sum of squared deviations from the predictable mean.</param>
/// <param name="BetWeight">Sum of the interval's weights.</param>
/// <param name="BetSum">Weighted sum of the rescaled values.</param>
/// <param name="BetVariance">Variance term of the interval.</param>
/// <param name="LogAbove">ln E for "mean above the margin".</param>
/// <param name="LogBelow">ln E for "mean below the margin".</param>
/// <param name="PeakLogAbove">Largest LogAbove so far.</param>
/// <param name="PeakLogBelow">Largest LogBelow so far.</param>
/// <param name="Lower">Lower limit so far.</param>
/// <param name="Upper">Upper limit so far.</param>
public sealed record PairedMeanState(
    double Margin, double Alpha, long Count, double Sum, double Squares, double BetWeight, double BetSum, double BetVariance,
    double LogAbove, double LogBelow, double PeakLogAbove, double PeakLogBelow, double Lower, double Upper);

/// <summary>
/// The mean of paired differences z = candidate - primary in [-1, 1] (loss, wrongness, capped and scaled latency) when every request is answered by both.
/// Gives a confidence sequence for the mean by predictable plug-in empirical Bernstein, and two e-processes by betting against the margin.
/// The pair's differences vary little, so a shadow decides on far fewer requests than a split.
/// Howard et al., Annals of Statistics 2021; Waudby-Smith and Ramdas, JRSS B 2024.
/// </summary>
public sealed class PairedBoundedMean
{
    private double _sum;
    private double _squares;
    private EmpiricalBernstein _interval;
    private double _lower = -1;
    private double _upper = 1;

    /// <summary>Starts without data: interval [-1, 1], E = 1.</summary>
    /// <param name="margin">The difference in (-1, 1) that the e-processes test. Default 0.</param>
    /// <param name="alpha">Error chance of the two-sided interval over all looks. Default 0.05.</param>
    public PairedBoundedMean(double margin = 0, double alpha = 0.05)
    {
        if (!(margin > -1 && margin < 1)) throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must lie between -1 and 1.");
        ConfidenceSequence.CheckAlpha(alpha);
        Margin = margin;
        Alpha = alpha;
    }

    /// <summary>Goes on from a stored state.</summary>
    public PairedBoundedMean(PairedMeanState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Margin, state.Alpha)
    {
        (Count, _sum, _squares) = (state.Count, state.Sum, state.Squares);
        _interval = new EmpiricalBernstein(state.BetWeight, state.BetSum, state.BetVariance);
        (LogAbove, LogBelow, PeakLogAbove, PeakLogBelow, _lower, _upper) = (state.LogAbove, state.LogBelow, state.PeakLogAbove, state.PeakLogBelow, state.Lower, state.Upper);
    }

    /// <summary>The difference that the e-processes test.</summary>
    public double Margin { get; }

    /// <summary>Error chance of the interval.</summary>
    public double Alpha { get; }

    /// <summary>Pairs seen.</summary>
    public long Count { get; private set; }

    /// <summary>Mean difference so far, in [-1, 1]; NaN without data.</summary>
    public double Mean => Count == 0 ? double.NaN : 2 * _sum / Count - 1;

    /// <summary>Lower limit of the mean difference, in [-1, 1]. It never falls.</summary>
    public double Lower => _lower;

    /// <summary>Upper limit of the mean difference, in [-1, 1]. It never rises.</summary>
    public double Upper => _upper;

    /// <summary>ln E against H0 "mean &lt;= margin": evidence that the candidate is worse by more than the margin.</summary>
    public double LogAbove { get; private set; }

    /// <summary>ln E against H0 "mean &gt;= margin": evidence that the candidate is better than the margin.</summary>
    public double LogBelow { get; private set; }

    /// <summary>Largest <see cref="LogAbove"/> so far, &gt;= 0.</summary>
    public double PeakLogAbove { get; private set; }

    /// <summary>Largest <see cref="LogBelow"/> so far, &gt;= 0.</summary>
    public double PeakLogBelow { get; private set; }

    /// <summary>Everything, for storing.</summary>
    public PairedMeanState State => new(
        Margin, Alpha, Count, _sum, _squares, _interval.Weight, _interval.Weighted, _interval.Variance, LogAbove, LogBelow, PeakLogAbove, PeakLogBelow, _lower, _upper);

    /// <summary>One pair's difference; values outside [-1, 1] and NaN are refused (clipping would bias the mean).</summary>
    public void Observe(double difference)
    {
        if (!(difference >= -1 && difference <= 1)) throw new ArgumentOutOfRangeException(nameof(difference), difference, "A paired difference must lie in [-1, 1]: scale it by its known range.");
        var x = (difference + 1) / 2;
        var mean = (0.5 + _sum) / (Count + 1); // from the past only: every bet must be fixed before the value is seen
        var variance = (0.25 + _squares) / (Count + 1);
        Bet(x, (Margin + 1) / 2, mean, variance);
        Tighten(x, mean, variance);
        Count++;
        _sum += x;
        var after = (0.5 + _sum) / (Count + 1);
        _squares += (x - after) * (x - after);
    }

    private void Bet(double x, double margin, double mean, double variance)
    {
        var gap = mean - margin;
        var stake = gap / (variance + gap * gap);
        LogAbove += Math.Log(1 + Math.Clamp(stake, 0, 0.5 / margin) * (x - margin));
        LogBelow += Math.Log(1 - Math.Clamp(-stake, 0, 0.5 / (1 - margin)) * (x - margin));
        PeakLogAbove = Math.Max(PeakLogAbove, LogAbove);
        PeakLogBelow = Math.Max(PeakLogBelow, LogBelow);
    }

    private void Tighten(double x, double mean, double variance)
    {
        var (low, high) = _interval.Add(x, mean, variance, Count + 1, Alpha);
        _lower = Math.Max(_lower, 2 * low - 1);
        _upper = Math.Min(_upper, 2 * high - 1);
    }
}
