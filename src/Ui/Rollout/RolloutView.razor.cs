using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Rollout;

/// <summary>Draws one rollout from its state and the events that it wrote.</summary>
public sealed partial class RolloutView
{
    private Picture? _picture;

    [Parameter, EditorRequired] public RolloutInfo Rollout { get; set; } = null!;

    /// <summary>Events about its endpoint; those of other rollouts are passed over.</summary>
    [Parameter, EditorRequired] public IReadOnlyList<JournalEvent> Events { get; set; } = [];

    /// <summary>Its evidence over time; null where it is not kept.</summary>
    [Parameter] public RolloutHistory? History { get; set; }

    /// <summary>Whether who looks may move it.</summary>
    [Parameter] public bool MayAct { get; set; }

    private IEnumerable<(string Action, string Words)> Actions =>
        [.. Rollout.NeedsApproval ? [("approve", "Approve")] : (IEnumerable<(string, string)>)[], Rollout.Status is "paused" or "held" ? ("resume", "Resume") : ("pause", "Pause"), ("promote", "Promote"), ("set-weight", "Set share"), ("rollback", "Roll back")];

    private bool Over => Rollout.Status is "completed" or "rolled_back";

    /// <inheritdoc />
    protected override void OnParametersSet() => _picture = Picture.Of(Rollout, Events, History);

    private string StepTone(RolloutStepInfo step) => step switch
    {
        _ when Rollout.Status == "rolled_back" && step.Index == Rollout.StepIndex => "bad",
        _ when Rollout.Status == "completed" || step.Index < Rollout.StepIndex => "good",
        _ when step.Index == Rollout.StepIndex => Rollout.Status == "running" ? "busy" : "watch",
        _ => "plain",
    };

    private static string VerdictTone(string verdict) => verdict switch { "harm" => "bad", "warning" => "watch", "safe" => "good", _ => "plain" };

    // How far the evidence of harm has come on the way to the threshold, on a log axis.
    private static double Way(double e, double threshold) => threshold > 1 && e > 1 ? Math.Clamp(Math.Log(e) / Math.Log(threshold), 0, 1) : 0;

    /// <summary>What the drawing function <c>rollout</c> takes; times in unix milliseconds.</summary>
    internal sealed record Picture(IReadOnlyList<Picture.Step> Steps, IReadOnlyList<Picture.Guard> Guards, double Threshold, double? Warning, long Until)
    {
        public sealed record Step(long At, double Traffic, string Name);

        public sealed record Guard(string Name, IReadOnlyList<double[]> Points);

        public static Picture? Of(RolloutInfo rollout, IReadOnlyList<JournalEvent> events, RolloutHistory? history)
        {
            var steps = new List<Step>();
            var guards = new Dictionary<string, List<double[]>>(StringComparer.Ordinal);
            // Older rollouts have no history of their own: then the events tell of each step.
            var kept = history is { Guards: [{ Points.Count: > 0 }, ..] };
            var threshold = rollout.Guards.Count > 0 ? rollout.Guards[0].Threshold : 100;
            foreach (var told in events.OrderBy(e => e.Seq))
            {
                var (id, evidence) = told.Kind switch
                {
                    "rollout.step_entered" when told.DetailAs<RolloutStepEntered>() is var d => (d.RolloutId, d.Evidence),
                    "rollout.held" when told.DetailAs<RolloutHeld>() is var d => (d.RolloutId, d.Evidence),
                    "rollout.completed" when told.DetailAs<RolloutCompleted>() is var d => (d.RolloutId, d.Evidence),
                    "rollout.rolled_back" when told.DetailAs<RolloutRolledBack>() is var d => (d.RolloutId, d.Evidence),
                    _ => ("", []),
                };
                if (id != rollout.Id)
                {
                    continue;
                }

                if (told.Kind == "rollout.step_entered" && told.DetailAs<RolloutStepEntered>() is var step)
                {
                    steps.Add(new Step(told.At.ToUnixTimeMilliseconds(), step.Traffic, step.Step));
                }
                else if (told.Kind == "rollout.rolled_back")
                {
                    steps.Add(new Step(told.At.ToUnixTimeMilliseconds(), 0, "rolled back"));
                }

                if (!kept)
                    Add(told.At, evidence.Select(e => (e.Guard, e.EHarm)));
            }

            foreach (var guard in history?.Guards ?? [])
                guards[guard.Guard] = [.. guard.Points.Select(p => new[] { p.At.ToUnixTimeMilliseconds(), p.EHarm })];
            if (!kept && rollout.EndedAt is null && events.Count > 0)
            {
                Add(events.Max(e => e.At), rollout.Guards.Select(g => (g.Guard, g.EHarm)));
            }

            if (steps.Count == 0)
            {
                return null;
            }

            var last = guards.Values.SelectMany(points => points).Select(point => (long)point[0]).Append(steps[^1].At).Append(rollout.EndedAt?.ToUnixTimeMilliseconds() ?? 0).Max();
            var until = Math.Max(last, steps[^1].At + Math.Max(60_000, (steps[^1].At - steps[0].At) / 12));
            return new Picture(steps, [.. guards.Select(g => new Guard(Figure.Words(g.Key), g.Value))], threshold, rollout.Guards is [{ Warning: > 1 and var warning }, ..] && warning < threshold ? warning : null, until);

            void Add(DateTimeOffset at, IEnumerable<(string Guard, double EHarm)> evidence)
            {
                foreach (var (guard, harm) in evidence)
                {
                    if (!guards.TryGetValue(guard, out var points))
                    {
                        guards[guard] = points = [];
                    }

                    points.Add([at.ToUnixTimeMilliseconds(), harm]);
                }
            }
        }
    }
}
