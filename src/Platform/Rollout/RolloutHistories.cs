using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Rollout;

/// <summary>The evidence of a rollout over time, as it is shown.</summary>
internal static class RolloutHistories
{
    /// <summary>From the evidence in memory; empty where there is none.</summary>
    public static RolloutHistory Of(RolloutState state, RolloutReconciler reconciler) =>
        new(state.Id, reconciler.Read(state, state.Id, Guards) ?? [], reconciler.Read(state, state.KeptId, Guards) ?? []);

    private static IReadOnlyList<GuardHistory> Guards(RolloutEvidence evidence) =>
        [.. RolloutRules.Views(evidence).Select((view, i) => new GuardHistory(
            view.Evidence.Guard, view.Evidence.Threshold, view.Evidence.Threshold * evidence.Spec.Warn, GuardViews.SafeThreshold, view.Evidence.Verdict, GuardViews.Text(view.Evidence),
            [.. evidence.Trail.Append(evidence.Latest).Where(p => i < p.Harm.Length).Select(p => new EvidencePoint(DateTimeOffset.FromUnixTimeMilliseconds(p.At), p.Weight, Ten(p.Harm[i]), Ten(p.Safe[i])))]))];

    private static double Ten(double log) => double.Parse(Math.Pow(10, Math.Clamp(log, -300, 300)).ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
