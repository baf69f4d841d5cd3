using Holdfast.Contracts;
using Holdfast.Kernel;

namespace Holdfast.Predictions;

/// <content>Rows that are set aside.</content>
public sealed partial class PredictionService
{
    /// <summary>Sets rows aside; the same incident on the same endpoint again gives the same id. Event <c>data.quarantined</c>, written here.</summary>
    public Task<string> Quarantine(Principal p, string endpoint, DateTimeOffset from, DateTimeOffset? until, string reason, string? incidentId, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var log = Log(new EndpointKey(p.WorkspaceId, endpoint));
        if (until <= from)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"A quarantine from {from:O} until {until:O} holds nothing.", "Give an end after the start, or none.");
        return _quarantines.Add(p, log, from, until, reason, incidentId, Now(log), ct);
    }

    /// <summary>Ends an open interval. No event: the incident's own tells it.</summary>
    public Task CloseQuarantine(Principal p, string id, DateTimeOffset until, CancellationToken ct = default) => _quarantines.Close(p, id, until, ct);

    /// <summary>Makes the rows usable again, by name and with a reason; once released, again is no change. Event <c>data.released</c>, written here.</summary>
    public async Task ReleaseQuarantine(Principal p, string id, string reason, CancellationToken ct = default)
    {
        var quarantine = await _quarantines.Get(p, id, ct);
        if (quarantine.ReleasedAt is null)
            await _quarantines.Release(p, quarantine, reason, Now(new EndpointKey(p.WorkspaceId, quarantine.Endpoint)), ct);
    }

    /// <summary>All intervals of an endpoint, released ones too, oldest first.</summary>
    public Task<IReadOnlyList<Quarantine>> ListQuarantines(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _quarantines.List(Log(new EndpointKey(p.WorkspaceId, endpoint)), ct);
    }

    /// <summary>Whether a moment of event time is set aside now.</summary>
    public bool IsQuarantined(EndpointKey endpoint, DateTimeOffset at) => _quarantines.Holds(Log(endpoint), at);
}
