using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Pipelines;

/// <summary>Pipelines, their runs and what they register: the door of the room.</summary>
public sealed class PipelineService(
    Db db, Journal journal, TimeProvider time, DataFolder folder, [FromKeyedServices("blobs")] IBlobStore blobs, TrackingService tracking, DataService data, RegistryService registry, RunTokens tokens)
{
    /// <summary>The agent in the server.</summary>
    public const string ServerAgent = "server";

    /// <summary>Registers (or changes) a pipeline of a project.</summary>
    /// <param name="snapshot">Key of the project's files in the blob store.</param>
    /// <returns>Whether anything changed.</returns>
    public Task<bool> ApplyPipeline(Principal p, PipelineSpec spec, string project, string snapshot, string? commit, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults() is { Count: > 0 } faults)
            throw new HoldfastException($"The pipeline '{spec.Name}' cannot be applied.", faults);
        var now = time.GetUtcNow();
        return db.Write(tx => PipelineStore.PutPipeline(tx, p.WorkspaceId, new StoredPipeline(spec, project, snapshot, commit, managedBy, now), now), ct: ct);
    }

    /// <summary>Removes a pipeline; its runs stay.</summary>
    public Task<bool> RemovePipeline(Principal p, string name, CancellationToken ct = default) => db.Write(tx => PipelineStore.RemovePipeline(tx, p.WorkspaceId, name), ct: ct);

    /// <summary>All pipelines by name.</summary>
    public async Task<IReadOnlyList<PipelineInfo>> ListPipelines(Principal p, CancellationToken ct = default) =>
        [.. (await db.Read(tx => PipelineStore.Pipelines(tx, p.WorkspaceId), ct)).Select(Info)];

    /// <summary>A pipeline.</summary>
    public async Task<PipelineInfo> GetPipeline(Principal p, string name, CancellationToken ct = default) => Info(await Pipeline(p, name, ct));

    /// <summary>A pipeline; null when there is none.</summary>
    public async Task<PipelineInfo?> FindPipeline(Principal p, string name, CancellationToken ct = default) =>
        await db.Read(tx => PipelineStore.FindPipeline(tx, p.WorkspaceId, name), ct) is { } found ? Info(found) : null;

    /// <summary>Starts a run of a registered pipeline on the server's worker. The same key gives the same run.</summary>
    public async Task<PipelineRun> Start(Principal p, StartPipeline start, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(start);
        if (start.IdempotencyKey is { } once && await db.Read(tx => PipelineStore.FindOnce(tx, p.WorkspaceId, once), ct) is { } before)
            return before.Run;
        var pipeline = await Pipeline(p, start.Pipeline, ct);
        return await Create(p, pipeline.Spec, pipeline.Snapshot, pipeline.Commit, ServerAgent, start, ct);
    }

    /// <summary>Makes a run that an agent elsewhere executes in its own folder: it runs nothing here.</summary>
    public Task<PipelineRun> StartAgentRun(Principal p, PipelineSpec spec, string? commit, string agent, bool register, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults() is { Count: > 0 } faults)
            throw new HoldfastException($"The pipeline '{spec.Name}' cannot run.", faults);
        if (agent is "" or ServerAgent)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"agent: '{agent}' is not a name for an agent.", "Use the name of the machine.");
        return Create(p, spec, "", commit, agent, new StartPipeline(spec.Name, "person", Register: register), ct);
    }

    /// <summary>A run.</summary>
    public async Task<PipelineRun> Get(Principal p, string id, CancellationToken ct = default) => (await Stored(p, id, ct)).Run;

    /// <summary>Runs, newest first; of one pipeline or of all.</summary>
    public async Task<Page<PipelineRun>> List(Principal p, string? pipeline = null, string? token = null, int limit = 50, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var before = token is null ? long.MaxValue : long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : throw new HoldfastException(ErrorCode.InvalidArgument, $"page_token: '{token}' was not given out by this list.", "Start without a token.");
        var size = Math.Clamp(limit, 1, 500);
        var runs = await db.Read(tx => PipelineStore.List(tx, p.WorkspaceId, pipeline ?? "", before, size), ct);
        return new Page<PipelineRun>([.. runs.Select(r => r.Run)], runs.Count == size ? runs[^1].Key.ToString(CultureInfo.InvariantCulture) : null);
    }

    /// <summary>Registers the model of a run whose gate has passed. Again gives the same version.</summary>
    public async Task<ModelVersion> Register(Principal p, string pipelineRunId, CancellationToken ct = default)
    {
        var run = await Stored(p, pipelineRunId, ct);
        if (run.Run.Status != PipelineRunStatus.Succeeded)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The pipeline run {pipelineRunId} is {PipelineStore.Word(run.Run.Status)}; only the model of a run that succeeded can be registered.", run.Run.Reason);
        return await Desk(p).Register(run, ct);
    }

    /// <summary>Asks a run to stop; nothing happens when it is over.</summary>
    public async Task<PipelineRun> Cancel(Principal p, string id, CancellationToken ct = default)
    {
        var run = await Stored(p, id, ct);
        if (!run.Run.IsOver)
            await db.Write(tx => PipelineStore.RequestCancel(tx, run.Key), ct: ct);
        return run.Run;
    }

    /// <summary>What the stages of a run on the server have written so far, after a position.</summary>
    public async Task<PipelineLog> Log(Principal p, string id, string? after = null, CancellationToken ct = default)
    {
        var run = await Stored(p, id, ct);
        return await RunLog.Read(JobsFolder(id), [.. StageGraph.Order(run.Spec.Stages).Select(s => s.Name)], after, run.Run.IsOver, ct);
    }

    /// <summary>The desk for a run that an agent elsewhere executes. Runs of the server's own worker are nobody else's.</summary>
    public async Task<IAgentDesk> DeskFor(Principal p, string runId, CancellationToken ct = default)
    {
        var run = (await Stored(p, runId, ct)).Run;
        return run.Agent != ServerAgent ? Desk(p) : throw new HoldfastException(ErrorCode.FailedPrecondition, $"The pipeline run {runId} is executed by the server itself.", "Start a run of your own: holdfast pipeline run");
    }

    /// <summary>The desk for contents by hash.</summary>
    public IAgentDesk Contents(Principal p) => Desk(p);

    internal IAgentDesk OwnDesk(Principal p) => Desk(p);

    internal string RunFolder(string id) => Path.Combine(folder.Work, "pipelines", id);

    internal string JobsFolder(string id) => Path.Combine(RunFolder(id), "jobs");

    internal Task<List<(int WorkspaceId, string Id)>> OpenRuns(CancellationToken ct) => db.Read(tx => PipelineStore.Open(tx, ServerAgent), ct);

    internal async Task<StoredRun> Stored(Principal p, string id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => PipelineStore.Find(tx, p.WorkspaceId, id), ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no pipeline run '{id}'.", "List them with: holdfast pipeline status");
    }

    internal Task<Stream?> OpenSnapshot(string key, CancellationToken ct) => blobs.Open(key, ct);

    /// <summary>Ends a run that cannot go on, whatever it was doing.</summary>
    internal async Task Fail(Principal p, string id, string reason, CancellationToken ct)
    {
        var run = await Stored(p, id, ct);
        var stage = run.Run.Stages.FirstOrDefault(s => s.Status is StageStatus.Running or StageStatus.Pending)?.Name;
        await db.Write(
            tx =>
            {
                PipelineStore.Finish(tx, run.Key, PipelineRunStatus.Failed, stage, reason, time.GetUtcNow());
                journal.Append(tx, p, new PipelineRunFinished(run.Run.Pipeline, id, PipelineStore.Word(PipelineRunStatus.Failed), stage, reason), run.Run.Pipeline, run.EventAt);
            },
            ct: ct);
    }

    private AgentDesk Desk(Principal p) => new(p, db, journal, time, folder, blobs, tracking, data, registry, tokens);

    private async Task<PipelineRun> Create(Principal p, PipelineSpec spec, string snapshot, string? commit, string agent, StartPipeline start, CancellationToken ct)
    {
        var window = start.WindowDataset is null ? null : (await data.Get(p, start.WindowDataset, ct)).Ref;
        var dataset = window ?? (spec.Data is null ? null : (await data.Get(p, spec.Data, ct)).Ref);
        var champion = spec.Register is null ? null : await Champion(p, spec.Register.Model, ct);
        var run = new PipelineRun(
            Ids.Hex32(), spec.Name, PipelineRunStatus.Queued, start.Cause,
            [.. StageGraph.Order(spec.Stages).Select(s => new StageRun(s.Name, StageStatus.Pending, null, null, null, null, null, new Dictionary<string, double>()))],
            null, null, [], window, dataset, champion, null, null, start.IncidentId, spec.Seed, agent, time.GetUtcNow(), null, null);
        var stored = new StoredRun(0, p.WorkspaceId, run, spec, snapshot, commit, start.Register, p.Name, false, false, start.At);
        return await db.Write(
            tx =>
            {
                if (start.IdempotencyKey is { } once && PipelineStore.FindOnce(tx, p.WorkspaceId, once) is { } before)
                    return before.Run;
                PipelineStore.Insert(tx, stored, start.IdempotencyKey);
                return run;
            },
            ct: ct);
    }

    private async Task<string?> Champion(Principal p, string model, CancellationToken ct)
    {
        try
        {
            return (await registry.Resolve(p, $"{model}@champion", ct)).Ref;
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            // The first model has nobody to compare with.
            return null;
        }
    }

    private async Task<StoredPipeline> Pipeline(Principal p, string name, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await db.Read(tx => PipelineStore.FindPipeline(tx, p.WorkspaceId, name), ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no pipeline '{name}'.", "Declare it under `pipelines:` in holdfast.yaml and run: holdfast apply -f holdfast.yaml");
    }

    private static PipelineInfo Info(StoredPipeline p) => new(
        p.Spec.Name, p.Project, p.Snapshot, p.Commit, [.. p.Spec.Stages.Select(s => new PipelineStageInfo(s.Name, s.Commands, [.. StageGraph.Needs(s, p.Spec.Stages).Select(n => n.Name)]))], p.Spec.Register?.Model, p.ManagedBy, p.UpdatedAt);
}
