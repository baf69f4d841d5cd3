using System.Globalization;
using System.Security.Cryptography;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;

namespace Holdfast.Pipelines;

/// <summary>The desk in the server: keeps the run's rows, makes the tracked runs, judges by the gate, registers.</summary>
internal sealed class AgentDesk(
    Principal p, Db db, Journal journal, TimeProvider time, DataFolder folder, IBlobStore blobs, TrackingService tracking, DataService data, RegistryService registry, RunTokens tokens) : IAgentDesk
{
    private static readonly TimeSpan TokenTerm = TimeSpan.FromDays(7);

    public async Task<AgentOrder> Begin(string runId, CancellationToken ct)
    {
        var run = await Get(runId, ct);
        if (run.Run.RunId is null)
        {
            var experiment = await tracking.GetOrCreateExperiment(p, run.Run.Pipeline, ct);
            var tracked = await tracking.CreateRun(
                p,
                new NewRun(experiment.Id.ToString(CultureInfo.InvariantCulture), $"{run.Run.Pipeline}-{runId[..8]}", run.Actor, time.GetUtcNow(), Tags(run, new Dictionary<string, string> { ["holdfast.cause"] = run.Run.Cause })),
                ct);
            await db.Write(
                tx =>
                {
                    PipelineStore.Begin(tx, run.Key, tracked.RunId, time.GetUtcNow());
                    journal.Append(tx, p, new PipelineRunStarted(run.Run.Pipeline, runId, run.Run.Cause), run.Run.Pipeline, run.EventAt);
                },
                ct: ct);
            run = await Get(runId, ct);
        }

        var (inputs, variables) = await Inputs(run, ct);
        return new AgentOrder(run.Run, run.Spec, inputs, variables, run.Commit);
    }

    public async Task<bool> CancelRequested(string runId, CancellationToken ct) => (await Get(runId, ct)).CancelRequested;

    public async Task<CachedStage?> FindCached(string runId, string key, CancellationToken ct)
    {
        // What someone without the right to execute has handed in could carry a command into a later stage of the server.
        var server = (await Get(runId, ct)).Run.Agent == PipelineService.ServerAgent;
        var result = await db.Read(tx => PipelineStore.FindResult(tx, p.WorkspaceId, key, trustedOnly: server), ct);
        if (result is null)
            return null;
        foreach (var file in result.Outs.SelectMany(o => o.Files))
        {
            if (!await HasContent(file.Hash, ct))
                return null;
        }

        return new CachedStage(result.RunId, result.Outs, result.Metrics);
    }

    public async Task<IReadOnlyList<StoredOut>> StageOuts(string runId, string stage, CancellationToken ct)
    {
        var run = await Get(runId, ct);
        return await db.Read(tx => PipelineStore.StageOuts(tx, run.Key, stage), ct);
    }

    public async Task<StageTicket> BeginStage(string runId, string stage, StageStart start, CancellationToken ct)
    {
        var run = await Get(runId, ct);
        var row = Stage(run, stage);
        // The same stage with the same key goes on under the run that it has.
        if (row is { Status: StageStatus.Running, RunId: { } before } && await db.Read(tx => PipelineStore.StageKey(tx, run.Key, stage), ct) == start.Key)
            return Ticket(before);
        var parent = await tracking.GetRun(p, run.Run.RunId!, ct);
        var tags = Tags(run, start.Tags);
        tags["mlflow.parentRunId"] = parent.RunId;
        tags["holdfast.stage"] = stage;
        tags["holdfast.stage_key"] = start.Key;
        var tracked = await tracking.CreateRun(p, new NewRun(parent.ExperimentId, $"{run.Run.Pipeline}/{stage}", run.Actor, time.GetUtcNow(), tags), ct);
        await db.Write(tx => PipelineStore.BeginStage(tx, run.Key, stage, start.Key, tracked.RunId, time.GetUtcNow()), ct: ct);
        await tracking.LogBatch(p, tracked.RunId, [], Params(start), [], ct);
        await LogStart(run, tracked.RunId, start, ct);
        return Ticket(tracked.RunId);
    }

    public async Task<StageTicket?> FindTicket(string runId, string stage, CancellationToken ct) =>
        Stage(await Get(runId, ct), stage).RunId is { } tracked ? Ticket(tracked) : null;

    public async Task<bool> HasContent(string hash, CancellationToken ct) => await blobs.Stat(StoredContent.BlobKey(hash), ct) is not null;

    public async Task PutContent(string hash, Stream content, CancellationToken ct)
    {
        if (await HasContent(hash, ct))
            return;
        // Checked before it gets its name: nobody may read, or lose, a content through another's wrong bytes.
        var scratch = Path.Combine(folder.Temporary, "content-" + Ids.Hex32());
        try
        {
            await using var copy = new FileStream(scratch, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true);
            await content.CopyToAsync(copy, ct);
            copy.Position = 0;
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(copy, ct)) != hash)
                throw new HoldfastException(ErrorCode.InvalidArgument, $"The content does not have the hash {hash}.", "A file changed while it was read; run the stage again.");
            copy.Position = 0;
            await blobs.Put(StoredContent.BlobKey(hash), copy, ct);
        }
        finally
        {
            File.Delete(scratch);
        }
    }

    public async Task<Stream> OpenContent(string hash, CancellationToken ct) =>
        await blobs.Open(StoredContent.BlobKey(hash), ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no content {hash}.", "Run the stage again.");

    public async Task PutLog(string runId, string stage, Stream log, CancellationToken ct)
    {
        if (Stage(await Get(runId, ct), stage).RunId is { } tracked)
            await tracking.PutArtifact(p, tracked, "stage.log", log, ct);
    }

    public async Task FinishStage(string runId, string stage, StageOutcome outcome, CancellationToken ct)
    {
        var run = await Get(runId, ct);
        var tracked = Stage(run, stage).RunId;
        var now = time.GetUtcNow();
        var points = outcome.Metrics.Select(m => new MetricPoint(m.Key, m.Value, now)).ToList();
        if (outcome.Status != StageStatus.Cached && tracked is not null)
        {
            await tracking.LogBatch(p, tracked, points, [], [], ct);
            await tracking.FinishRun(p, tracked, outcome.Status switch { StageStatus.Succeeded => RunStatus.Finished, StageStatus.Cancelled => RunStatus.Killed, _ => RunStatus.Failed }, now, ct);
        }

        if (outcome.CachedStart is { } start)
            await LogStart(run, null, start, ct);
        if (run.Run.RunId is { } parent)
            await tracking.LogBatch(p, parent, points, [], outcome.Status == StageStatus.Cached ? [new Tag($"holdfast.cached.{stage}", "true")] : [], ct);
        await db.Write(
            tx =>
            {
                PipelineStore.FinishStage(tx, run.Key, stage, outcome.Status, outcome.CachedFrom, outcome.ExitCode, outcome.Reason, outcome.Outs, outcome.Metrics, now);
                if (outcome.Status == StageStatus.Succeeded && PipelineStore.StageKey(tx, run.Key, stage) is { } key)
                    PipelineStore.PutResult(tx, p.WorkspaceId, key, new StageResult(tracked, outcome.Outs, outcome.Metrics), p.MayExecute, now);
            },
            ct: ct);
    }

    public async Task<PipelineRun> Conclude(string runId, CancellationToken ct)
    {
        var run = await Get(runId, ct);
        if (run.Run.IsOver)
            return run.Run;
        if (run.Run.Stages.FirstOrDefault(s => s.Status is StageStatus.Failed or StageStatus.Cancelled) is { } stopped)
            return await Finish(run, stopped.Status == StageStatus.Failed ? PipelineRunStatus.Failed : PipelineRunStatus.Cancelled, stopped.Name, stopped.Reason, ct);
        if (run.Run.Stages.FirstOrDefault(s => s.Status is not (StageStatus.Succeeded or StageStatus.Cached)) is { } open)
            return await Finish(run, PipelineRunStatus.Failed, open.Name, "The agent was stopped before this stage had ended.", ct);
        var checks = await Judge(run, ct);
        if (checks.Where(c => !c.Passed).ToList() is { Count: > 0 } refused)
        {
            var why = string.Join("; ", refused.Select(c => $"{c.Name} = {c.Value.ToString("0.######", CultureInfo.InvariantCulture)}, must be {c.Rule}"));
            return await Finish(run, PipelineRunStatus.Refused, null, $"The gate refused: {why}.", ct);
        }

        if (run.Register && run.Spec.Register is not null)
        {
            try
            {
                await Register(run, ct);
            }
            catch (HoldfastException e)
            {
                return await Finish(run, PipelineRunStatus.Failed, null, $"The model could not be registered: {string.Join(" ", e.Faults.Select(f => $"{f.Field} {f.Message}.").Prepend(e.Message))}", ct);
            }
        }

        return await Finish(run, PipelineRunStatus.Succeeded, null, null, ct);
    }

    /// <summary>Registers the model of a run that has passed.</summary>
    public async Task<ModelVersion> Register(StoredRun run, CancellationToken ct)
    {
        var spec = run.Spec.Register ?? throw new HoldfastException(ErrorCode.FailedPrecondition, $"The pipeline '{run.Run.Pipeline}' declares no model to register.", "Add `register: {model: …, path: …}` to it.");
        var outs = await db.Read(tx => PipelineStore.Outs(tx, run.Key), ct);
        var package = Path.Combine(folder.Temporary, "register-" + run.Run.Id);
        try
        {
            await Unpack(outs, spec.Path, package, ct);
            var version = await registry.CreateVersion(
                p,
                new NewModelVersion(spec.Model, package, run.Run.RunId, run.Run.WindowDataset ?? (await Get(run.Run.Id, ct)).Run.DatasetVersion, run.Run.Id, IdempotencyKey: $"pipeline-run/{run.Run.Id}"),
                ct);
            await db.Write(tx => PipelineStore.SetModel(tx, run.Key, version.Ref), ct: ct);
            return version;
        }
        finally
        {
            if (Directory.Exists(package))
                Directory.Delete(package, recursive: true);
        }
    }

    // The package is an output, lies in one, or is made of several.
    private async Task Unpack(IReadOnlyList<StoredOut> outs, string path, string target, CancellationToken ct)
    {
        var found = false;
        foreach (var output in outs)
        {
            var files = output.Files
                .Select(f => (File: f, Full: f.Path.Length == 0 ? output.Path : $"{output.Path}/{f.Path}"))
                .Where(f => f.Full.StartsWith(path + "/", StringComparison.Ordinal))
                .Select(f => f.File with { Path = f.Full[(path.Length + 1)..] })
                .ToList();
            foreach (var file in files)
                await StoredContent.Restore(target, new StoredOut(file.Path, false, file.Hash, [file with { Path = "" }]), OpenContent, ct);
            found |= files.Count > 0;
        }

        if (!found)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"No stage wrote anything below '{path}', where the model package should be.", "Name the package folder in a stage's `outs` and in `register.path`.");
    }

    private async Task<IReadOnlyList<GateCheck>> Judge(StoredRun run, CancellationToken ct)
    {
        if (run.GateDone || run.Spec.Gates.Count == 0)
            return run.Run.Checks;
        IReadOnlyDictionary<string, double>? champion = null;
        if (run.Run.Champion is { } reference)
        {
            var version = await registry.Resolve(p, reference, ct);
            champion = version.RunId is null
                ? new Dictionary<string, double>()
                : (await tracking.GetRun(p, version.RunId, ct)).Metrics.ToDictionary(m => m.Key, m => m.Last.Value, StringComparer.Ordinal);
        }

        var checks = Gate.Check(run.Spec.Gates, new GateInput(run.Run.Metrics, champion, run.Run.WindowDataset is not null));
        await db.Write(
            tx =>
            {
                PipelineStore.SetChecks(tx, run.Key, checks);
                IEventDetail detail = checks.All(c => c.Passed) ? new GatePassed(run.Run.Pipeline, run.Run.Id, Gate.Quality, checks) : new GateRefused(run.Run.Pipeline, run.Run.Id, Gate.Quality, checks);
                journal.Append(tx, p, detail, run.Run.Pipeline, run.EventAt);
            },
            ct: ct);
        return checks;
    }

    private async Task<PipelineRun> Finish(StoredRun run, PipelineRunStatus status, string? stage, string? reason, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (run.Run.RunId is { } tracked)
        {
            await tracking.LogBatch(p, tracked, [], [], [new Tag("holdfast.status", PipelineStore.Word(status))], ct);
            await tracking.FinishRun(p, tracked, status switch { PipelineRunStatus.Failed => RunStatus.Failed, PipelineRunStatus.Cancelled => RunStatus.Killed, _ => RunStatus.Finished }, now, ct);
        }

        await db.Write(
            tx =>
            {
                PipelineStore.Finish(tx, run.Key, status, stage, reason, now);
                journal.Append(tx, p, new PipelineRunFinished(run.Run.Pipeline, run.Run.Id, PipelineStore.Word(status), stage, reason), run.Run.Pipeline, run.EventAt);
            },
            ct: ct);
        return (await Get(run.Run.Id, ct)).Run;
    }

    private async Task<(Dictionary<string, string> Inputs, Dictionary<string, string> Variables)> Inputs(StoredRun run, CancellationToken ct)
    {
        var seed = run.Run.Seed.ToString(CultureInfo.InvariantCulture);
        var inputs = new Dictionary<string, string>(StringComparer.Ordinal) { [RunInputs.Seed] = seed };
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { [RunInputs.Seed] = seed };
        if (run.Run.DatasetVersion is { } dataset && (run.Run.WindowDataset is not null || run.Spec.Data is not null))
            await Data(RunInputs.TrainData, dataset);
        if (run.Run.WindowDataset is { } window)
            await Data(RunInputs.WindowData, window);
        if (run.Run.Champion is { } champion)
        {
            var version = await registry.Resolve(p, champion, ct);
            inputs[RunInputs.Champion] = version.PackageKey;
            variables[RunInputs.Champion] = await registry.PackagePath(p, version, ct);
        }

        return (inputs, variables);

        async Task Data(string variable, string reference)
        {
            inputs[variable] = (await data.Get(p, reference, ct)).Hash;
            variables[variable] = await data.LocalPath(p, reference, ct);
        }
    }

    // The whole pipeline shows parameters and data of all its stages; a parameter that two of them read stays as the first wrote it.
    private async Task LogStart(StoredRun run, string? tracked, StageStart start, CancellationToken ct)
    {
        var known = (await tracking.GetRun(p, run.Run.RunId!, ct)).Params.Select(x => x.Key).ToHashSet(StringComparer.Ordinal);
        await tracking.LogBatch(p, run.Run.RunId!, [], [.. Params(start).Where(x => !known.Contains(x.Key))], [], ct);
        await LogData(run, tracked, start.Deps, ct);
    }

    private static List<Param> Params(StageStart start) =>
        [.. start.Params.Where(v => v.Key.Length is > 0 and <= 250).Select(v => new Param(v.Key, v.Value.Length > 6000 ? v.Value[..6000] : v.Value))];

    // Which data went in: versions that the platform knows by their content, other tables by their hash.
    private async Task LogData(StoredRun run, string? tracked, IReadOnlyList<StoredOut> deps, CancellationToken ct)
    {
        var inputs = new List<RunInput>();
        if (run.Run.DatasetVersion is { } used && (run.Run.WindowDataset is not null || run.Spec.Data is not null))
            inputs.Add(Known(await data.Get(p, used, ct)));
        foreach (var file in deps.SelectMany(d => d.Files.Select(f => (Path: f.Path.Length == 0 ? d.Path : $"{d.Path}/{f.Path}", f.Hash))))
        {
            if (await data.FindContent(p, file.Hash, ct) is { } version)
            {
                inputs.Add(Known(version));
                if (run.Spec.Data is null && run.Run.WindowDataset is null)
                    await db.Write(tx => PipelineStore.SetDataset(tx, run.Key, version.Ref), ct: ct);
            }
            else if (Path.GetExtension(file.Path) is ".csv" or ".parquet")
            {
                inputs.Add(new RunInput(file.Path, file.Hash[..16], "local", file.Path, Context: "training"));
            }
        }

        if (inputs.Count == 0)
            return;
        if (tracked is not null)
            await tracking.LogInputs(p, tracked, inputs, ct);
        await tracking.LogInputs(p, run.Run.RunId!, inputs, ct);

        static RunInput Known(DatasetVersion v) => new(v.Dataset, v.Hash[..16], "holdfast", $"data/{v.Ref}", Context: "training");
    }

    private Dictionary<string, string> Tags(StoredRun run, IReadOnlyDictionary<string, string> more)
    {
        var tags = new Dictionary<string, string>(more, StringComparer.Ordinal)
        {
            ["mlflow.user"] = run.Actor,
            ["mlflow.source.type"] = "PROJECT",
            ["mlflow.source.name"] = run.Run.Pipeline,
            ["holdfast.pipeline"] = run.Run.Pipeline,
            ["holdfast.pipeline_run"] = run.Run.Id,
            ["holdfast.seed"] = run.Run.Seed.ToString(CultureInfo.InvariantCulture),
            ["holdfast.snapshot"] = run.Snapshot,
        };
        if (run.Commit is not null)
            tags["mlflow.source.git.commit"] = run.Commit;
        return tags;
    }

    private StageTicket Ticket(string tracked) => new(tracked, DataFolder.RunningServer(folder.Root)?.Url, tokens.Issue(p, tracked, TokenTerm));

    private async Task<StoredRun> Get(string runId, CancellationToken ct) =>
        await db.Read(tx => PipelineStore.Find(tx, p.WorkspaceId, runId), ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no pipeline run '{runId}'.", "List them with: holdfast pipeline status");

    private static StageRun Stage(StoredRun run, string stage) =>
        run.Run.Stages.FirstOrDefault(s => s.Name == stage) ?? throw new HoldfastException(ErrorCode.NotFound, $"The run {run.Run.Id} has no stage '{stage}'.");
}
