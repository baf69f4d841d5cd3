using System.Text.Json;
using Holdfast.Kernel;

namespace Holdfast.Demo;

/// <summary>What <c>holdfast demo --output json</c> prints. The form is stable.</summary>
internal sealed record DemoSummary(long Seed, IReadOnlyList<ScenarioSummary> Scenarios);

/// <param name="Events">The decisive events, straight from the Journal, in order.</param>
/// <param name="Ended">Whether the scenario came to the end that it is about; <paramref name="Missing"/> says what did not happen.</param>
internal sealed record ScenarioSummary(string Name, IReadOnlyList<SummaryEvent> Events, ScenarioFigures Figures, bool Ended, string? Missing);

internal sealed record SummaryEvent(DateTimeOffset At, string Kind, string Subject, JsonElement Detail);

/// <param name="Requests">Requests sent to the gateway.</param>
/// <param name="RequestsLost">Requests sent less requests answered, each answer being found again in the prediction log.</param>
/// <param name="RecordsDropped">Records that the prediction log dropped.</param>
/// <param name="Psi">Bias-corrected PSI of the feature in question when it was diagnosed.</param>
/// <param name="ScaleFactor">Estimated factor, for a change of scale.</param>
/// <param name="AccuracyBefore">Share of right answers in the last day before the retrained model (or the fallback) took over.</param>
/// <param name="AccuracyAfter">Share of right answers in the last day of the scenario.</param>
/// <param name="Seconds">Wall time of the scenario.</param>
internal sealed record ScenarioFigures(long Requests, long RequestsLost, long RecordsDropped, double? Psi, double? ScaleFactor, double? AccuracyBefore, double? AccuracyAfter, double Seconds);

/// <summary>Which events tell the story.</summary>
internal static class DecisiveEvents
{
    private static readonly HashSet<string> Kinds =
    [
        "dataset_version.created", "gate.passed", "gate.refused", "model_version.created",
        "rollout.step_entered", "rollout.held", "rollout.completed", "rollout.rolled_back",
        "drift.diagnosed", "incident.resolved", "alert.sent", "snapshot.saved", "data.quarantined",
        "endpoint.fallback_entered", "endpoint.fallback_left",
        "retrain.started", "retrain.finished", "retrain.failed", "retrain.blocked", "retrain.unblocked",
    ];

    public static bool Contains(JournalEvent e) => Kinds.Contains(e.Kind);

    public static SummaryEvent Summarise(JournalEvent e) => new(e.At, e.Kind, e.Subject, e.Detail);
}
