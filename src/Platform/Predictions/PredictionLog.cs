using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Holdfast.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>
/// Writes the logs of all endpoints: one loop takes entries from a bounded queue, appends them, waits for the disk, and only then
/// hands them to the folds, so that no state is ever ahead of what a crash leaves. Index, positions and fold states are committed
/// about once a second; a crash before costs a replay, never an entry.
/// </summary>
internal sealed class PredictionLog(
    PredictionStore store, PartStore parts, PartReader reader, DataFolder data, TimeProvider time, PredictionOptions options, IServiceProvider services, ILogger<PredictionLog> log) : IHostedService, IAsyncDisposable
{
    private readonly ConcurrentDictionary<EndpointKey, EndpointLog> _logs = new();
    private readonly Channel<Work> _queue = Channel.CreateBounded<Work>(new BoundedChannelOptions(options.QueueCapacity) { SingleReader = true });
    private readonly SemaphoreSlim _declare = new(1, 1);
    private FoldSet _folds = new([], log);
    private Task _loop = Task.CompletedTask;

    private abstract record Work;

    private sealed record Predicted(EndpointLog Log, PredictionEntry Entry, Task<ShadowResult>? Shadow) : Work;

    private sealed record Labelled(EndpointLog Log, IReadOnlyList<StoredLabel> Labels) : Work;

    private sealed record Ticked(EndpointLog Log, ClockEntry Entry) : Work;

    private sealed record Rolled(EndpointLog Log) : Work;

    private sealed record Forgotten(IReadOnlyList<string> Ids) : Work;

    private sealed record Barrier(bool Commit, TaskCompletionSource Done) : Work;

    /// <summary>When controllers may decide on a replayed endpoint.</summary>
    public ReplayGate Gate { get; } = new(time);

    /// <summary>Mends what a crash left, brings the folds to the end of the logs, and begins to take entries.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Asked for here and not in the constructor: rooms that fold the log may hold this room's door.
        _folds = new FoldSet([.. services.GetServices<IPredictionFold>()], log);
        foreach (var (id, key, clock, lateness) in await store.Endpoints(cancellationToken))
        {
            var recovered = _logs[key] = await new LogRecovery(store, parts, _folds, log).Recover(await Create(key, id, clock, lateness, cancellationToken), cancellationToken);
            // The client of a replay goes on where the stop caught it, perhaps in the middle of an hour.
            if (clock == EndpointClock.Event && recovered.HighAt is not null)
                Gate.Expect(key);
        }

        _loop = Task.Run(Run, CancellationToken.None);
        foreach (var endpoint in _logs.Values)
        {
            // Acknowledged labels that the crash kept out of the log, each once by its sequence number.
            var open = await store.OpenLabels(endpoint, cancellationToken);
            if (open.Count > 0)
                await _queue.Writer.WriteAsync(new Labelled(endpoint, open), cancellationToken);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await _loop;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        foreach (var endpoint in _logs.Values)
            endpoint.Dispose();
        _declare.Dispose();
    }

    public EndpointLog? Find(EndpointKey key) => _logs.GetValueOrDefault(key);

    public async Task<EndpointLog> Declare(EndpointKey key, EndpointClock clock, TimeSpan lateness, CancellationToken ct)
    {
        var latenessMs = (long)lateness.TotalMilliseconds;
        await _declare.WaitAsync(ct);
        try
        {
            if (_logs.TryGetValue(key, out var known) && known.Clock == clock && known.LatenessMs == latenessMs)
                return known;
            var id = await store.Declare(key, clock, latenessMs, time.GetUtcNow(), ct);
            if (known is not null)
            {
                known.Clock = clock;
                Volatile.Write(ref known.LatenessMs, latenessMs);
                return known;
            }

            return _logs[key] = await Create(key, id, clock, latenessMs, ct);
        }
        finally
        {
            _declare.Release();
        }
    }

    public bool Append(EndpointLog endpoint, PredictionEntry entry, Task<ShadowResult>? shadow)
    {
        endpoint.InFlight.TryAdd(entry.Id, true);
        if (_queue.Writer.TryWrite(new Predicted(endpoint, entry, shadow)))
            return true;
        endpoint.InFlight.TryRemove(entry.Id, out _);
        endpoint.Drop(1);
        return false;
    }

    public async Task WaitForRoom(int rows, CancellationToken ct)
    {
        var needed = Math.Min(rows, options.QueueCapacity / 2);
        var began = Stopwatch.GetTimestamp();
        while (options.QueueCapacity - _queue.Reader.Count < needed && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10))
            await Task.Delay(5, ct);
    }

    public ValueTask Append(EndpointLog endpoint, IReadOnlyList<StoredLabel> labels, CancellationToken ct) => _queue.Writer.WriteAsync(new Labelled(endpoint, labels), ct);

    public ValueTask Append(EndpointLog endpoint, ClockEntry entry, CancellationToken ct) => _queue.Writer.WriteAsync(new Ticked(endpoint, entry), ct);

    /// <summary>Returns when everything queued before is on disk and folded, and with <paramref name="commit"/> also in the tables.</summary>
    public async Task Flush(bool commit, CancellationToken ct)
    {
        var barrier = new Barrier(commit, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await _queue.Writer.WriteAsync(barrier, ct);
        await barrier.Done.Task.WaitAsync(ct);
    }

    /// <summary>Closes the segment that is written now; on return all of it is in the tables.</summary>
    public async Task Roll(EndpointLog endpoint, CancellationToken ct)
    {
        await _queue.Writer.WriteAsync(new Rolled(endpoint), ct);
        await Flush(commit: true, ct);
    }

    /// <summary>Lets go of predictions that were deleted.</summary>
    public async Task Forget(IEnumerable<string> ids, CancellationToken ct)
    {
        await _queue.Writer.WriteAsync(new Forgotten([.. ids]), ct);
        await Flush(commit: false, ct);
    }

    /// <summary>The logs of all endpoints.</summary>
    public IReadOnlyCollection<EndpointLog> All => [.. _logs.Values];

    private async Task<EndpointLog> Create(EndpointKey key, int id, EndpointClock clock, long latenessMs, CancellationToken ct)
    {
        var created = new EndpointLog(key, id, Path.Combine(data.Predictions, key.WorkspaceId.ToString(System.Globalization.CultureInfo.InvariantCulture), key.Name), reader) { Clock = clock, LatenessMs = latenessMs };
        (created.Secret, created.Rules) = await parts.Settings(created, ct);
        return created;
    }

    private async Task Run()
    {
        var batch = new LogBatch(store, _folds, options, time, log);
        Predicted? held = null;
        Task<bool>? more = null;
        var committed = Stopwatch.GetTimestamp();
        while (true)
        {
            var barriers = new List<Barrier>();
            try
            {
                var began = Stopwatch.GetTimestamp();
                while (batch.Count < options.CommitAfter && barriers.Count == 0)
                {
                    Work? work = held;
                    held = null;
                    if (work is null && !_queue.Reader.TryRead(out work))
                    {
                        // An empty queue: wait for more, but no longer than the records at hand may wait for the disk.
                        var patience = batch.Count > 0 ? options.Linger - Stopwatch.GetElapsedTime(began) : options.CommitEvery;
                        more ??= _queue.Reader.WaitToReadAsync().AsTask();
                        if (patience <= TimeSpan.Zero || !await Done(more, patience))
                            break;
                        var open = await more;
                        more = null;
                        if (!open)
                        {
                            batch.Write();
                            await batch.Commit(_logs.Values);
                            return;
                        }

                        continue;
                    }

                    switch (work)
                    {
                        case Predicted { Shadow: { IsCompleted: false } shadow } waiting when !await Done(shadow, options.Linger):
                            // The caller has its answer; the record waits for the copy's, but lets what came before go to disk.
                            held = waiting;
                            batch.Write();
                            break;
                        case Predicted(var endpoint, var entry, var shadow):
                            await batch.Add(endpoint, shadow is null ? entry : entry with { Shadow = await shadow });
                            break;
                        case Labelled(var endpoint, var labels):
                            await batch.Add(endpoint, labels);
                            break;
                        case Ticked(var endpoint, var clock):
                            batch.Add(endpoint, clock);
                            break;
                        case Rolled(var endpoint):
                            batch.Roll(endpoint);
                            break;
                        case Forgotten(var ids):
                            batch.Forget(ids);
                            break;
                        case Barrier barrier:
                            barriers.Add(barrier);
                            break;
                    }
                }

                batch.AddIdleTicks(_logs.Values);
                batch.Write();
                if (barriers.Exists(b => b.Commit) || batch.Uncommitted >= options.CommitAfter || (batch.Uncommitted > 0 && Stopwatch.GetElapsedTime(committed) >= options.CommitEvery))
                {
                    await batch.Commit(_logs.Values);
                    committed = Stopwatch.GetTimestamp();
                }

                foreach (var barrier in barriers)
                    barrier.Done.SetResult();
            }
            catch (Exception e)
            {
                // A database that refuses (disk full) must not end the log: the files have the entries, the next commit tries again.
                log.LogError(e, "The prediction log could not commit and will try again");
                foreach (var barrier in barriers)
                    barrier.Done.TrySetException(e);
                await Task.Delay(options.CommitEvery);
            }
        }
    }

    private static async Task<bool> Done(Task task, TimeSpan within)
    {
        await task.WaitAsync(within).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }
}
