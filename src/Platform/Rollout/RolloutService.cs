using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The door of Rollout: how versions come to an endpoint, and who moves them by hand.</summary>
public sealed class RolloutService(Db db, TimeProvider time)
{
    /// <summary>Declares (or changes) the steps of an endpoint. A rollout under way keeps the steps that it started with.</summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplySpec(Principal p, string endpoint, RolloutSpec spec, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Faults(endpoint) is { Count: > 0 } faults)
            throw new HoldfastException($"The rollout of {endpoint} cannot be applied.", faults);
        return await db.Write(tx => RolloutStore.PutSpec(tx, p.WorkspaceId, endpoint, spec, managedBy, time.GetUtcNow()), ct: ct);
    }

    /// <summary>Goes back to the steps that hold for an endpoint that declares nothing.</summary>
    public Task<bool> RemoveSpec(Principal p, string endpoint, CancellationToken ct = default) =>
        db.Write(tx => RolloutStore.RemoveSpec(tx, p.WorkspaceId, endpoint), ct: ct);
}
