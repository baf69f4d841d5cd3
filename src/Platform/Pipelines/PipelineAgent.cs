using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Executors;

namespace Holdfast.Pipelines;

/// <summary>Where an agent works.</summary>
/// <param name="Project">The project's files: a check-out, or the user's own folder.</param>
/// <param name="Jobs">Where it keeps the jobs of this run.</param>
/// <param name="Memory">What the folder remembers of its stages; null in a check-out.</param>
public sealed record AgentPlace(string Project, string Jobs, StageMemory? Memory = null);

/// <summary>Something worth telling while a run goes on.</summary>
public sealed record AgentProgress(string Stage, StageStatus Status, string? Reason = null);

/// <summary>
/// Executes the stages of a run in dependency order: skips what did not change, runs the rest as jobs, hands in what they wrote.
/// The server's worker and <c>pipeline run</c> are both this agent. It can be ended at any line and started again: finished
/// stages stay finished, a job under way is waited for.
/// </summary>
public sealed class PipelineAgent(IAgentDesk desk, LocalExecutor executor, TimeProvider time)
{
    private const int MostAttempts = 3;
    private static readonly TimeSpan LookAtDesk = TimeSpan.FromSeconds(1);

    /// <summary>Executes a run to its end.</summary>
    public async Task<PipelineRun> Run(string runId, AgentPlace place, IProgress<AgentProgress>? progress = null, CancellationToken ct = default)
    {
        var order = await desk.Begin(runId, ct);
        var position = 0;
        foreach (var stage in StageGraph.Order(order.Spec.Stages))
        {
            var status = await Execute(order, stage, JobFolder(place.Jobs, position++, stage.Name), place, progress, ct);
            if (status is StageStatus.Failed or StageStatus.Cancelled)
                break;
        }

        return await desk.Conclude(runId, ct);
    }

    private async Task<StageStatus> Execute(AgentOrder order, Stage stage, string jobs, AgentPlace place, IProgress<AgentProgress>? progress, CancellationToken ct)
    {
        var known = order.Run.Stages.First(s => s.Name == stage.Name);
        if (known.Status is StageStatus.Failed or StageStatus.Cancelled)
            return known.Status;
        if (known.Status is StageStatus.Succeeded or StageStatus.Cached)
        {
            // Finished before the agent was restarted; in a new place its outputs are fetched.
            await Restore(place, await desk.StageOuts(order.Run.Id, stage.Name, ct), ct);
            return known.Status;
        }

        try
        {
            if (known.Status != StageStatus.Running && await desk.CancelRequested(order.Run.Id, ct))
                return await Finish(new StageOutcome(StageStatus.Cancelled, null, "cancelled", [], NoMetrics));
            return await Finish(known.Status == StageStatus.Running && FindAttempt(jobs) is { } attempt ? await Adopt(order, stage, attempt, jobs, place, progress, ct) : await Begin(order, stage, jobs, place, progress, ct));
        }
        catch (HoldfastException e)
        {
            // The stage's own fault (a missing dependency, an unreadable metrics file): it fails, with the reason.
            return await Finish(new StageOutcome(StageStatus.Failed, null, e.Message, [], NoMetrics));
        }

        async Task<StageStatus> Finish(StageOutcome outcome)
        {
            await desk.FinishStage(order.Run.Id, stage.Name, outcome, ct);
            progress?.Report(new AgentProgress(stage.Name, outcome.Status, outcome.Reason));
            return outcome.Status;
        }
    }

    private async Task<StageOutcome> Begin(AgentOrder order, Stage stage, string jobs, AgentPlace place, IProgress<AgentProgress>? progress, CancellationToken ct)
    {
        var inputs = await StageInputs.Of(place.Project, stage, order.Inputs, ct);
        if (!stage.AlwaysChanged && await desk.FindCached(order.Run.Id, inputs.Key, ct) is { } cached)
        {
            await Restore(place, cached.Outs, ct);
            place.Memory?.Keep(order.Spec.Name, stage, inputs.Key, order.Inputs, cached.Outs);
            return new StageOutcome(StageStatus.Cached, null, null, cached.Outs, cached.Metrics, cached.RunId, Start());
        }

        progress?.Report(new AgentProgress(stage.Name, StageStatus.Running));
        var ticket = await desk.BeginStage(order.Run.Id, stage.Name, Start(), ct);
        foreach (var output in stage.Outs)
        {
            if (!output.Persist)
                StoredContent.Remove(place.Project, output.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(place.Project, output.Path))!);
        }

        var outcome = await RunJob(order, stage, ticket, NextAttempt(jobs), place, ct);
        if (outcome.Status == StageStatus.Succeeded)
            place.Memory?.Keep(order.Spec.Name, stage, inputs.Key, order.Inputs, outcome.Outs);
        return outcome;

        StageStart Start() => new(inputs.Key, inputs.Params, inputs.Deps, StageEnvironment.Describe());
    }

    // A job that this agent's predecessor started. If it is lost (the machine went down), the stage begins again.
    private async Task<StageOutcome> Adopt(AgentOrder order, Stage stage, string attempt, string jobs, AgentPlace place, IProgress<AgentProgress>? progress, CancellationToken ct)
    {
        var ticket = await desk.FindTicket(order.Run.Id, stage.Name, ct);
        if (ticket is not null && !File.Exists(Path.Combine(attempt, "interrupted")) && (executor.Look(attempt).Phase is JobPhase.Running or JobPhase.Exited || !executor.GiveUp(attempt)))
        {
            progress?.Report(new AgentProgress(stage.Name, StageStatus.Running));
            var state = await Follow(order, stage, attempt, ct);
            if (state.Phase != JobPhase.Lost)
                return await Collect(order, stage, attempt, state, place, ct);
        }

        return Attempts(jobs) < MostAttempts
            ? await Begin(order, stage, jobs, place, progress, ct)
            : new StageOutcome(StageStatus.Failed, null, $"The process was lost {MostAttempts} times.", [], NoMetrics);
    }

    private async Task<StageOutcome> RunJob(AgentOrder order, Stage stage, StageTicket ticket, string folder, AgentPlace place, CancellationToken ct)
    {
        var variables = StageEnvironment.Inherited(order.Spec.Pass);
        foreach (var (name, value) in order.Variables)
            variables[name] = value;
        variables["HOLDFAST_RUN_ID"] = ticket.RunId;
        variables["HOLDFAST_PIPELINE_RUN"] = order.Run.Id;
        variables["HOLDFAST_STAGE"] = stage.Name;
        variables["HOLDFAST_EXE"] = StageEnvironment.Executable();
        variables["MLFLOW_RUN_ID"] = ticket.RunId;
        if (ticket.Url is not null)
            variables["HOLDFAST_URL"] = variables["MLFLOW_TRACKING_URI"] = ticket.Url;
        if (ticket.Token is not null)
            variables["HOLDFAST_TOKEN"] = variables["MLFLOW_TRACKING_TOKEN"] = ticket.Token;
        executor.Start(new Job(folder, Path.Combine(place.Project, stage.WorkingDirectory), stage.Commands, variables));
        return await Collect(order, stage, folder, await Follow(order, stage, folder, ct), place, ct);
    }

    // Waits for the job, and meanwhile for a person who cancels, the stage's time limit, and the end of this process.
    private async Task<JobState> Follow(AgentOrder order, Stage stage, string folder, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            using var look = new CancellationTokenSource(LookAtDesk, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(look.Token, ct);
            try
            {
                return await executor.Wait(folder, time, either.Token);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // This process ends in good order: so does its job, and the stage begins again with the next agent.
                File.WriteAllText(Path.Combine(folder, "interrupted"), "");
                await executor.End(folder, time, CancellationToken.None);
                throw;
            }
            catch (OperationCanceledException)
            {
                var late = stage.Timeout is { } limit && time.GetElapsedTime(began) > limit;
                if (!late && !await desk.CancelRequested(order.Run.Id, ct))
                    continue;
                await executor.End(folder, time, ct);
                File.WriteAllText(Path.Combine(folder, "ended"), late ? $"took longer than {Kernel.Term.Text(stage.Timeout!.Value)}" : "cancelled");
                return executor.Look(folder);
            }
        }
    }

    private async Task<StageOutcome> Collect(AgentOrder order, Stage stage, string folder, JobState state, AgentPlace place, CancellationToken ct)
    {
        await using (var log = new FileStream(LocalExecutor.LogFile(folder), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, useAsync: true))
            await desk.PutLog(order.Run.Id, stage.Name, log, ct);
        var ended = Path.Combine(folder, "ended") is var note && File.Exists(note) ? await File.ReadAllTextAsync(note, ct) : null;
        if (ended == "cancelled")
            return new StageOutcome(StageStatus.Cancelled, null, ended, [], NoMetrics);
        if (ended is not null)
            return new StageOutcome(StageStatus.Failed, null, WithTail(ended, folder), [], NoMetrics);
        if (state.Phase == JobPhase.Lost)
            return new StageOutcome(StageStatus.Failed, null, WithTail("The process was killed (often: out of memory).", folder), [], NoMetrics);
        if (state.ExitCode != 0)
            return new StageOutcome(StageStatus.Failed, state.ExitCode, WithTail($"Exit code {state.ExitCode.ToString(CultureInfo.InvariantCulture)}.", folder), [], NoMetrics);
        var outs = new List<StoredOut>();
        var missing = new List<string>();
        foreach (var output in stage.Outs)
        {
            if (await StoredContent.Look(place.Project, output.Path, ct) is { } written)
                outs.Add(written);
            else
                missing.Add(output.Path);
        }

        if (missing.Count > 0)
            return new StageOutcome(StageStatus.Failed, 0, WithTail($"The command ended well but did not write {string.Join(", ", missing.Select(m => $"'{m}'"))}.", folder), [], NoMetrics);
        var metrics = StageInputs.ReadMetrics(place.Project, stage);
        foreach (var output in outs)
        {
            foreach (var file in output.Files)
            {
                if (await desk.HasContent(file.Hash, ct))
                    continue;
                await using var content = new FileStream(Path.Combine(place.Project, output.Path, file.Path).TrimEnd('/'), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
                await desk.PutContent(file.Hash, content, ct);
            }
        }

        return new StageOutcome(StageStatus.Succeeded, 0, null, outs, metrics);
    }

    private async Task Restore(AgentPlace place, IReadOnlyList<StoredOut> outs, CancellationToken ct)
    {
        foreach (var output in outs)
        {
            if ((await StoredContent.Look(place.Project, output.Path, ct))?.Hash != output.Hash)
                await StoredContent.Restore(place.Project, output, desk.OpenContent, ct);
        }
    }

    private static IReadOnlyDictionary<string, double> NoMetrics { get; } = new Dictionary<string, double>();

    private static string WithTail(string reason, string folder) => LocalExecutor.Tail(folder) is { Length: > 0 } tail ? $"{reason} The last lines of its output:\n{tail}" : reason;

    /// <summary>Folder of a stage's jobs, without the number of the attempt.</summary>
    internal static string JobFolder(string jobs, int position, string stage) =>
        Path.Combine(jobs, $"{position:00}-{string.Concat(stage.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'))}");

    private static int Attempts(string jobs)
    {
        var attempt = 0;
        while (Directory.Exists($"{jobs}.{attempt + 1}"))
            attempt++;
        return attempt;
    }

    private static string? FindAttempt(string jobs) => Attempts(jobs) is > 0 and var last ? $"{jobs}.{last}" : null;

    private static string NextAttempt(string jobs) => $"{jobs}.{Attempts(jobs) + 1}";
}
