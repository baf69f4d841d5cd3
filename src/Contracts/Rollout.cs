namespace Holdfast.Contracts;

/// <summary>Brings a model version to an endpoint, step by step.</summary>
/// <param name="Model">Name, or <c>name/3</c>, or <c>name@alias</c>.</param>
/// <param name="Version">The version, when <paramref name="Model"/> is a bare name; the newest when omitted.</param>
public sealed record DeployRequest(string Endpoint, string Model, int? Version = null, string? Cause = null, string? ShadowFor = null, string? IdempotencyKey = null);

/// <summary>What a person does to a rollout.</summary>
/// <param name="Weight">For <c>set-weight</c>: the share of traffic, 0..1.</param>
public sealed record RolloutAction(string? Reason = null, double? Weight = null);

/// <summary>How many requests and labels the evidence rests on.</summary>
public sealed record RolloutTally(long Requests, long Candidate, long Primary, long Shadowed, long Errors, long Labels);

/// <summary>What a guard knows now.</summary>
/// <param name="EHarm">e-value against "no worse": the rollout goes back at <paramref name="Threshold"/>.</param>
/// <param name="Verdict"><c>harm</c>, <c>safe</c> or <c>open</c>.</param>
/// <param name="Blocks">Whether the next step waits for this guard.</param>
public sealed record GuardInfo(string Guard, double EHarm, double ESafe, double Threshold, string Verdict, double? Candidate, double? Primary, long Events, bool Blocks);

/// <summary>One planned step.</summary>
public sealed record RolloutStepInfo(int Index, string Step, double Traffic, string For, long MinPredictions, DateTimeOffset? EnteredAt);

/// <summary>A rollout as it stands.</summary>
/// <param name="Status"><c>running</c>, <c>held</c> (the term is over, the evidence is not enough), <c>paused</c>, <c>suspended</c> (an override stands), <c>completed</c>, <c>rolled_back</c>.</param>
/// <param name="StepEndsAt">When the term of the step is over, on the endpoint's clock.</param>
/// <param name="Reason">Why it stands where it stands.</param>
public sealed record RolloutInfo(
    string Id, string Endpoint, string Model, int ModelVersion, int? FromVersion, string Cause, string? IncidentId, string Status, int StepIndex, string Step, double Traffic,
    DateTimeOffset StartedAt, DateTimeOffset? StepEnteredAt, DateTimeOffset? StepEndsAt, DateTimeOffset? EndedAt, string? Reason,
    IReadOnlyList<RolloutStepInfo> Steps, RolloutTally Tally, IReadOnlyList<GuardInfo> Guards);
