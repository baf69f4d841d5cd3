using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Response;

/// <summary>The door of Response: which policies stand, and how far their actions have come.</summary>
public sealed class ResponseService(Db db, TimeProvider time)
{
    /// <summary>Declares the policies of an owner: those of the same owner that are not named any more go.</summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplyPolicies(Principal p, IReadOnlyList<ResponsePolicySpec> policies, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(policies);
        var faults = policies.SelectMany(s => s.Faults()).ToList();
        faults.AddRange(policies.GroupBy(s => s.Name).Where(g => g.Count() > 1).Select(g => new Fault($"responses.{g.Key}", "Two policies have this name.", "Give each its own.")));
        if (faults.Count > 0)
            throw new HoldfastException("The responses cannot be applied.", faults);
        return await db.Write(tx => ResponseStore.PutPolicies(tx, p.WorkspaceId, policies, managedBy, time.GetUtcNow()), ct: ct);
    }
}
