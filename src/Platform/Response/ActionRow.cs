using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Response;

/// <summary>One action of an incident: what was planned, and how far it has come.</summary>
/// <param name="Status"><c>planned</c>, <c>started</c> (its effect may have happened), <c>waiting</c>, <c>done</c>, <c>failed</c>, <c>skipped</c>.</param>
/// <param name="State">What the action itself keeps, as JSON.</param>
internal sealed record ActionRow(
    int WorkspaceId, string IncidentId, string Phase, int Position, string Endpoint, string Policy, string Action, string Arguments, string Status, string? Note, string State,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    private static readonly string[] Over = ["done", "failed", "skipped"];

    public bool IsOver => Array.IndexOf(Over, Status) >= 0;

    public ActionSpec Spec => new(Action, JsonSerializer.Deserialize<JsonElement>(Arguments));

    public T StateAs<T>() => JsonSerializer.Deserialize<T>(State, HoldfastJson.Options)!;

    public ActionInfo Info => new(IncidentId, Phase, Position, Action, Status, Note, StartedAt, EndedAt);
}

/// <summary>What a try of an action came to.</summary>
/// <param name="Status">The row's next status.</param>
/// <param name="State">Its next state; null = unchanged.</param>
/// <param name="Detail">An event to write with it.</param>
/// <param name="Outside">Whether something is under way that will end by itself.</param>
internal sealed record ActionOutcome(string Status, string? Note, object? State = null, IEventDetail? Detail = null, DateTimeOffset? At = null, bool Outside = false)
{
    /// <summary>The effect has happened.</summary>
    public static ActionOutcome Done(string? note = null, object? state = null) => new("done", note, state);

    /// <summary>It cannot be done; the next action follows.</summary>
    public static ActionOutcome Fail(string note) => new("failed", note);

    /// <summary>Waits for the clock, or for people.</summary>
    public static ActionOutcome Wait(string? note, object? state = null, IEventDetail? detail = null, DateTimeOffset? at = null) => new("waiting", note, state, detail, at);

    /// <summary>Waits for work that is under way.</summary>
    public static ActionOutcome WaitOutside(string? note, object? state = null) => new("waiting", note, state, Outside: true);

    /// <summary>One part is done; the next part follows at once.</summary>
    public static ActionOutcome Continue(object state, IEventDetail? detail = null, DateTimeOffset? at = null) => new("started", null, state, detail, at);
}
