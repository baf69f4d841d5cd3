using System.Globalization;
using System.Security.Cryptography;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

public sealed partial class TrackingService
{
    private const int CopiedPoints = 1_000;
    private const string NoteTag = "mlflow.note.content";
    private const string NotifyTag = "holdfast.notify";
    private const string ForkedFrom = "holdfast.forked_from";
    private const string ForkedAt = "holdfast.forked_at_step";
    private const string MergedInto = "holdfast.merged_into";
    private const string PipelineRunTag = "holdfast.pipeline_run";

    /// <summary>A run that was ended goes on: its status is running and its end is open again. Event <c>run.resumed</c>.</summary>
    public Task<Run> ResumeRun(Principal p, string runId, CancellationToken ct = default) =>
        ChangeRun(
            p, runId,
            (tx, run) =>
            {
                RunLifeStore.Reopen(tx, p.WorkspaceId, run.Key);
                var now = RunStore.Load(tx, p.WorkspaceId, [run.Key])[0];
                journal.Append(tx, p, new RunResumed(runId, now.Name, NameOf(tx, p, run.ExperimentId)), runId);
                return now;
            },
            ct: ct);

    /// <summary>
    /// A new running run with the parameters, inputs, own tags and metrics of another one, up to a step where one is given. Nobody sees it
    /// before it is whole. Event <c>run.forked</c>.
    /// </summary>
    public async Task<Run> ForkRun(Principal p, string runId, RunFork fork, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(fork);
        var source = await ActiveRun(p, runId, ct);
        var experiment = fork.Experiment is null ? source.ExperimentId : Text((await ResolveExperiment(p, fork.Experiment, ct)).Id);
        var parameters = source.Params.Where(x => fork.Params?.ContainsKey(x.Key) != true).Concat((fork.Params ?? new Dictionary<string, string>()).Select(x => CheckParam(new Param(x.Key, x.Value), "params"))).ToList();
        var tags = source.Tags.Where(t => t.Key == NoteTag || !(t.Key.StartsWith("mlflow.", StringComparison.Ordinal) || t.Key.StartsWith("holdfast.", StringComparison.Ordinal))).Append(new Tag(ForkedFrom, runId));
        if (fork.AtStep is { } last)
            tags = tags.Append(new Tag(ForkedAt, last.ToString(CultureInfo.InvariantCulture)));
        var (id, name) = (Ids.Hex32(), string.IsNullOrEmpty(fork.Name) ? $"{source.Name}-fork" : fork.Name);
        var key = await db.Write(
            tx =>
            {
                var (now, e) = (time.GetUtcNow(), Experiment(tx, p, experiment));
                if (e.Stage == LifecycleStage.Deleted)
                    throw NotActive(e.Id);
                var made = RunStore.Create(tx, p.WorkspaceId, id, e.Id, name, p.Name, now, ArtifactPlace.Join(e.ArtifactLocation, id, "artifacts"), now);
                RunStore.SetStage(tx, p.WorkspaceId, made, deleted: true, now);
                foreach (var tag in tags.Append(new Tag(WellKnownTags.RunName, name)))
                    RunStore.SetTag(tx, p.WorkspaceId, made, tag);
                foreach (var parameter in parameters)
                    RunStore.AddParam(tx, p.WorkspaceId, made, parameter);
                foreach (var input in source.Inputs)
                    InputStore.Add(tx, p.WorkspaceId, new RunRow(made, id, e.Id, LifecycleStage.Deleted), input);
                return made;
            },
            WriteLane.Bulk, ct);
        await CopyPoints(p, source, key, fork.AtStep ?? long.MaxValue, ct);
        return await db.Write(
            tx =>
            {
                RunStore.SetStage(tx, p.WorkspaceId, key, deleted: false, time.GetUtcNow());
                Tell(tx, p, id);
                var whole = RunStore.Load(tx, p.WorkspaceId, [key])[0];
                journal.Append(tx, p, new RunForked(whole.RunId, whole.Name, NameOf(tx, p, int.Parse(experiment, CultureInfo.InvariantCulture)), runId, fork.AtStep), whole.RunId);
                return whole;
            },
            ct: ct);
    }

    /// <summary>Moves a run, with the logged models that it made, to another experiment. Its files stay where they lie. Event <c>run.moved</c>.</summary>
    public async Task<Run> MoveRun(Principal p, string runId, string experiment, CancellationToken ct = default)
    {
        var to = await Target(p, experiment, ct);
        return await ChangeRun(
            p, runId,
            (tx, run) =>
            {
                if (run.ExperimentId != to.Id)
                    RunLifeStore.Move(tx, p.WorkspaceId, run, to.Id);
                var moved = RunStore.Load(tx, p.WorkspaceId, [run.Key])[0];
                if (run.ExperimentId != to.Id)
                    journal.Append(tx, p, new RunMoved(runId, moved.Name, NameOf(tx, p, run.ExperimentId), to.Name), runId);
                return moved;
            },
            ct: ct);
    }

    /// <summary>
    /// Puts metrics, parameters, tags, inputs, logged models and files of other runs into one. Parameters that differ are refused, all at
    /// once; where tags differ, the target's stand; a file that is there already comes to <c>merged/RUN/</c>. Again after a crash
    /// completes it. Event <c>run.merged</c>.
    /// </summary>
    public async Task<Run> MergeRuns(Principal p, string runId, RunMerge merge, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(merge);
        var target = await ActiveRun(p, runId, ct);
        if (merge.From.Count == 0 || merge.From.Contains(runId) || merge.From.Distinct().Count() != merge.From.Count)
            throw new HoldfastException(ErrorCode.InvalidArgument, "`from` must name other runs, each once.", "Name the runs whose content goes into this one.");
        var sources = new List<Run>();
        foreach (var id in merge.From)
            sources.Add(await ActiveRun(p, id, ct));
        Compatible([target, .. sources]);
        var row = await db.Read(tx => RunStore.Find(tx, p.WorkspaceId, runId)!, ct);
        foreach (var source in sources)
        {
            await CopyFiles(p, source, target, ct);
            await CopyPoints(p, source, row.Key, long.MaxValue, ct);
        }

        return await ChangeRun(
            p, runId,
            (tx, run) =>
            {
                foreach (var source in sources)
                    Take(tx, p, run, source, merge.KeepSources);
                Run[] all = [target, .. sources];
                var open = target.Status is RunStatus.Running or RunStatus.Scheduled;
                RunLifeStore.SetTimes(tx, p.WorkspaceId, run.Key, all.Min(r => r.StartTime), open ? null : all.Max(r => r.EndTime));
                var whole = RunStore.Load(tx, p.WorkspaceId, [run.Key])[0];
                journal.Append(tx, p, new RunMerged(runId, whole.Name, NameOf(tx, p, run.ExperimentId), merge.From), runId);
                return whole;
            },
            ct: ct);
    }

    /// <summary>Runs that read a dataset version, known by its name or by its content.</summary>
    /// <param name="reference">Such as <c>credit@v3</c>.</param>
    /// <param name="hash">SHA-256 of the content.</param>
    public async Task<IReadOnlyList<Run>> RunsThatRead(Principal p, string reference, string hash, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentException.ThrowIfNullOrEmpty(hash);
        return await db.Read(tx => RunStore.Load(tx, p.WorkspaceId, RunLifeStore.Readers(tx, p.WorkspaceId, reference, hash)), ct);
    }

    /// <summary>The note of a run in Markdown; empty when there is none.</summary>
    public async Task<string> RunNote(Principal p, string runId, CancellationToken ct = default) => (await GetRun(p, runId, ct)).Tag(NoteTag) ?? "";

    /// <summary>Sets the note of a run; it is the tag that MLflow's pages show, too.</summary>
    public Task SetRunNote(Principal p, string runId, string text, CancellationToken ct = default)
    {
        NoteLength(text, KeyRules.MaxRunTagValue);
        return LogBatch(p, runId, [], [], [new Tag(NoteTag, text)], ct);
    }

    /// <summary>The note of an experiment in Markdown; empty when there is none.</summary>
    public async Task<string> ExperimentNote(Principal p, string experiment, CancellationToken ct = default) =>
        (await ResolveExperiment(p, experiment, ct)).Tags.FirstOrDefault(t => t.Key == NoteTag)?.Value ?? "";

    /// <summary>Sets the note of an experiment.</summary>
    public async Task SetExperimentNote(Principal p, string experiment, string text, CancellationToken ct = default)
    {
        NoteLength(text, KeyRules.MaxExperimentTagValue);
        await SetExperimentTag(p, Text((await ResolveExperiment(p, experiment, ct)).Id), NoteTag, text, ct);
    }

    // Told when a run comes to its end, once; stages of pipelines are told by their pipeline.
    private void TellEnd(Tx tx, Principal p, RunRow row, RunStatus before, Run now)
    {
        if (now.Status == before || now.Status is RunStatus.Running or RunStatus.Scheduled || now.Tag(PipelineRunTag) is not null)
            return;
        var experiment = ExperimentStore.Get(tx, p.WorkspaceId, row.ExperimentId)!;
        var notify = now.Tag(NotifyTag) ?? experiment.Tags.FirstOrDefault(t => t.Key == NotifyTag)?.Value;
        journal.Append(
            tx, p, new RunFinished(now.RunId, now.Name, experiment.Name, now.Status.ToString().ToLowerInvariant(), now.StartTime is { } start && now.EndTime is { } end ? (end - start).TotalSeconds : null, notify), now.RunId);
    }

    private async Task<Run> ActiveRun(Principal p, string runId, CancellationToken ct)
    {
        var run = await GetRun(p, runId, ct);
        return run.Stage == LifecycleStage.Active ? run : throw new HoldfastException(ErrorCode.FailedPrecondition, $"The run {runId} is deleted.", "Restore it first.");
    }

    private async Task<Experiment> Target(Principal p, string experiment, CancellationToken ct)
    {
        var to = await ResolveExperiment(p, experiment, ct);
        return to.Stage == LifecycleStage.Active ? to : throw NotActive(to.Id);
    }

    // In jobs of a thousand points, so that a long series holds nobody up. A job that is done twice adds nothing.
    private async Task CopyPoints(Principal p, Run source, long to, long last, CancellationToken ct)
    {
        foreach (var metric in source.Metrics)
        {
            var points = await db.Read(tx => SeriesStore.Range(tx, p.WorkspaceId, RunStore.Find(tx, p.WorkspaceId, source.RunId)!.Key, metric.Key, long.MinValue, last), ct);
            foreach (var chunk in points.Chunk(CopiedPoints))
                await db.Write(tx => SeriesStore.Append(tx, p.WorkspaceId, to, chunk), WriteLane.Bulk, ct);
        }
    }

    private async Task CopyFiles(Principal p, Run source, Run target, CancellationToken ct)
    {
        if (artifacts.Find(p, source.ArtifactUri) is not { } from)
            return;
        var to = artifacts.Get(p, target.ArtifactUri);
        await foreach (var file in FilesBelow(from, ct))
        {
            var path = file.Key[(from.Key.Length + 1)..];
            var there = await to.Store.Stat(to.Of(path), ct);
            if (there is { IsFolder: false } && there.Size == file.Size && await SameContent(from, file.Key, to, to.Of(path), ct))
                continue;
            await using var content = await from.Store.Open(file.Key, ct);
            if (content is not null)
                await to.Store.Put(to.Of(there is null ? path : $"merged/{source.RunId}/{path}"), content, ct);
        }
    }

    private static async Task<bool> SameContent(ArtifactFolder a, string left, ArtifactFolder b, string right, CancellationToken ct)
    {
        await using var x = await a.Store.Open(left, ct);
        await using var y = await b.Store.Open(right, ct);
        if (x is null || y is null)
            return false;
        var (own, other) = (await SHA256.HashDataAsync(x, ct), await SHA256.HashDataAsync(y, ct));
        return own.AsSpan().SequenceEqual(other);
    }

    private void Take(Tx tx, Principal p, RunRow target, Run source, bool keep)
    {
        var row = RunStore.Find(tx, p.WorkspaceId, source.RunId) ?? throw NoRun(source.RunId);
        AddParams(tx, p, target, source.Params);
        foreach (var tag in source.Tags.Where(t => t.Key is not (WellKnownTags.RunName or ForkedFrom or ForkedAt or MergedInto) && RunStore.Tag(tx, p.WorkspaceId, target.Key, t.Key) is null))
            RunStore.SetTag(tx, p.WorkspaceId, target.Key, tag);
        foreach (var input in source.Inputs)
            InputStore.Add(tx, p.WorkspaceId, target, input);
        RunLifeStore.TakeMedia(tx, p.WorkspaceId, row, target);
        if (keep)
            return;
        RunLifeStore.TakeModels(tx, p.WorkspaceId, row, target);
        RunStore.SetTag(tx, p.WorkspaceId, row.Key, new Tag(MergedInto, target.RunId));
        RunStore.SetStage(tx, p.WorkspaceId, row.Key, deleted: true, time.GetUtcNow());
        Tell(tx, p, source.RunId);
    }

    private static void Compatible(IReadOnlyList<Run> runs)
    {
        var faults = runs.SelectMany(r => r.Params.Select(x => (x.Key, x.Value, r.RunId))).GroupBy(x => x.Key)
            .Where(g => g.Select(x => x.Value).Distinct().Count() > 1)
            .Select(g => new Fault($"params.{g.Key}", string.Join(", ", g.Select(x => $"'{x.Value}' in {x.RunId}")), "Runs with different parameters are different runs; compare them instead."))
            .ToList();
        if (faults.Count > 0)
            throw new HoldfastException("The runs cannot be merged: their parameters differ.", faults);
    }

    private static async IAsyncEnumerable<Storage.Blobs.BlobInfo> FilesBelow(ArtifactFolder folder, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var open = new Stack<string>([folder.Key]);
        while (open.TryPop(out var key))
        {
            foreach (var entry in await folder.Store.List(key, ct))
            {
                if (entry.IsFolder)
                    open.Push(entry.Key);
                else
                    yield return entry;
            }
        }
    }

    private static void NoteLength(string text, int limit)
    {
        if (text.Length > limit)
            throw new HoldfastException(ErrorCode.TooLarge, $"The note has {text.Length} characters; at most {limit} are kept.", "Shorten it, or store the long text as an artifact.");
    }

    private static string NameOf(Tx tx, Principal p, int experiment) => ExperimentStore.Get(tx, p.WorkspaceId, experiment)?.Name ?? Text(experiment);

    private static string Text(int id) => id.ToString(CultureInfo.InvariantCulture);
}
