using Holdfast.Serving;
using Holdfast.Ui.Shell;

namespace Holdfast.Ui.Serving;

/// <summary>What an endpoint's route amounts to, as rows and in a word.</summary>
internal static class Routing
{
    public sealed record Row(string Role, string Tone, VariantRef? Variant, double Share, string Note);

    /// <summary>The state in one word: <c>fallback</c>, <c>pinned</c>, <c>canary</c>, <c>shadow</c>, <c>serving</c>, <c>rules only</c>.</summary>
    public static string State(EndpointState endpoint) => endpoint switch
    {
        { Override.Kind: RouteOverride.Fallback } => "fallback",
        { Override.Kind: RouteOverride.Pinned } => "pinned",
        { Faults.Count: > 0 } => "error",
        { Plan: { Candidate: not null, Mode: RouteMode.Shadow } } => "shadow",
        { Plan: { Candidate: not null, Mode: RouteMode.Split } } => "canary",
        { Plan.Primary: null } => "rules only",
        _ => "serving",
    };

    public static IEnumerable<Row> Rows(EndpointState endpoint)
    {
        var plan = endpoint.Plan;
        if (endpoint.Override is { } above)
        {
            yield return above.Kind == RouteOverride.Pinned && above.Pin is { } pin
                ? new Row("pinned", "watch", pin, 1, Figure.Words(above.Reason))
                : new Row("fallback", "watch", null, 1, Figure.Words(above.Reason));
            yield return new Row("primary", "plain", plan.Primary, 0, "waits until the override is taken away");
            yield break;
        }

        var weight = plan is { Candidate: not null, Mode: RouteMode.Split } ? plan.CandidateWeight : 0;
        yield return new Row("primary", "good", plan.Primary, 1 - weight, Fault(plan.Primary) ?? (plan.Primary is null ? "no model yet" : ""));
        if (plan.Candidate is { } candidate)
        {
            yield return plan.Mode == RouteMode.Shadow
                ? new Row("shadow", "busy", candidate, 0, Fault(candidate) ?? "gets a copy of every request")
                : new Row("candidate", "busy", candidate, weight, Fault(candidate) ?? "");
        }

        if (endpoint.Spec.Fallback.Length > 0 && plan.Primary is not null)
        {
            yield return new Row("fallback", "plain", null, 0, "answers when the model errs or is late");
        }

        string? Fault(VariantRef? variant) => variant is not null && endpoint.Faults.TryGetValue(variant.ToString(), out var fault) ? fault : null;
    }
}
