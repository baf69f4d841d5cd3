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
/// <param name="Verdict"><c>harm</c>, <c>warning</c>, <c>safe</c> or <c>open</c>.</param>
/// <param name="Blocks">Whether the next step waits for this guard.</param>
/// <param name="Low">Lower limit, at every look, of the difference of shares in shadow or of means; null where there is none.</param>
/// <param name="High">Its upper limit.</param>
/// <param name="Warning">e-value of harm from which on the rollout steps back one weight and waits.</param>
/// <param name="Text">The verdict in words.</param>
public sealed record GuardInfo(
    string Guard, double EHarm, double ESafe, double Threshold, string Verdict, double? Candidate, double? Primary, long Events, bool Blocks, double? Low = null, double? High = null, double Warning = 0, string? Text = null);

/// <summary>The former version after the end of a rollout.</summary>
/// <param name="Former"><c>model/version</c>.</param>
/// <param name="As"><c>shadow</c> or <c>hold_back</c>.</param>
/// <param name="Share">The share that is held back.</param>
/// <param name="Guards">The evidence since the end, the former version being the standard.</param>
public sealed record KeptInfo(string Former, string As, double Share, DateTimeOffset Until, IReadOnlyList<GuardInfo> Guards);

/// <summary>One planned step.</summary>
/// <param name="Approval">Whether a person must approve before it is entered.</param>
public sealed record RolloutStepInfo(int Index, string Step, double Traffic, string For, long MinPredictions, DateTimeOffset? EnteredAt, long MinLabels = 0, bool Approval = false);

/// <summary>A rollout as it stands.</summary>
/// <param name="Status"><c>running</c>, <c>held</c> (the term is over, the evidence is not enough), <c>paused</c>, <c>suspended</c> (an override stands), <c>completed</c>, <c>rolled_back</c>.</param>
/// <param name="StepEndsAt">When the term of the step is over, on the endpoint's clock.</param>
/// <param name="Reason">Why it stands where it stands.</param>
/// <param name="Kept">The former version while it is kept after the end; else null.</param>
/// <param name="Staged">What the staging of a first version came to.</param>
/// <param name="NeedsApproval">Whether the next step needs a person's approval that is still lacking.</param>
public sealed record RolloutInfo(
    string Id, string Endpoint, string Model, int ModelVersion, int? FromVersion, string Cause, string? IncidentId, string Status, int StepIndex, string Step, double Traffic,
    DateTimeOffset StartedAt, DateTimeOffset? StepEnteredAt, DateTimeOffset? StepEndsAt, DateTimeOffset? EndedAt, string? Reason,
    IReadOnlyList<RolloutStepInfo> Steps, RolloutTally Tally, IReadOnlyList<GuardInfo> Guards, KeptInfo? Kept = null, string? Staged = null, bool NeedsApproval = false);

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

/// <summary>Starts an A/B test.</summary>
/// <param name="A">Null = the primary.</param>
/// <param name="For">Longest term, such as <c>14d</c>.</param>
/// <param name="LabelHorizon">How long labels take, such as <c>12h</c>.</param>
public sealed record AbTestRequest(
    string Endpoint, string B, string? A = null, double Share = 0.5, string Outcome = "correct", string Better = "higher", double Difference = 0.01, double Alpha = 0.05, string For = "14d", string Then = "winner",
    string? LabelHorizon = null, double? Low = null, double? High = null);

/// <summary>Ends an A/B test.</summary>
/// <param name="Serve"><c>a</c> or <c>b</c>; null = a.</param>
public sealed record AbStopRequest(string? Serve = null);

/// <summary>An A/B test as it stands.</summary>
/// <param name="Share">Share of the units that B answers.</param>
/// <param name="Status"><c>starting</c>, <c>running</c>, <c>ending</c>, <c>ended</c>.</param>
/// <param name="Result"><c>a</c>, <c>b</c>, <c>alike</c> (no difference larger than <paramref name="Difference"/>), <c>undecided</c>, <c>invalid</c> or <c>stopped</c>.</param>
/// <param name="Serves">Who serves after it.</param>
/// <param name="ALabelled">Outcomes of A that count.</param>
/// <param name="Effect">Mean outcome of B less that of A, compared within blocks of time, with limits that hold at every look.</param>
/// <param name="EMismatch">e-value against "units go where the share says"; invalid from 1,000 on.</param>
public sealed record AbTestInfo(
    string Id, string Endpoint, string A, string B, double Share, string Outcome, string Better, double Difference, double Alpha, string Status, string? Result, string? Reason, string? Serves, DateTimeOffset StartedAt,
    DateTimeOffset EndsAt, DateTimeOffset? EndedAt, long Requests, long ALabelled, long BLabelled, double? AMean, double? BMean, double? Effect, double? EffectLow, double? EffectHigh, double EMismatch);
