namespace Holdfast.Statistics.ChangeDetection;

/// <summary>Which changes of the mean a detector reports.</summary>
public enum ChangeSide
{
    /// <summary>Rises and falls. The default.</summary>
    Both,

    /// <summary>Rises only.</summary>
    Up,

    /// <summary>Falls only.</summary>
    Down,
}

/// <summary>
/// Page-Hinkley test: cumulative deviations from the running mean, less a drift allowance, against a threshold. Starts anew after an alarm.
/// Allowance and threshold are in the unit of the values: give them as multiples of the reference's standard deviation. NaN is refused.
/// Page, Biometrika 41 (1954); the two-sided form with forgetting as in the river library 0.19.
/// </summary>
/// <param name="minimum">Values before the first alarm, default 30.</param>
/// <param name="delta">Allowance, &gt;= 0, default 0.005.</param>
/// <param name="threshold">Alarm level, &gt; 0, default 50.</param>
/// <param name="alpha">Forgetting factor of the cumulative sums, in (0, 1], default 0.9999.</param>
/// <param name="side">Default both.</param>
public sealed class PageHinkley(int minimum = 30, double delta = 0.005, double threshold = 50, double alpha = 0.9999, ChangeSide side = ChangeSide.Both)
{
    private long _count;
    private double _mean;
    private double _rise;
    private double _fall;
    private double _lowest = double.PositiveInfinity;
    private double _highest = -1;

    /// <summary>Alarms so far.</summary>
    public int Changes { get; private set; }

    /// <summary>One value; true on an alarm.</summary>
    public bool Observe(double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "The value must be finite.");
        _count++;
        _mean += (value - _mean) / _count;
        var deviation = value - _mean;
        _rise = alpha * _rise + deviation - delta;
        _fall = alpha * _fall + deviation + delta;
        _lowest = Math.Min(_lowest, _rise);
        _highest = Math.Max(_highest, _fall);
        if (_count < minimum) return false;
        var up = side != ChangeSide.Down && _rise - _lowest > threshold;
        var down = side != ChangeSide.Up && _highest - _fall > threshold;
        if (!up && !down) return false;
        (_count, _mean, _rise, _fall, _lowest, _highest) = (0, 0, 0, 0, double.PositiveInfinity, -1);
        Changes++;
        return true;
    }
}
