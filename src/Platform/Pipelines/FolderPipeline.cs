using Holdfast.Contracts;
using Holdfast.Executors;

namespace Holdfast.Pipelines;

/// <summary>Whether a stage would run, and why.</summary>
/// <param name="Why">Null when nothing changed.</param>
public sealed record StagePlan(string Stage, IReadOnlyList<string> Needs, string? Why);

/// <summary>A pipeline in the user's own folder: planned without a server, executed by an agent in this process.</summary>
public sealed class FolderPipeline(string project, PipelineSpec spec, TimeProvider time)
{
    private static readonly TimeSpan FollowEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>What would run, in order. Nothing is executed, and no server is asked.</summary>
    public async Task<IReadOnlyList<StagePlan>> Plan(CancellationToken ct = default)
    {
        if (spec.Faults() is { Count: > 0 } faults)
            throw new HoldfastException($"The pipeline '{spec.Name}' cannot run.", faults);
        var memory = StageMemory.Open(project);
        var plan = new List<StagePlan>();
        foreach (var stage in StageGraph.Order(spec.Stages))
        {
            var needs = StageGraph.Needs(stage, spec.Stages).Select(n => n.Name).ToList();
            var before = needs.FirstOrDefault(n => plan.Exists(p => p.Stage == n && p.Why is not null));
            plan.Add(new StagePlan(stage.Name, needs, await memory.WhyChanged(project, spec.Name, stage, ct) ?? (before is null ? null : $"'{before}' may change what it reads")));
        }

        return plan;
    }

    /// <summary>Whether there is nothing to do: no stage changed, and the last run here succeeded.</summary>
    public async Task<bool> IsUpToDate(CancellationToken ct = default) =>
        StageMemory.Open(project).LastStatus(spec.Name) == PipelineRunStatus.Succeeded && (await Plan(ct)).All(s => s.Why is null);

    /// <summary>Executes a run that was made for this agent.</summary>
    /// <param name="progress">Told of each stage.</param>
    /// <param name="output">Told what the stages write, while they write it: stage and text.</param>
    public async Task<PipelineRun> Run(IAgentDesk desk, string runId, IProgress<AgentProgress>? progress = null, Action<string, string>? output = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(desk);
        var memory = StageMemory.Open(project);
        var folder = Path.Combine(project, ".holdfast", "runs", runId);
        var jobs = Path.Combine(folder, "jobs");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var following = output is null ? Task.CompletedTask : Follow(jobs, output, over.Token);
        try
        {
            var run = await new PipelineAgent(desk, new LocalExecutor(), time).Run(runId, new AgentPlace(project, jobs, memory), progress, ct);
            memory.KeepStatus(spec.Name, run.Status);
            return run;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Nobody will go on with this run, so it is closed; stages that ended stay cached.
            await desk.Conclude(runId, CancellationToken.None);
            throw;
        }
        finally
        {
            await over.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // The logs are artifacts of the tracked runs by now.
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private async Task Follow(string jobs, Action<string, string> output, CancellationToken ct)
    {
        var names = StageGraph.Order(spec.Stages).Select(s => s.Name).ToList();
        string? position = null;
        while (true)
        {
            var last = ct.IsCancellationRequested;
            var log = await RunLog.Read(jobs, names, position, over: last, CancellationToken.None);
            foreach (var part in log.Parts)
                output(part.Stage, part.Text);
            position = log.Next;
            if (last)
                return;
            await Task.Delay(FollowEvery, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
