using System.Text.Json.Serialization;
using Holdfast.Predictions;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>Requests and labels of a rollout so far.</summary>
internal sealed record Tally(long Requests = 0, long Candidate = 0, long Primary = 0, long Shadowed = 0, long Errors = 0, long Labels = 0);

/// <summary>
/// Which units have been counted. A keyed unit is remembered for the whole rollout, up to a limit (beyond it new ones are left out); the
/// rows of one request without a key are one unit, and are remembered for as long as that request's rows arrive.
/// </summary>
internal sealed class UnitMemory(int most, ulong[] keyed)
{
    private const int RecentRequests = 64;
    private readonly HashSet<ulong> _keyed = [.. keyed];
    private readonly Queue<ulong> _recent = new(RecentRequests);

    public ulong[] Keyed => [.. _keyed.Order()];

    public bool IsNew(PredictionEntry entry)
    {
        if (entry.HasKey)
            return _keyed.Count < most && _keyed.Add(entry.Unit);
        if (_recent.Contains(entry.Unit))
            return false;
        if (_recent.Count == RecentRequests)
            _recent.Dequeue();
        _recent.Enqueue(entry.Unit);
        return true;
    }
}

/// <summary>All of a <see cref="GuardState"/>, for storing.</summary>
internal sealed record GuardSnapshot(
    string Guard, ThinningState Split, PairedMeanState Shadow, bool Harm, long CandidateTrials, long CandidateBad, long PrimaryTrials, long PrimaryBad, long ShadowTrials, long ShadowBad, ulong[] Units);

/// <summary>
/// The evidence of one guard over a whole rollout. While traffic is split: a thinning e-process over bad events, the first per unit
/// (with sticky routing later ones of the same unit tell nothing new). In shadow: paired differences, as both sides answered the same
/// request. The two are averaged, which is an e-process again, so <see cref="Harm"/> has one error rate for the whole rollout.
/// </summary>
internal sealed class GuardState
{
    /// <summary>Units remembered; beyond it events of keyed units are left out. So many bad events have decided long before.</summary>
    private const int MostUnits = 20_000;

    private readonly UnitMemory _units;
    private readonly double _logThreshold;
    private readonly double _leastShare;

    /// <param name="threshold">1/alpha of this guard.</param>
    /// <param name="tolerance">Accepted ratio of bad rates in a split.</param>
    /// <param name="margin">Ratio to exclude for "safe".</param>
    /// <param name="shadowMargin">Accepted difference of bad shares in shadow.</param>
    /// <param name="leastShare">Harm also needs this share of bad events on the candidate.</param>
    public GuardState(string guard, double threshold, double tolerance, double margin, double shadowMargin, double leastShare)
        : this(new GuardSnapshot(guard, new ThinningEProcess(tolerance, Math.Max(margin, tolerance * 1.2)).State, new PairedBoundedMean(shadowMargin).State, false, 0, 0, 0, 0, 0, 0, []), threshold, leastShare)
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
    }

    public string Guard { get; }

    public ThinningEProcess Split { get; }

    public PairedBoundedMean Shadow { get; }

    /// <summary>Whether the evidence of harm has ever reached the threshold.</summary>
    public bool Harm { get; private set; }

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
            return top + Math.Log((Math.Exp(a - top) + Math.Exp(b - top)) / 2);
        }
    }

    public GuardSnapshot Snapshot => new(Guard, Split.State, Shadow.State, Harm, CandidateTrials, CandidateBad, PrimaryTrials, PrimaryBad, ShadowTrials, ShadowBad, _units.Keyed);

    /// <summary>One answer while traffic is split.</summary>
    public void ObserveSplit(PredictionEntry entry, bool bad)
    {
        var candidate = entry.ToCandidate;
        if (candidate)
            (CandidateTrials, CandidateBad) = (CandidateTrials + 1, CandidateBad + (bad ? 1 : 0));
        else
            (PrimaryTrials, PrimaryBad) = (PrimaryTrials + 1, PrimaryBad + (bad ? 1 : 0));
        if (!bad || !_units.IsNew(entry))
            return;
        Split.Observe(entry.CandidateWeight, candidate);
        Latch();
    }

    /// <summary>One request that both sides answered.</summary>
    public void ObservePair(bool candidateBad, bool primaryBad)
    {
        ShadowTrials++;
        ShadowBad += candidateBad ? 1 : 0;
        (PrimaryTrials, PrimaryBad) = (PrimaryTrials + 1, PrimaryBad + (primaryBad ? 1 : 0));
        Shadow.Observe((candidateBad ? 1 : 0) - (primaryBad ? 1 : 0));
        Latch();
    }

    private void Latch()
    {
        long trials = CandidateTrials + ShadowTrials, bad = CandidateBad + ShadowBad;
        Harm |= LogHarm >= _logThreshold && bad > _leastShare * trials;
    }
}

/// <summary>All of a <see cref="RolloutEvidence"/>, for storing.</summary>
internal sealed record EvidenceSnapshot(string RolloutId, GuardSpec Spec, Tally Tally, IReadOnlyList<GuardSnapshot> Guards, SampleRatioState Ratio, ulong[] Units);

/// <summary>What the log says of one rollout: pure state, the same whenever the log is read again.</summary>
internal sealed class RolloutEvidence
{
    public const string ErrorRate = "error_rate";
    public const string Latency = "latency_p99";
    public const string Accuracy = "accuracy";
    public const string Ratio = "sample_ratio";

    // Routing is a hash of the unit, so units are counted once; so many show any mismatch that matters.
    private const int MostUnits = 16_384;

    private readonly SampleRatio _ratio;
    private readonly UnitMemory _units;

    public RolloutEvidence(string rolloutId, GuardSpec spec)
    {
        (RolloutId, Spec, _ratio, _units) = (rolloutId, spec, new SampleRatio(2), new UnitMemory(MostUnits, []));
        Guards = [.. Declared(spec).Select(d => new GuardState(d.Guard, Threshold(spec), 1 + d.Tolerance, d.Margin, d.ShadowMargin, d.LeastShare))];
    }

    public RolloutEvidence(EvidenceSnapshot s)
    {
        (RolloutId, Spec, Tally, _ratio, _units) = (s.RolloutId, s.Spec, s.Tally, new SampleRatio(s.Ratio), new UnitMemory(MostUnits, s.Units));
        var declared = Declared(s.Spec).ToDictionary(d => d.Guard);
        Guards = [.. s.Guards.Select(g => new GuardState(g, Threshold(s.Spec), declared[g.Guard].LeastShare))];
    }

    public string RolloutId { get; }

    public GuardSpec Spec { get; }

    public Tally Tally { get; private set; } = new();

    public IReadOnlyList<GuardState> Guards { get; }

    /// <summary>ln E against "units go where the weights say".</summary>
    public double LogMismatch => _ratio.PeakLogE;

    [JsonIgnore]
    public EvidenceSnapshot Snapshot => new(RolloutId, Spec, Tally, [.. Guards.Select(g => g.Snapshot)], _ratio.State, _units.Keyed);

    /// <summary>1/alpha of each guard: alpha is shared by all (Bonferroni).</summary>
    public static double Threshold(GuardSpec spec) => Math.Max(1, Declared(spec).Count()) / spec.Alpha;

    public void Apply(PredictionEntry entry, double? slow)
    {
        // An override answers in the rollout's place: nothing is learnt about the candidate.
        if (entry.Role == VariantRole.Fallback && !entry.FellBack)
            return;
        var failed = entry.Error is not null;
        if (entry.CandidateWeight > 0)
        {
            var candidate = entry.ToCandidate;
            Tally = Tally with { Requests = Tally.Requests + 1, Candidate = Tally.Candidate + (candidate ? 1 : 0), Primary = Tally.Primary + (candidate ? 0 : 1), Errors = Tally.Errors + (failed ? 1 : 0) };
            if (entry.CandidateWeight < 1 && _units.IsNew(entry))
                _ratio.Observe([1 - entry.CandidateWeight, entry.CandidateWeight], candidate ? 1 : 0);
            Find(ErrorRate)?.ObserveSplit(entry, failed);
            if (slow is { } tau)
                Find(Latency)?.ObserveSplit(entry, entry.LatencyMs > tau);
            return;
        }

        Tally = Tally with { Requests = Tally.Requests + 1, Primary = Tally.Primary + 1, Errors = Tally.Errors + (failed ? 1 : 0) };
        if (entry.Shadow is not { Error: not "skipped" } shadow)
            return;
        Tally = Tally with { Shadowed = Tally.Shadowed + 1, Errors = Tally.Errors + (shadow.Error is null ? 0 : 1) };
        Find(ErrorRate)?.ObservePair(shadow.Error is not null, failed);
        if (slow is { } limit)
            Find(Latency)?.ObservePair(shadow.LatencyMs > limit, entry.LatencyMs > limit);
    }

    public void Apply(LabelEntry label, PredictionEntry made)
    {
        if (Find(Accuracy) is not { } guard || made.Prediction.Length == 0 || (made.Role == VariantRole.Fallback && !made.FellBack))
            return;
        var wrong = !Truth.Same(made.Prediction, label.Value);
        if (made.CandidateWeight > 0)
        {
            if (made.FellBack)
                return;
            Tally = Tally with { Labels = Tally.Labels + 1 };
            guard.ObserveSplit(made, wrong);
        }
        else if (made.Shadow is { Error: null } shadow)
        {
            Tally = Tally with { Labels = Tally.Labels + 1 };
            guard.ObservePair(!Truth.Same(shadow.Prediction, label.Value), wrong);
        }
    }

    private GuardState? Find(string guard)
    {
        foreach (var state in Guards)
        {
            if (state.Guard == guard)
                return state;
        }

        return null;
    }

    // Margins: an error rate or a share of slow answers half as large again is excluded before an advance, a quarter more wrong answers
    // (they are frequent, so a smaller ratio can be shown). In shadow the tolerance of a rate, a ratio, becomes a difference of shares.
    private static IEnumerable<(string Guard, double Tolerance, double Margin, double ShadowMargin, double LeastShare)> Declared(GuardSpec spec)
    {
        if (spec.ErrorRate is { } errors)
            yield return (ErrorRate, errors.Tolerance, 1.5, Math.Min(0.5, errors.Tolerance * 0.01), 0);
        // The tolerance of the latency lies in its limit (see LatencyLimit), and a p99 is beyond it only when more than 1 % of the answers are.
        if (spec.LatencyP99 is not null)
            yield return (Latency, 0, 1.5, 0.01, 0.01);
        if (spec.Accuracy is { } accuracy)
            yield return (Accuracy, accuracy.Tolerance, 1.25, Math.Min(0.5, accuracy.Tolerance * 0.25), 0);
    }
}
