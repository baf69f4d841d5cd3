using System.Text.Json;

namespace Holdfast.Contracts;

/// <summary>A label over the wire. The value may be text, a number or a boolean.</summary>
/// <param name="At">When it became known; the endpoint's clock when absent.</param>
public sealed record LabelBody(string? PredictionId, JsonElement Value, DateTimeOffset? At = null);

/// <summary>Labels: either one (its fields at the top) or many.</summary>
public sealed record LabelsRequest(IReadOnlyList<LabelBody>? Labels = null, string? PredictionId = null, JsonElement Value = default, DateTimeOffset? At = null);

/// <summary>What became of labels; all are stored.</summary>
/// <param name="Accepted">Their prediction is known.</param>
/// <param name="Pending">Their prediction may still be on its way to the log.</param>
/// <param name="Unknown">Not in the log; joined if the prediction ever comes.</param>
public sealed record LabelsAnswer(int Accepted, int Pending, IReadOnlyList<string> Unknown);

/// <summary>Moves an event clock.</summary>
/// <param name="Settle">Whether to wait until every controller has done what follows from it, pipeline runs included.</param>
public sealed record ClockRequest(DateTimeOffset To, bool Settle = false);

/// <summary>Where the clock stands.</summary>
public sealed record ClockAnswer(DateTimeOffset Now);

/// <summary>The candidate's answer to a copy.</summary>
public sealed record ShadowInfo(string Model, int ModelVersion, double? Score, string Prediction, string? Error, double LatencyMs);

/// <summary>A logged prediction.</summary>
/// <param name="Asked">The version or role that the request itself asked for; it took no part in a rollout.</param>
public sealed record PredictionInfo(
    string Id, DateTimeOffset At, string Endpoint, string Role, string Model, int ModelVersion, long RouteRevision, string? RolloutId, double CandidateWeight, bool HasKey,
    double? Score, string Prediction, string? Error, bool FellBack, double LatencyMs, IReadOnlyDictionary<string, object?> Features, ShadowInfo? Shadow,
    string? Label, DateTimeOffset? LabelAt, string? Asked = null);

/// <summary>Makes a window of the log a dataset version.</summary>
public sealed record MaterializeRequest(DateTimeOffset From, DateTimeOffset Until, string Dataset, string LabelColumn = "label");

/// <summary>What came of it.</summary>
/// <param name="DatasetVersion"><c>name@v3</c>.</param>
/// <param name="Rows">Rows of the dataset version.</param>
/// <param name="LabelCoverage">Rows over all predictions of the window that are not set aside.</param>
/// <param name="Quarantined">Predictions of the window that are set aside.</param>
public sealed record MaterializeAnswer(string DatasetVersion, long Rows, double LabelCoverage, long Quarantined);

/// <summary>Makes rows usable again.</summary>
public sealed record ReleaseRequest(string Reason);
