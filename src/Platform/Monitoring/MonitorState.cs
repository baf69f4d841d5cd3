namespace Holdfast.Monitoring;

/// <summary>How far a monitor has come; stored as one JSON row, changed together with the reports that it tells of.</summary>
/// <param name="LastEnd">End of the newest window that was evaluated.</param>
/// <param name="Due">When each longer window was evaluated last.</param>
/// <param name="AdaptiveEnd">End of the newest adaptive window.</param>
/// <param name="Model">The primary's model; empty before the first.</param>
/// <param name="Since">Since when this version is the primary: windows begin anew with it.</param>
/// <param name="BaselineFrom">Rows of the training data from here on are the baseline: set when the version was promoted in answer to a drift that began then.</param>
/// <param name="Scores">Scores of this version when it was new.</param>
/// <param name="ScoresDone">Whether they are complete.</param>
/// <param name="AccuracyRight">Right answers of this version when it was new.</param>
/// <param name="AccuracyLabels">Labels of that time; 0 = not known yet.</param>
/// <param name="AccuracyUntil">End of that time.</param>
internal sealed record MonitorState(
    DateTimeOffset LastEnd, IReadOnlyDictionary<string, DateTimeOffset> Due, DateTimeOffset AdaptiveEnd, string Model, int ModelVersion, DateTimeOffset Since, DateTimeOffset? BaselineFrom,
    double[] Scores, bool ScoresDone, long AccuracyRight, long AccuracyLabels, DateTimeOffset AccuracyUntil)
{
    public static MonitorState Initial { get; } = new(
        DateTimeOffset.UnixEpoch, new Dictionary<string, DateTimeOffset>(), DateTimeOffset.UnixEpoch, "", 0, DateTimeOffset.UnixEpoch, null, [], false, 0, 0, DateTimeOffset.UnixEpoch);

    /// <summary>Another version is the primary: everything that described the old one is forgotten.</summary>
    public MonitorState Primary(string model, int version, DateTimeOffset since, DateTimeOffset? baselineFrom) =>
        this with { Model = model, ModelVersion = version, Since = since, BaselineFrom = baselineFrom, Scores = [], ScoresDone = false, AccuracyRight = 0, AccuracyLabels = 0, AccuracyUntil = since };
}
