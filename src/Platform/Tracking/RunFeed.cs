using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Tracking;

/// <summary>
/// Tells listeners of this process which runs changed: points, states, tags, deletion. Not through the Journal, which high-volume
/// data would flood; so with several replicas a listener hears what its own replica wrote, and reads again now and then for the rest.
/// </summary>
public sealed class RunFeed
{
    private const int Most = 500;
    private readonly ConcurrentDictionary<Listener, bool> _listeners = new();
    private int _count;

    /// <summary>Whether anybody listens: a writer asks this first, so that nobody pays for an audience of none.</summary>
    internal bool Heard => Volatile.Read(ref _count) > 0;

    /// <summary>
    /// What changed since the last message, at most one message in <paramref name="calm"/>; an empty one at first, when the listener
    /// hears from here on, and after each <paramref name="silence"/>.
    /// </summary>
    public async IAsyncEnumerable<RunNews> Listen(Principal p, TimeSpan calm, TimeSpan silence, TimeProvider time, [EnumeratorCancellation] CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var own = new Listener(p.WorkspaceId);
        _listeners[own] = true;
        Interlocked.Increment(ref _count);
        try
        {
            yield return new RunNews([]);
            while (!ct.IsCancellationRequested)
            {
                await Task.WhenAny(own.Next, Task.Delay(silence, time, ct));
                yield return own.Take();
                await Task.Delay(calm, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            _listeners.TryRemove(own, out _);
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>Ends at the next change of one run.</summary>
    public async Task Next(Principal p, string runId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var own = new Listener(p.WorkspaceId, runId);
        _listeners[own] = true;
        Interlocked.Increment(ref _count);
        try
        {
            await own.Next.WaitAsync(ct);
        }
        finally
        {
            _listeners.TryRemove(own, out _);
            Interlocked.Decrement(ref _count);
        }
    }

    internal void Tell(int workspaceId, string runId)
    {
        foreach (var (listener, _) in _listeners)
        {
            if (listener.Hears(workspaceId, runId))
                listener.Add(runId);
        }
    }

    private sealed class Listener(int workspaceId, string? only = null)
    {
        private readonly Lock _gate = new();
        private HashSet<string> _runs = new(StringComparer.Ordinal);
        private TaskCompletionSource _next = Fresh();
        private bool _many;

        public bool Hears(int workspace, string run) => workspace == workspaceId && (only is null || only == run);

        public Task Next
        {
            get
            {
                lock (_gate)
                    return _next.Task;
            }
        }

        public void Add(string run)
        {
            lock (_gate)
            {
                _many |= _runs.Count >= Most && !_runs.Contains(run);
                if (!_many)
                    _runs.Add(run);
                _next.TrySetResult();
            }
        }

        public RunNews Take()
        {
            lock (_gate)
            {
                var news = new RunNews([.. _runs], _many);
                (_runs, _many, _next) = (new HashSet<string>(StringComparer.Ordinal), false, Fresh());
                return news;
            }
        }

        private static TaskCompletionSource Fresh() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
