namespace Holdfast.Statistics.Sequential;

/// <summary>
/// Judges a candidate that gets a random share of the traffic, from bad events only (errors, timeouts, wrong labels): under rate ratio r an event comes
/// from the candidate with chance w r / (1 - w + w r). Needs no base rate, and stays valid when the share changes or an incident hits both sides.
/// Two e-processes: harm (H0: ratio &lt;= tolerance) and safe (H0: ratio &gt;= margin). Reject when E &gt;= 1/alpha; by Ville's inequality the chance of ever
/// doing so wrongly is at most alpha, at any look and any stopping rule.
/// Requires routing that is random per unit; with sticky routing pass only the first event of each unit.
/// Lindon and Malek, NeurIPS 2022; Ramdas, Gruenwald, Vovk and Shafer, Statistical Science 2023.
/// </summary>
public sealed class ThinningEProcess
{
    private static readonly double[] Alternatives = [1.25, 1.5, 2, 3, 5, 10, 30];

    private readonly double[] _logHarm = new double[Alternatives.Length];
    private readonly double[] _ifCandidate = new double[Alternatives.Length + 1];
    private readonly double[] _ifStable = new double[Alternatives.Length + 1];
    private double _weight = double.NaN;
    private double _logSafe;

    /// <summary>Starts with E = 1.</summary>
    /// <param name="tolerance">Rate ratio r0 &gt; 0 that is still accepted (default 1: not worse at all).</param>
    /// <param name="margin">Rate ratio r1 &gt; 1 that must be excluded before an advance (default 1.5); above the tolerance, so that both can be true in between.</param>
    public ThinningEProcess(double tolerance = 1, double margin = 1.5)
    {
        if (!(tolerance > 0) || !double.IsFinite(tolerance)) throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "The tolerated ratio must be a positive number.");
        if (!(margin > 1) || !double.IsFinite(margin)) throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be a ratio above 1.");
        Tolerance = tolerance;
        Margin = margin;
    }

    /// <summary>Goes on from a stored state.</summary>
    public ThinningEProcess(ThinningState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Tolerance, state.Margin)
    {
        if (state.LogHarm.Count != _logHarm.Length) throw new ArgumentException($"The state has {state.LogHarm.Count} alternatives; {_logHarm.Length} are needed.", nameof(state));
        for (var j = 0; j < _logHarm.Length; j++) _logHarm[j] = state.LogHarm[j];
        (_logSafe, PeakLogHarm, PeakLogSafe, Events, CandidateEvents) = (state.LogSafe, state.PeakLogHarm, state.PeakLogSafe, state.Events, state.CandidateEvents);
    }

    /// <summary>Tolerated rate ratio r0.</summary>
    public double Tolerance { get; }

    /// <summary>Margin ratio r1.</summary>
    public double Margin { get; }

    /// <summary>Events that moved the evidence (shares of exactly 0 or 1 carry none and are not counted).</summary>
    public long Events { get; private set; }

    /// <summary>Of these, events from the candidate.</summary>
    public long CandidateEvents { get; private set; }

    /// <summary>ln E for "the candidate is worse than tolerated": 0 at the start; reject at ln(1/alpha).</summary>
    public double LogHarm => LogMath.MeanExp(_logHarm);

    /// <summary>ln E for "the candidate's ratio is below the margin": 0 at the start.</summary>
    public double LogSafe => _logSafe;

    /// <summary>Largest <see cref="LogHarm"/> so far, &gt;= 0. The always-valid p-value is exp(-PeakLogHarm).</summary>
    public double PeakLogHarm { get; private set; }

    /// <summary>Largest <see cref="LogSafe"/> so far, &gt;= 0.</summary>
    public double PeakLogSafe { get; private set; }

    /// <summary>Everything, for storing.</summary>
    public ThinningState State => new(Tolerance, Margin, [.. _logHarm], _logSafe, PeakLogHarm, PeakLogSafe, Events, CandidateEvents);

    /// <summary>One bad event.</summary>
    /// <param name="weight">The chance in [0, 1], fixed before the request, that this request went to the candidate.</param>
    /// <param name="fromCandidate">Whether the event came from the candidate.</param>
    public void Observe(double weight, bool fromCandidate)
    {
        if (!(weight >= 0 && weight <= 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "The share of the candidate must lie in [0, 1].");
        if (weight is 0 or 1) return; // with one side only there is nothing to compare
        if (weight != _weight) Prepare(weight);
        var steps = fromCandidate ? _ifCandidate : _ifStable;
        var largest = double.NegativeInfinity;
        for (var j = 0; j < _logHarm.Length; j++)
        {
            _logHarm[j] += steps[j];
            largest = Math.Max(largest, _logHarm[j]);
        }
        _logSafe += steps[^1];
        Events++;
        if (fromCandidate) CandidateEvents++;
        if (largest > PeakLogHarm) PeakLogHarm = Math.Max(PeakLogHarm, LogHarm); // a mean is at most the largest: no need to compute it below the peak
        PeakLogSafe = Math.Max(PeakLogSafe, _logSafe);
    }

    /// <summary>
    /// Bad events that came to be known together, such as those of one minute: looked at once, after all of them. The order among them does not matter.
    /// </summary>
    /// <param name="weight">The chance in [0, 1], fixed before the requests, that a request went to the candidate.</param>
    /// <param name="candidate">Events of the candidate, &gt;= 0.</param>
    /// <param name="stable">Events of the other side, &gt;= 0.</param>
    public void Observe(double weight, long candidate, long stable)
    {
        if (!(weight >= 0 && weight <= 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "The share of the candidate must lie in [0, 1].");
        ArgumentOutOfRangeException.ThrowIfNegative(candidate);
        ArgumentOutOfRangeException.ThrowIfNegative(stable);
        if (weight is 0 or 1 || candidate + stable == 0) return;
        if (weight != _weight) Prepare(weight);
        for (var j = 0; j < _logHarm.Length; j++) _logHarm[j] += candidate * _ifCandidate[j] + stable * _ifStable[j];
        _logSafe += candidate * _ifCandidate[^1] + stable * _ifStable[^1];
        Events += candidate + stable;
        CandidateEvents += candidate;
        PeakLogHarm = Math.Max(PeakLogHarm, LogHarm);
        PeakLogSafe = Math.Max(PeakLogSafe, _logSafe);
    }

    // The share of traffic changes seldom: its logarithms are kept. The last place is that of the safe process.
    private void Prepare(double weight)
    {
        _weight = weight;
        for (var j = 0; j < Alternatives.Length; j++)
        {
            _ifCandidate[j] = LogRatio(weight, true, Alternatives[j] * Tolerance, Tolerance);
            _ifStable[j] = LogRatio(weight, false, Alternatives[j] * Tolerance, Tolerance);
        }
        _ifCandidate[^1] = LogRatio(weight, true, Math.Min(1, Tolerance), Margin);
        _ifStable[^1] = LogRatio(weight, false, Math.Min(1, Tolerance), Margin);
    }

    private static double LogRatio(double weight, bool fromCandidate, double alternative, double hypothesis)
    {
        double up = 1 - weight + weight * alternative, down = 1 - weight + weight * hypothesis;
        return fromCandidate ? Math.Log(alternative * down / (hypothesis * up)) : Math.Log(down / up);
    }
}
