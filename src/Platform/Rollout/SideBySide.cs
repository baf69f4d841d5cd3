using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>How one side fared with one request.</summary>
internal readonly record struct Seen(string? Error, bool FellBack, double Score, string Prediction, double LatencyMs)
{
    public static Seen Of(PredictionEntry entry) => new(entry.Error, entry.FellBack, entry.Score, entry.Prediction, entry.LatencyMs);

    // A copy has no fallback behind it; it would have needed one.
    public static Seen Of(ShadowResult shadow) => new(shadow.Error, shadow.Error is not null, shadow.Score, shadow.Prediction, shadow.LatencyMs);

    /// <summary>Whether the side gave an answer of its own.</summary>
    public bool Answered => Error is null && !FellBack;

    public Answer Answer => new(Score, Prediction, LatencyMs);

    public bool TimedOut => Error?.StartsWith("timeout", StringComparison.Ordinal) == true;

    public bool LackedFeature => Error?.Contains("is missing", StringComparison.Ordinal) == true;

    /// <summary>Whether the score lies outside of the rule's range; null without a score.</summary>
    public bool? OutOfRange(GuardRule range) =>
        Answered && double.IsFinite(Score) ? Score < range.Low || Score > range.High : Error?.Contains("out of range", StringComparison.Ordinal) == true ? true : null;
}

/// <summary>All of a <see cref="SideBySide"/>, for storing.</summary>
internal sealed record SideBySideSnapshot(
    SideFigures Candidate, SideFigures Primary, double[] FirstScores, double[]? Edges, StratifiedMeanState Difference, long Pairs, long Disagreed, long Every, IReadOnlyList<ScorePair> Sample,
    IReadOnlyList<DisagreementInfo> Examples);

/// <summary>The counters of one side.</summary>
internal sealed record SideFigures(long Answers, long Errors, long Timeouts, long Missing, long FellBack, long[] Latency, long[] Scores, IReadOnlyDictionary<string, long> Predictions)
{
    private const int MostPredictions = 20;

    public static SideFigures Empty => new(0, 0, 0, 0, 0, new long[LatencyBins.Size], new long[SideBySide.Bins], new Dictionary<string, long>());

    public SideFigures With(Seen seen)
    {
        Latency[LatencyBins.Of(seen.LatencyMs)]++;
        // Kept sorted out by hand: the dictionary is the snapshot's and the state's at once.
        if (seen.Answered && Predictions is Dictionary<string, long> known && (known.ContainsKey(seen.Prediction) || known.Count < MostPredictions))
            known[seen.Prediction] = known.GetValueOrDefault(seen.Prediction) + 1;
        return this with
        {
            Answers = Answers + 1,
            Errors = Errors + (seen.Error is null ? 0 : 1),
            Timeouts = Timeouts + (seen.TimedOut ? 1 : 0),
            Missing = Missing + (seen.LackedFeature ? 1 : 0),
            FellBack = FellBack + (seen.FellBack ? 1 : 0),
        };
    }

    public SideFigures Copy() => this with { Latency = [.. Latency], Scores = [.. Scores], Predictions = new Dictionary<string, long>(Predictions) };

    public SideInfo Info() => new(
        Answers, Errors, Timeouts, Missing, FellBack, Quantile(0.5), Quantile(0.05), Quantile(0.01), [.. Scores], new SortedDictionary<string, long>(Predictions.ToDictionary(), StringComparer.Ordinal));

    private double? Quantile(double above) => Answers == 0 ? null : LatencyBins.Above(Latency, above);
}

/// <summary>Both sides' latencies, errors and predictions, to look at; and whether their predictions are distributed alike, which may hold a rollout.</summary>
internal sealed class SideBySide
{
    public const int Bins = 10;
    private const int ScoresForEdges = 200;
    private const int LeastScores = 500;
    private const int MostPairs = 200;
    private const int MostExamples = 20;

    private readonly double _beyond;
    private readonly List<double> _firstScores;
    private readonly List<ScorePair> _sample;
    private readonly List<DisagreementInfo> _examples;
    private readonly StratifiedMean _difference;
    private double[]? _edges;
    private SideFigures _candidate;
    private SideFigures _primary;
    private long _pairs;
    private long _disagreed;
    private long _every;

    /// <param name="beyond">Scores that differ by more are told as a disagreement.</param>
    public SideBySide(double beyond, SideBySideSnapshot? s = null)
    {
        _beyond = beyond;
        (_candidate, _primary, _edges) = (s?.Candidate ?? SideFigures.Empty, s?.Primary ?? SideFigures.Empty, s?.Edges);
        (_firstScores, _sample, _examples) = ([.. s?.FirstScores ?? []], [.. s?.Sample ?? []], [.. s?.Examples ?? []]);
        _difference = s is null ? new StratifiedMean() : new StratifiedMean(s.Difference);
        (_pairs, _disagreed, _every) = (s?.Pairs ?? 0, s?.Disagreed ?? 0, s?.Every ?? 1);
    }

    public SideBySideSnapshot Snapshot => new(_candidate.Copy(), _primary.Copy(), [.. _firstScores], _edges, _difference.State, _pairs, _disagreed, _every, [.. _sample], [.. _examples]);

    /// <summary>The PSI of the candidate's scores against the primary's, and its lower limit; null before 500 scores on each side.</summary>
    public (double Psi, double Low)? Shift =>
        _candidate.Scores.Sum() < LeastScores || _primary.Scores.Sum() < LeastScores ? null : Psi.Compare(_primary.Scores, _candidate.Scores) is var psi ? (psi.Corrected, psi.Low) : null;

    public void Observe(bool candidate, Seen seen)
    {
        if (candidate)
            _candidate = _candidate.With(seen);
        else
            _primary = _primary.With(seen);
        if (seen.Answered && double.IsFinite(seen.Score))
            Score(candidate, seen.Score);
    }

    /// <summary>Both answers to one request; whether they disagree, null when one is lacking.</summary>
    public bool? ObservePair(PredictionEntry entry, Seen candidate, Seen primary)
    {
        Observe(true, candidate);
        Observe(false, primary);
        if (!candidate.Answered || !primary.Answered)
            return null;
        if (double.IsFinite(candidate.Score) && double.IsFinite(primary.Score))
        {
            _difference.ObservePair(candidate.Score, primary.Score);
            if (_pairs % _every == 0)
                Sample(new ScorePair(primary.Score, candidate.Score));
        }

        _pairs++;
        var differs = Differs(candidate, primary);
        if (!differs)
            return false;
        _disagreed++;
        if (_examples.Count == MostExamples)
            _examples.RemoveAt(0);
        _examples.Add(new DisagreementInfo(entry.Id, entry.At, Known(primary.Score), primary.Prediction, Known(candidate.Score), candidate.Prediction));
        return true;
    }

    public ComparisonInfo Info(string rolloutId, bool shadow)
    {
        var (low, high) = _difference.Interval();
        var (least, most) = ConfidenceSequence.Bernoulli(_disagreed, _pairs);
        return new ComparisonInfo(
            rolloutId, shadow ? "shadow" : "split", _primary.Info(), _candidate.Info(), _edges, Shift?.Psi, _pairs, _disagreed, _pairs == 0 ? null : least, _pairs == 0 ? null : most,
            Known(_difference.Difference), double.IsFinite(low) ? low : null, double.IsFinite(high) ? high : null, [.. _sample], [.. _examples]);
    }

    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    // The class of a score that both sides put on different sides of a threshold differs; the number that a regression gives as its prediction says nothing more than the score.
    private bool Differs(Seen a, Seen b)
    {
        if (double.IsFinite(a.Score) && double.IsFinite(b.Score) && Math.Abs(a.Score - b.Score) > _beyond)
            return true;
        return a.Prediction != b.Prediction && !(IsScore(a) && IsScore(b));
    }

    private static bool IsScore(Seen s) => double.TryParse(s.Prediction, System.Globalization.CultureInfo.InvariantCulture, out var number) && Math.Abs(number - s.Score) <= 1e-9 * Math.Max(1, Math.Abs(number));

    private void Sample(ScorePair pair)
    {
        _sample.Add(pair);
        if (_sample.Count <= MostPairs)
            return;
        for (var i = _sample.Count - 1; i > 0; i -= 2)
            _sample.RemoveAt(i);
        _every *= 2;
    }

    // Bins are the deciles of the first scores of the primary, or of either side where the primary gives none: fixed before they count anything.
    private void Score(bool candidate, double score)
    {
        if (_edges is null)
        {
            if (candidate && _primary.Answers > 0)
                return;
            _firstScores.Add(score);
            if (_firstScores.Count < ScoresForEdges)
                return;
            _firstScores.Sort();
            _edges = [.. Enumerable.Range(1, Bins - 1).Select(i => _firstScores[i * ScoresForEdges / Bins])];
            _firstScores.Clear();
            return;
        }

        var at = Array.BinarySearch(_edges, score);
        (candidate ? _candidate : _primary).Scores[at >= 0 ? at + 1 : ~at]++;
    }
}
