namespace Holdfast.Statistics.ChangeDetection;

/// <summary>
/// Drift detection by McDiarmid's bound on exponentially weighted means, for values in [0, 1] (errors, bounded losses): quicker than <see cref="HddmA"/> for
/// gradual changes, with more false alarms. With weight l an average has c = l^2 + (1 - l)^2 c; the sample up to the lowest mean + sqrt(c ln(1 / delta) / 2)
/// is compared with the sample after it: a change if the means differ by more than sqrt((c1 + c2) ln(1 / delta) / 2). Starts anew after a change. NaN is refused.
/// Frias-Blanco et al., IEEE TKDE 27 (2015), W-test; as in the river library 0.19.
/// </summary>
public sealed class HddmW : IChangeDetector
{
    private readonly double _delta;
    private readonly double _warning;
    private readonly double _weight;
    private readonly bool _falls;
    private readonly double _logChange;
    private readonly double _logWarning;
    private Average _all;
    private Average _low;
    private Average _afterLow;
    private Average _high;
    private Average _afterHigh;
    private double _lowest;
    private double _highest;

    /// <summary>Starts without values.</summary>
    /// <param name="delta">Chance of a false change at one value, in (0, 1), default 0.001 as in the paper. It does not bound false alarms over a long stream.</param>
    /// <param name="warning">Chance for a warning, at least <paramref name="delta"/>, below 1, default 0.005 as in the paper.</param>
    /// <param name="weight">Weight l of the newest value, in (0, 1), default 0.05 as in the paper: a memory of about 20 values.</param>
    /// <param name="side">Default up: the stream is of errors. Falls alone are not offered: feed 1 - value.</param>
    public HddmW(double delta = 0.001, double warning = 0.005, double weight = 0.05, ChangeSide side = ChangeSide.Up)
    {
        HddmLevels.Check(delta, warning, side);
        if (!(weight is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "The weight must lie between 0 and 1.");
        (_delta, _warning, _weight, _falls) = (delta, warning, weight, side == ChangeSide.Both);
        (_logChange, _logWarning) = (Math.Log(1 / delta), Math.Log(1 / warning));
        Reset();
    }

    internal HddmW(ref StateReader reader)
        : this(reader.Double(), reader.Double(), reader.Double(), reader.Bool() ? ChangeSide.Both : ChangeSide.Up)
    {
        (_all, _low, _afterLow) = (new Average(ref reader), new Average(ref reader), new Average(ref reader));
        (_high, _afterHigh) = (new Average(ref reader), new Average(ref reader));
        (_lowest, _highest) = (reader.Double(), reader.Double());
    }

    /// <inheritdoc/>
    public ChangeState Observe(double value)
    {
        Observation.Unit(value);
        _all.Add(value, _weight);
        Follow(value);
        var state = HddmLevels.Worst(Level(_low, _afterLow), _falls ? Level(_afterHigh, _high) : ChangeState.Stable);
        if (state == ChangeState.Change) Reset();
        return state;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _all = _low = _afterLow = _high = _afterHigh = Average.Empty;
        (_lowest, _highest) = (double.PositiveInfinity, double.NegativeInfinity);
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        var writer = new StateWriter(DetectorKind.HddmW).Add(_delta).Add(_warning).Add(_weight).Add(_falls);
        foreach (var average in new[] { _all, _low, _afterLow, _high, _afterHigh }) writer.Add(average.Mean).Add(average.Bound);
        return writer.Add(_lowest).Add(_highest).ToArray();
    }

    private void Follow(double value)
    {
        var reach = Math.Sqrt(_all.Bound * _logChange / 2);
        if (_all.Mean + reach < _lowest) (_lowest, _low, _afterLow) = (_all.Mean + reach, _all, Average.Empty);
        else _afterLow.Add(value, _weight);
        if (!_falls) return;
        if (_all.Mean - reach > _highest) (_highest, _high, _afterHigh) = (_all.Mean - reach, _all, Average.Empty);
        else _afterHigh.Add(value, _weight);
    }

    private ChangeState Level(in Average smaller, in Average larger)
    {
        if (smaller.IsEmpty || larger.IsEmpty) return ChangeState.Stable;
        var (gap, bound) = (larger.Mean - smaller.Mean, smaller.Bound + larger.Bound);
        if (gap > Math.Sqrt(bound * _logChange / 2)) return ChangeState.Change;
        return gap > Math.Sqrt(bound * _logWarning / 2) ? ChangeState.Warning : ChangeState.Stable;
    }

    /// <summary>An exponentially weighted mean and its sum of squared weights; the mean is NaN while empty.</summary>
    private struct Average(double mean, double bound)
    {
        public static readonly Average Empty = new(double.NaN, 1);

        public Average(ref StateReader reader)
            : this(reader.Double(), reader.Double())
        {
        }

        public double Mean { get; private set; } = mean;

        public double Bound { get; private set; } = bound;

        public readonly bool IsEmpty => double.IsNaN(Mean);

        public void Add(double value, double weight)
        {
            Mean = IsEmpty ? value : weight * value + (1 - weight) * Mean;
            Bound = weight * weight + (1 - weight) * (1 - weight) * Bound;
        }
    }
}
