using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Alerts;

/// <summary>The door of Alerts: channels, and messages that are delivered or shown as undelivered.</summary>
public sealed class AlertService(Db db, TimeProvider time)
{
    /// <summary>
    /// Declares the channels of an owner: those of the same owner that are not named any more go. A channel declared by someone who
    /// may execute commands is an operator's: it may reach private addresses, as its owner could by any command.
    /// </summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplyChannels(Principal p, IReadOnlyList<ChannelSpec> channels, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(channels);
        var faults = channels.SelectMany(c => c.Faults()).ToList();
        if (faults.Count > 0)
            throw new HoldfastException("The channels cannot be applied.", faults);
        return await db.Write(tx => AlertStore.PutChannels(tx, p.WorkspaceId, channels, p.MayExecute, managedBy, time.GetUtcNow()), ct: ct);
    }
}
