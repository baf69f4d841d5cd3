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

/// <summary>The figures of one side of a rollout.</summary>
/// <param name="MissingFeatures">Requests that it refused because an input was missing.</param>
/// <param name="P50">Latencies in milliseconds; null without answers.</param>
/// <param name="Scores">Scores by bin of <see cref="ComparisonInfo.ScoreEdges"/>: below the first edge, between edges, from the last on.</param>
/// <param name="Predictions">Answers by predicted class; the first 20 that occur.</param>
public sealed record SideInfo(
    long Answers, long Errors, long Timeouts, long MissingFeatures, long FellBack, double? P50, double? P95, double? P99, IReadOnlyList<long> Scores, IReadOnlyDictionary<string, long> Predictions);

/// <summary>The scores of both sides for one request.</summary>
public sealed record ScorePair(double Primary, double Candidate);

/// <summary>A request that both sides answered differently.</summary>
public sealed record DisagreementInfo(string PredictionId, DateTimeOffset At, double? PrimaryScore, string PrimaryPrediction, double? CandidateScore, string CandidatePrediction);

/// <summary>Both sides of a rollout side by side.</summary>
/// <param name="Mode"><c>shadow</c> (both answered the same requests) or <c>split</c>.</param>
/// <param name="Shift">PSI of the candidate's scores against the primary's, bias-corrected; null before 500 scores on each side.</param>
/// <param name="Pairs">Requests that both sides answered.</param>
/// <param name="Disagreed">Of these, answered differently; their share lies between the two limits at every look (95 %).</param>
/// <param name="ScoreDifference">Mean of candidate less primary over pairs, with its limits at every look (95 %).</param>
/// <param name="Sample">At most 200 pairs of scores.</param>
/// <param name="Disagreements">The newest 20.</param>
public sealed record ComparisonInfo(
    string RolloutId, string Mode, SideInfo Primary, SideInfo Candidate, IReadOnlyList<double>? ScoreEdges, double? Shift, long Pairs, long Disagreed, double? DisagreedLow, double? DisagreedHigh,
    double? ScoreDifference, double? ScoreDifferenceLow, double? ScoreDifferenceHigh, IReadOnlyList<ScorePair> Sample, IReadOnlyList<DisagreementInfo> Disagreements);

/// <summary>The evidence of a guard at a moment of the endpoint's clock.</summary>
/// <param name="Traffic">The candidate's share then.</param>
public sealed record EvidencePoint(DateTimeOffset At, double Traffic, double EHarm, double ESafe);

/// <summary>The evidence of one guard over a rollout, to be drawn on a log axis.</summary>
/// <param name="Threshold">e-value of harm at which the rollout goes back.</param>
/// <param name="Warning">e-value of harm from which on it steps back one weight and waits.</param>
/// <param name="SafeAt">e-value of safety from which on the guard is safe.</param>
/// <param name="Text">The verdict in words.</param>
public sealed record GuardHistory(string Guard, double Threshold, double Warning, double SafeAt, string Verdict, string Text, IReadOnlyList<EvidencePoint> Points);

/// <summary>The evidence of a rollout over time: at most some 200 moments.</summary>
/// <param name="Kept">The evidence since the rollout is completed, while the former version is kept.</param>
public sealed record RolloutHistory(string RolloutId, IReadOnlyList<GuardHistory> Guards, IReadOnlyList<GuardHistory> Kept);
