using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Holdfast.Contracts;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>What became of the values of a run.</summary>
/// <param name="Logged">Values that were given.</param>
/// <param name="Sent">Values that the server acknowledged.</param>
/// <param name="Spooled">Values that wait on disk.</param>
/// <param name="Dropped">Values that came while the queue was full.</param>
/// <param name="Refused">Values that the server will never take, such as a parameter that changes.</param>
public sealed record TrackCounts(long Logged, long Sent, long Spooled, long Dropped, long Refused);

/// <summary>One value on its way.</summary>
internal readonly record struct Queued(MetricPoint? Metric = null, Param? Param = null, Tag? Tag = null, SpoolLine? Line = null, TaskCompletionSource? Flushed = null);

/// <summary>The background half of a run: gathers, sends, and spools while the server is away.</summary>
internal sealed class RunSender : IDisposable
{
    private const int MaxMetrics = 900;
    private const int MaxOthers = 50;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private readonly Channel<Queued> _queue = Channel.CreateUnbounded<Queued>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TrackOptions _options;
    private readonly Transport _transport;
    private readonly string _runId;
    private readonly bool _owns;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Task _work;
    private SpoolFile? _spool;
    private bool _broken;
    private volatile bool _closing;
    private long _flushes;
    private TimeSpan _pause = FirstPause;
    private long _away;
    private long _warned = long.MinValue;
    private long _logged;
    private long _pending;
    private long _sent;
    private long _spooled;
    private long _dropped;
    private long _refused;

    public RunSender(string runId, TrackOptions options, bool owns)
    {
        (_runId, _options, _owns, _transport) = (runId, options, owns, options.Connect());
        _work = Task.Run(Work);
    }

    public TrackCounts Counts => new(Interlocked.Read(ref _logged), Interlocked.Read(ref _sent), Interlocked.Read(ref _spooled), Interlocked.Read(ref _dropped), Interlocked.Read(ref _refused));

    /// <summary>Takes a value; never waits. Metrics are dropped at the capacity, all else at twice of it.</summary>
    public void Add(Queued value)
    {
        Interlocked.Increment(ref _logged);
        var limit = value.Metric is null ? 2L * _options.Capacity : _options.Capacity;
        if (Interlocked.Read(ref _pending) >= limit || !_queue.Writer.TryWrite(value))
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        Interlocked.Increment(ref _pending);
    }

    /// <summary>Ends once all that was added before is acknowledged by the server or lies on disk.</summary>
    public Task Flush(CancellationToken ct)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _pending);
        Interlocked.Increment(ref _flushes);
        return _queue.Writer.TryWrite(new Queued(Flushed: flushed)) ? flushed.Task.WaitAsync(ct) : _work.WaitAsync(ct);
    }

    /// <summary>Nothing more comes; ends when all is sent or spooled.</summary>
    public async Task Close(TimeSpan within)
    {
        _closing = true;
        _queue.Writer.TryComplete();
        if (!_work.IsCompleted)
            _giveUp.CancelAfter(within);
        await _work;
        Dispose();
    }

    public void Dispose()
    {
        _transport.Dispose();
        _giveUp.Dispose();
    }

    private async Task Work()
    {
        var gathered = new Gathered();
        try
        {
            while (await Wait())
            {
                while (_queue.Reader.TryRead(out var value))
                {
                    Interlocked.Decrement(ref _pending);
                    if (value.Line is null && value.Flushed is null)
                    {
                        gathered.Add(value);
                        if (!gathered.Full)
                            continue;
                    }

                    foreach (var line in gathered.Take())
                        await Deliver(line);
                    if (value.Line is { } own)
                        await Deliver(own);
                    if (value.Flushed is null)
                        continue;
                    Interlocked.Decrement(ref _flushes);
                    value.Flushed.TrySetResult();
                }

                foreach (var line in gathered.Take())
                    await Deliver(line);
            }

            await Replay(toTheEnd: true);
        }
        catch (Exception e)
        {
            // Whatever it is, the training goes on.
            _broken = true;
            Warn($"The run {_runId} is not tracked any more: {e.Message}");
            while (_queue.Reader.TryRead(out var value))
            {
                Interlocked.Increment(ref _dropped);
                value.Flushed?.TrySetException(e);
            }
        }
        finally
        {
            _queue.Writer.TryComplete();
            if (Interlocked.Read(ref _dropped) is > 0 and var dropped)
                Warn($"{dropped} values of the run {_runId} were dropped: they came faster than they could be sent.", always: true);
            if (_spool is not null)
            {
                if (!_broken)
                    Warn($"{Interlocked.Read(ref _spooled)} values of the run {_runId} wait in {_spool.Path}; send them with: holdfast sync", always: true);
                _spool.Save();
                _spool.Dispose();
            }
        }
    }

    // Values are given the time to gather, unless a flush or the end waits for them.
    private async Task<bool> Wait()
    {
        if (!await _queue.Reader.WaitToReadAsync())
            return false;
        var began = Stopwatch.GetTimestamp();
        while (Interlocked.Read(ref _pending) < MaxMetrics && !_queue.Reader.Completion.IsCompleted && Stopwatch.GetElapsedTime(began) < _options.SendEvery)
        {
            if (_queue.Reader.TryPeek(out var first) && (first.Line is not null || first.Flushed is not null))
                break;
            if (_closing || Interlocked.Read(ref _flushes) > 0)
                break;
            await Task.Delay(10);
        }

        return true;
    }

    private async Task Deliver(SpoolLine line)
    {
        if (_spool is not null)
            await Replay(toTheEnd: false);
        if (_spool is null && await Send(line))
            return;
        Keep(line);
    }

    // True: told or refused for good. False: the server is away.
    private async Task<bool> Send(SpoolLine line)
    {
        for (var (pause, began) = (TimeSpan.FromMilliseconds(200), Stopwatch.GetTimestamp()); ; pause *= 2)
        {
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_giveUp.Token);
                if (line.Op != "file")
                    limit.CancelAfter(_options.Patience + TimeSpan.FromSeconds(5));
                await RunWriter.Tell(_transport, _runId, line, "", limit.Token);
                Interlocked.Add(ref _sent, line.Count);
                return true;
            }
            catch (Exception e) when (e is HoldfastException known ? RunWriter.Refuses(known) : e is ArgumentException or JsonException or InvalidOperationException)
            {
                // The last three: a text that JSON cannot hold, such as half a character.
                if (line.Halves() is var (first, second))
                    return await Send(first) && await Send(second);
                Interlocked.Add(ref _refused, line.Count);
                Warn($"The server refused a value of the run {_runId}: {e.Message}");
                return true;
            }
            catch (Exception e) when (e is HoldfastException or HttpRequestException or IOException or OperationCanceledException)
            {
                var temporary = e is not HoldfastException { Code: not (ErrorCode.Unavailable or ErrorCode.Timeout or ErrorCode.Internal) };
                if (!temporary || _giveUp.IsCancellationRequested || Stopwatch.GetElapsedTime(began) + pause > _options.Patience)
                {
                    Warn($"The run {_runId} goes to the spool: {e.Message}");
                    return false;
                }

                await Task.Delay(pause);
            }
        }
    }

    private void Keep(SpoolLine line)
    {
        if (_spool is null)
        {
            _spool = SpoolFile.Create(_options.SpoolFolder, _runId, _options.Time);
            // What sync needs to know where the lines belong, also when the start itself was told.
            _spool.Append(new SpoolLine("server", Start: new SpoolStart(_options.Address.GetLeftPart(UriPartial.Authority), _options.Workspace, "", new NewRun(""), _owns)));
            (_away, _pause) = (Stopwatch.GetTimestamp(), FirstPause);
        }

        try
        {
            _spool.Append(line);
            Interlocked.Add(ref _spooled, line.Count);
        }
        catch (Exception e) when (line.Op == "file" && e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _refused, 1);
            Warn($"The file {line.File} cannot be kept: {e.Message}");
        }
    }

    // From time to time, and at the end, the spool is told; while values wait for their turn it is put off again.
    private async Task Replay(bool toTheEnd)
    {
        if (_spool is null || _giveUp.IsCancellationRequested || (!toTheEnd && Stopwatch.GetElapsedTime(_away) < _pause))
            return;
        while (_spool.Next() is var (line, end))
        {
            if (!toTheEnd && Interlocked.Read(ref _pending) > _options.Capacity / 2)
                return;
            try
            {
                if (line.Op != "server")
                    await RunWriter.Tell(_transport, _runId, line, _spool.Folder, _giveUp.Token);
            }
            catch (HoldfastException e) when (RunWriter.Refuses(e))
            {
                _spool.Refused(line, e.Message);
                Interlocked.Add(ref _refused, line.Count);
            }
            catch (Exception e) when (e is HoldfastException or HttpRequestException or IOException or OperationCanceledException)
            {
                (_away, _pause) = (Stopwatch.GetTimestamp(), TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, LongestPause.Ticks)));
                return;
            }

            _spool.Told(end);
            if (line.Op != "server")
            {
                Interlocked.Add(ref _spooled, -line.Count);
                Interlocked.Add(ref _sent, line.Count);
            }
        }

        _spool.Delete();
        _spool.Dispose();
        _spool = null;
    }

    private void Warn(string text, bool always = false)
    {
        var now = Stopwatch.GetTimestamp();
        if (!always && _warned != long.MinValue && Stopwatch.GetElapsedTime(_warned, now) < TimeSpan.FromSeconds(1))
            return;
        _warned = now;
        try
        {
            if (_options.Warn is { } told)
                told(text);
            else
                Console.Error.WriteLine("holdfast: " + text);
        }
        catch (Exception)
        {
            // A listener's fault is not the run's.
        }
    }

    /// <summary>Values as batches that the server takes. Parameters and tags go apart from metrics, so that a refused one takes none along.</summary>
    private sealed class Gathered
    {
        private readonly List<MetricPoint> _metrics = [];
        private readonly List<Param> _params = [];
        private readonly List<Tag> _tags = [];

        public bool Full => _metrics.Count >= MaxMetrics || _params.Count >= MaxOthers || _tags.Count >= MaxOthers;

        public void Add(Queued value)
        {
            if (value.Metric is { } metric)
                _metrics.Add(metric);
            if (value.Param is { } param)
                _params.Add(param);
            if (value.Tag is { } tag)
                _tags.Add(tag);
        }

        public List<SpoolLine> Take()
        {
            var lines = new List<SpoolLine>();
            if (_params.Count > 0)
                lines.Add(new SpoolLine("batch", Batch: new RunBatch(Params: [.. _params.Distinct()])));
            if (_tags.Count > 0)
                lines.Add(new SpoolLine("batch", Batch: new RunBatch(Tags: [.. _tags.GroupBy(t => t.Key).Select(g => g.Last())])));
            if (_metrics.Count > 0)
                lines.Add(new SpoolLine("batch", Batch: new RunBatch(Metrics: [.. _metrics])));
            _metrics.Clear();
            _params.Clear();
            _tags.Clear();
            return lines;
        }
    }
}
