namespace Holdfast.Statistics.ChangeDetection;

/// <summary>
/// Drift detection method for a stream of errors: p + s against its minimum, s = sqrt(p (1 - p) / i); warning at 2, change at 3 standard deviations.
/// Starts anew after a change. Sees rises only. Values must be 0 or 1.
/// Known property: if the first values hold no error at all, the minimum is 0 and the first error alarms. Gama, Medas, Castillo and Rodrigues, SBIA 2004.
/// </summary>
public sealed class Ddm : IChangeDetector
{
    private readonly int _warmUp;
    private readonly double _warning;
    private readonly double _change;
    private long _count;
    private double _rate;
    private double _lowRate;
    private double _lowSd;
    private double _lowSum;

    /// <summary>Starts without values.</summary>
    /// <param name="warmUp">Values before the first verdict, &gt;= 1, default 30: below, s is no estimate.</param>
    /// <param name="warning">Standard deviations for a warning, &gt; 0, default 2 as in the paper.</param>
    /// <param name="change">Standard deviations for a change, at least <paramref name="warning"/>, default 3 as in the paper.</param>
    public Ddm(int warmUp = 30, double warning = 2, double change = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(warmUp, 1);
        if (!(warning > 0)) throw new ArgumentOutOfRangeException(nameof(warning), warning, "The warning level must be positive.");
        if (!(change >= warning)) throw new ArgumentOutOfRangeException(nameof(change), change, "The change level must not be below the warning level.");
        (_warmUp, _warning, _change) = (warmUp, warning, change);
        Reset();
    }

    internal Ddm(ref StateReader reader)
        : this(reader.Int(), reader.Double(), reader.Double())
    {
        (_count, _rate, _lowRate, _lowSd, _lowSum) = (reader.Long(), reader.Double(), reader.Double(), reader.Double(), reader.Double());
    }

    /// <inheritdoc/>
    public ChangeState Observe(double value) => Observe(Observation.Error(value));

    /// <summary>One prediction: was it wrong?</summary>
    public ChangeState Observe(bool error)
    {
        _count++;
        _rate += ((error ? 1 : 0) - _rate) / _count;
        if (_count <= _warmUp) return ChangeState.Stable;
        var sd = Math.Sqrt(_rate * (1 - _rate) / _count);
        if (_rate + sd <= _lowSum) (_lowRate, _lowSd, _lowSum) = (_rate, sd, _rate + sd);
        if (_rate + sd > _lowRate + _change * _lowSd)
        {
            Reset();
            return ChangeState.Change;
        }
        return _rate + sd > _lowRate + _warning * _lowSd ? ChangeState.Warning : ChangeState.Stable;
    }

    /// <inheritdoc/>
    public void Reset() => (_count, _rate, _lowRate, _lowSd, _lowSum) = (0, 0, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);

    /// <inheritdoc/>
    public byte[] Save() =>
        new StateWriter(DetectorKind.Ddm).Add(_warmUp).Add(_warning).Add(_change).Add(_count).Add(_rate).Add(_lowRate).Add(_lowSd).Add(_lowSum).ToArray();
}
