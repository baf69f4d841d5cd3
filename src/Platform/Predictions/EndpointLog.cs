using System.Collections.Concurrent;

namespace Holdfast.Predictions;

/// <summary>A label as the table holds it.</summary>
internal sealed record StoredLabel(long Seq, string PredictionId, string Value, DateTimeOffset At);

/// <summary>One row of the index, for a line that is on disk.</summary>
internal sealed record IndexRow(long Seq, PredictionEntry Entry, LinePlace Place);

/// <summary>What the process knows of one endpoint's log. Fields without a word on threads belong to the writer's loop.</summary>
internal sealed class EndpointLog(EndpointKey key, int id, string folder, PartReader parts) : IDisposable
{
    private const int PageLines = 20_000;
    private long _watermark;
    private long _requests;
    private long _answered;
    private long _dropped;

    public EndpointKey Key => key;

    public int Id => id;

    /// <summary>Set by Declare, read anywhere.</summary>
    public volatile EndpointClock Clock;

    public long LatenessMs;

    public SegmentFiles Files { get; } = new(folder, key);

    /// <summary>What lies in Parquet. Set by the keeper, read anywhere.</summary>
    public volatile PartIndex Parts = PartIndex.Empty;

    /// <summary>Last sequence number that the tables hold. Any thread reads it.</summary>
    public long CommittedSeq;

    /// <summary>What of the requests is kept. Set by Declare, read anywhere.</summary>
    public volatile LogRules Rules = LogRules.Default;

    /// <summary>Key of the hashes that stand for values.</summary>
    public byte[] Secret = [];

    /// <summary>What became of the CloudEvents of this endpoint.</summary>
    public EventCounts Events { get; } = new();

    /// <summary>Sequence number of the next entry.</summary>
    public long NextSeq = 1;

    /// <summary>Highest event time of predictions and clock entries, in unix milliseconds; null before the first.</summary>
    public long? HighAt;

    /// <summary>Whether the folds hold this endpoint's state.</summary>
    public bool FoldsLoaded;

    /// <summary>On disk, not yet in the tables.</summary>
    public List<IndexRow> Unindexed { get; } = [];

    public List<(long LabelSeq, long LogSeq)> UnmarkedLabels { get; } = [];

    public bool Dirty;

    /// <summary>Stored labels whose prediction is not in the log, by its id.</summary>
    public Dictionary<string, List<StoredLabel>> Awaited { get; } = new(StringComparer.Ordinal);

    /// <summary>Accepted by the queue and not yet in the index; read by whoever takes labels.</summary>
    public ConcurrentDictionary<string, bool> InFlight { get; } = new(StringComparer.Ordinal);

    /// <summary>Wall time of the last entry and of the last one that was no tick, for the idle advance.</summary>
    public DateTimeOffset LastEntryAt;

    public DateTimeOffset LastTrafficAt;

    // Written by the loop, read anywhere.
    public long Logged;
    public long TotalPredictions;
    public long TotalLabels;
    public int AwaitedCount;

    /// <summary>Any thread.</summary>
    public DateTimeOffset Watermark => DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref _watermark));

    public void Advance(DateTimeOffset at)
    {
        var ms = at.ToUnixTimeMilliseconds();
        if (HighAt is { } high && ms <= high)
            return;
        HighAt = ms;
        Volatile.Write(ref _watermark, ms - Volatile.Read(ref LatenessMs));
    }

    /// <summary>Takes note of an entry that is on disk: what the next commit has to say of it.</summary>
    public void Written(long seq, LogEntry entry, LinePlace place)
    {
        Dirty = true;
        switch (entry)
        {
            case PredictionEntry prediction:
                Unindexed.Add(new IndexRow(seq, prediction, place));
                Advance(entry.At);
                Interlocked.Increment(ref TotalPredictions);
                break;
            case LabelEntry label:
                UnmarkedLabels.Add((label.LabelSeq, seq));
                Interlocked.Increment(ref TotalLabels);
                break;
            default:
                Advance(entry.At);
                break;
        }
    }

    /// <summary>The tables hold everything.</summary>
    public void Committed()
    {
        foreach (var row in Unindexed)
            InFlight.TryRemove(row.Entry.Id, out _);
        Unindexed.Clear();
        UnmarkedLabels.Clear();
        Dirty = false;
        Volatile.Write(ref CommittedSeq, NextSeq - 1);
    }

    /// <summary>The predictions at places of the index, in that order; null where one is gone by now.</summary>
    public async Task<PredictionEntry?[]> ReadAt(IReadOnlyList<IndexPlace> places, CancellationToken ct)
    {
        var found = new PredictionEntry?[places.Count];
        var elsewhere = new List<int>();
        foreach (var segment in Enumerable.Range(0, places.Count).GroupBy(i => places[i].Place.Segment))
        {
            if (Parts.Segments.ContainsKey(segment.Key) || !TryLines(places, [.. segment], found))
                elsewhere.AddRange(segment);
        }

        if (elsewhere.Count == 0)
            return found;
        var index = Parts;
        var wanted = new List<(PartFile, IReadOnlyList<long>)>();
        foreach (var hour in elsewhere.GroupBy(i => (places[i].Place.Segment, Hour: PartFile.HourOf(places[i].At))))
        {
            if (index.Segments.GetValueOrDefault(hour.Key.Segment)?.Parts.FirstOrDefault(p => p.Hour == hour.Key.Hour) is { } part)
                wanted.Add((part, [.. hour.Select(i => places[i].Seq)]));
        }

        var read = await parts.Find(wanted, key, ct);
        foreach (var i in elsewhere)
            found[i] = read.GetValueOrDefault(places[i].Seq);
        return found;
    }

    /// <summary>All entries after a sequence number, in order; the place is that of the line, for entries that are not in Parquet.</summary>
    public async IAsyncEnumerable<(long Seq, LogEntry Entry, LinePlace Place)> ReadAfter(long position, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var index = Parts;
        var segments = index.Segments.Keys.Union(Files.Segments()).Order().ToList();
        for (var i = 0; i < segments.Count; i++)
        {
            if (i + 1 < segments.Count && segments[i + 1] <= position + 1)
                continue;
            if (!index.Segments.TryGetValue(segments[i], out var compacted))
            {
                foreach (var line in Files.Read(segments[i]).Where(l => l.Seq > position))
                    yield return line;
                continue;
            }

            List<(long Seq, LogEntry Entry)> page;
            do
            {
                page = await parts.Page(compacted, key, position, PageLines, ct);
                foreach (var (seq, entry) in page)
                    yield return (seq, entry, new LinePlace(segments[i], 0, 0));
                position = page.Count > 0 ? page[^1].Seq : position;
            }
            while (page.Count == PageLines);
        }
    }

    /// <summary>Any thread.</summary>
    public void Count(int requests, int answered)
    {
        Interlocked.Add(ref _requests, requests);
        Interlocked.Add(ref _answered, answered);
    }

    /// <summary>Any thread.</summary>
    public void Drop(int n) => Interlocked.Add(ref _dropped, n);

    public LogCompleteness Completeness(DateTimeOffset now) => new(
        key.Name, Interlocked.Read(ref _requests), Interlocked.Read(ref _answered), Interlocked.Read(ref Logged), Interlocked.Read(ref _dropped),
        Interlocked.Read(ref TotalPredictions), Interlocked.Read(ref TotalLabels), Volatile.Read(ref AwaitedCount),
        Volatile.Read(ref _watermark) == 0 ? null : Watermark, now)
    {
        SegmentBytes = Files.Bytes(),
        Parts = Parts.All.Count(),
        PartBytes = Parts.All.Sum(p => p.Bytes),
        Events = Rules.Events is null ? null : Events.Figures,
    };

    public void Dispose() => Files.Dispose();

    // False when the segment went into Parquet just now.
    private bool TryLines(IReadOnlyList<IndexPlace> places, int[] of, PredictionEntry?[] found)
    {
        try
        {
            foreach (var (i, entry) in of.Zip(Files.ReadAt(of.Select(i => places[i].Place))))
                found[i] = entry as PredictionEntry;
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }
}
