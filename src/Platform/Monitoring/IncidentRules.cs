using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Monitoring;

/// <summary>When a report opens an incident, adds to one, or makes it graver. Pure.</summary>
internal static class IncidentRules
{
    private static readonly string[] Inputs = ["prediction_drift", "data_drift", "data_fault"];

    /// <summary>Whether a report is an incident's matter at all.</summary>
    public static bool Alarms(DriftReport report) => report.Severity == "significant" && (IsInput(report.Verdict) || IsQuality(report.Verdict));

    /// <summary>Whether a kind is about worse answers: their relation to the labels changed, or the model did.</summary>
    public static bool IsQuality(string kind) => kind is "concept_drift" or "performance_drift";

    /// <summary>The open incident with the same cause: the same family, and a feature in common.</summary>
    public static Incident? SameCause(IReadOnlyList<Incident> open, DriftReport report)
    {
        var features = Features(report);
        foreach (var incident in open)
        {
            // What has happened to the inputs explains that the answers got worse.
            if (IsQuality(report.Verdict) && IsInput(incident.Kind))
                return incident;
            if (IsInput(incident.Kind) != IsInput(report.Verdict))
                continue;
            if (!IsInput(incident.Kind) || incident.Feature is null || report.Feature is null || features.Overlaps(Features(incident)))
                return incident;
        }

        return null;
    }

    /// <summary>Whether the new diagnosis is graver: a shift of the predictions is explained by one of the inputs, and a drift turns out a fault. Never back: only a person may call a fault a drift.</summary>
    public static bool Escalates(Incident incident, DriftReport report) => Array.IndexOf(Inputs, report.Verdict) > Array.IndexOf(Inputs, incident.Kind) && IsInput(incident.Kind);

    /// <summary>Whether the incident ends when another version becomes the primary: a fault of the data does not.</summary>
    public static bool EndsWithPromotion(Incident incident, int version) => incident.Kind != "data_fault" && incident.ModelVersion != version;

    /// <summary>The event that tells a diagnosis.</summary>
    public static DriftDiagnosed Diagnosed(Incident incident, DriftReport report)
    {
        var leading = report.Features.FirstOrDefault(f => f.Feature == incident.Feature) ?? (incident.Kind == "prediction_drift" ? report.Score : null);
        return new DriftDiagnosed(
            incident.Id, incident.Endpoint, incident.Model, incident.ModelVersion == 0 ? null : incident.ModelVersion, incident.Kind, incident.Cause, incident.Feature, incident.Severity,
            leading?.Psi, leading?.PsiLow, leading?.PsiHigh, incident.ScaleFactor, report.Confidence, report.Window, report.Start, report.End, incident.StartsAt, report.Rows,
            report.Performance.Accuracy, report.Performance.BaselineAccuracy,
            report.Features.Where(f => f.Feature != incident.Feature && f.Severity != "none").ToDictionary(f => f.Feature, f => f.Psi), report.Evidence);
    }

    private static bool IsInput(string kind) => Array.IndexOf(Inputs, kind) >= 0;

    private static HashSet<string> Features(DriftReport? report)
    {
        var names = report is null ? [] : report.Features.Where(f => f.Severity == "significant").Select(f => f.Feature).ToHashSet(StringComparer.Ordinal);
        if (report?.Feature is { } feature)
            names.Add(feature);
        return names;
    }

    private static HashSet<string> Features(Incident incident)
    {
        var names = Features(incident.Report);
        if (incident.Feature is not null)
            names.Add(incident.Feature);
        return names;
    }
}
