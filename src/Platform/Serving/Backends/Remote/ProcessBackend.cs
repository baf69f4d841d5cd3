using Holdfast.Contracts;
using Holdfast.Registry;
using Microsoft.Extensions.Logging;

namespace Holdfast.Serving.Backends.Remote;

/// <summary>Keeps what its processes print.</summary>
public interface IKeepsLog
{
    /// <summary>The last lines, oldest first.</summary>
    IReadOnlyList<string> Tail(int lines);
}

/// <summary>
/// A model that a command of its own serves, on this machine: between a least and a most number of processes, by how many requests
/// wait; each gets so many requests at a time, is asked for its health, and is started again, after a growing pause, when it ends.
/// </summary>
internal sealed class ProcessBackend : IBackend, IKeepsLog
{
    private const int MostWaiting = 1_000;
    private const int MostFailedChecks = 3;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);
    private readonly ProcessSpec _spec;
    private readonly string _folder;
    private readonly string _health;
    private readonly ProcessLog _log;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly RemoteCall _call;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly List<ModelProcess> _processes = [];
    private readonly LinkedList<TaskCompletionSource<ModelProcess>> _waiting = new();
    private readonly Task _keeper;
    private int _started;
    private int _failures;
    private long _notBefore;
    private long _lastWaited;
    private int _disposed;

    private ProcessBackend(ModelPackage package, string folder, string logFile, TimeProvider time, ILogger logger)
    {
        (_spec, _folder, _time, _logger) = (package.Process!, folder, time, logger);
        _health = (_spec.Health ?? (_spec.Protocol == "v2" ? "/v2/health/ready" : "/ping")).TrimStart('/');
        _log = new ProcessLog(logFile, time);
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 64L << 20 };
        _call = new RemoteCall(_client, new RemoteCodec(package, _spec.Protocol, _spec.Model, null, _spec.Tensor));
        _lastWaited = time.GetTimestamp();
        Info = new BackendInfo("process", package.Task, package.Signature)
        {
            Style = CallStyle.Awaited,
            Note = $"{_spec.Min}{(_spec.Max > _spec.Min ? $" to {_spec.Max}" : "")} process{(_spec.Max > 1 ? "es" : "")} of: {string.Join(' ', _spec.Command)}",
        };
        _keeper = Task.Run(Keep);
    }

    public BackendInfo Info { get; }

    /// <summary>Process numbers of what runs now.</summary>
    internal IReadOnlyList<int> Pids
    {
        get
        {
            lock (_gate)
                return [.. _processes.Where(p => !p.HasEnded).Select(p => p.Pid)];
        }
    }

    /// <summary>Starts the first process and waits until it is ready.</summary>
    /// <param name="folder">The package's folder: a copy that the command may write into.</param>
    /// <exception cref="HoldfastException">It ended, or was not ready in time; its last lines are in the message.</exception>
    public static async Task<ProcessBackend> Start(ModelPackage package, string folder, string logFile, TimeProvider time, ILogger logger, CancellationToken ct)
    {
        var backend = new ProcessBackend(package, folder, logFile, time, logger);
        var began = time.GetTimestamp();
        while (true)
        {
            lock (backend._gate)
            {
                if (backend._processes.Exists(p => p.IsReady))
                    return backend;
            }

            var late = time.GetElapsedTime(began) > TimeSpan.FromSeconds(backend._spec.StartSeconds);
            if (late || backend._failures >= 3 || ct.IsCancellationRequested)
            {
                var last = string.Join("\n", backend.Tail(15));
                backend.Dispose();
                ct.ThrowIfCancellationRequested();
                throw new HoldfastException(
                    ErrorCode.FailedPrecondition, $"The command of the model {(late ? $"was not ready within {backend._spec.StartSeconds} s" : "ended three times before it was ready")}: {string.Join(' ', backend._spec.Command)}\n{last}",
                    $"It must listen on 127.0.0.1 at the port of the variable PORT and answer GET /{backend._health} with 200. Try it by hand in the package's folder.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
        }
    }

    public IReadOnlyList<string> Tail(int lines) => _log.Tail(lines);

    // For callers that evaluate offline; a gateway awaits.
    public void Predict(FeatureRows rows, Span<Outcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var answers = new Outcome[rows.Count];
        Task.Run(async () => await PredictAsync(rows, answers)).GetAwaiter().GetResult();
        answers.CopyTo(outcomes);
    }

    public async ValueTask PredictAsync(FeatureRows rows, Memory<Outcome> outcomes, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ct.ThrowIfCancellationRequested();
        if (rows.Count == 0)
            return;
        var body = _call.Body(rows);
        for (var attempt = 0; ; attempt++)
        {
            var process = await Take(ct);
            try
            {
                using var response = await _call.Send(_spec.Protocol == "v2" ? process.Root : new Uri(process.Root, "invocations"), body, ct);
                await _call.Read(response, outcomes[..rows.Count], ct);
                return;
            }
            catch (HttpRequestException e)
            {
                // A process that dies takes its requests with it; the model is ours and only computes, so another one may do it again.
                Suspect(process);
                if (attempt == 2)
                    throw new HoldfastException(ErrorCode.Unavailable, $"The model's process broke off: {e.HttpRequestError}.", null, e);
                await Task.Yield();
            }
            finally
            {
                Release(process);
            }
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _ending.Cancel();
        List<TaskCompletionSource<ModelProcess>> waiting;
        lock (_gate)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
            foreach (var process in _processes)
                process.End();
        }

        foreach (var one in waiting)
            one.TrySetException(new HoldfastException(ErrorCode.Unavailable, "The model has been unloaded."));
        _ = _keeper.ContinueWith(
            _ =>
            {
                _client.Dispose();
                _log.Dispose();
            },
            TaskScheduler.Default);
    }

    private async ValueTask<ModelProcess> Take(CancellationToken ct)
    {
        TaskCompletionSource<ModelProcess> mine;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_waiting.Count == 0 && Free() is { } free)
            {
                free.Busy++;
                return free;
            }

            if (_waiting.Count >= MostWaiting)
                throw new HoldfastException(ErrorCode.Unavailable, $"{MostWaiting} requests wait for the model's processes.", "Raise process.max, or send less.");
            mine = new TaskCompletionSource<ModelProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.AddLast(mine);
            _lastWaited = _time.GetTimestamp();
        }

        using var cancelled = ct.Register(() => mine.TrySetCanceled(ct));
        try
        {
            return await mine.Task;
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
                _waiting.Remove(mine);
            throw;
        }
    }

    private void Release(ModelProcess process)
    {
        lock (_gate)
        {
            process.Busy--;
            if (process is { IsLeaving: true, Busy: 0 })
                process.End();
            HandOut();
        }
    }

    // It gets no requests until it has shown its health again: one that is dying would take the next attempt with it too.
    private void Suspect(ModelProcess process)
    {
        lock (_gate)
        {
            if (!process.IsReady)
                return;
            process.IsReady = false;
        }

        _ = BecomeReady(process);
    }

    private ModelProcess? Free() => _processes.Where(p => p.IsReady && !p.IsLeaving && !p.HasEnded && p.Busy < _spec.Concurrency).MinBy(p => p.Busy);

    private void HandOut()
    {
        while (_waiting.First is { } first && Free() is { } free)
        {
            _waiting.RemoveFirst();
            free.Busy++;
            // It was cancelled meanwhile.
            if (!first.Value.TrySetResult(free))
                free.Busy--;
        }
    }

    private async Task Keep()
    {
        var checkedAt = _time.GetTimestamp();
        var failed = new Dictionary<ModelProcess, int>();
        try
        {
            while (!_ending.IsCancellationRequested)
            {
                Clear(failed);
                StartMissing();
                if (_time.GetElapsedTime(checkedAt) > CheckEvery)
                {
                    await Check(failed);
                    checkedAt = _time.GetTimestamp();
                }

                lock (_gate)
                {
                    HandOut();
                    Shrink();
                }

                await Task.Delay(Tick, _time, _ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
        catch (Exception e)
        {
            // A background loop: it says so, and the model is served by nobody from here on.
            _logger.LogError(e, "The keeper of {Command} failed", _spec.Command[0]);
        }
    }

    private void Clear(Dictionary<ModelProcess, int> failed)
    {
        lock (_gate)
        {
            foreach (var process in _processes.Where(p => p.HasEnded).ToList())
            {
                _processes.Remove(process);
                failed.Remove(process);
                if (process.IsLeaving)
                    continue;
                if (process.ReadySince != 0 && _time.GetElapsedTime(process.ReadySince) > Steady)
                    _failures = 0;
                Failed(process.Number, $"the process ended with exit code {process.ExitCode}");
            }
        }
    }

    private void StartMissing()
    {
        lock (_gate)
        {
            var standing = _processes.Count(p => !p.IsLeaving);
            var starting = _processes.Exists(p => !p.IsReady);
            var wanted = standing < _spec.Min ? _spec.Min : _waiting.Count >= _spec.ScaleAt && !starting ? Math.Min(standing + 1, _spec.Max) : standing;
            if (standing >= wanted || _time.GetTimestamp() < _notBefore || _ending.IsCancellationRequested)
                return;
            for (; standing < wanted; standing++)
            {
                try
                {
                    var process = ModelProcess.Start(_spec, _folder, ++_started, _log);
                    _processes.Add(process);
                    _ = BecomeReady(process);
                }
                catch (HoldfastException e)
                {
                    Failed(_started, e.Message);
                    return;
                }
            }
        }
    }

    // The pause doubles with each failure in a row: 0.1 s, 0.2 s, up to a minute.
    private void Failed(int number, string what)
    {
        _failures++;
        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, 0.1 * Math.Pow(2, _failures - 1)));
        _notBefore = _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency);
        _log.Add(number, $"{what}; the next one starts in {pause.TotalSeconds:0.0} s");
        _logger.LogWarning("Process {Number} of {Command}: {What}", number, _spec.Command[0], what);
    }

    private async Task BecomeReady(ModelProcess process)
    {
        var began = _time.GetTimestamp();
        while (!process.HasEnded && !_ending.IsCancellationRequested)
        {
            if (await IsHealthy(process))
            {
                lock (_gate)
                {
                    (process.IsReady, process.ReadySince) = (true, _time.GetTimestamp());
                    HandOut();
                }

                return;
            }

            if (_time.GetElapsedTime(began) > TimeSpan.FromSeconds(_spec.StartSeconds))
            {
                _log.Add(process.Number, $"the process was not ready within {_spec.StartSeconds} s and is ended");
                process.End();
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, CancellationToken.None);
        }
    }

    private async Task Check(Dictionary<ModelProcess, int> failed)
    {
        List<ModelProcess> ready;
        lock (_gate)
            ready = [.. _processes.Where(p => p.IsReady && !p.HasEnded)];
        foreach (var process in ready)
        {
            // A process that answers requests may have no thread left for this question.
            if (await IsHealthy(process))
                failed[process] = 0;
            else if ((failed[process] = failed.GetValueOrDefault(process) + 1) >= MostFailedChecks)
            {
                _log.Add(process.Number, $"the process did not answer {MostFailedChecks} questions for its health and is ended");
                process.End();
            }
        }
    }

    private void Shrink()
    {
        if (_waiting.Count > 0 || _time.GetElapsedTime(_lastWaited) < TimeSpan.FromSeconds(_spec.IdleSeconds) || _processes.Count(p => p.IsReady && !p.IsLeaving) <= _spec.Min)
            return;
        var least = _processes.Where(p => p.IsReady && !p.IsLeaving).MinBy(p => p.Busy)!;
        least.IsLeaving = true;
        _lastWaited = _time.GetTimestamp();
        if (least.Busy == 0)
            least.End();
    }

    private async Task<bool> IsHealthy(ModelProcess process)
    {
        using var patience = new CancellationTokenSource(CheckPatience);
        try
        {
            using var response = await _client.GetAsync(new Uri(process.Root, _health), HttpCompletionOption.ResponseHeadersRead, patience.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }
}
