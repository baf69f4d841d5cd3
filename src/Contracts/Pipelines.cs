using Holdfast.Kernel;

namespace Holdfast.Kernel
{
    /// <summary>One comparison of a gate: a measured value against its limit.</summary>
    public sealed record GateCheck(string Name, double Value, string Rule, bool Passed);
}

namespace Holdfast.Pipelines
{
    /// <summary>State of a pipeline run.</summary>
    public enum PipelineRunStatus
    {
        /// <summary>Waits for a worker.</summary>
        Queued,

        /// <summary>Its stages run.</summary>
        Running,

        /// <summary>All stages ended well, and the gate passed.</summary>
        Succeeded,

        /// <summary>All stages ended well, and the gate refused the result.</summary>
        Refused,

        /// <summary>A stage failed.</summary>
        Failed,

        /// <summary>Stopped by a person.</summary>
        Cancelled,
    }

    /// <summary>State of a stage within a run.</summary>
    public enum StageStatus
    {
        /// <summary>Not begun.</summary>
        Pending,

        /// <summary>Its command runs.</summary>
        Running,

        /// <summary>Ended well.</summary>
        Succeeded,

        /// <summary>Nothing changed: what it wrote before was used again.</summary>
        Cached,

        /// <summary>Ended badly.</summary>
        Failed,

        /// <summary>Stopped.</summary>
        Cancelled,
    }

    /// <summary>One execution of a pipeline.</summary>
    /// <param name="Id">32 hex digits.</param>
    /// <param name="FailedStage">The stage at which it stopped.</param>
    /// <param name="Reason">Why it did not succeed.</param>
    /// <param name="Checks">The gate's comparisons.</param>
    /// <param name="WindowDataset">The window of new data it trained on (<c>name@v3</c>), when retraining.</param>
    /// <param name="DatasetVersion">The data it trained on.</param>
    /// <param name="Champion">The version it was compared with (<c>model/3</c>).</param>
    /// <param name="ModelVersion">What was registered (<c>model/4</c>).</param>
    /// <param name="RunId">The tracked run; its stages are runs below it.</param>
    /// <param name="Agent">Who executes: <c>server</c>, or the name of the agent.</param>
    public sealed record PipelineRun(
        string Id, string Pipeline, PipelineRunStatus Status, string Cause, IReadOnlyList<StageRun> Stages, string? FailedStage, string? Reason, IReadOnlyList<GateCheck> Checks,
        string? WindowDataset, string? DatasetVersion, string? Champion, string? ModelVersion, string? RunId, string? IncidentId, int Seed, string Agent,
        DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
    {
        /// <summary>Whether nothing more will happen.</summary>
        [System.Text.Json.Serialization.JsonIgnore]
        public bool IsOver => Status is not (PipelineRunStatus.Queued or PipelineRunStatus.Running);

        /// <summary>The run's metrics: those of all stages; a later stage's value wins.</summary>
        [System.Text.Json.Serialization.JsonIgnore]
        public IReadOnlyDictionary<string, double> Metrics => Stages.SelectMany(s => s.Metrics).GroupBy(m => m.Key).ToDictionary(g => g.Key, g => g.Last().Value, StringComparer.Ordinal);
    }

    /// <summary>One stage of a run.</summary>
    /// <param name="RunId">Its tracked run; for a cached stage the run that once wrote its outputs.</param>
    public sealed record StageRun(
        string Name, StageStatus Status, string? RunId, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, int? ExitCode, string? Reason, IReadOnlyDictionary<string, double> Metrics);

    /// <summary>A registered pipeline.</summary>
    /// <param name="Commit">Git commit of the project when it was applied.</param>
    public sealed record PipelineInfo(string Name, string Project, string Snapshot, string? Commit, IReadOnlyList<PipelineStageInfo> Stages, string? Model, string? ManagedBy, DateTimeOffset UpdatedAt);

    /// <summary>A stage as declared, with the stages it needs.</summary>
    public sealed record PipelineStageInfo(string Name, IReadOnlyList<string> Commands, IReadOnlyList<string> Needs);

    /// <summary>Asks for a run.</summary>
    /// <param name="Pipeline">Name of a registered pipeline.</param>
    /// <param name="Cause">Why, in a word: <c>person</c>, <c>data_drift</c>.</param>
    /// <param name="WindowDataset">Dataset version with the newest labelled rows, to retrain on.</param>
    /// <param name="IncidentId">The incident that it answers.</param>
    /// <param name="Register">Whether the model is registered at once when the gate passes; else <c>register</c> is called later.</param>
    /// <param name="IdempotencyKey">The same key gives the same run.</param>
    /// <param name="At">The moment on the clock of what the run is for; the events of the run carry it.</param>
    public sealed record StartPipeline(
        string Pipeline, string Cause, string? WindowDataset = null, string? IncidentId = null, bool Register = true, string? IdempotencyKey = null, DateTimeOffset? At = null);

    /// <summary>A piece of a run's output.</summary>
    /// <param name="Next">Ask again with it for what comes after.</param>
    /// <param name="Finished">Whether nothing will come any more.</param>
    public sealed record PipelineLog(IReadOnlyList<PipelineLogPart> Parts, string Next, bool Finished);

    /// <summary>Output of one stage.</summary>
    public sealed record PipelineLogPart(string Stage, string Text);

    /// <summary>A file or folder that a stage wrote, by content.</summary>
    public sealed record StoredOut(string Path, bool IsFolder, string Hash, IReadOnlyList<StoredFile> Files);

    /// <summary>A file of it; <c>Path</c> is relative to the folder, and empty where the output is a file itself.</summary>
    public sealed record StoredFile(string Path, string Hash, long Size, bool IsExecutable);
}
