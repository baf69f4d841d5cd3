using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Monitoring;

/// <summary>The door of Monitoring: what is watched, what was found, and the incidents that came of it.</summary>
public sealed class MonitoringService(Db db, TimeProvider time)
{
    /// <summary>Declares (or changes) the monitor of an endpoint.</summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplyMonitor(Principal p, MonitorSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults() is { Count: > 0 } faults)
            throw new HoldfastException($"The monitor of {spec.Endpoint} cannot be applied.", faults);
        return await db.Write(tx => MonitorStore.Put(tx, p.WorkspaceId, spec, managedBy, time.GetUtcNow()), ct: ct);
    }

    /// <summary>Removes the monitor; its reports and incidents stay.</summary>
    public Task<bool> RemoveMonitor(Principal p, string endpoint, CancellationToken ct = default) =>
        db.Write(tx => MonitorStore.Remove(tx, p.WorkspaceId, endpoint), ct: ct);
}
