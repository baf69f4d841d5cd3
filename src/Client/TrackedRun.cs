using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Holdfast.Tracking;

namespace Holdfast.Client;

/// <summary>
/// A run that training code writes to. Safe for concurrent use. No method waits for the server or throws because of it;
/// <see cref="Flush"/> waits until all is acknowledged or lies on disk. Disposing ends the run.
/// </summary>
public sealed class TrackedRun : IDisposable, IAsyncDisposable
{
    private const int MostOutput = 32 << 10;
    private static readonly ConcurrentDictionary<TrackedRun, bool> _open = new();
    private static readonly Lazy<IDisposable[]> _signals = new(Listen);
    private readonly ConcurrentDictionary<string, long> _steps = new(StringComparer.Ordinal);
    private readonly RunSender _sender;
    private readonly TrackOptions _options;
    private readonly bool _owns;
    private int _closed;
    private int _status = (int)RunStatus.Finished;
    private long _console;

    internal TrackedRun(string id, TrackOptions options, IReadOnlyList<SpoolLine> first, bool owns)
    {
        (Id, _options, _owns, _sender) = (id, options, owns, new RunSender(id, options, owns));
        foreach (var line in first)
            _sender.Add(new Queued(Line: line));
        foreach (var (key, value) in options.Params ?? new Dictionary<string, string>())
            LogParam(key, value);
        if (!owns || first is [{ Op: "resume" }])
        {
            foreach (var (key, value) in options.Tags ?? new Dictionary<string, string>())
                SetTag(key, value);
        }

        if (!options.EndWithProgram)
            return;
        _open[this] = true;
        _ = _signals.Value;
    }

    /// <summary>The run's id; known before the server knows the run.</summary>
    public string Id { get; }

    /// <summary>What became of the values so far.</summary>
    public TrackCounts Counts => _sender.Counts;

    /// <summary>Logs one value of a metric.</summary>
    /// <param name="key">Name of the metric, such as <c>val/loss</c>.</param>
    /// <param name="value">May be NaN or infinite.</param>
    /// <param name="step">Where in the training; null counts 0, 1, 2, … for each metric.</param>
    public void Log(string key, double value, long? step = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        _sender.Add(new Queued(Metric: new MetricPoint(key, value, _options.Time.GetUtcNow(), Step(key, step))));
    }

    /// <summary>Logs values of several metrics at one step and time.</summary>
    /// <param name="values">By name.</param>
    /// <param name="step">Where in the training; null counts 0, 1, 2, … for each metric.</param>
    public void Log(IEnumerable<KeyValuePair<string, double>> values, long? step = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        var now = _options.Time.GetUtcNow();
        foreach (var (key, value) in values)
            _sender.Add(new Queued(Metric: new MetricPoint(key, value, now, Step(key, step))));
    }

    /// <summary>Logs an input of the training. A parameter that is set cannot change: another value is refused by the server and counted.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="value">Written in the invariant culture; null is the empty text.</param>
    public void LogParam(string key, object? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        _sender.Add(new Queued(Param: new Param(key, Text(value))));
    }

    /// <summary>Logs inputs of the training.</summary>
    /// <param name="values">By name.</param>
    public void LogParams(IEnumerable<KeyValuePair<string, object?>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var (key, value) in values)
            LogParam(key, value);
    }

    /// <summary>Sets a tag; again replaces it.</summary>
    /// <param name="key">Name of the tag.</param>
    /// <param name="value">Its value.</param>
    public void SetTag(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        _sender.Add(new Queued(Tag: new Tag(key, value)));
    }

    /// <summary>Sets the run's note.</summary>
    /// <param name="markdown">At most 8,000 characters.</param>
    public void Note(string markdown) => SetTag("mlflow.note.content", markdown);

    /// <summary>Records data that the run reads.</summary>
    /// <param name="input">Name, digest and source; a dataset version has the source type <c>holdfast</c> and the source <c>credit@v3</c>.</param>
    public void LogInput(RunInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _sender.Add(new Queued(Line: new SpoolLine("inputs", Inputs: [input])));
    }

    /// <summary>Records a dataset version that the run reads.</summary>
    /// <param name="reference">Such as <c>credit@v3</c>.</param>
    /// <param name="context">What for, such as <c>training</c>.</param>
    public void LogDataset(string reference, string context = "training")
    {
        ArgumentException.ThrowIfNullOrEmpty(reference);
        LogInput(new RunInput(reference.Split('@')[0], reference.Split('@')[^1], "holdfast", reference, Context: context));
    }

    /// <summary>Stores a file. It is read in the background, so leave it as it is until <see cref="Flush"/> or the end of the run.</summary>
    /// <param name="file">A local file.</param>
    /// <param name="path">Its path among the artifacts, with forward slashes; the file's name when null.</param>
    public void LogArtifact(string file, string? path = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        _sender.Add(new Queued(Line: new SpoolLine("file", Path: path ?? Path.GetFileName(file), File: Path.GetFullPath(file))));
    }

    /// <summary>Stores all files below a folder.</summary>
    /// <param name="folder">A local folder.</param>
    /// <param name="path">Folder among the artifacts; the root when null.</param>
    public void LogArtifacts(string folder, string? path = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            LogArtifact(file, (path is null ? "" : path.TrimEnd('/') + "/") + Path.GetRelativePath(folder, file).Replace('\\', '/'));
    }

    /// <summary>Adds output to the run's console.</summary>
    /// <param name="text">As it was written.</param>
    /// <param name="stderr">Whether it was written to standard error.</param>
    public void LogOutput(string text, bool stderr = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var (begin, end) = (0, 0); begin < text.Length; begin = end)
        {
            end = Math.Min(text.Length, begin + MostOutput);
            // A character of two halves stays whole.
            if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
                end--;
            var piece = new ConsolePiece(Interlocked.Increment(ref _console), _options.Time.GetUtcNow(), stderr ? "stderr" : "stdout", text[begin..end]);
            _sender.Add(new Queued(Line: new SpoolLine("console", Console: new ConsoleBatch(Source, [piece]))));
        }
    }

    /// <summary>Waits until all that was logged before is acknowledged by the server or lies on disk.</summary>
    /// <param name="ct">Ends the waiting, not the sending.</param>
    public Task Flush(CancellationToken ct = default) => _sender.Flush(ct);

    /// <summary>Says that the run failed; it ends when it is disposed.</summary>
    /// <param name="cause">Kept as the tag <c>holdfast.error</c>.</param>
    public void Fail(Exception? cause = null)
    {
        if (cause is not null)
            SetTag("holdfast.error", $"{cause.GetType().Name}: {cause.Message}");
        Interlocked.Exchange(ref _status, (int)RunStatus.Failed);
    }

    /// <summary>Ends the run with a status.</summary>
    /// <param name="status"><see cref="RunStatus.Finished"/>, <see cref="RunStatus.Failed"/> or <see cref="RunStatus.Killed"/>.</param>
    public Task End(RunStatus status)
    {
        Interlocked.Exchange(ref _status, (int)status);
        return Close(_options.CloseWithin);
    }

    /// <summary>Ends the run, finished unless <see cref="Fail"/> was called; waits at most <see cref="TrackOptions.CloseWithin"/> for the server.</summary>
    public ValueTask DisposeAsync() => new(Close(_options.CloseWithin));

    /// <inheritdoc cref="DisposeAsync" />
    public void Dispose() => Close(_options.CloseWithin).GetAwaiter().GetResult();

    private string Source { get; } = Guid.CreateVersion7().ToString("N");

    private async Task Close(TimeSpan within)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 1)
            return;
        _open.TryRemove(this, out _);
        if (_sender.Counts.Dropped is > 0 and var dropped)
            SetTag("holdfast.client.dropped", Text(dropped));
        if (_owns)
            _sender.Add(new Queued(Line: new SpoolLine("end", End: new SpoolEnd((RunStatus)_status, _options.Time.GetUtcNow()))));
        await _sender.Close(within).ConfigureAwait(false);
    }

    private long Step(string key, long? given) => _steps.AddOrUpdate(key, given ?? 0, (_, last) => given ?? last + 1);

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    // A program that crashes, is stopped or forgets to dispose still ends its runs, with a few seconds for it.
    private static IDisposable[] Listen()
    {
        AppDomain.CurrentDomain.UnhandledException += (_, e) => EndAll(RunStatus.Failed, e.ExceptionObject as Exception);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => EndAll(Environment.ExitCode == 0 ? RunStatus.Finished : RunStatus.Failed, null);
        return
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => EndAll(RunStatus.Killed, null)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => EndAll(RunStatus.Killed, null)),
        ];
    }

    private static void EndAll(RunStatus status, Exception? cause)
    {
        foreach (var run in _open.Keys)
        {
            // A run under the command line is ended by the command.
            if (cause is not null)
                run.Fail(cause);
            Interlocked.Exchange(ref run._status, (int)status);
            run.Close(TimeSpan.FromSeconds(5)).GetAwaiter().GetResult();
        }
    }
}
