using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Monitoring;

/// <summary>The door of Monitoring: what is watched, what was found, and the incidents that came of it.</summary>
public sealed class MonitoringService
{
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly MonitorDirectory _directory;
    private readonly PredictionService _predictions;
    private readonly IBlobStore _blobs;

    internal MonitoringService(Db db, TimeProvider time, Journal journal, MonitorDirectory directory, PredictionService predictions, [FromKeyedServices("blobs")] IBlobStore blobs) =>
        (_db, _time, _journal, _directory, _predictions, _blobs) = (db, time, journal, directory, predictions, blobs);

    /// <summary>Declares (or changes) the monitor of an endpoint.</summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplyMonitor(Principal p, MonitorSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults() is { Count: > 0 } faults)
            throw new HoldfastException($"The monitor of {spec.Endpoint} cannot be applied.", faults);
        var changed = await _db.Write(tx => MonitorStore.Put(tx, p.WorkspaceId, spec, managedBy, _time.GetUtcNow()), ct: ct);
        _directory.Set(new StoredMonitor(p.WorkspaceId, spec, managedBy));
        return changed;
    }

    /// <summary>Removes the monitor; its reports and incidents stay.</summary>
    public async Task<bool> RemoveMonitor(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var removed = await _db.Write(tx => MonitorStore.Remove(tx, p.WorkspaceId, endpoint), ct: ct);
        _directory.Remove(new EndpointKey(p.WorkspaceId, endpoint));
        return removed;
    }

    /// <summary>A monitor's declaration; null when the endpoint has none.</summary>
    public async Task<MonitorSpec?> Spec(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return (await _db.Read(tx => MonitorStore.Get(tx, p.WorkspaceId, endpoint), ct))?.Spec;
    }

    /// <summary>A monitor as it stands.</summary>
    public async Task<MonitorInfo> Get(Principal p, string endpoint, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await _db.Read(tx => MonitorStore.Get(tx, p.WorkspaceId, endpoint) is { } monitor ? Info(tx, monitor) : null, ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"No monitor is declared for the endpoint '{endpoint}'.", "Declare it under `monitors:` in holdfast.yaml and apply it.");
    }

    /// <summary>All monitors by endpoint.</summary>
    public Task<IReadOnlyList<MonitorInfo>> List(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<MonitorInfo>>(tx => [.. MonitorStore.List(tx, p.WorkspaceId).Select(m => Info(tx, m))], ct);
    }

    /// <summary>Reports, newest first.</summary>
    public Task<IReadOnlyList<DriftReport>> Reports(Principal p, string endpoint, string? window = null, DateTimeOffset? before = null, int limit = 50, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<DriftReport>>(tx => FindingStore.Reports(tx, p.WorkspaceId, endpoint, window, before, Math.Clamp(limit, 1, 1000)), ct);
    }

    /// <summary>The newest report; null before the first.</summary>
    public async Task<DriftReport?> LatestReport(Principal p, string endpoint, CancellationToken ct = default) =>
        await Reports(p, endpoint, limit: 1, ct: ct) is [var newest, ..] ? newest : null;

    /// <summary>Incidents, newest first.</summary>
    public Task<IReadOnlyList<Incident>> Incidents(Principal p, string? endpoint = null, string? status = null, int limit = 100, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<Incident>>(tx => FindingStore.Incidents(tx, p.WorkspaceId, endpoint, status, Math.Clamp(limit, 1, 1000)), ct);
    }

    /// <summary>An incident by id.</summary>
    public async Task<Incident> IncidentGet(Principal p, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await _db.Read(tx => FindingStore.Incident(tx, p.WorkspaceId, id), ct)
            ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no incident '{id}'.", "GET /api/v1/incidents lists them.");
    }

    /// <summary>Keeps the window of an incident, with histograms, as a document. The same incident gives the same key. Event <c>snapshot.saved</c>.</summary>
    public async Task<string> Snapshot(Principal p, string incidentId, CancellationToken ct = default)
    {
        var incident = await IncidentGet(p, incidentId, ct);
        var path = $"snapshots/{incident.Id}.json";
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(incident, HoldfastJson.Indented));
        await _blobs.Put(path, content, ct);
        var now = _predictions.Now(new EndpointKey(p.WorkspaceId, incident.Endpoint));
        await _db.Write(tx =>
        {
            if (FindingStore.Incident(tx, p.WorkspaceId, incidentId) is not { Snapshot: null } current)
                return;
            FindingStore.PutIncident(tx, p.WorkspaceId, current with { Snapshot = path });
            _journal.Append(tx, p, new SnapshotSaved(incident.Id, incident.Endpoint, path), incident.Endpoint, now);
        }, ct: ct);
        return path;
    }

    /// <summary>A person closes an incident.</summary>
    public async Task<Incident> ResolveIncident(Principal p, string id, string reason, CancellationToken ct = default)
    {
        var incident = await IncidentGet(p, id, ct);
        if (incident.Status == "resolved")
            return incident;
        var now = _predictions.Now(new EndpointKey(p.WorkspaceId, incident.Endpoint));
        var resolved = incident with { Status = "resolved", ResolvedAt = now, CleanFrom = now, Resolution = $"closed by {p.Name}: {reason}" };
        await _db.Write(tx =>
        {
            if (FindingStore.Incident(tx, p.WorkspaceId, id) is { Status: "resolved" })
                return;
            FindingStore.PutIncident(tx, p.WorkspaceId, resolved);
            _journal.Append(tx, p, new IncidentResolved(id, incident.Endpoint, incident.Kind, incident.Feature, "closed_by_person", now), incident.Endpoint, now);
        }, ct: ct);
        return resolved;
    }

    private MonitorInfo Info(Tx tx, StoredMonitor monitor)
    {
        var spec = monitor.Spec;
        var state = FindingStore.State(tx, monitor.WorkspaceId, spec.Endpoint);
        var newest = FindingStore.Reports(tx, monitor.WorkspaceId, spec.Endpoint, null, null, 10);
        newest = [.. newest.Where(r => r.End == newest[0].End)];
        var watermark = _predictions.WatermarkOrNone(new EndpointKey(monitor.WorkspaceId, spec.Endpoint));
        return new MonitorInfo(
            spec.Endpoint, Term.Text(spec.Every), spec.WindowsOrDefault, spec.Baseline, spec.Warn, spec.Alarm, spec.Label?.Column, spec.Label is null ? null : Term.Text(spec.Label.Delay), monitor.ManagedBy,
            newest.FirstOrDefault()?.Baseline, newest.Select(r => r.Severity).MaxBy(s => s switch { "significant" => 2, "moderate" => 1, _ => 0 }) ?? "none",
            watermark > DateTimeOffset.UnixEpoch ? watermark : null, state.LastEnd > DateTimeOffset.UnixEpoch ? state.LastEnd : null,
            FindingStore.Incidents(tx, monitor.WorkspaceId, spec.Endpoint, "open", 100).Count);
    }
}
