using Holdfast.Kernel;

namespace Holdfast.Predictions;

/// <summary>The prediction log: the door of the room.</summary>
public sealed class PredictionService
{
    /// <summary>Makes an endpoint's log known: which clock, and how late records may be. Idempotent.</summary>
    public Task Declare(EndpointKey endpoint, EndpointClock clock, TimeSpan lateness, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Puts a prediction in the queue to the log; never waits. False when the queue is full: the record is dropped and counted.</summary>
    public bool Append(PredictionEntry entry) => throw new NotImplementedException();

    /// <summary>Stores labels; on return they are durable. Those with a known prediction follow into the log.</summary>
    public Task<LabelResult> AddLabels(Principal p, string endpoint, IReadOnlyList<NewLabel> labels, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Moves an event clock forward; a moment already passed changes nothing.</summary>
    public Task AdvanceClock(Principal p, string endpoint, DateTimeOffset to, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Returns when everything appended so far is on disk and folded.</summary>
    public Task Flush(CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>The endpoint's clock: wall time, or the watermark. An event clock without any record stands at the Unix epoch.</summary>
    public DateTimeOffset Now(EndpointKey endpoint) => throw new NotImplementedException();

    /// <summary>Everything before it has been seen and folded: the highest event time of the log less the allowed lateness; the Unix epoch before the first record.</summary>
    public DateTimeOffset Watermark(EndpointKey endpoint) => throw new NotImplementedException();

    /// <summary>Reads predictions.</summary>
    public Task<Page<LoggedPrediction>> Query(Principal p, PredictionQuery query, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Sets rows aside; the same incident on the same endpoint again gives the same id. Event <c>data.quarantined</c>, written here.</summary>
    public Task<string> Quarantine(Principal p, string endpoint, DateTimeOffset from, DateTimeOffset? until, string reason, string? incidentId, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Ends an open interval. No event: the incident's own tells it.</summary>
    public Task CloseQuarantine(Principal p, string id, DateTimeOffset until, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Makes the rows usable again, by name and with a reason. Event <c>data.released</c>, written here.</summary>
    public Task ReleaseQuarantine(Principal p, string id, string reason, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>All intervals of an endpoint, released ones too.</summary>
    public Task<IReadOnlyList<Quarantine>> ListQuarantines(Principal p, string endpoint, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Whether a moment of event time is set aside now.</summary>
    public bool IsQuarantined(EndpointKey endpoint, DateTimeOffset at) => throw new NotImplementedException();

    /// <summary>Completeness of the log.</summary>
    public LogCompleteness Completeness(EndpointKey endpoint) => throw new NotImplementedException();
}

/// <summary>Which clock an endpoint's terms count on.</summary>
public enum EndpointClock
{
    /// <summary>The host's.</summary>
    Wall,

    /// <summary>The watermark of its log: for replays.</summary>
    Event,
}
