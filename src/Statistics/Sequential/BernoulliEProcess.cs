namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="BernoulliEProcess"/>.</summary>
/// <param name="Tolerated">Tolerated rate p0.</param>
/// <param name="Margin">Rate p1 to exclude.</param>
/// <param name="LogHarm">ln likelihood ratio of each harmful alternative against p0.</param>
/// <param name="LogSafe">ln likelihood ratio of each safe alternative against p1.</param>
/// <param name="PeakLogHarm">Largest ln E for harm so far.</param>
/// <param name="PeakLogSafe">Largest ln E for safety so far.</param>
/// <param name="Trials">Trials seen.</param>
/// <param name="Events">Bad events among them.</param>
public sealed record BernoulliState(
    double Tolerated, double Margin, IReadOnlyList<double> LogHarm, IReadOnlyList<double> LogSafe, double PeakLogHarm, double PeakLogSafe, long Trials, long Events);

/// <summary>
/// Judges one event rate against fixed limits, for a shadow or an absolute objective: harm (H0: rate &lt;= tolerated) and safe (H0: rate &gt;= margin).
/// Mixture of likelihood ratios over odds ratios 1.25 to 30; E &gt;= 1/alpha rejects at any look (Ville). The hypotheses hold for any rates that stay,
/// given the past, on their side of the limit; the trials need not be identically distributed.
/// </summary>
public sealed class BernoulliEProcess
{
    private static readonly double[] Odds = [1.25, 1.5, 2, 3, 5, 10, 30];

    private readonly double[] _logHarm = new double[Odds.Length];
    private readonly double[] _logSafe = new double[Odds.Length];

    // ln likelihood ratios of a bad and of a good trial.
    private readonly (double Harm, double Safe)[] _ifBad = new (double, double)[Odds.Length];
    private readonly (double Harm, double Safe)[] _ifGood = new (double, double)[Odds.Length];

    /// <summary>Starts with E = 1.</summary>
    /// <param name="tolerated">Rate p0 in (0, 1) that is still accepted.</param>
    /// <param name="margin">Rate p1 in [p0, 1) that must be excluded before an advance.</param>
    public BernoulliEProcess(double tolerated, double margin)
    {
        if (!(tolerated > 0 && tolerated < 1)) throw new ArgumentOutOfRangeException(nameof(tolerated), tolerated, "The tolerated rate must lie between 0 and 1.");
        if (!(margin >= tolerated && margin < 1)) throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must lie between the tolerated rate and 1.");
        Tolerated = tolerated;
        Margin = margin;
        for (var j = 0; j < Odds.Length; j++)
        {
            double worse = Tilt(tolerated, Odds[j]), better = Tilt(margin, 1 / Odds[j]);
            _ifBad[j] = (LogRatio(true, worse, tolerated), LogRatio(true, better, margin));
            _ifGood[j] = (LogRatio(false, worse, tolerated), LogRatio(false, better, margin));
        }
    }

    /// <summary>Goes on from a stored state.</summary>
    public BernoulliEProcess(BernoulliState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Tolerated, state.Margin)
    {
        if (state.LogHarm.Count != Odds.Length || state.LogSafe.Count != Odds.Length) throw new ArgumentException($"The state must have {Odds.Length} alternatives.", nameof(state));
        for (var j = 0; j < Odds.Length; j++) (_logHarm[j], _logSafe[j]) = (state.LogHarm[j], state.LogSafe[j]);
        (PeakLogHarm, PeakLogSafe, Trials, Events) = (state.PeakLogHarm, state.PeakLogSafe, state.Trials, state.Events);
    }

    /// <summary>Tolerated rate p0.</summary>
    public double Tolerated { get; }

    /// <summary>Rate p1 to exclude.</summary>
    public double Margin { get; }

    /// <summary>Trials seen.</summary>
    public long Trials { get; private set; }

    /// <summary>Bad events among them.</summary>
    public long Events { get; private set; }

    /// <summary>ln E for "the rate is above the tolerated one".</summary>
    public double LogHarm => LogMath.MeanExp(_logHarm);

    /// <summary>ln E for "the rate is below the margin".</summary>
    public double LogSafe => LogMath.MeanExp(_logSafe);

    /// <summary>Largest <see cref="LogHarm"/> so far, &gt;= 0.</summary>
    public double PeakLogHarm { get; private set; }

    /// <summary>Largest <see cref="LogSafe"/> so far, &gt;= 0.</summary>
    public double PeakLogSafe { get; private set; }

    /// <summary>Everything, for storing.</summary>
    public BernoulliState State => new(Tolerated, Margin, [.. _logHarm], [.. _logSafe], PeakLogHarm, PeakLogSafe, Trials, Events);

    /// <summary>One trial: was the event bad?</summary>
    public void Observe(bool bad)
    {
        var steps = bad ? _ifBad : _ifGood;
        double harm = double.NegativeInfinity, safe = double.NegativeInfinity;
        for (var j = 0; j < steps.Length; j++)
        {
            harm = Math.Max(harm, _logHarm[j] += steps[j].Harm);
            safe = Math.Max(safe, _logSafe[j] += steps[j].Safe);
        }
        Trials++;
        if (bad) Events++;
        // A mean is at most the largest: no need to compute it below the peak.
        if (harm > PeakLogHarm) PeakLogHarm = Math.Max(PeakLogHarm, LogHarm);
        if (safe > PeakLogSafe) PeakLogSafe = Math.Max(PeakLogSafe, LogSafe);
    }

    private static double Tilt(double rate, double odds) => rate * odds / (1 - rate + rate * odds);

    private static double LogRatio(bool bad, double alternative, double hypothesis) =>
        bad ? Math.Log(alternative / hypothesis) : Math.Log((1 - alternative) / (1 - hypothesis));
}
