using Holdfast.Predictions;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>All of a <see cref="GuardState"/>, for storing.</summary>
internal sealed record GuardSnapshot(
    string Guard, ThinningState Split, PairedMeanState Shadow, bool Harm, long CandidateTrials, long CandidateBad, long PrimaryTrials, long PrimaryBad, long ShadowTrials, long ShadowBad, ulong[] Units,
    BernoulliState? Limit = null);

/// <summary>
/// The evidence of one guard over a whole rollout. While traffic is split: a thinning e-process over bad events, the first per unit
/// (with sticky routing later ones of the same unit tell nothing new). In shadow: paired differences, as both sides answered the same
/// request. Both are averaged, which is an e-process again, so <see cref="Harm"/> has one error rate for the whole rollout.
/// </summary>
internal sealed class GuardState
{
    /// <summary>Units remembered; beyond it events of keyed units are left out. So many bad events have decided long before.</summary>
    private const int MostUnits = 20_000;

    // Pairs decide on few requests, a split needs many: it gets the larger part of the stake, so that a plan loses little by having both.
    private const double SplitPart = 0.75;

    private readonly UnitMemory _units;
    private readonly double _logThreshold;
    private readonly double _leastShare;

    /// <param name="threshold">1/alpha of this guard.</param>
    /// <param name="tolerance">Accepted ratio of bad rates in a split.</param>
    /// <param name="margin">Ratio to exclude for "safe".</param>
    /// <param name="shadowMargin">Accepted difference of bad shares in shadow.</param>
    /// <param name="leastShare">Harm also needs this share of bad events on the candidate.</param>
    /// <param name="limit">Share of bad events that is harm by itself; null = none.</param>
    public GuardState(string guard, double threshold, double tolerance, double margin, double shadowMargin, double leastShare, double? limit = null)
        : this(
            new GuardSnapshot(
                guard, new ThinningEProcess(tolerance, Math.Max(margin, tolerance * 1.2)).State, new PairedBoundedMean(shadowMargin).State, false, 0, 0, 0, 0, 0, 0, [],
                limit is { } most ? new BernoulliEProcess(most, most).State : null),
            threshold, leastShare)
    {
    }

    public GuardState(GuardSnapshot s, double threshold, double leastShare)
    {
        Guard = s.Guard;
        Split = new ThinningEProcess(s.Split);
        Shadow = new PairedBoundedMean(s.Shadow);
        Harm = s.Harm;
        (CandidateTrials, CandidateBad, PrimaryTrials, PrimaryBad, ShadowTrials, ShadowBad) = (s.CandidateTrials, s.CandidateBad, s.PrimaryTrials, s.PrimaryBad, s.ShadowTrials, s.ShadowBad);
        _units = new UnitMemory(MostUnits, s.Units);
        _logThreshold = Math.Log(threshold);
        _leastShare = leastShare;
        Limit = s.Limit is { } limit ? new BernoulliEProcess(limit) : null;
    }

    public string Guard { get; }

    public ThinningEProcess Split { get; }

    public PairedBoundedMean Shadow { get; }

    /// <summary>Judges the candidate alone; null where no limit is declared.</summary>
    public BernoulliEProcess? Limit { get; }

    /// <summary>Whether the evidence of harm has ever reached the threshold.</summary>
    public bool Harm { get; private set; }

    /// <summary>Whether the candidate alone has more bad events than its limit.</summary>
    public bool IsBeyondLimit => Limit?.PeakLogHarm >= _logThreshold;

    public long CandidateTrials { get; private set; }

    public long CandidateBad { get; private set; }

    public long PrimaryTrials { get; private set; }

    public long PrimaryBad { get; private set; }

    public long ShadowTrials { get; private set; }

    public long ShadowBad { get; private set; }

    /// <summary>ln of the mean of both e-values.</summary>
    public double LogHarm
    {
        get
        {
            double a = Split.LogHarm, b = Shadow.LogAbove, top = Math.Max(a, b);
            return top + Math.Log(SplitPart * Math.Exp(a - top) + (1 - SplitPart) * Math.Exp(b - top));
        }
    }

    public GuardSnapshot Snapshot => new(Guard, Split.State, Shadow.State, Harm, CandidateTrials, CandidateBad, PrimaryTrials, PrimaryBad, ShadowTrials, ShadowBad, _units.Keyed, Limit?.State);

    /// <summary>Whether an event of this unit is its first.</summary>
    public bool IsNew(PredictionEntry entry) => _units.IsNew(entry);

    /// <summary>One answer while traffic is split.</summary>
    /// <param name="counts">Whether a bad event is the unit's first.</param>
    public void ObserveSplit(double weight, bool candidate, bool bad, bool counts)
    {
        if (candidate)
            (CandidateTrials, CandidateBad) = (CandidateTrials + 1, CandidateBad + (bad ? 1 : 0));
        else
            (PrimaryTrials, PrimaryBad) = (PrimaryTrials + 1, PrimaryBad + (bad ? 1 : 0));
        if (candidate)
            Limit?.Observe(bad);
        if (!bad || !counts)
            return;
        Split.Observe(weight, candidate);
        Latch();
    }

    /// <summary>Answers that came to be known together, each of a unit of its own.</summary>
    public void ObserveSplit(double weight, long candidateTrials, long candidateBad, long primaryTrials, long primaryBad)
    {
        (CandidateTrials, CandidateBad) = (CandidateTrials + candidateTrials, CandidateBad + candidateBad);
        (PrimaryTrials, PrimaryBad) = (PrimaryTrials + primaryTrials, PrimaryBad + primaryBad);
        Split.Observe(weight, candidateBad, primaryBad);
        Latch();
    }

    /// <summary>One request that both sides answered.</summary>
    public void ObservePair(bool candidateBad, bool primaryBad)
    {
        ShadowTrials++;
        ShadowBad += candidateBad ? 1 : 0;
        (PrimaryTrials, PrimaryBad) = (PrimaryTrials + 1, PrimaryBad + (primaryBad ? 1 : 0));
        Shadow.Observe((candidateBad ? 1 : 0) - (primaryBad ? 1 : 0));
        Limit?.Observe(candidateBad);
        Latch();
    }

    private void Latch()
    {
        long trials = CandidateTrials + ShadowTrials, bad = CandidateBad + ShadowBad;
        Harm |= LogHarm >= _logThreshold && bad > _leastShare * trials;
    }
}

/// <summary>All of a <see cref="MeanState"/>, for storing.</summary>
internal sealed record MeanSnapshot(StratifiedMeanState Mean, bool Harm);

/// <summary>The evidence of a figure's mean, over shadow and split together.</summary>
internal sealed class MeanState
{
    private readonly double _logThreshold;

    public MeanState(MeanRule rule, double threshold, MeanSnapshot? stored = null)
    {
        (Rule, Figure, _logThreshold) = (rule, new Figure(rule), Math.Log(threshold));
        Mean = stored is null ? new StratifiedMean(rule.Tolerance, rule.Margin) : new StratifiedMean(stored.Mean);
        Harm = stored?.Harm ?? false;
    }

    public MeanRule Rule { get; }

    public Figure Figure { get; }

    public StratifiedMean Mean { get; }

    public bool Harm { get; private set; }

    public MeanSnapshot Snapshot => new(Mean.State, Harm);

    public void ObserveSplit(double weight, bool candidate, double value)
    {
        Mean.Observe(weight, candidate, value);
        Harm |= Mean.PeakLogHarm >= _logThreshold;
    }

    public void ObservePair(double candidate, double primary)
    {
        Mean.ObservePair(candidate, primary);
        Harm |= Mean.PeakLogHarm >= _logThreshold;
    }
}
