using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Response;

/// <summary>Phases of an answer.</summary>
internal static class Phase
{
    /// <summary>The policy as it stood when the incident was answered; one row, always done.</summary>
    public const string Policy = "policy";

    /// <summary>At once. A graver diagnosis of the same incident begins a phase of its own: <c>do:data_fault</c>.</summary>
    public static string Do(string kind) => "do:" + kind;

    /// <summary>When the incident is resolved.</summary>
    public const string After = "after";
}

/// <summary>Which policy answers, and with which actions in which order. Pure.</summary>
internal static class ResponsePlan
{
    public const string CloseQuarantine = "close_quarantine";
    public const string Unblock = "unblock";

    /// <summary>The policy that says most of those that match; without any, one that notifies every channel and does nothing else.</summary>
    public static ResponsePolicySpec Choose(IReadOnlyList<ResponsePolicySpec> policies, IReadOnlyList<string> channels, DriftDiagnosed diagnosed) =>
        policies.Where(p => p.On.Matches(diagnosed)).MaxBy(p => p.On.Specificity)
        ?? new ResponsePolicySpec("default", new PolicyMatch(), [.. channels.Select(c => new ActionSpec("notify", JsonSerializer.SerializeToElement(c)))], []);

    /// <summary>Actions when an incident is resolved: what the platform itself owes where rows were set aside or retraining was blocked, and what the policy adds. The block is lifted after the model is back and before anything retrains.</summary>
    /// <param name="done">Names of the actions that were taken for the incident.</param>
    public static IReadOnlyList<ActionSpec> After(ResponsePolicySpec policy, IEnumerable<string> done)
    {
        if (!done.Any(a => a is "quarantine" or "block"))
            return policy.After;
        var actions = policy.After.Prepend(new ActionSpec(CloseQuarantine)).ToList();
        var retrain = actions.FindIndex(a => a.Name == "retrain");
        actions.Insert(retrain < 0 ? actions.Count : retrain, new ActionSpec(Unblock));
        return actions;
    }

    /// <summary>The rows of a list of actions.</summary>
    public static IReadOnlyList<ActionRow> Rows(int workspace, string incident, string endpoint, string phase, string policy, IReadOnlyList<ActionSpec> actions) =>
        [.. actions.Select((a, i) => new ActionRow(workspace, incident, phase, i, endpoint, policy, a.Name, a.Arguments.ValueKind == JsonValueKind.Undefined ? "null" : a.Arguments.GetRawText(), "planned", null, "{}", null, null))];

    /// <summary>The message of an incident: what, where, with which figures.</summary>
    public static Alerts.Message Message(Incident incident, DriftReport? report, string? link)
    {
        var what = incident.Kind.Replace('_', ' ');
        var cause = incident.Cause.Length == 0 ? "" : $" ({incident.Cause.Replace('_', ' ')})";
        var fields = new List<Alerts.MessageField> { new("Endpoint", incident.Endpoint), new("Severity", incident.Severity) };
        if (incident.Feature is { } feature)
            fields.Add(new("Feature", feature));
        if (incident.Psi is { } psi)
            fields.Add(new("PSI", Number(psi)));
        if (incident.ScaleFactor is { } factor)
            fields.Add(new("Scale factor", Number(factor)));
        if (report?.Performance.Accuracy is { } accuracy)
            fields.Add(new("Accuracy", Number(accuracy) + (report.Performance.BaselineAccuracy is { } before ? $" (was {Number(before)})" : "")));
        if (incident.Model is { } model)
            fields.Add(new("Model", $"{model}/{incident.ModelVersion}"));
        fields.Add(new("Since", incident.StartsAt.ToString("u", System.Globalization.CultureInfo.InvariantCulture)));
        var text = report is { Evidence.Count: > 0 } ? report.Evidence[0] : $"Found in the window {report?.Window} until {incident.SeenUntil:u}.";
        return new Alerts.Message($"{what}{cause} on {incident.Endpoint}{(incident.Feature is null ? "" : ": " + incident.Feature)}", text, fields, link, incident.Id, incident.Severity);
    }

    private static string Number(double value) => value.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
}
