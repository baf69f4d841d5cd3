using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Holdfast.Predictions;

/// <summary>What the writer has taken from the queue and not yet put on disk, and the two steps that follow: write, commit.</summary>
internal sealed class LogBatch(PredictionStore store, FoldSet folds, PredictionOptions options, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(1);
    private readonly List<(EndpointLog Log, LogEntry Entry)> _entries = [];
    private readonly Dictionary<EndpointLog, Part> _parts = [];
    private readonly RecentPredictions _recent = new(options.Recent);
    private DateTimeOffset _idleSeen;

    /// <summary>The lines of one endpoint.</summary>
    private sealed class Part
    {
        public Part() => Json = LogLine.Writer(Buffer);

        public ArrayBufferWriter<byte> Buffer { get; } = new(1 << 14);

        public Utf8JsonWriter Json { get; }

        public LinePlace Start { get; set; }

        public List<(long Seq, LogEntry Entry, LinePlace Place)> Lines { get; } = [];
    }

    /// <summary>Entries not yet on disk.</summary>
    public int Count => _entries.Count;

    /// <summary>Entries on disk and not yet in the tables.</summary>
    public int Uncommitted { get; private set; }

    public async Task Add(EndpointLog endpoint, PredictionEntry entry)
    {
        _recent.Add(entry);
        Line(endpoint, entry);
        if (!endpoint.Awaited.Remove(entry.Id, out var labels))
            return;
        Volatile.Write(ref endpoint.AwaitedCount, endpoint.Awaited.Count);
        await Add(endpoint, labels);
    }

    public async Task Add(EndpointLog endpoint, IReadOnlyList<StoredLabel> labels)
    {
        var older = await Older(endpoint, labels);
        foreach (var label in labels)
        {
            if ((_recent.Find(label.PredictionId) ?? older.GetValueOrDefault(label.PredictionId)) is { } prediction)
                Line(endpoint, new LabelEntry(label.At, label.PredictionId, label.Value, label.Seq, prediction));
            else
                Await(endpoint, label);
        }
    }

    public void Add(EndpointLog endpoint, ClockEntry entry)
    {
        // A repeated call may come after others have moved the clock on; time never goes back.
        if (entry.At.ToUnixTimeMilliseconds() > (endpoint.HighAt ?? long.MinValue))
            Line(endpoint, entry);
    }

    /// <summary>On wall clocks time passes without traffic: once a minute in the first hour, then every quarter.</summary>
    public void AddIdleTicks(ICollection<EndpointLog> logs)
    {
        var now = time.GetUtcNow();
        if (now - _idleSeen < TimeSpan.FromSeconds(1))
            return;
        _idleSeen = now;
        foreach (var endpoint in logs)
        {
            if (endpoint.Clock != EndpointClock.Wall || endpoint.HighAt is null)
                continue;
            if (endpoint.LastTrafficAt == default)
                endpoint.LastTrafficAt = endpoint.LastEntryAt = now;
            var every = now - endpoint.LastTrafficAt < TimeSpan.FromHours(1) ? IdleAfter : TimeSpan.FromMinutes(15);
            if (now - endpoint.LastEntryAt >= every)
                Add(endpoint, new ClockEntry(DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()), "idle"));
        }
    }

    /// <summary>Puts the lines on disk, waits for it, and then folds the entries in order.</summary>
    public void Write()
    {
        if (_entries.Count == 0)
            return;
        var lost = new HashSet<EndpointLog>();
        foreach (var (endpoint, part) in _parts.Where(p => p.Value.Lines.Count > 0))
        {
            try
            {
                endpoint.Files.Append(part.Buffer.WrittenSpan);
                foreach (var (seq, entry, place) in part.Lines)
                    endpoint.Written(seq, entry, place);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogError(e, "The log of {Endpoint} cannot be written; {Entries} entries are dropped", endpoint.Key, part.Lines.Count);
                lost.Add(endpoint);
                endpoint.NextSeq = part.Lines[0].Seq;
                foreach (var line in part.Lines)
                    Lose(endpoint, line.Entry);
            }

            part.Buffer.ResetWrittenCount();
            part.Lines.Clear();
        }

        Fold(lost);
        Uncommitted += _entries.Count;
        _entries.Clear();
    }

    /// <summary>Brings tables and fold states up to what is on disk.</summary>
    public async Task Commit(ICollection<EndpointLog> logs)
    {
        foreach (var endpoint in logs.Where(l => l.Dirty))
        {
            await store.Commit(endpoint, endpoint.NextSeq - 1, folds.Save(endpoint));
            endpoint.Committed();
        }

        Uncommitted = 0;
    }

    /// <summary>Closes the segment that is written now; what is gathered is written first.</summary>
    public void Roll(EndpointLog endpoint)
    {
        Write();
        endpoint.Files.Roll(endpoint.NextSeq, time.GetUtcNow());
    }

    /// <summary>Lets go of predictions that were deleted, so that no label finds them any more.</summary>
    public void Forget(IEnumerable<string> ids)
    {
        foreach (var id in ids)
            _recent.Remove(id);
    }

    private void Fold(HashSet<EndpointLog> lost)
    {
        var now = time.GetUtcNow();
        foreach (var (endpoint, entry) in _entries)
        {
            if (lost.Contains(endpoint))
                continue;
            endpoint.LastEntryAt = now;
            if (entry is not ClockEntry)
                endpoint.LastTrafficAt = now;
            if (entry is PredictionEntry)
                Interlocked.Increment(ref endpoint.Logged);
            folds.Begin(endpoint);
            folds.Apply(endpoint, entry);
        }
    }

    private bool Prepare(EndpointLog endpoint, Part part)
    {
        try
        {
            part.Start = endpoint.Files.Prepare(endpoint.NextSeq, options.SegmentBytes, time.GetUtcNow());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError(e, "No segment can be opened for the log of {Endpoint}", endpoint.Key);
            return false;
        }
    }

    /// <summary>A label that is lost here stays open in its table and comes back at the next start; a prediction is gone, and counted.</summary>
    private void Lose(EndpointLog endpoint, LogEntry entry)
    {
        if (entry is not PredictionEntry prediction)
            return;
        _recent.Remove(prediction.Id);
        endpoint.InFlight.TryRemove(prediction.Id, out _);
        endpoint.Drop(1);
    }

    private void Line(EndpointLog endpoint, LogEntry entry)
    {
        if (!_parts.TryGetValue(endpoint, out var part))
            _parts.Add(endpoint, part = new Part());
        if (part.Lines.Count == 0 && !Prepare(endpoint, part))
        {
            Lose(endpoint, entry);
            return;
        }

        var seq = endpoint.NextSeq++;
        var offset = part.Buffer.WrittenCount;
        part.Json.Reset(part.Buffer);
        LogLine.Write(part.Json, seq, entry);
        var length = part.Buffer.WrittenCount - offset;
        part.Buffer.Write("\n"u8);
        part.Lines.Add((seq, entry, new LinePlace(part.Start.Segment, part.Start.Offset + offset, length)));
        _entries.Add((endpoint, entry));
    }

    private async Task<Dictionary<string, PredictionEntry>> Older(EndpointLog endpoint, IReadOnlyList<StoredLabel> labels)
    {
        var missing = labels.Select(l => l.PredictionId).Where(id => _recent.Find(id) is null).ToHashSet(StringComparer.Ordinal);
        if (missing.Count == 0)
            return [];
        var places = await store.Places(endpoint, missing, CancellationToken.None);
        return (await endpoint.ReadAt([.. places.Values.OrderBy(p => p.Seq)], CancellationToken.None)).OfType<PredictionEntry>().ToDictionary(e => e.Id, StringComparer.Ordinal);
    }

    private static void Await(EndpointLog endpoint, StoredLabel label)
    {
        if (!endpoint.Awaited.TryGetValue(label.PredictionId, out var labels))
            endpoint.Awaited.Add(label.PredictionId, labels = []);
        labels.Add(label);
        Volatile.Write(ref endpoint.AwaitedCount, endpoint.Awaited.Count);
    }

    /// <summary>The newest predictions by id. More than a commit's worth, so that what is not here is in the index.</summary>
    private sealed class RecentPredictions(int capacity)
    {
        private readonly Dictionary<string, PredictionEntry> _byId = new(StringComparer.Ordinal);
        private readonly Queue<string> _order = new();

        public PredictionEntry? Find(string id) => _byId.GetValueOrDefault(id);

        public void Remove(string id) => _byId.Remove(id);

        public void Add(PredictionEntry entry)
        {
            _byId[entry.Id] = entry;
            _order.Enqueue(entry.Id);
            while (_order.Count > capacity)
                _byId.Remove(_order.Dequeue());
        }
    }
}
