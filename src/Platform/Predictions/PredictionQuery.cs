namespace Holdfast.Predictions;

/// <summary>A label as it arrives.</summary>
/// <param name="At">When it became known; the endpoint's clock when absent.</param>
public sealed record NewLabel(string PredictionId, string Value, DateTimeOffset? At = null);

/// <summary>What became of labels: all three kinds are stored.</summary>
/// <param name="Accepted">Their prediction is known.</param>
/// <param name="Pending">Their prediction may still be on its way to the log.</param>
/// <param name="Unknown">Older than the log's lag and absent; joined if the prediction ever comes.</param>
public sealed record LabelResult(int Accepted, int Pending, IReadOnlyList<string> Unknown);

/// <summary>Which predictions to read: event time in [<paramref name="From"/>, <paramref name="Until"/>), oldest first.</summary>
public sealed record PredictionQuery(string Endpoint, DateTimeOffset? From = null, DateTimeOffset? Until = null, string? Role = null, bool? Labelled = null, int Limit = 100, string? Token = null);

/// <summary>A prediction with its newest label.</summary>
public sealed record LoggedPrediction(PredictionEntry Entry, string? Label, DateTimeOffset? LabelAt);

/// <summary>An interval of event time whose rows no training set may contain until they are released by name.</summary>
/// <param name="Until">Null while it is still open.</param>
/// <param name="ReleasedAt">Null while it stands.</param>
public sealed record Quarantine(
    string Id, string Endpoint, DateTimeOffset From, DateTimeOffset? Until, string Reason, string? IncidentId, DateTimeOffset CreatedAt,
    DateTimeOffset? ReleasedAt, string? ReleaseReason)
{
    /// <summary>Whether a moment lies inside.</summary>
    public bool Holds(DateTimeOffset at) => ReleasedAt is null && at >= From && (Until is null || at < Until);
}

/// <summary>How a window of the log becomes a dataset.</summary>
/// <param name="LabelColumn">Name of the column for the label.</param>
/// <param name="Features">Columns to take, in this order; null = all that occur.</param>
public sealed record MaterializeOptions(string LabelColumn = "label", IReadOnlyList<string>? Features = null);

/// <summary>Completeness of an endpoint's log since the process started, and in all.</summary>
/// <param name="Requests">Rows asked for.</param>
/// <param name="Answered">Rows answered.</param>
/// <param name="Logged">Rows in the log.</param>
/// <param name="Dropped">Rows that found the queue to the log full.</param>
/// <param name="TotalLogged">Rows in the log since the endpoint exists.</param>
/// <param name="TotalLabels">Label entries in the log since the endpoint exists.</param>
/// <param name="PendingLabels">Stored labels whose prediction is not in the log.</param>
/// <param name="Watermark">The endpoint's watermark; null before the first record.</param>
public sealed record LogCompleteness(
    string Endpoint, long Requests, long Answered, long Logged, long Dropped, long TotalLogged, long TotalLabels, long PendingLabels,
    DateTimeOffset? Watermark, DateTimeOffset Now);
