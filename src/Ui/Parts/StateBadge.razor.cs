using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>A state as a word with a colour; the colour only repeats what the word says.</summary>
public sealed partial class StateBadge
{
    [Parameter, EditorRequired] public string State { get; set; } = "";

    [Parameter] public string? Title { get; set; }

    private string Word => State.Replace('_', ' ').ToLowerInvariant();

    private string Tone => ToneOf(State);

    internal static string ToneOf(string state) => state.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant() switch
    {
        "finished" or "completed" or "succeeded" or "ready" or "passed" or "healthy" or "serving" or "resolved" or "none"
            or "done" or "cached" or "promote" or "promoted" or "primary" or "ok" or "open/ok" or "live" => "good",
        "running" or "active" or "inprogress" or "shadow" or "canary" or "gradual" or "candidate" or "progressing" or "started" => "busy",
        "moderate" or "warning" or "hold" or "paused" or "suspended" or "pending" or "inconclusive" or "waiting" or "queued" or "pinned" or "cancelled" or "fallback" or "watch" or "acknowledged" => "watch",
        "significant" or "failed" or "error" or "rolledback" or "rollback" or "refused" or "crashed" or "open" or "alarm"
            or "datafault" or "quarantined" or "killed" or "down" => "bad",
        _ => "plain",
    };
}
