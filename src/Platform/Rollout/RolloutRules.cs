using System.Globalization;
using Holdfast.Kernel;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Rollout;

/// <summary>What a guard says now, and whether the next step waits for it.</summary>
internal sealed record GuardView(GuardEvidence Evidence, bool Blocks);

/// <summary>Everything that a decision rests on.</summary>
internal sealed record RolloutView(RolloutCounts Total, IReadOnlyList<GuardView> Guards, double LogMismatch, bool Overridden, DateTimeOffset Now);

/// <summary>What to do next.</summary>
internal sealed record RolloutDecision(string Kind, string Reason)
{
    public const string Stay = "stay";
    public const string Enter = "enter";
    public const string Complete = "complete";
    public const string RollBack = "roll_back";
    public const string Hold = "hold";
    public const string Suspend = "suspend";
    public const string GoOn = "go_on";
    public const string Pause = "pause";
}

/// <summary>The judgement of a rollout: pure functions of its state and its evidence.</summary>
internal static class RolloutRules
{
    /// <summary>A step that sent fewer requests than this to the candidate has shown nothing of it.</summary>
    public const int LeastCandidate = 5;

    /// <summary>From so many labelled answers of the candidate on, its accuracy must be shown to be safe before the next step.</summary>
    public const int LabelsThatBlock = 1000;

    // An advance may be wrong in one of twenty cases where the candidate is at the margin; all guards must agree, which needs no correction.
    private const double SafeThreshold = 20;

    // A mismatch of the routing makes every comparison void; one false alarm in a thousand rollouts.
    private static readonly double LogMismatchThreshold = Math.Log(1000);

    public static RolloutDecision Decide(RolloutState s, RolloutView v)
    {
        if (s.HasEnded)
            return new(RolloutDecision.Stay, s.Reason ?? "");
        if (v.Overridden)
            return s.Status == RolloutStatus.Suspended ? new(RolloutDecision.Stay, s.Reason ?? "") : new(RolloutDecision.Suspend, "an override stands above the route");
        if (s.Status == RolloutStatus.Suspended)
            return new(RolloutDecision.GoOn, "the override is gone");
        if (s.Command == "roll_back")
            return new(RolloutDecision.RollBack, s.Reason ?? "a person asked for it");
        if (v.Guards.FirstOrDefault(g => g.Evidence.Verdict == "harm") is { } harm)
            return new(RolloutDecision.RollBack, Harm(harm.Evidence));
        if (v.LogMismatch >= LogMismatchThreshold && !s.MismatchAccepted && s.Status != RolloutStatus.Paused)
            return new(RolloutDecision.Pause, "units do not go where the weights say, so no comparison is valid; check the keys and resume");
        if (s.StepIndex < 0)
            return s.Status == RolloutStatus.Paused ? new(RolloutDecision.Stay, "") : new(RolloutDecision.Enter, "started");
        if (s.Command == "promote")
            return Next(s, "a person promoted it");
        if (s.Status == RolloutStatus.Paused || s.HeldByPerson || (s.Status == RolloutStatus.Held && s.OnInconclusive == "ask"))
            return new(RolloutDecision.Stay, s.Reason ?? "");
        var step = s.Step!;
        if (s.Elapsed(v.Now) < step.For)
            return new(RolloutDecision.Stay, "");
        var lacking = Lacking(s, v);
        if (lacking.Count == 0)
            return Next(s, "term over, enough predictions, every guard safe");
        var reason = string.Join("; ", lacking);
        if (s.OnInconclusive == "rollback")
            return new(RolloutDecision.RollBack, "inconclusive: " + reason);
        return s.HeldTold && s.Reason == reason ? new(RolloutDecision.Stay, reason) : new(RolloutDecision.Hold, reason);
    }

    /// <summary>The guards as they stand.</summary>
    public static IReadOnlyList<GuardView> Views(RolloutEvidence evidence) =>
        [.. evidence.Guards.Select(g => View(g, evidence.Spec, RolloutEvidence.Threshold(evidence.Spec)))];

    /// <summary>What lies between two tallies.</summary>
    public static RolloutCounts Between(RolloutCounts from, RolloutCounts to) => new(
        to.Requests - from.Requests, to.Candidate - from.Candidate, to.Primary - from.Primary, to.Shadowed - from.Shadowed, to.Errors - from.Errors, to.Labels - from.Labels);

    private static RolloutDecision Next(RolloutState s, string reason) => new(s.StepIndex + 1 < s.Steps.Count ? RolloutDecision.Enter : RolloutDecision.Complete, reason);

    private static string Harm(GuardEvidence e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Guard} is worse: {Share(e.Candidate)} against {Share(e.Primary)}, e-value {e.EHarm:G3} over the limit {e.Threshold:G3}");

    private static string Share(double? share) => share is { } s ? s.ToString("P2", CultureInfo.InvariantCulture) : "none";

    private static List<string> Lacking(RolloutState s, RolloutView v)
    {
        var step = s.Step!;
        var counted = Between(s.StepStart, v.Total);
        var shadow = step.Kind == StepSpec.Shadow && !s.Solo;
        long seen = shadow ? counted.Shadowed : counted.Requests, candidate = shadow ? counted.Shadowed : counted.Candidate;
        var lacking = new List<string>();
        if (seen < step.MinPredictions)
            lacking.Add($"too few predictions, {step.MinPredictions} are needed");
        else if (candidate < LeastCandidate)
            lacking.Add($"too few answers of the candidate, {LeastCandidate} are needed");
        foreach (var guard in v.Guards.Where(g => g.Blocks && g.Evidence.Verdict != "safe"))
            lacking.Add($"{guard.Evidence.Guard} is not shown to be safe yet");
        return lacking;
    }

    private static GuardView View(GuardState g, GuardSpec spec, double threshold)
    {
        long trials = g.CandidateTrials + g.ShadowTrials, bad = g.CandidateBad + g.ShadowBad;
        var rule = g.Guard switch { RolloutEvidence.ErrorRate => spec.ErrorRate, RolloutEvidence.Latency => spec.LatencyP99, _ => spec.Accuracy };
        var absolute = rule?.Absolute ?? g.Guard switch { RolloutEvidence.ErrorRate => 0.01, RolloutEvidence.Latency => 0.02, _ => 0.05 };
        // Safe in any of three ways, each with its own error rate: the ratio of bad events is below the margin; the paired difference is
        // below the absolute margin; the candidate's own share of bad events is (not for accuracy, where some share is always wrong).
        var safe = g.Split.PeakLogSafe >= Math.Log(SafeThreshold)
            || g.Shadow.Upper < absolute
            || (g.Guard != RolloutEvidence.Accuracy && trials > 0 && ConfidenceSequence.Bernoulli(bad, trials).High < absolute);
        var verdict = g.Harm ? "harm" : safe ? "safe" : "open";
        var eSafe = Math.Max(Math.Exp(Math.Min(700, g.Split.PeakLogSafe)), safe ? SafeThreshold : 1);
        var blocks = rule is { Require: true } || (g.Guard == RolloutEvidence.Accuracy ? trials >= LabelsThatBlock : g.Guard != RolloutEvidence.Latency || trials > 0);
        return new GuardView(
            new GuardEvidence(
                g.Guard, Math.Exp(Math.Min(700, g.LogHarm)), eSafe, threshold, verdict,
                trials == 0 ? null : (double)bad / trials, g.PrimaryTrials == 0 ? null : (double)g.PrimaryBad / g.PrimaryTrials, bad + g.PrimaryBad),
            blocks);
    }
}
