using System.Globalization;
using Holdfast.Kernel;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>What a guard's evidence comes to: its verdict, and the same in words.</summary>
internal static class GuardViews
{
    /// <summary>From so many labelled answers of the candidate on, its accuracy must be shown to be safe before the next step.</summary>
    public const int LabelsThatBlock = 1000;

    /// <summary>An advance may be wrong in one of twenty cases where the candidate is at the margin; all guards must agree, which needs no correction.</summary>
    public const double SafeThreshold = 20;

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private static readonly double LogSafe = Math.Log(SafeThreshold);

    public static GuardView Of(GuardState g, GuardSpec spec, double threshold)
    {
        long trials = g.CandidateTrials + g.ShadowTrials, bad = g.CandidateBad + g.ShadowBad;
        var rule = Rule(g.Guard, spec);
        var absolute = rule?.Absolute ?? g.Guard switch { RolloutEvidence.Latency => 0.02, RolloutEvidence.Accuracy => 0.05, _ => 0.01 };
        // Safe in any of three ways, each with its own error rate: the ratio of bad events is below the margin; the paired difference is
        // below the absolute margin; the candidate's own share of bad events is (not for accuracy, where some share is always wrong).
        var safe = g.Split.PeakLogSafe >= LogSafe
            || g.Shadow.Upper < absolute
            || (g.Guard != RolloutEvidence.Accuracy && trials > 0 && ConfidenceSequence.Bernoulli(bad, trials).High < absolute);
        var verdict = g.Harm || g.IsBeyondLimit ? "harm" : Warns(g.LogHarm, threshold, spec) ? "warning" : safe ? "safe" : "open";
        var eSafe = Math.Max(Exp(g.Split.PeakLogSafe), safe ? SafeThreshold : 1);
        var blocks = rule is { Require: true } || g.Guard switch
        {
            RolloutEvidence.Accuracy => trials >= LabelsThatBlock,
            RolloutEvidence.ErrorRate => true,
            _ => trials > 0,
        };
        // A difference of shares, where both sides answered the same requests.
        var (low, high) = g.ShadowTrials > 0 ? (g.Shadow.Lower, g.Shadow.Upper) : ((double?)null, (double?)null);
        return new GuardView(
            new GuardEvidence(
                g.Guard, g.IsBeyondLimit && !g.Harm ? Exp(g.Limit!.PeakLogHarm) : Exp(g.LogHarm), eSafe, threshold, verdict,
                trials == 0 ? null : (double)bad / trials, g.PrimaryTrials == 0 ? null : (double)g.PrimaryBad / g.PrimaryTrials, bad + g.PrimaryBad,
                g.IsBeyondLimit && !g.Harm ? "limit" : null, low, high),
            blocks);
    }

    public static GuardView Of(MeanState m, GuardSpec spec, double threshold)
    {
        var sign = m.Rule.Better == "higher" ? -1 : 1;
        var safe = m.Mean.PeakLogSafe >= LogSafe;
        var verdict = m.Harm ? "harm" : Warns(m.Mean.LogHarm, threshold, spec) ? "warning" : safe ? "safe" : "open";
        var (low, high) = m.Mean.Interval();
        if (sign < 0)
            (low, high) = (-high, -low);
        return new GuardView(
            new GuardEvidence(
                m.Rule.Name, Exp(m.Mean.LogHarm), Exp(m.Mean.PeakLogSafe), threshold, verdict, Known(sign * m.Mean.CandidateMean), Known(sign * m.Mean.StableMean),
                m.Mean.CandidateCount + m.Mean.StableCount, "mean", Known(low), Known(high)),
            m.Rule.Require || m.Mean.IsRipe);
    }

    public static GuardView Of(BernoulliEProcess d, GuardSpec spec, double threshold)
    {
        var (low, high) = ConfidenceSequence.Bernoulli(d.Events, d.Trials);
        var verdict = d.PeakLogHarm >= Math.Log(threshold) ? "harm" : Warns(d.LogHarm, threshold, spec) ? "warning" : d.PeakLogSafe >= LogSafe ? "safe" : "open";
        return new GuardView(
            new GuardEvidence(
                RolloutEvidence.Disagree, Exp(d.LogHarm), Exp(d.PeakLogSafe), threshold, verdict, d.Trials == 0 ? null : (double)d.Events / d.Trials, d.Tolerated, d.Events, null,
                d.Trials == 0 ? null : low, d.Trials == 0 ? null : high),
            d.Trials > 0);
    }

    /// <summary>The verdict for somebody who has never heard of an e-value.</summary>
    public static string Text(GuardEvidence e)
    {
        var figures = e.Candidate is null ? "nothing seen yet" : $"{Figure(e, e.Candidate)} against {Figure(e, e.Primary)}";
        var odds = string.Create(Culture, $"the evidence of harm stands at {e.EHarm:G3} of {e.Threshold:G3}");
        return e.Verdict switch
        {
            "harm" => e.Basis == "limit" ? $"More than it may be, whatever the other side does: {figures}." : $"Worse: {figures}; chance explains it no longer ({odds}).",
            "warning" => $"Looks worse: {figures}; {odds}, so it takes a step back and waits.",
            "safe" => $"Shown to be good enough: {figures}.",
            _ => $"Not decided: {figures}; {odds}.",
        };
    }

    private static GuardRule? Rule(string guard, GuardSpec spec) => guard switch
    {
        RolloutEvidence.ErrorRate => spec.ErrorRate,
        RolloutEvidence.Timeouts => spec.Timeouts,
        RolloutEvidence.Fallbacks => spec.Fallbacks,
        RolloutEvidence.MissingFeatures => spec.MissingFeatures,
        RolloutEvidence.OutOfRange => spec.OutOfRange,
        RolloutEvidence.Latency => spec.LatencyP99,
        _ => spec.Accuracy,
    };

    private static bool Warns(double logHarm, double threshold, GuardSpec spec) => logHarm >= Math.Log(threshold * spec.Warn) && threshold * spec.Warn > 1;

    private static double Exp(double log) => Math.Exp(Math.Min(700, log));

    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    private static string Figure(GuardEvidence e, double? value) => value is not { } v ? "none" : e.Basis == "mean" ? v.ToString("G4", Culture) : v.ToString("P2", Culture);
}
