namespace Holdfast.Pipelines;

/// <summary>What an agent is told to do.</summary>
/// <param name="Inputs">Names of the run's inputs by content: variable and hash or value; part of every stage's key.</param>
/// <param name="Variables">The run's inputs as the stages see them: variable and path or value.</param>
/// <param name="Commit">Git commit of the project.</param>
public sealed record AgentOrder(PipelineRun Run, PipelineSpec Spec, IReadOnlyDictionary<string, string> Inputs, IReadOnlyDictionary<string, string> Variables, string? Commit);

/// <summary>What a stage begins with.</summary>
/// <param name="Tags">Environment, hardware, code.</param>
public sealed record StageStart(string Key, IReadOnlyDictionary<string, string> Params, IReadOnlyList<StoredOut> Deps, IReadOnlyDictionary<string, string> Tags);

/// <summary>What came of a stage.</summary>
/// <param name="CachedFrom">For a cached stage: the tracked run that once wrote the outputs.</param>
/// <param name="CachedStart">For a cached stage: what it would have begun with; its data and parameters belong to this run too.</param>
public sealed record StageOutcome(
    StageStatus Status, int? ExitCode, string? Reason, IReadOnlyList<StoredOut> Outs, IReadOnlyDictionary<string, double> Metrics, string? CachedFrom = null, StageStart? CachedStart = null);

/// <summary>Outputs that an earlier run wrote for the same key.</summary>
public sealed record CachedStage(string? RunId, IReadOnlyList<StoredOut> Outs, IReadOnlyDictionary<string, double> Metrics);

/// <summary>The run and token under which a stage's command works.</summary>
public sealed record StageTicket(string RunId, string? Url, string? Token);

/// <summary>
/// Where an agent gets its orders and hands in results: in the same process, or over the API. The agent executes, the desk
/// decides. Every call may be repeated.
/// </summary>
public interface IAgentDesk
{
    /// <summary>The run's order; the run is under way from now on.</summary>
    Task<AgentOrder> Begin(string runId, CancellationToken ct);

    /// <summary>Whether somebody asked to stop the run.</summary>
    Task<bool> CancelRequested(string runId, CancellationToken ct);

    /// <summary>Outputs for a stage's key; null when it never ran with it.</summary>
    Task<CachedStage?> FindCached(string runId, string key, CancellationToken ct);

    /// <summary>What a stage of this run wrote.</summary>
    Task<IReadOnlyList<StoredOut>> StageOuts(string runId, string stage, CancellationToken ct);

    /// <summary>A stage begins: a tracked run is made.</summary>
    Task<StageTicket> BeginStage(string runId, string stage, StageStart start, CancellationToken ct);

    /// <summary>The ticket of a stage that had begun before the agent was restarted.</summary>
    Task<StageTicket?> FindTicket(string runId, string stage, CancellationToken ct);

    /// <summary>Whether the desk holds a content.</summary>
    Task<bool> HasContent(string hash, CancellationToken ct);

    /// <summary>Hands in a content.</summary>
    Task PutContent(string hash, Stream content, CancellationToken ct);

    /// <summary>Fetches a content.</summary>
    Task<Stream> OpenContent(string hash, CancellationToken ct);

    /// <summary>Hands in a stage's output log.</summary>
    Task PutLog(string runId, string stage, Stream log, CancellationToken ct);

    /// <summary>A stage has ended.</summary>
    Task FinishStage(string runId, string stage, StageOutcome outcome, CancellationToken ct);

    /// <summary>All is done that could be done: the desk judges (gate), registers and closes the run.</summary>
    Task<PipelineRun> Conclude(string runId, CancellationToken ct);
}
