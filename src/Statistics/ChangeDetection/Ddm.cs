namespace Holdfast.Statistics.ChangeDetection;

/// <summary>State of a detector with a warning level.</summary>
public enum ChangeState
{
    /// <summary>No sign of a change.</summary>
    Stable,

    /// <summary>The error rate is above the warning level.</summary>
    Warning,

    /// <summary>A change; the detector starts anew with the next value.</summary>
    Change,
}

/// <summary>
/// Drift detection method for a stream of errors: p + s against its minimum, s = sqrt(p (1 - p) / i); warning at 2, change at 3 standard deviations.
/// Known property: if the first values hold no error at all, the minimum is 0 and the first error alarms. Gama, Medas, Castillo and Rodrigues, SBIA 2004.
/// </summary>
/// <param name="warmUp">Values before the first verdict, default 30.</param>
/// <param name="warning">Standard deviations for a warning, default 2.</param>
/// <param name="change">Standard deviations for a change, default 3.</param>
public sealed class Ddm(int warmUp = 30, double warning = 2, double change = 3)
{
    private long _count;
    private double _rate;
    private double _lowRate = double.PositiveInfinity;
    private double _lowSd = double.PositiveInfinity;
    private double _lowSum = double.PositiveInfinity;

    /// <summary>One prediction: was it wrong?</summary>
    public ChangeState Observe(bool error)
    {
        _count++;
        _rate += ((error ? 1 : 0) - _rate) / _count;
        if (_count <= warmUp) return ChangeState.Stable;
        var sd = Math.Sqrt(_rate * (1 - _rate) / _count);
        if (_rate + sd <= _lowSum) (_lowRate, _lowSd, _lowSum) = (_rate, sd, _rate + sd);
        if (_rate + sd > _lowRate + change * _lowSd)
        {
            (_count, _rate, _lowRate, _lowSd, _lowSum) = (0, 0, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);
            return ChangeState.Change;
        }
        return _rate + sd > _lowRate + warning * _lowSd ? ChangeState.Warning : ChangeState.Stable;
    }
}
