using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Rollout;

/// <summary>How versions come to an endpoint.</summary>
/// <param name="Steps">In order: shadow, canary, gradual; a last step of 100 % is added when it is not declared.</param>
/// <param name="Guard">What must not get worse.</param>
/// <param name="OnInconclusive">When the term of a step is over without enough evidence: <c>hold</c> (and go on later, if evidence comes), <c>rollback</c> or <c>ask</c> (a person promotes).</param>
/// <param name="SkipShadow">Why there is no shadow step in front of a version that serves; null = there is one.</param>
/// <param name="Calendar">When steps may be entered; null = at any time.</param>
/// <param name="Keep">How the former version is kept after the end; null = 7 days in shadow.</param>
/// <param name="Notify">Channel that is told of every transition; null = none.</param>
/// <param name="Staging">What a first version must stand before it serves; null = nothing.</param>
public sealed record RolloutSpec(
    IReadOnlyList<StepSpec> Steps, GuardSpec Guard, string OnInconclusive = "hold", string? SkipShadow = null, CalendarSpec? Calendar = null, KeepSpec? Keep = null, string? Notify = null,
    StagingSpec? Staging = null)
{
    /// <summary>What holds for an endpoint that declares nothing.</summary>
    public static RolloutSpec Default { get; } = new(
        [
            new StepSpec(StepSpec.Shadow, 0, TimeSpan.FromHours(24), 1000),
            new StepSpec(StepSpec.Canary, 0.05, TimeSpan.FromHours(1)),
            new StepSpec(StepSpec.Gradual, 0.25, TimeSpan.FromHours(1)),
            new StepSpec(StepSpec.Gradual, 0.5, TimeSpan.FromHours(1)),
            new StepSpec(StepSpec.Gradual, 1, TimeSpan.FromHours(1)),
        ],
        GuardSpec.Default);

    /// <summary>Everything that is wrong with the declaration; empty when it can be applied.</summary>
    public IReadOnlyList<Fault> Faults(string endpoint)
    {
        var at = $"endpoints.{endpoint}.rollout";
        var faults = new List<Fault>();
        if (Steps.Count == 0)
            faults.Add(new Fault(at + ".steps", "No step is declared.", "Declare at least one: - shadow: {for: 24h}."));
        var last = 0.0;
        for (var i = 0; i < Steps.Count; i++)
        {
            var step = Steps[i];
            var field = $"{at}.steps[{i}]";
            if (step.Kind is not (StepSpec.Shadow or StepSpec.Canary or StepSpec.Gradual))
                faults.Add(new Fault(field, $"'{step.Kind}' is no kind of step.", "Use shadow, canary or gradual."));
            if (step.Kind == StepSpec.Shadow ? i > 0 : !(step.Traffic > 0 && step.Traffic <= 1))
                faults.Add(new Fault(field + ".traffic", step.Kind == StepSpec.Shadow ? "A shadow step comes first." : $"The traffic is {step.Traffic.ToString(CultureInfo.InvariantCulture)}.", "Give a share between 0 % and 100 %."));
            if (step.Kind != StepSpec.Shadow && step.Traffic < last)
                faults.Add(new Fault(field + ".traffic", "The traffic falls from one step to the next.", "Let it rise: buckets are nested, so a unit that has seen the candidate keeps it."));
            if (step.For < TimeSpan.Zero || step.MinPredictions < 0 || step.MinLabels < 0)
                faults.Add(new Fault(field, "A negative term or number of predictions or labels.", "Use zero or more."));
            last = Math.Max(last, step.Traffic);
        }

        if (OnInconclusive is not ("hold" or "rollback" or "ask"))
            faults.Add(new Fault(at + ".on_inconclusive", $"'{OnInconclusive}' is unknown.", "Use hold, rollback or ask."));
        faults.AddRange(Guard.Faults(at + ".guard"));
        faults.AddRange(Calendar?.Faults(at) ?? []);
        if (SkipShadow is not null && (SkipShadow.Trim().Length == 0 || Steps is [{ Kind: StepSpec.Shadow }, ..]))
            faults.Add(new Fault(at + ".skip_shadow", SkipShadow.Trim().Length == 0 ? "The reason is empty." : "The plan has a shadow step.", "Say why there is no shadow step, or leave the key out."));
        if (Keep is { } keep && (keep.As is not (KeepSpec.Shadow or KeepSpec.HoldBack) || keep.For < TimeSpan.Zero || !(keep.Share > 0 && keep.Share <= 0.5)))
            faults.Add(new Fault(at + ".keep", $"'{keep.As}' for {keep.For} with {keep.Share.ToString(CultureInfo.InvariantCulture)} is no way to keep a version.", "Write {for: 7d, as: shadow}, or {for: 7d, as: hold_back, share: 2%} with a share up to 50%."));
        if (Staging is { } staging && staging.MinPredictions < 1)
            faults.Add(new Fault(at + ".staging.min_predictions", "A first version must answer at least one request.", "Use 1 or more."));
        return faults;
    }
}

/// <summary>One step.</summary>
/// <param name="Kind"><c>shadow</c>: the candidate answers in parallel and nobody sees it; <c>canary</c>, <c>gradual</c>: a share of the traffic.</param>
/// <param name="Traffic">Share to the candidate, 0..1; 0 in shadow.</param>
/// <param name="For">Least term, on the endpoint's clock.</param>
/// <param name="MinPredictions">Least number of predictions in the step (shadow copies in shadow, else both sides together).</param>
/// <param name="MinLabels">Least number of ripe labels in the step.</param>
/// <param name="Approval">Whether a person must approve before it is entered.</param>
public sealed record StepSpec(string Kind, double Traffic, TimeSpan For, long MinPredictions = 0, long MinLabels = 0, bool Approval = false)
{
    public const string Shadow = "shadow";
    public const string Canary = "canary";
    public const string Gradual = "gradual";
    public const string Full = "full";
}

/// <summary>Asks for a rollout.</summary>
/// <param name="Cause">Why, in a few words: <c>person</c>, <c>data_drift</c>.</param>
/// <param name="ShadowFor">Replaces the term of the endpoint's own shadow step.</param>
/// <param name="IdempotencyKey">The same key gives the same rollout.</param>
public sealed record StartRollout(string Endpoint, string Model, int Version, string Cause, TimeSpan? ShadowFor = null, string? IdempotencyKey = null, string? IncidentId = null);
