using System.Globalization;
using Holdfast.Kernel;

namespace Holdfast.Rollout;

/// <summary>What a guard says now, and whether the next step waits for it.</summary>
internal sealed record GuardView(GuardEvidence Evidence, bool Blocks)
{
    public bool IsHarm => Evidence.Verdict == "harm";

    public bool IsWarning => Evidence.Verdict == "warning";
}

/// <summary>Everything that a decision rests on.</summary>
/// <param name="Shift">The lower limit of the PSI between both sides' scores; null before it can be told.</param>
internal sealed record RolloutView(RolloutCounts Total, IReadOnlyList<GuardView> Guards, double LogMismatch, bool Overridden, DateTimeOffset Now, double? Shift = null);

/// <summary>What to do next.</summary>
internal sealed record RolloutDecision(string Kind, string Reason)
{
    public const string Stay = "stay";
    public const string Enter = "enter";
    public const string Complete = "complete";
    public const string RollBack = "roll_back";
    public const string StepBack = "step_back";
    public const string Calm = "calm";
    public const string Hold = "hold";
    public const string Wait = "wait";
    public const string AskApproval = "ask_approval";
    public const string Suspend = "suspend";
    public const string GoOn = "go_on";
    public const string Pause = "pause";
    public const string Release = "release";
}

/// <summary>The judgement of a rollout: pure functions of its state and its evidence.</summary>
internal static class RolloutRules
{
    /// <summary>A step that sent fewer requests than this to the candidate has shown nothing of it.</summary>
    public const int LeastCandidate = 5;

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
        if (v.Guards.FirstOrDefault(g => g.IsHarm) is { } harm)
            return new(RolloutDecision.RollBack, $"{Harm(harm.Evidence)}; {BackFrom(s)}");
        if (v.LogMismatch >= LogMismatchThreshold && !s.MismatchAccepted && s.Status != RolloutStatus.Paused)
            return new(RolloutDecision.Pause, "units do not go where the weights say, so no comparison is valid; check the keys and resume");
        if (s.StepIndex >= 0 && s.Command == "promote")
            return Next(s, "a person promoted it");
        if (s.Status == RolloutStatus.Paused)
            return new(RolloutDecision.Stay, s.Reason ?? "");
        if (s.StepIndex < 0)
            return Begin(s, v);
        if (Warned(s, v) is { } warned)
            return warned;
        if (s.HeldByPerson || (s.Status == RolloutStatus.Held && s.OnInconclusive == "ask"))
            return new(RolloutDecision.Stay, s.Reason ?? "");
        var step = s.Step!;
        if (s.Elapsed(v.Now) < step.For)
            return new(RolloutDecision.Stay, "");
        var lacking = Lacking(s, v);
        if (lacking.Count == 0)
            return Ready(s, v);
        var reason = string.Join("; ", lacking);
        if (s.OnInconclusive == "rollback")
            return new(RolloutDecision.RollBack, "inconclusive: " + reason);
        return s.HeldTold && s.Reason == reason ? new(RolloutDecision.Stay, reason) : new(RolloutDecision.Hold, reason);
    }

    /// <summary>What becomes of a completed rollout, while the former version is kept.</summary>
    /// <param name="v">The evidence of the rollout, with labels that came after its end.</param>
    /// <param name="kept">The evidence since; null when the former version is not kept.</param>
    /// <param name="isOurs">Whether nobody has changed the route since.</param>
    public static RolloutDecision Late(RolloutState s, RolloutView v, RolloutView? kept, bool isOurs)
    {
        if (s.Status != RolloutStatus.Completed || s.FromPrimary is null || v.Overridden || !isOurs)
            return new(RolloutDecision.Stay, "");
        if (s.Command == "roll_back")
            return new(RolloutDecision.RollBack, s.Reason ?? "");
        var back = $"{s.FromPrimary} answers again";
        if (v.Guards.FirstOrDefault(g => g.IsHarm) is { } harm)
            return new(RolloutDecision.RollBack, $"late, by labels of predictions made while both served: {Harm(harm.Evidence)}; {back}");
        if (kept is null)
            return new(RolloutDecision.Stay, "");
        if (kept.Guards.FirstOrDefault(g => g.IsHarm) is { } late)
        {
            var by = late.Evidence.Basis == "limit" ? "by its own absolute limit" : s.Keep!.As == KeepSpec.Shadow ? "by pairs with the former version in shadow" : "by the share held back for the former version";
            return new(RolloutDecision.RollBack, $"late, {by}: {Harm(late.Evidence)}; {back}");
        }

        return kept.Now >= s.KeptUntil ? new(RolloutDecision.Release, $"{s.FromPrimary} was kept long enough") : new(RolloutDecision.Stay, "");
    }

    /// <summary>The guards as they stand.</summary>
    public static IReadOnlyList<GuardView> Views(RolloutEvidence evidence)
    {
        var threshold = RolloutEvidence.Threshold(evidence.Spec);
        IEnumerable<GuardView> views = [
            .. evidence.Guards.Select(g => GuardViews.Of(g, evidence.Spec, threshold)),
            .. evidence.Means.Select(m => GuardViews.Of(m, evidence.Spec, threshold))];
        return [.. evidence.Disagreement is { } d ? views.Append(GuardViews.Of(d, evidence.Spec, threshold)) : views];
    }

    /// <summary>What lies between two tallies.</summary>
    public static RolloutCounts Between(RolloutCounts from, RolloutCounts to) => new(
        to.Requests - from.Requests, to.Candidate - from.Candidate, to.Primary - from.Primary, to.Shadowed - from.Shadowed, to.Errors - from.Errors, to.Labels - from.Labels);

    /// <summary>The step to which a warning goes back: the one with the next smaller share, else it stays where it is.</summary>
    public static int OneBack(RolloutState s) =>
        s.StepIndex > 0 && s.Steps[s.StepIndex - 1].Traffic > 0 && s.Steps[s.StepIndex - 1].Traffic < s.Steps[s.StepIndex].Traffic ? s.StepIndex - 1 : s.StepIndex;

    private static RolloutDecision Begin(RolloutState s, RolloutView v)
    {
        if (s.Calendar?.Closed(v.Now) is { } closed)
            return Wait(s, closed);
        return s.Staging is null || s.FromPrimary is not null || s.StagingApproved ? new(RolloutDecision.Enter, "started") : new(RolloutDecision.Stay, s.Reason ?? "");
    }

    private static RolloutDecision? Warned(RolloutState s, RolloutView v)
    {
        if (v.Guards.FirstOrDefault(g => g.IsWarning) is { } warning)
            return s.Warned ? new(RolloutDecision.Stay, s.Reason ?? "") : new(RolloutDecision.StepBack, Warning(warning.Evidence));
        return s.Warned ? new(RolloutDecision.Calm, "the warning is over") : null;
    }

    private static RolloutDecision Ready(RolloutState s, RolloutView v)
    {
        if (s.StepIndex + 1 < s.Steps.Count && s.Steps[s.StepIndex + 1].Approval && s.Approved <= s.StepIndex)
        {
            var asks = $"step {s.StepIndex + 2} needs a person's approval";
            return new(s.Reason == asks ? RolloutDecision.Stay : RolloutDecision.AskApproval, asks);
        }

        return s.Calendar?.Closed(v.Now) is { } closed ? Wait(s, closed) : Next(s, "term over, enough predictions, every guard safe");
    }

    private static RolloutDecision Wait(RolloutState s, string closed) => s.Reason == closed ? new(RolloutDecision.Stay, closed) : new(RolloutDecision.Wait, closed);

    private static RolloutDecision Next(RolloutState s, string reason) => new(s.StepIndex + 1 < s.Steps.Count ? RolloutDecision.Enter : RolloutDecision.Complete, reason);

    // Each stage goes back in its own way.
    private static string BackFrom(RolloutState s)
    {
        var former = s.FromPrimary?.ToString() ?? "the fallback";
        return s.Step is not { } step ? "nothing was changed"
            : step.Kind == StepSpec.Shadow && !s.Solo ? "the shadow is switched off"
            : step.Traffic >= 1 ? $"all traffic is back with {former} at once"
            : step.Kind == StepSpec.Canary ? $"the canary is over, {former} has all traffic"
            : $"{(s.Warned ? "it went on" : "it is beyond doubt")} at {step.Traffic.ToString("P0", CultureInfo.InvariantCulture)}, so {former} has all traffic";
    }

    private static string Harm(GuardEvidence e) => e.Basis switch
    {
        "limit" => string.Create(CultureInfo.InvariantCulture, $"{e.Guard} is over its limit: {Figure(e, e.Candidate)}, e-value over the limit {e.Threshold:G3}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{e.Guard} is worse: {Figure(e, e.Candidate)} against {Figure(e, e.Primary)}, e-value {e.EHarm:G3} over the limit {e.Threshold:G3}"),
    };

    private static string Warning(GuardEvidence e) => string.Create(
        CultureInfo.InvariantCulture, $"{e.Guard} warns: {Figure(e, e.Candidate)} against {Figure(e, e.Primary)}, e-value {e.EHarm:G3} of {e.Threshold:G3}");

    private static string Figure(GuardEvidence e, double? value) =>
        value is not { } v ? "none" : v.ToString(e.Basis == "mean" ? "G4" : "P2", CultureInfo.InvariantCulture);

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
        if (counted.Labels < step.MinLabels)
            lacking.Add($"too few labels, {step.MinLabels} are needed");
        foreach (var guard in v.Guards.Where(g => g.Blocks && g.Evidence.Verdict != "safe"))
            lacking.Add($"{guard.Evidence.Guard} is not shown to be safe yet");
        if (v.Shift > s.Guard.ShiftHoldsAbove && !s.ShiftAccepted && s.FromPrimary is not null)
            lacking.Add(string.Create(CultureInfo.InvariantCulture, $"predictions are distributed otherwise (PSI above {s.Guard.ShiftHoldsAbove:0.##}); resume accepts it"));
        return lacking;
    }
}
