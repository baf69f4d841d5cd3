namespace Holdfast.Predictions;

/// <summary>A label as it arrives: for a prediction, or for a sticky key and a time.</summary>
/// <param name="PredictionId">Empty when it names a key.</param>
/// <param name="At">When it became known; the endpoint's clock when absent.</param>
/// <param name="Key">The sticky key that the prediction was made for.</param>
/// <param name="Time">The label belongs to the key's nearest prediction at or before this moment.</param>
/// <param name="Tolerance">How far back that prediction may lie; default one day.</param>
public sealed record NewLabel(string PredictionId, string Value, DateTimeOffset? At = null, string? Key = null, DateTimeOffset? Time = null, TimeSpan? Tolerance = null);

/// <summary>What became of labels: all three kinds are stored.</summary>
/// <param name="Accepted">Their prediction is known.</param>
/// <param name="Pending">Their prediction may still be on its way to the log.</param>
/// <param name="Unknown">Older than the log's lag and absent; joined if the prediction ever comes.</param>
/// <param name="Waiting">By key and time, without a prediction yet; tried again every minute for 30 days.</param>
/// <param name="Ambiguous">By key and time, with two predictions at the nearest moment; kept, not joined.</param>
public sealed record LabelResult(int Accepted, int Pending, IReadOnlyList<string> Unknown, int Waiting = 0, int Ambiguous = 0);

/// <summary>Which predictions to read: event time in [<paramref name="From"/>, <paramref name="Until"/>), oldest first.</summary>
public sealed record PredictionQuery(string Endpoint, DateTimeOffset? From = null, DateTimeOffset? Until = null, string? Role = null, bool? Labelled = null, int Limit = 100, string? Token = null)
{
    /// <summary>Those with this label.</summary>
    public string? Label { get; init; }

    /// <summary>Those with this answer.</summary>
    public string? Prediction { get; init; }

    /// <summary>Those of this version.</summary>
    public int? ModelVersion { get; init; }

    /// <summary>Those with a score of at least this.</summary>
    public double? MinScore { get; init; }

    /// <summary>Those with a score of at most this.</summary>
    public double? MaxScore { get; init; }

    /// <summary>Those in which something went wrong, or did not.</summary>
    public bool? Failed { get; init; }

    /// <summary>Those of this sticky key.</summary>
    public string? Key { get; init; }

    /// <summary>A condition on the features, such as <c>income &gt; 50000 and job == 'cook'</c>; a page then holds what was found among 20,000 rows.</summary>
    public string? Where { get; init; }

    /// <summary>Newest first.</summary>
    public bool NewestFirst { get; init; }
}

/// <summary>The part of a query that the index answers.</summary>
internal sealed record RowFilter(
    DateTimeOffset? From = null, DateTimeOffset? Until = null, string? Role = null, bool? Labelled = null, string? Label = null, string? Prediction = null, int? ModelVersion = null,
    double? MinScore = null, double? MaxScore = null, bool? Failed = null, ulong? Entity = null, bool NewestFirst = false);

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
    DateTimeOffset? Watermark, DateTimeOffset Now)
{
    /// <summary>Labels by key and time that wait for their prediction.</summary>
    public long WaitingLabels { get; init; }

    /// <summary>Labels by key and time that fit two predictions.</summary>
    public long AmbiguousLabels { get; init; }

    /// <summary>Bytes of the segments that are not in Parquet.</summary>
    public long SegmentBytes { get; init; }

    /// <summary>Parquet files.</summary>
    public int Parts { get; init; }

    /// <summary>Bytes of the Parquet files.</summary>
    public long PartBytes { get; init; }

    /// <summary>CloudEvents since the process started; null where none are sent.</summary>
    public EventFigures? Events { get; init; }
}

/// <summary>What became of the CloudEvents of an endpoint since the process started.</summary>
/// <param name="Sent">Events that the receiver took.</param>
/// <param name="Failed">Events that it did not take.</param>
/// <param name="Dropped">Events that found the queue full.</param>
/// <param name="LastError">Why the last one failed.</param>
public sealed record EventFigures(long Sent, long Failed, long Dropped, string? LastError);

/// <summary>What was deleted.</summary>
/// <param name="Id">Number of the request.</param>
public sealed record DeletionReport(long Id, long Predictions, long Labels);
