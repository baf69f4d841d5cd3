namespace Holdfast.Statistics.ChangeDetection;

/// <summary>
/// Early drift detection method for a stream of errors: watches the distance between errors, mean p' and standard deviation s' (n - 1 below), by the ratio
/// (p' + 2 s') / max (p' + 2 s'). Below 0.95 a warning, below 0.9 a change; judged at errors only, between them the last state holds. Starts anew after a
/// change. Sees rises of the error rate only, gradual ones earlier than <see cref="Ddm"/>; on a stable stream it alarms every few hundred values, because
/// the maximum of a noisy ratio only rises: use it as a hint, not as an alarm. Values must be 0 or 1.
/// Baena-Garcia, del Campo-Avila, Fidalgo, Bifet, Gavalda and Morales-Bueno, IWKDDS 2006; the warm-up counts values and errors as in the river library 0.19.
/// </summary>
public sealed class Eddm : IChangeDetector
{
    private readonly int _warmUp;
    private readonly double _warning;
    private readonly double _change;
    private long _count;
    private long _errors;
    private long _lastError;
    private double _mean;
    private double _squares;
    private double _largest;
    private bool _warned;

    /// <summary>Starts without values.</summary>
    /// <param name="warmUp">Errors (and values) before the first verdict, &gt;= 1, default 30 as in the paper.</param>
    /// <param name="warning">Ratio for a warning, in (0, 1], default 0.95 as in the paper.</param>
    /// <param name="change">Ratio for a change, positive and at most <paramref name="warning"/>, default 0.9 as in the paper.</param>
    public Eddm(int warmUp = 30, double warning = 0.95, double change = 0.9)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(warmUp, 1);
        if (!(warning is > 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(warning), warning, "The warning ratio must lie in (0, 1].");
        if (!(change > 0 && change <= warning)) throw new ArgumentOutOfRangeException(nameof(change), change, "The change ratio must be positive and not above the warning ratio.");
        (_warmUp, _warning, _change) = (warmUp, warning, change);
        Reset();
    }

    internal Eddm(ref StateReader reader)
        : this(reader.Int(), reader.Double(), reader.Double())
    {
        (_count, _errors, _lastError) = (reader.Long(), reader.Long(), reader.Long());
        (_mean, _squares, _largest, _warned) = (reader.Double(), reader.Double(), reader.Double(), reader.Bool());
    }

    /// <inheritdoc/>
    public ChangeState Observe(double value) => Observe(Observation.Error(value));

    /// <summary>One prediction: was it wrong?</summary>
    public ChangeState Observe(bool error)
    {
        _count++;
        if (error && Shortened())
        {
            Reset();
            return ChangeState.Change;
        }
        return _warned ? ChangeState.Warning : ChangeState.Stable;
    }

    /// <inheritdoc/>
    public void Reset() => (_count, _errors, _lastError, _mean, _squares, _largest, _warned) = (0, 0, 0, 0, 0, -1, false);

    /// <inheritdoc/>
    public byte[] Save() => new StateWriter(DetectorKind.Eddm).Add(_warmUp).Add(_warning).Add(_change)
        .Add(_count).Add(_errors).Add(_lastError).Add(_mean).Add(_squares).Add(_largest).Add(_warned).ToArray();

    // Takes the distance to the last error; true if distances have become too short.
    private bool Shortened()
    {
        _errors++;
        double distance = _count - _lastError;
        _lastError = _count;
        var before = _mean;
        _mean += (distance - before) / _errors;
        _squares += (distance - before) * (distance - _mean);
        if (_count <= _warmUp) return false;
        var level = _mean + 2 * (_errors > 1 ? Math.Sqrt(_squares / (_errors - 1)) : 0);
        if (level > _largest)
        {
            _largest = level;
            return false;
        }
        if (_errors <= _warmUp) return false;
        var ratio = level / _largest;
        _warned = ratio < _warning;
        return ratio < _change;
    }
}
