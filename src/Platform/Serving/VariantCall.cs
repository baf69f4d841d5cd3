using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>
/// One call of a backend on another thread, that whoever asked need not wait for longer than its time. Calls are used again, and one
/// timer looks after all of them: a task and a timer for each would cost more than a small model.
/// </summary>
internal sealed class VariantCall : IThreadPoolWorkItem, IValueTaskSource<string?>
{
    /// <summary>The answer of a call that did not end in its time; this very text.</summary>
    public static readonly string TimedOut = new(['t', 'i', 'm', 'e', 'o', 'u', 't']);

    private const long Ended = 0;
    private const long Late = -1;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    // Every call that was ever made: as many as ran at once.
    private static readonly ConcurrentBag<VariantCall> _all = [];
    private static readonly ConcurrentBag<VariantCall> _idle = [];
    private static readonly Timer _watch = new(_ => Watch(), null, Timeout.Infinite, Timeout.Infinite);
    private static int _running;
    private static int _watching;
    private ManualResetValueTaskSourceCore<string?> _answer;
    // When its time is over, while it runs; else how it ended.
    private long _until;
    private Func<FeatureRows, Outcome[], string?> _run = null!;
    private Action _cameBack = null!;
    // The caller and the thread that runs it: when both are done it is free again.
    private int _parties;
    private FeatureRows _rows = null!;
    private Outcome[] _outcomes = null!;

    /// <summary>Starts a call; its result is what <paramref name="run"/> says, or <see cref="TimedOut"/>. Then <paramref name="cameBack"/> is called when it ends after all.</summary>
    public static ValueTask<string?> Start(Func<FeatureRows, Outcome[], string?> run, FeatureRows rows, Outcome[] outcomes, TimeSpan timeout, Action cameBack)
    {
        if (!_idle.TryTake(out var call))
            _all.Add(call = new VariantCall());
        (call._run, call._rows, call._outcomes, call._cameBack) = (run, rows, outcomes, cameBack);
        call._parties = 2;
        Volatile.Write(ref call._until, Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency));
        Interlocked.Increment(ref _running);
        if (Interlocked.Exchange(ref _watching, 1) == 0)
            _watch.Change(Look, Timeout.InfiniteTimeSpan);
        var answer = new ValueTask<string?>(call, call._answer.Version);
        ThreadPool.UnsafeQueueUserWorkItem(call, preferLocal: true);
        return answer;
    }

    void IThreadPoolWorkItem.Execute()
    {
        var error = _run(_rows, _outcomes);
        var until = Volatile.Read(ref _until);
        if (until != Late && Interlocked.CompareExchange(ref _until, Ended, until) == until)
        {
            Interlocked.Decrement(ref _parties);
            _answer.SetResult(error);
        }
        else
        {
            _cameBack();
            LetGo();
        }
    }

    string? IValueTaskSource<string?>.GetResult(short token)
    {
        var error = _answer.GetResult(token);
        Interlocked.Decrement(ref _running);
        LetGo();
        return error;
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _parties) > 0)
            return;
        (_rows, _outcomes) = (null!, null!);
        _answer.Reset();
        _idle.Add(this);
    }

    ValueTaskSourceStatus IValueTaskSource<string?>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<string?>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _answer.OnCompleted(continuation, state, token, flags);

    private static void Watch()
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var call in _all)
        {
            var until = Volatile.Read(ref call._until);
            // Of a call that has ended and begun again in between the time is another, so it is not taken for this one.
            if (until > 0 && until < now && Interlocked.CompareExchange(ref call._until, Late, until) == until)
                ThreadPool.UnsafeQueueUserWorkItem(static c => c._answer.SetResult(TimedOut), call, preferLocal: false);
        }

        Interlocked.Exchange(ref _watching, 0);
        if (Volatile.Read(ref _running) > 0 && Interlocked.Exchange(ref _watching, 1) == 0)
            _watch.Change(Look, Timeout.InfiniteTimeSpan);
    }
}
