namespace Holdfast.Tracking;

/// <summary>Whether a thing is in use or deleted (and can be restored).</summary>
public enum LifecycleStage
{
    /// <summary>In use.</summary>
    Active,

    /// <summary>Deleted; kept until it is collected.</summary>
    Deleted,
}

/// <summary>Which stages a search looks at.</summary>
public enum ViewType
{
    /// <summary>Those in use.</summary>
    ActiveOnly = 1,

    /// <summary>The deleted ones.</summary>
    DeletedOnly = 2,

    /// <summary>Both.</summary>
    All = 3,
}

/// <summary>State of a run.</summary>
public enum RunStatus
{
    /// <summary>Under way.</summary>
    Running,

    /// <summary>Planned.</summary>
    Scheduled,

    /// <summary>Ended well.</summary>
    Finished,

    /// <summary>Ended with an error.</summary>
    Failed,

    /// <summary>Stopped from outside.</summary>
    Killed,
}

/// <summary>A named value of an experiment, run or model; setting it again replaces the value.</summary>
public sealed record Tag(string Key, string Value);

/// <summary>An input of a run; once logged it cannot change.</summary>
public sealed record Param(string Key, string Value);

/// <summary>One point of a metric.</summary>
/// <param name="Key">Name of the metric.</param>
/// <param name="Value">May be NaN or infinite.</param>
/// <param name="Timestamp">When it was measured.</param>
/// <param name="Step">Position in the training; may be negative and decimal: 64 bits before the point, six decimals behind it (more are rounded).</param>
public sealed record MetricPoint(string Key, double Value, DateTimeOffset Timestamp, decimal Step = 0)
{
    /// <summary>The logged model that was measured; null when the point is of the run alone.</summary>
    public MeasuredModel? Model { get; init; }
}

/// <summary>What a metric of a logged model was measured on.</summary>
/// <param name="ModelId">The model.</param>
/// <param name="DatasetName">Name of the dataset; null when it is not known.</param>
/// <param name="DatasetDigest">Its content in short.</param>
public sealed record MeasuredModel(string ModelId, string? DatasetName = null, string? DatasetDigest = null);

/// <summary>What is known of a metric's series without reading its points. NaN counts, but is never least or greatest.</summary>
/// <param name="Key">Name of the metric.</param>
/// <param name="Last">The point with the largest step, then time, then value.</param>
/// <param name="Min">The least value; null when all are NaN.</param>
/// <param name="MinStep">Where it was reached first.</param>
/// <param name="Max">The greatest value; null when all are NaN.</param>
/// <param name="MaxStep">Where it was reached first.</param>
/// <param name="Count">Number of points.</param>
public sealed record MetricSummary(string Key, MetricPoint Last, double? Min, decimal? MinStep, double? Max, decimal? MaxStep, long Count);

/// <summary>Data that a run read.</summary>
/// <param name="Name">Name of the dataset.</param>
/// <param name="Digest">Its content in short; name and digest are one dataset within an experiment.</param>
/// <param name="SourceType">Kind of source, such as <c>local</c> or <c>holdfast</c>.</param>
/// <param name="Source">Where it came from: a JSON text or an address.</param>
/// <param name="Schema">Its columns, as the logging client writes them.</param>
/// <param name="Profile">Its size, as the logging client writes it.</param>
/// <param name="Context">What it was used for: <c>training</c>, <c>eval</c>.</param>
/// <param name="Tags">Further tags of this use.</param>
public sealed record RunInput(
    string Name, string Digest, string SourceType, string Source, string? Schema = null, string? Profile = null, string? Context = null, IReadOnlyList<Tag>? Tags = null);

/// <summary>A group of runs that are compared with each other.</summary>
public sealed record Experiment(
    int Id, string Name, string ArtifactLocation, LifecycleStage Stage, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<Tag> Tags);

/// <summary>One execution: what went in, what came out.</summary>
public sealed record Run(
    string RunId, string ExperimentId, string Name, string User, RunStatus Status, DateTimeOffset? StartTime, DateTimeOffset? EndTime, string ArtifactUri, LifecycleStage Stage,
    IReadOnlyList<MetricSummary> Metrics, IReadOnlyList<Param> Params, IReadOnlyList<Tag> Tags, IReadOnlyList<RunInput> Inputs)
{
    /// <summary>The logged models that the run read.</summary>
    public IReadOnlyList<RunModel>? ModelInputs { get; init; }

    /// <summary>The logged models that the run wrote.</summary>
    public IReadOnlyList<RunModel>? ModelOutputs { get; init; }

    /// <summary>The values of the columns that the search asked for, in its order; null when it asked for none.</summary>
    public IReadOnlyList<RunValue>? Columns { get; init; }

    /// <summary>The latest value of a metric; null when it was never logged.</summary>
    public double? Metric(string key) => Metrics.FirstOrDefault(m => m.Key == key)?.Last.Value;

    /// <summary>The value of a parameter; null when it was never logged.</summary>
    public string? Param(string key) => Params.FirstOrDefault(p => p.Key == key)?.Value;

    /// <summary>The value of a tag; null when it is not set.</summary>
    public string? Tag(string key) => Tags.FirstOrDefault(t => t.Key == key)?.Value;
}

/// <summary>The value of a column that a search asked for: a number, a text, or neither when the run lacks the field.</summary>
/// <param name="Name">The column as it was asked for, such as <c>metrics.acc.max</c>.</param>
/// <param name="Number">Of a metric, a time (milliseconds since 1970), a duration (seconds), or a parameter read as a number. May be NaN.</param>
/// <param name="Text">Of a parameter, a tag and other attributes.</param>
public sealed record RunValue(string Name, double? Number = null, string? Text = null);

/// <summary>State of a logged model.</summary>
public enum LoggedModelStatus
{
    /// <summary>Not said.</summary>
    Unspecified,

    /// <summary>Its files are still being sent.</summary>
    Pending,

    /// <summary>Whole.</summary>
    Ready,

    /// <summary>Its files could not be sent.</summary>
    UploadFailed,
}

/// <summary>A model that was logged in an experiment, before and beside any registration.</summary>
/// <param name="Metrics">Every point that was logged for it.</param>
public sealed record LoggedModel(
    string ModelId, string ExperimentId, string Name, string? ModelType, string? SourceRunId, LoggedModelStatus Status, string ArtifactUri, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    IReadOnlyList<Param> Params, IReadOnlyList<Tag> Tags, IReadOnlyList<LoggedModelMetric> Metrics);

/// <summary>A point of a logged model's metric, and the run that logged it.</summary>
public sealed record LoggedModelMetric(string RunId, MetricPoint Point);

/// <summary>A logged model to make. Without a name it gets one.</summary>
public sealed record NewLoggedModel(
    string ExperimentId, string? Name = null, string? ModelType = null, string? SourceRunId = null, IReadOnlyList<Param>? Params = null, IReadOnlyList<Tag>? Tags = null);

/// <summary>A logged model that a run read or wrote.</summary>
/// <param name="ModelId">The model.</param>
/// <param name="Step">At which step it was written; 0 for what was read.</param>
public sealed record RunModel(string ModelId, long Step = 0);

/// <summary>A dataset that metrics of logged models were measured on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">Its content in short; null for any.</param>
public sealed record MeasuredDataset(string Name, string? Digest = null);

/// <summary>One column of an ordering of logged models.</summary>
/// <param name="Field">Such as <c>creation_timestamp</c> or <c>metrics.accuracy</c>.</param>
/// <param name="Descending">The largest first.</param>
/// <param name="Dataset">Of a metric, only what was measured on this dataset.</param>
public sealed record LoggedModelOrder(string Field, bool Descending = false, MeasuredDataset? Dataset = null);

/// <summary>Which logged models.</summary>
/// <param name="ExperimentIds">Only models of these; an empty list gives none.</param>
/// <param name="Filter">Such as <c>metrics.accuracy &gt; 0.9 and params.depth = '6'</c>.</param>
/// <param name="Datasets">Metric comparisons look only at what was measured on one of these; without any, the model must have a metric measured on one of them.</param>
/// <param name="OrderBy">Then newest first.</param>
/// <param name="Max">Length of the page, 1 to 50.</param>
/// <param name="Token">The <c>next_token</c> of the page before.</param>
public sealed record LoggedModelQuery(
    IReadOnlyList<string> ExperimentIds, string? Filter = null, IReadOnlyList<MeasuredDataset>? Datasets = null, IReadOnlyList<LoggedModelOrder>? OrderBy = null, int Max = 50, string? Token = null);

/// <summary>A file or folder below a run's artifacts.</summary>
/// <param name="Path">Relative to the run's artifact root, with forward slashes.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
/// <param name="Size">Bytes; null for folders.</param>
public sealed record ArtifactFile(string Path, bool IsFolder, long? Size);

/// <summary>Body of <c>POST /api/v1/experiments</c>.</summary>
public sealed record NewExperiment(string Name, string? ArtifactLocation = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>Body of <c>PATCH /api/v1/experiments/{experiment}</c>.</summary>
public sealed record ExperimentChange(string? Name = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>A run to start. Body of <c>POST /api/v1/runs</c>, where <c>experiment_id</c> may be an id or a name.</summary>
public sealed record NewRun(string ExperimentId, string? Name = null, string? User = null, DateTimeOffset? StartTime = null, IReadOnlyDictionary<string, string>? Tags = null)
{
    /// <summary>
    /// The run's id where the client chose it (32 lowercase hexadecimal digits), so that it can write while the server is away.
    /// The same id in the same experiment again is the same run.
    /// </summary>
    public string? RunId { get; init; }
}

/// <summary>Body of <c>PATCH /api/v1/runs/{run}</c>.</summary>
public sealed record RunChange(string? Name = null, RunStatus? Status = null, DateTimeOffset? EndTime = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>Body of <c>POST /api/v1/runs/{run}/batch</c>.</summary>
public sealed record RunBatch(IReadOnlyList<MetricPoint>? Metrics = null, IReadOnlyList<Param>? Params = null, IReadOnlyList<Tag>? Tags = null);

/// <summary>Which runs. Body of <c>POST /api/v1/runs/search</c>.</summary>
/// <param name="ExperimentIds">Only runs of these; an empty list gives none, null all experiments.</param>
/// <param name="Filter">Such as <c>metrics.accuracy &gt; 0.9 and params.depth = '6'</c>.</param>
/// <param name="OrderBy">Such as <c>metrics.accuracy desc</c>; then newest first.</param>
/// <param name="Max">Length of the page, 1 to 50,000.</param>
/// <param name="Token">The <c>next_token</c> of the page before.</param>
/// <param name="View">Which stages.</param>
/// <param name="Columns">Fields whose values stand in each run's <c>columns</c>, such as <c>metrics.acc.max</c> or <c>metrics.acc at max(metrics.val_acc)</c>; at most 100.</param>
/// <param name="Brief">Whether metrics, parameters, tags, inputs and models are left out: for tables that name their columns.</param>
public sealed record RunQuery(
    IReadOnlyList<string>? ExperimentIds = null, string? Filter = null, IReadOnlyList<string>? OrderBy = null, int Max = 1000, string? Token = null, ViewType View = ViewType.ActiveOnly,
    IReadOnlyList<string>? Columns = null, bool Brief = false);
