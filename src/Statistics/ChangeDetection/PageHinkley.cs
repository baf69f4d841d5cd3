namespace Holdfast.Statistics.ChangeDetection;

/// <summary>
/// Page-Hinkley test: cumulative deviations from the running mean, less a drift allowance, against a threshold. Starts anew after an alarm.
/// Allowance and threshold are in the unit of the values: give them as multiples of the reference's standard deviation. NaN is refused.
/// Page, Biometrika 41 (1954); the two-sided form with forgetting as in the river library 0.19.
/// </summary>
public sealed class PageHinkley : IChangeDetector
{
    private readonly int _minimum;
    private readonly double _delta;
    private readonly double _threshold;
    private readonly double _alpha;
    private readonly ChangeSide _side;
    private long _count;
    private double _mean;
    private double _rise;
    private double _fall;
    private double _lowest;
    private double _highest;

    /// <summary>Starts without values. Defaults as in river, for values of standard deviation about 1.</summary>
    /// <param name="minimum">Values before the first alarm, &gt;= 1, default 30.</param>
    /// <param name="delta">Allowance, &gt;= 0, default 0.005.</param>
    /// <param name="threshold">Alarm level, &gt; 0, default 50.</param>
    /// <param name="alpha">Forgetting factor of the cumulative sums, in (0, 1], default 0.9999.</param>
    /// <param name="side">Default both.</param>
    public PageHinkley(int minimum = 30, double delta = 0.005, double threshold = 50, double alpha = 0.9999, ChangeSide side = ChangeSide.Both)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        if (!(delta >= 0)) throw new ArgumentOutOfRangeException(nameof(delta), delta, "The allowance must not be negative.");
        if (!(threshold > 0)) throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "The threshold must be positive.");
        if (!(alpha is > 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "The forgetting factor must lie in (0, 1].");
        (_minimum, _delta, _threshold, _alpha, _side) = (minimum, delta, threshold, alpha, side);
        Forget();
    }

    internal PageHinkley(ref StateReader reader)
        : this(reader.Int(), reader.Double(), reader.Double(), reader.Double(), (ChangeSide)reader.Int())
    {
        (Changes, _count, _mean) = (reader.Int(), reader.Long(), reader.Double());
        (_rise, _fall, _lowest, _highest) = (reader.Double(), reader.Double(), reader.Double(), reader.Double());
    }

    /// <summary>Alarms so far.</summary>
    public int Changes { get; private set; }

    /// <inheritdoc/>
    public ChangeState Observe(double value)
    {
        Observation.Finite(value);
        _count++;
        _mean += (value - _mean) / _count;
        var deviation = value - _mean;
        _rise = _alpha * _rise + deviation - _delta;
        _fall = _alpha * _fall + deviation + _delta;
        _lowest = Math.Min(_lowest, _rise);
        _highest = Math.Max(_highest, _fall);
        if (_count < _minimum) return ChangeState.Stable;
        var up = _side != ChangeSide.Down && _rise - _lowest > _threshold;
        var down = _side != ChangeSide.Up && _highest - _fall > _threshold;
        if (!up && !down) return ChangeState.Stable;
        Forget();
        Changes++;
        return ChangeState.Change;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Forget();
        Changes = 0;
    }

    /// <inheritdoc/>
    public byte[] Save() => new StateWriter(DetectorKind.PageHinkley).Add(_minimum).Add(_delta).Add(_threshold).Add(_alpha).Add((int)_side)
        .Add(Changes).Add(_count).Add(_mean).Add(_rise).Add(_fall).Add(_lowest).Add(_highest).ToArray();

    private void Forget() => (_count, _mean, _rise, _fall, _lowest, _highest) = (0, 0, 0, 0, double.PositiveInfinity, -1);
}
