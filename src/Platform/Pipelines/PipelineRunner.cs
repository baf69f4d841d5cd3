using System.Collections.Concurrent;
using Holdfast.Contracts;
using Holdfast.Executors;
using Holdfast.Kernel;
using Holdfast.Storage.Blobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Pipelines;

/// <summary>
/// The server's own worker: gives each open run an agent in a fresh check-out of its project. After a restart, open runs are
/// simply given an agent again, which goes on where the last one was.
/// </summary>
public sealed class PipelineRunner(PipelineService pipelines, LocalExecutor executor, TimeProvider time, ILogger<PipelineRunner> log) : IReconciler, IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<string, Task> _active = new();
    private readonly CancellationTokenSource _stop = new();
    private int _ended;

    /// <inheritdoc />
    public string Name => "pipelines";

    private static int Slots => Math.Max(1, Environment.ProcessorCount / 2);

    /// <inheritdoc />
    public async Task<StepResult> Step(CancellationToken ct)
    {
        if (_stop.IsCancellationRequested)
            return StepResult.Idle;
        var ended = Interlocked.Exchange(ref _ended, 0);
        var open = await pipelines.OpenRuns(ct);
        var started = 0;
        foreach (var (workspace, id) in open)
        {
            if (_active.Count >= Slots)
                break;
            if (!_active.ContainsKey(id))
            {
                started++;
                var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _active[id] = Execute(Principal.Controller(workspace, Name), id, start.Task);
                start.SetResult();
            }
        }

        return started + ended > 0 ? StepResult.Worked : open.Count > 0 || !_active.IsEmpty ? StepResult.Waiting : StepResult.Idle;
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_active.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    public void Dispose() => _stop.Dispose();

    private async Task Execute(Principal p, string id, Task start)
    {
        await start;
        try
        {
            var run = await pipelines.Stored(p, id, _stop.Token);
            var place = await CheckOut(run, _stop.Token);
            var result = await new PipelineAgent(pipelines.OwnDesk(p), executor, time).Run(id, place, ct: _stop.Token);
            // What succeeded lies in the blob store by content; what failed stays to be looked at.
            if (result.Status is PipelineRunStatus.Succeeded or PipelineRunStatus.Refused)
                Directory.Delete(place.Project, recursive: true);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The next server goes on with it.
        }
        catch (Exception e)
        {
            // An agent that cannot go on must say so in the run, or the run would stay open for ever.
            log.LogError(e, "The pipeline run {Run} cannot go on", id);
            await Fail(p, id, e);
        }
        finally
        {
            _active.TryRemove(id, out _);
            Interlocked.Increment(ref _ended);
        }
    }

    private async Task<AgentPlace> CheckOut(StoredRun run, CancellationToken ct)
    {
        var project = Path.Combine(pipelines.RunFolder(run.Run.Id), "project");
        var place = new AgentPlace(project, pipelines.JobsFolder(run.Run.Id));
        if (Directory.Exists(project))
            return place;
        await using var archive = await pipelines.OpenSnapshot(run.Snapshot, ct)
            ?? throw new HoldfastException(ErrorCode.FailedPrecondition, $"The files of the project are gone from the blob store ({run.Snapshot}).", "Apply the project again.");
        // Whole or not at all: a check-out that was cut short must not be taken for the project.
        var half = project + ".new";
        if (Directory.Exists(half))
            Directory.Delete(half, recursive: true);
        await FolderArchive.Unpack(archive, half, ct);
        Directory.Move(half, project);
        return place;
    }

    private async Task Fail(Principal p, string id, Exception e)
    {
        try
        {
            await pipelines.Fail(p, id, e is HoldfastException known ? known.Message : $"A fault inside Holdfast: {e.Message}", CancellationToken.None);
        }
        catch (Exception second)
        {
            log.LogError(second, "The end of the pipeline run {Run} could not be written", id);
        }
    }
}
