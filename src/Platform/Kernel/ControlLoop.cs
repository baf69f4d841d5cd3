using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Kernel;

/// <summary>What one step of a reconciler came to.</summary>
public enum StepResult
{
    /// <summary>Nothing to do until something changes.</summary>
    Idle,

    /// <summary>Did something; there may be more.</summary>
    Worked,

    /// <summary>Waits for something that is under way outside (a pipeline run, a sent message).</summary>
    Waiting,
}

/// <summary>
/// A controller: desired state and progress lie in the database, a step is idempotent, and a crash at any line is mended by the
/// next step. Steps of all reconcilers run one after the other, in order of registration.
/// </summary>
public interface IReconciler
{
    /// <summary>Name, as in logs and cursors.</summary>
    string Name { get; }

    /// <summary>Does at most one round of work.</summary>
    Task<StepResult> Step(CancellationToken ct);
}

/// <summary>
/// Runs the reconcilers: at once when signalled, else every second. <see cref="Settle"/> runs until nothing is left to do, which
/// is what makes a replay on event time repeatable: the driver advances the clock, settles, and goes on.
/// </summary>
public sealed class ControlLoop(IEnumerable<IReconciler> reconcilers, ILogger<ControlLoop> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WaitingInterval = TimeSpan.FromMilliseconds(20);
    private readonly IReconciler[] _reconcilers = [.. reconcilers];
    private readonly SemaphoreSlim _round = new(1, 1);
    private volatile TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Says that there may be work.</summary>
    public void Wake() => _wake.TrySetResult();

    /// <summary>
    /// Runs rounds until every reconciler is idle; with <paramref name="outside"/> also waits for work under way outside.
    /// </summary>
    public async Task Settle(bool outside = true, CancellationToken ct = default)
    {
        while (true)
        {
            switch (await Round(ct))
            {
                case StepResult.Idle:
                case StepResult.Waiting when !outside:
                    return;
                case StepResult.Waiting:
                    await Task.Delay(WaitingInterval, ct);
                    break;
                case StepResult.Worked:
                    break;
            }
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await _wake.Task.WaitAsync(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                return;
            _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await Settle(outside: false, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<StepResult> Round(CancellationToken ct)
    {
        await _round.WaitAsync(ct);
        try
        {
            var outcome = StepResult.Idle;
            foreach (var reconciler in _reconcilers)
            {
                var result = await Step(reconciler, ct);
                if (result == StepResult.Worked || (result == StepResult.Waiting && outcome == StepResult.Idle))
                    outcome = result;
            }

            return outcome;
        }
        finally
        {
            _round.Release();
        }
    }

    private async Task<StepResult> Step(IReconciler reconciler, CancellationToken ct)
    {
        try
        {
            return await reconciler.Step(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // One controller's fault must not stop the others; its own state decides what the next tick does.
            log.LogError(e, "The controller {Reconciler} failed and will be tried again", reconciler.Name);
            return StepResult.Idle;
        }
    }
}
