using System.Text.Json.Serialization;
using Holdfast.Predictions;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>Requests and labels of a rollout so far.</summary>
internal sealed record Tally(long Requests = 0, long Candidate = 0, long Primary = 0, long Shadowed = 0, long Errors = 0, long Labels = 0);

/// <summary>All of a <see cref="RolloutEvidence"/>, for storing.</summary>
internal sealed record EvidenceSnapshot(
    string RolloutId, GuardSpec Spec, Tally Tally, IReadOnlyList<GuardSnapshot> Guards, SampleRatioState Ratio, ulong[] Units, IReadOnlyList<MeanSnapshot> Means, BernoulliState? Disagreement,
    SideBySideSnapshot Sides, TrailSnapshot Trail, LabelQueueSnapshot Labels, LatencySnapshot? Former, byte[] FigureUnits, byte[] LabelUnits, long Clock);

/// <summary>
/// What the log says of one rollout: pure state, the same whenever the log is read again. After its end, while the former version is kept, there is a
/// second one with the sides turned round: the route's candidate is the former version then, and it is the standard.
/// </summary>
internal sealed class RolloutEvidence
{
    public const string ErrorRate = "error_rate";
    public const string Timeouts = "timeouts";
    public const string Fallbacks = "fallbacks";
    public const string Latency = "latency_p99";
    public const string OutOfRange = "out_of_range";
    public const string MissingFeatures = "missing_features";
    public const string Accuracy = "accuracy";
    public const string Disagree = "disagreement";

    /// <summary>What marks the evidence after the end of a rollout.</summary>
    public const string KeptSuffix = ".kept";

    // Routing is a hash of the unit, so units are counted once; so many show any mismatch that matters.
    private const int MostUnits = 16_384;

    private readonly bool _turned;
    private readonly double _logThreshold;
    private readonly SampleRatio _ratio;
    private readonly UnitMemory _units;
    private readonly LabelQueue _labels;
    private readonly EvidenceTrail _trail;
    private readonly LatencyLimit? _former;
    private readonly MeanState[] _atOnce;
    private readonly MeanState[] _labelled;
    private readonly UnitSieve? _figureUnits;
    private readonly UnitSieve? _labelUnits;
    private long _clock;
    private double _weight;
    private bool _toldHarm;

    public RolloutEvidence(string rolloutId, GuardSpec spec)
        : this(rolloutId, spec, null)
    {
    }

    public RolloutEvidence(EvidenceSnapshot s)
        : this(s.RolloutId, s.Spec, s)
    {
    }

    private RolloutEvidence(string rolloutId, GuardSpec spec, EvidenceSnapshot? s)
    {
        (RolloutId, Spec, Tally, _turned) = (rolloutId, spec, s?.Tally ?? new Tally(), rolloutId.EndsWith(KeptSuffix, StringComparison.Ordinal));
        var threshold = Threshold(spec);
        _logThreshold = Math.Log(threshold);
        var declared = Declared(spec).ToList();
        Guards = s is null
            ? [.. declared.Select(d => new GuardState(d.Guard, threshold, 1 + d.Rule.Tolerance, d.Margin, d.ShadowMargin, d.LeastShare, _turned ? d.Rule.Limit : null))]
            : [.. s.Guards.Select(g => new GuardState(g, threshold, declared.First(d => d.Guard == g.Guard).LeastShare))];
        Means = [.. (spec.Means ?? []).Select((rule, i) => new MeanState(rule, threshold, s?.Means[i]))];
        (_atOnce, _labelled) = ([.. Means.Where(m => !m.Figure.NeedsLabel)], [.. Means.Where(m => m.Figure.NeedsLabel)]);
        if (spec.Disagreement is { } d)
            Disagreement = s?.Disagreement is { } stored ? new BernoulliEProcess(stored) : new BernoulliEProcess(d.AtMost, d.Margin);
        _ratio = s is null ? new SampleRatio(2) : new SampleRatio(s.Ratio);
        _units = new UnitMemory(MostUnits, s?.Units ?? []);
        _labels = new LabelQueue(spec.LabelHorizon, _labelled.Length, s?.Labels);
        _trail = new EvidenceTrail(s?.Trail);
        _former = !_turned ? null : s?.Former is { } former ? new LatencyLimit(former) : new LatencyLimit();
        _figureUnits = _atOnce.Length > 0 ? new UnitSieve(s?.FigureUnits) : null;
        _labelUnits = _labelled.Length > 0 ? new UnitSieve(s?.LabelUnits) : null;
        _clock = s?.Clock ?? 0;
        _toldHarm = s is not null && IsHarm;
        Sides = new SideBySide(spec.Disagreement?.Beyond ?? double.PositiveInfinity, s?.Sides);
    }

    public string RolloutId { get; }

    public GuardSpec Spec { get; }

    public Tally Tally { get; private set; }

    public IReadOnlyList<GuardState> Guards { get; }

    public IReadOnlyList<MeanState> Means { get; }

    /// <summary>Differing answers in shadow; null when not declared.</summary>
    public BernoulliEProcess? Disagreement { get; }

    public SideBySide Sides { get; }

    public IReadOnlyList<TrailPoint> Trail => _trail.Points;

    /// <summary>The evidence as it stands.</summary>
    public TrailPoint Latest => Logs() is var (harm, safe) ? new TrailPoint(_clock, _weight, harm, safe) : null!;

    /// <summary>Labels that have come and are not ripe.</summary>
    public long PendingLabels => _labels.Pending;

    /// <summary>ln E against "units go where the weights say".</summary>
    public double LogMismatch => _ratio.PeakLogE;

    /// <summary>Whether any guard shows harm.</summary>
    public bool IsHarm
    {
        get
        {
            foreach (var guard in Guards)
            {
                if (guard.Harm || guard.IsBeyondLimit)
                    return true;
            }

            foreach (var mean in Means)
            {
                if (mean.Harm)
                    return true;
            }

            return Disagreement?.PeakLogHarm >= _logThreshold;
        }
    }

    [JsonIgnore]
    public EvidenceSnapshot Snapshot => new(
        RolloutId, Spec, Tally, [.. Guards.Select(g => g.Snapshot)], _ratio.State, _units.Keyed, [.. Means.Select(m => m.Snapshot)], Disagreement?.State, Sides.Snapshot, _trail.Snapshot, _labels.Snapshot,
        _former?.Snapshot, _figureUnits?.Bits ?? [], _labelUnits?.Bits ?? [], _clock);

    /// <summary>1/alpha of each guard: alpha is shared by all (Bonferroni).</summary>
    public static double Threshold(GuardSpec spec) =>
        Math.Max(1, Declared(spec).Sum(d => d.Rule.Limit is null ? 1 : 2) + (spec.Means?.Count ?? 0) + (spec.Disagreement is null ? 0 : 1)) / spec.Alpha;

    public void Apply(PredictionEntry entry, double? slow)
    {
        // An override answers in the rollout's place: nothing is learnt about the candidate.
        if (entry.Role == VariantRole.Fallback && !entry.FellBack)
            return;
        slow = _former is null ? slow : _former.Limit(Spec);
        if (entry.CandidateWeight > 0)
            Split(entry, slow);
        else
            Shadow(entry, slow);
        Advance(entry.At, _turned ? 1 - entry.CandidateWeight : entry.CandidateWeight);
    }

    public void Apply(LabelEntry label, PredictionEntry made)
    {
        if (made.Prediction.Length == 0 || (made.Role == VariantRole.Fallback && !made.FellBack))
            return;
        if (Outcome(label.Value, made) is not { } outcome)
            return;
        if (_labels.Keep(made.At, DateTimeOffset.FromUnixTimeMilliseconds(_clock), outcome))
            return;
        Admit(outcome);
        Advance(DateTimeOffset.FromUnixTimeMilliseconds(_clock), _weight);
    }

    /// <summary>Time has gone on: labels that are ripe by now are counted.</summary>
    public void Advance(DateTimeOffset now, double? weight = null)
    {
        _clock = Math.Max(_clock, now.ToUnixTimeMilliseconds());
        _weight = weight ?? _weight;
        var ripe = false;
        foreach (var label in _labels.Due(DateTimeOffset.FromUnixTimeMilliseconds(_clock)))
        {
            Admit(label);
            ripe = true;
        }

        if (ripe || weight is not null)
            _trail.Add(_clock, _weight, IsHarm && !_toldHarm, Logs);
        _toldHarm |= IsHarm;
    }

    /// <summary>Answers of one moment that came to be known together, each of a unit of its own: counts instead of records.</summary>
    public void Apply(string guard, double weight, long candidateTrials, long candidateBad, long primaryTrials, long primaryBad)
    {
        Tally = Tally with { Requests = Tally.Requests + candidateTrials + primaryTrials, Candidate = Tally.Candidate + candidateTrials, Primary = Tally.Primary + primaryTrials };
        Find(guard)?.ObserveSplit(weight, candidateTrials, candidateBad, primaryTrials, primaryBad);
    }

    private void Split(PredictionEntry entry, double? slow)
    {
        var (toCandidate, weight) = _turned ? (!entry.ToCandidate, 1 - entry.CandidateWeight) : (entry.ToCandidate, entry.CandidateWeight);
        var seen = Seen.Of(entry);
        Tally = Tally with
        {
            Requests = Tally.Requests + 1,
            Candidate = Tally.Candidate + (toCandidate ? 1 : 0),
            Primary = Tally.Primary + (toCandidate ? 0 : 1),
            Errors = Tally.Errors + (seen.Error is null ? 0 : 1),
        };
        if (entry.CandidateWeight < 1 && _units.IsNew(entry))
            _ratio.Observe([1 - weight, weight], toCandidate ? 1 : 0);
        Sides.Observe(toCandidate, seen);
        foreach (var guard in Guards)
        {
            if (Bad(guard.Guard, seen, slow) is { } bad)
                guard.ObserveSplit(weight, toCandidate, bad, bad && guard.IsNew(entry));
        }

        if (!toCandidate && seen.Error is null)
            _former?.Observe(seen.LatencyMs);
        if (_figureUnits is null || !seen.Answered || !_figureUnits.IsNew(entry))
            return;
        foreach (var mean in _atOnce)
        {
            if (mean.Figure.Of(entry, seen.Answer, null) is { } value)
                mean.ObserveSplit(weight, toCandidate, value);
        }
    }

    private void Shadow(PredictionEntry entry, double? slow)
    {
        Tally = Tally with { Requests = Tally.Requests + 1, Primary = Tally.Primary + 1, Errors = Tally.Errors + (entry.Error is null ? 0 : 1) };
        if (entry.Shadow is not { Error: not "skipped" } copy)
            return;
        Tally = Tally with { Shadowed = Tally.Shadowed + 1, Errors = Tally.Errors + (copy.Error is null ? 0 : 1) };
        var (candidate, primary) = _turned ? (Seen.Of(entry), Seen.Of(copy)) : (Seen.Of(copy), Seen.Of(entry));
        foreach (var guard in Guards)
        {
            if (Bad(guard.Guard, candidate, slow) is { } bad && Bad(guard.Guard, primary, slow) is { } other)
                guard.ObservePair(bad, other);
        }

        if (Sides.ObservePair(entry, candidate, primary) is { } differs)
            Disagreement?.Observe(differs);
        if (primary.Error is null)
            _former?.Observe(primary.LatencyMs);
        if (!candidate.Answered || !primary.Answered)
            return;
        foreach (var mean in _atOnce)
        {
            if (mean.Figure.Of(entry, candidate.Answer, null) is { } value && mean.Figure.Of(entry, primary.Answer, null) is { } other)
                mean.ObservePair(value, other);
        }
    }

    private bool? Bad(string guard, Seen seen, double? slow) => guard switch
    {
        ErrorRate => seen.Error is not null,
        Timeouts => seen.TimedOut,
        Fallbacks => seen.FellBack,
        MissingFeatures => seen.LackedFeature,
        OutOfRange => seen.OutOfRange(Spec.OutOfRange!),
        Latency => slow is { } limit ? seen.LatencyMs > limit : null,
        _ => null,
    };

    private LabelOutcome? Outcome(string label, PredictionEntry made)
    {
        var seen = Seen.Of(made);
        if (made.CandidateWeight > 0)
        {
            if (made.FellBack)
                return null;
            var (candidate, weight) = _turned ? (!made.ToCandidate, 1 - made.CandidateWeight) : (made.ToCandidate, made.CandidateWeight);
            var wrong = !Truth.Same(made.Prediction, label);
            return new LabelOutcome(
                false, weight, candidate, wrong, wrong, wrong && Find(Accuracy)?.IsNew(made) == true, _labelUnits?.IsNew(made) == true,
                [.. _labelled.Select(m => (float)(m.Figure.Of(made, seen.Answer, label) ?? double.NaN))]);
        }

        if (made.Shadow is not { Error: null } copy)
            return null;
        var other = Seen.Of(copy);
        var (ours, theirs) = _turned ? (seen, other) : (other, seen);
        return new LabelOutcome(
            true, 0, false, !Truth.Same(ours.Prediction, label), !Truth.Same(theirs.Prediction, label), true, true,
            [.. _labelled.SelectMany(m => new[] { (float)(m.Figure.Of(made, ours.Answer, label) ?? double.NaN), (float)(m.Figure.Of(made, theirs.Answer, label) ?? double.NaN) })]);
    }

    private void Admit(LabelOutcome label)
    {
        Tally = Tally with { Labels = Tally.Labels + 1 };
        if (label.Paired)
            Find(Accuracy)?.ObservePair(label.CandidateWrong, label.PrimaryWrong);
        else
            Find(Accuracy)?.ObserveSplit(label.Weight, label.Candidate, label.CandidateWrong, label.Counts);
        if (!label.FigureCounts)
            return;
        for (var i = 0; i < _labelled.Length; i++)
        {
            if (label.Paired && float.IsFinite(label.Figures[2 * i]) && float.IsFinite(label.Figures[2 * i + 1]))
                _labelled[i].ObservePair(label.Figures[2 * i], label.Figures[2 * i + 1]);
            else if (!label.Paired && float.IsFinite(label.Figures[i]))
                _labelled[i].ObserveSplit(label.Weight, label.Candidate, label.Figures[i]);
        }
    }

    // In the order of RolloutRules.Views.
    private (double[] Harm, double[] Safe) Logs()
    {
        static double Ten(double log) => Math.Round(log / Math.Log(10), 3);
        IEnumerable<(double Harm, double Safe)> all = Guards.Select(g => (g.LogHarm, Math.Max(g.Split.LogSafe, 0))).Concat(Means.Select(m => (m.Mean.LogHarm, m.Mean.LogSafe)));
        if (Disagreement is { } d)
            all = all.Append((d.LogHarm, d.LogSafe));
        var logs = all.ToList();
        return ([.. logs.Select(l => Ten(l.Harm))], [.. logs.Select(l => Ten(l.Safe))]);
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

    /// <summary>The guards on bad events that are on.</summary>
    /// <remarks>
    /// Margins: an error rate or a share of slow answers half as large again is excluded before an advance, a quarter more wrong answers (they are
    /// frequent, so a smaller ratio can be shown). In shadow the tolerance of a rate, a ratio, becomes a difference of shares.
    /// </remarks>
    private static IEnumerable<(string Guard, GuardRule Rule, double Margin, double ShadowMargin, double LeastShare)> Declared(GuardSpec spec)
    {
        foreach (var (guard, rule) in new[] { (ErrorRate, spec.ErrorRate), (Timeouts, spec.Timeouts), (Fallbacks, spec.Fallbacks), (MissingFeatures, spec.MissingFeatures), (OutOfRange, spec.OutOfRange) })
        {
            if (rule is not null)
                yield return (guard, rule, 1.5, Math.Min(0.5, rule.Tolerance * 0.01), 0);
        }

        // The tolerance of the latency lies in its limit (see LatencyLimit), and a p99 is beyond it only when more than 1 % of the answers are.
        if (spec.LatencyP99 is { } latency)
            yield return (Latency, latency with { Tolerance = 0 }, 1.5, 0.01, 0.01);
        if (spec.Accuracy is { } accuracy)
            yield return (Accuracy, accuracy, 1.25, Math.Min(0.5, accuracy.Tolerance * 0.25), 0);
    }
}
