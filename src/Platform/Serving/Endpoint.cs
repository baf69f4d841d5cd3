using Holdfast.Contracts;
using Holdfast.Predictions;

namespace Holdfast.Serving;

/// <summary>An endpoint as declared.</summary>
/// <param name="Name">Public name: lowercase letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 100.</param>
/// <param name="Model">What the first plan serves when it exists: <c>credit-risk@champion</c>. Later versions come by rollout.</param>
/// <param name="Fallback">Rules as YAML text; empty = none.</param>
/// <param name="Clock"><c>wall</c>, or <c>event</c> for replays.</param>
/// <param name="Key">Input that is the sticky key, before a key among the request's parameters.</param>
/// <param name="Timeout">How long a model may take before the next variant answers; default 1 s.</param>
/// <param name="ShadowTimeout">How long the copy for a shadow may take; default 2 s.</param>
/// <param name="Lateness">How late a record may be, in event time; default 0 for event clocks, 10 s for wall.</param>
/// <param name="Concurrency">Most requests at once, 1 to 10,000; beyond them others are turned away (429). 0 = 256.</param>
/// <param name="OnMissing">What becomes of a row that lacks an input without a default: <c>refuse</c>, or <c>fallback</c> (the rules answer it).</param>
/// <param name="Range">Bounds of the score; a row outside is answered by the next variant. Null = any number.</param>
/// <param name="FallbackLimit">Share of rows that fell back, in five minutes, from which on it is told in the Journal; 0 = 10 %.</param>
/// <param name="Log">What of the requests is kept, and to whom it is told; null keeps everything for good.</param>
public sealed record EndpointSpec(
    string Name, string? Model = null, string Fallback = "", string Clock = "wall", string? Key = null,
    TimeSpan Timeout = default, TimeSpan ShadowTimeout = default, TimeSpan? Lateness = null,
    int Concurrency = 0, string OnMissing = "refuse", ScoreRange? Range = null, double FallbackLimit = 0, LogRules? Log = null)
{
    /// <summary>Word of <see cref="OnMissing"/>.</summary>
    public const string Refuse = "refuse";

    /// <summary>Word of <see cref="OnMissing"/>.</summary>
    public const string ToFallback = "fallback";
}

/// <summary>A model version by name and number.</summary>
public sealed record VariantRef(string Model, int Version)
{
    /// <inheritdoc />
    public override string ToString() => $"{Model}/{Version}";
}

/// <summary>How a plan divides the traffic.</summary>
public static class RouteMode
{
    /// <summary>All to the primary.</summary>
    public const string None = "none";

    /// <summary>All to the primary, copies to the candidate.</summary>
    public const string Shadow = "shadow";

    /// <summary>The candidate answers its share.</summary>
    public const string Split = "split";
}

/// <summary>What Rollout wants routed. Every change is a new revision; all revisions are kept.</summary>
/// <param name="Revision">0 before the first plan.</param>
/// <param name="Primary">Null: the fallback rules answer as primary.</param>
/// <param name="Mode"><see cref="RouteMode"/>.</param>
/// <param name="CandidateWeight">Share of the units that the candidate answers, 0..1; only in <c>split</c>.</param>
/// <param name="Salt">Salt of the sticky buckets: one per rollout.</param>
public sealed record RoutePlan(long Revision, VariantRef? Primary, VariantRef? Candidate, string Mode, double CandidateWeight, string Salt, string? RolloutId)
{
    /// <summary>Before anything was planned.</summary>
    public static RoutePlan Empty { get; } = new(0, null, null, RouteMode.None, 0, "", null);
}

/// <summary>What Response or a person puts above the plan; it wins, and the rollout stands still meanwhile.</summary>
/// <param name="Kind"><c>fallback</c> (the rules answer) or <c>pin</c> (one version answers).</param>
public sealed record RouteOverride(string Kind, VariantRef? Pin, string Reason, string? IncidentId)
{
    /// <summary>Kind: the rules answer.</summary>
    public const string Fallback = "fallback";

    /// <summary>Kind: one version answers.</summary>
    public const string Pinned = "pin";
}

/// <summary>An endpoint with its route.</summary>
/// <param name="OverrideRevision">Counts every setting and clearing of the override.</param>
/// <param name="Faults">Why variants of the route cannot be loaded, by variant; empty when all are served.</param>
public sealed record EndpointState(
    EndpointSpec Spec, RoutePlan Plan, RouteOverride? Override, long OverrideRevision, string? ManagedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    IReadOnlyDictionary<string, string> Faults);
