namespace Holdfast.Statistics.ChangeDetection;

/// <summary>
/// Drift detection by Hoeffding's bound on running means, for values in [0, 1] (errors, bounded losses). Remembers the time up to which mean + eps was
/// lowest, eps = sqrt(ln(1 / delta) / (2n)), and compares that mean with the mean of all: a change if the gap is at least
/// sqrt((n - n0) / (2 n n0) ln(2 / delta)). Starts anew after a change. NaN is refused.
/// Frias-Blanco, del Campo-Avila, Ramos-Jimenez, Morales-Bueno, Ortiz-Diaz and Caballero-Mota, IEEE TKDE 27 (2015), A-test; as in the river library 0.19.
/// </summary>
public sealed class HddmA : IChangeDetector
{
    private readonly double _delta;
    private readonly double _warning;
    private readonly bool _falls;
    private readonly double _logReach;
    private readonly double _logChange;
    private readonly double _logWarning;
    private long _count;
    private double _mean;
    private long _lowCount;
    private double _lowMean;
    private long _highCount;
    private double _highMean;

    /// <summary>Starts without values.</summary>
    /// <param name="delta">Chance of a false change at one value, in (0, 1), default 0.001 as in the paper. It does not bound false alarms over a long stream.</param>
    /// <param name="warning">Chance for a warning, at least <paramref name="delta"/>, below 1, default 0.005 as in the paper.</param>
    /// <param name="side">Default up: the stream is of errors. Falls alone are not offered: feed 1 - value.</param>
    public HddmA(double delta = 0.001, double warning = 0.005, ChangeSide side = ChangeSide.Up)
    {
        HddmLevels.Check(delta, warning, side);
        (_delta, _warning, _falls) = (delta, warning, side == ChangeSide.Both);
        (_logReach, _logChange, _logWarning) = (Math.Log(1 / delta), Math.Log(2 / delta), Math.Log(2 / warning));
    }

    internal HddmA(ref StateReader reader)
        : this(reader.Double(), reader.Double(), reader.Bool() ? ChangeSide.Both : ChangeSide.Up)
    {
        (_count, _mean, _lowCount, _lowMean) = (reader.Long(), reader.Double(), reader.Long(), reader.Double());
        (_highCount, _highMean) = (reader.Long(), reader.Double());
    }

    /// <inheritdoc/>
    public ChangeState Observe(double value)
    {
        Observation.Unit(value);
        _count++;
        _mean += (value - _mean) / _count;
        if (_count == 1) (_lowCount, _lowMean, _highCount, _highMean) = (1, _mean, 1, _mean);
        var reach = Reach(_count);
        if (_lowMean + Reach(_lowCount) >= _mean + reach) (_lowCount, _lowMean) = (_count, _mean);
        if (_highMean - Reach(_highCount) <= _mean - reach) (_highCount, _highMean) = (_count, _mean);
        var state = HddmLevels.Worst(Level(_mean - _lowMean, _lowCount), _falls ? Level(_highMean - _mean, _highCount) : ChangeState.Stable);
        if (state == ChangeState.Change) Reset();
        return state;
    }

    /// <inheritdoc/>
    public void Reset() => (_count, _mean, _lowCount, _lowMean, _highCount, _highMean) = (0, 0, 0, 0, 0, 0);

    /// <inheritdoc/>
    public byte[] Save() => new StateWriter(DetectorKind.HddmA).Add(_delta).Add(_warning).Add(_falls)
        .Add(_count).Add(_mean).Add(_lowCount).Add(_lowMean).Add(_highCount).Add(_highMean).ToArray();

    private double Reach(long count) => Math.Sqrt(1.0 / (2 * count) * _logReach);

    private ChangeState Level(double gap, long cut)
    {
        if (cut == _count) return ChangeState.Stable;
        var share = (double)(_count - cut) / cut * (1.0 / _count);
        if (gap >= Math.Sqrt(share / 2 * _logChange)) return ChangeState.Change;
        return gap >= Math.Sqrt(share / 2 * _logWarning) ? ChangeState.Warning : ChangeState.Stable;
    }
}

/// <summary>What the two HDDM tests share.</summary>
internal static class HddmLevels
{
    public static void Check(double delta, double warning, ChangeSide side)
    {
        if (!(delta is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(delta), delta, "Delta must lie between 0 and 1.");
        if (!(warning >= delta && warning < 1)) throw new ArgumentOutOfRangeException(nameof(warning), warning, "The warning chance must lie between delta and 1.");
        if (side == ChangeSide.Down) throw new ArgumentOutOfRangeException(nameof(side), side, "To see falls alone, feed 1 - value.");
    }

    public static ChangeState Worst(ChangeState a, ChangeState b) => a > b ? a : b;
}
