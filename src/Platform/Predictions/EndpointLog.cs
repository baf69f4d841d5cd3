using System.Collections.Concurrent;

namespace Holdfast.Predictions;

/// <summary>A label as the table holds it.</summary>
internal sealed record StoredLabel(long Seq, string PredictionId, string Value, DateTimeOffset At);

/// <summary>One row of the index, for a line that is on disk.</summary>
internal sealed record IndexRow(long Seq, PredictionEntry Entry, LinePlace Place);

/// <summary>What the process knows of one endpoint's log. Fields without a word on threads belong to the writer's loop.</summary>
internal sealed class EndpointLog(EndpointKey key, int id, string folder) : IDisposable
{
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
        Volatile.Read(ref _watermark) == 0 ? null : Watermark, now);

    public void Dispose() => Files.Dispose();
}
