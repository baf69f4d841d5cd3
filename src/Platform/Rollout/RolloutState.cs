using Holdfast.Kernel;
using Holdfast.Serving;

namespace Holdfast.Rollout;

/// <summary>Where a rollout stands.</summary>
public static class RolloutStatus
{
    public const string Running = "running";

    /// <summary>The term of the step is over and the evidence is not enough, or a person said so.</summary>
    public const string Held = "held";

    /// <summary>A person (or an invalid judgement) stopped it; its term stands still.</summary>
    public const string Paused = "paused";

    /// <summary>An override stands above the plan; term and evidence stand still.</summary>
    public const string Suspended = "suspended";

    public const string Completed = "completed";

    public const string RolledBack = "rolled_back";
}

/// <summary>A change of the route that has been decided: written before it is made, so that a crash in between repeats it.</summary>
/// <param name="Kind"><c>enter</c>, <c>step_back</c>, <c>complete</c>, <c>roll_back</c>, <c>release</c> or <c>weight</c>.</param>
/// <param name="At">When it was decided, on the endpoint's clock.</param>
/// <param name="Total">The tally up to then: where the next step's counts begin.</param>
public sealed record PendingMove(string Kind, int Index, double Weight, DateTimeOffset At, string Reason, RolloutCounts Counts, RolloutCounts Total, IReadOnlyList<GuardEvidence> Evidence);

/// <summary>A rollout; stored as one row.</summary>
/// <param name="FromPrimary">Who answered before; null = the fallback rules, or nobody.</param>
/// <param name="Solo">Nobody else can answer: the candidate gets all traffic in every step.</param>
/// <param name="StepIndex">-1 before the first step.</param>
/// <param name="StepStart">The tally when the step was entered.</param>
/// <param name="Stood">Time in this step that does not count: suspended or paused.</param>
/// <param name="StoppedSince">Since when it stands still.</param>
/// <param name="HeldTold">Whether this step's hold has been told.</param>
/// <param name="Command">What a person asked for: <c>promote</c>, <c>roll_back</c> or <c>weight</c>.</param>
/// <param name="PlanRevision">Revision of the route that this rollout put in force last.</param>
/// <param name="Before">The route before it, which a rollback restores.</param>
/// <param name="Warned">Whether it has answered the warning that stands.</param>
/// <param name="ShiftAccepted">Whether a person has accepted that predictions are distributed otherwise.</param>
/// <param name="Approved">The last step that a person has approved; 0 = none.</param>
/// <param name="Staged">What the staging came to; null before.</param>
/// <param name="StagingApproved">Whether a person has approved what the staging came to.</param>
/// <param name="KeptUntil">Until when the former version is kept.</param>
public sealed record RolloutState(
    string Id, int WorkspaceId, string Endpoint, string Model, int Version, VariantRef? FromPrimary, bool Solo, string Cause, string? IncidentId,
    IReadOnlyList<StepSpec> Steps, GuardSpec Guard, string OnInconclusive, string Status, int StepIndex, RolloutCounts StepStart, DateTimeOffset StartedAt,
    long PlanRevision, IReadOnlyList<DateTimeOffset> Entered, TimeSpan Stood = default, DateTimeOffset? StoppedSince = null, DateTimeOffset? EndedAt = null, string? Reason = null,
    bool HeldTold = false, bool HeldByPerson = false, bool MismatchAccepted = false, string? Command = null, double CommandWeight = 0, double Traffic = 0, PendingMove? Pending = null,
    IReadOnlyList<GuardEvidence>? LastEvidence = null, RolloutCounts? LastTotal = null, RoutePlan? Before = null, CalendarSpec? Calendar = null, KeepSpec? Keep = null, string? Notify = null,
    bool Warned = false, bool ShiftAccepted = false, int Approved = 0, StagingSpec? Staging = null, string? Staged = null, bool StagingApproved = false, DateTimeOffset? KeptUntil = null)
{
    /// <summary>The mark of its predictions after its end, while the former version is kept.</summary>
    public string KeptId => Id + RolloutEvidence.KeptSuffix;

    /// <summary>Whether it is over.</summary>
    public bool HasEnded => Status is RolloutStatus.Completed or RolloutStatus.RolledBack;

    /// <summary>The candidate.</summary>
    public VariantRef Candidate => new(Model, Version);

    /// <summary>The step that it is in; null before the first.</summary>
    public StepSpec? Step => StepIndex >= 0 && StepIndex < Steps.Count ? Steps[StepIndex] : null;

    /// <summary>How a step is called in events: the one with all the traffic is <c>full</c>.</summary>
    public static string NameOf(StepSpec step) => step.Kind != StepSpec.Shadow && step.Traffic >= 1 ? StepSpec.Full : step.Kind;

    /// <summary>What has been counted of the step's term.</summary>
    public TimeSpan Elapsed(DateTimeOffset now) => Entered.Count == 0 ? TimeSpan.Zero : (StoppedSince ?? now) - Entered[^1] - Stood;
}
