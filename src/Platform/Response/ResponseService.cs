using System.Text.Json;
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

    /// <summary>All policies.</summary>
    public Task<IReadOnlyList<PolicyInfo>> Policies(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return db.Read<IReadOnlyList<PolicyInfo>>(tx => [.. ResponseStore.Policies(tx, p.WorkspaceId).Select(Info)], ct);
    }

    /// <summary>The actions of an incident in order, or the newest ones of all.</summary>
    public Task<IReadOnlyList<ActionInfo>> Actions(Principal p, string? incident = null, int limit = 200, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return db.Read<IReadOnlyList<ActionInfo>>(
            tx => [.. (incident is null ? ResponseStore.Newest(tx, p.WorkspaceId, Math.Clamp(limit, 1, 1000)) : ResponseStore.OfIncident(tx, p.WorkspaceId, incident)).Where(r => r.Phase != Phase.Policy).Select(r => r.Info)], ct);
    }

    private static PolicyInfo Info(StoredPolicy stored)
    {
        var (spec, by) = (stored.Spec, stored.ManagedBy);
        return new PolicyInfo(spec.Name, spec.On.Endpoint, spec.On.Feature, spec.On.Kind, spec.On.Psi, [.. spec.Do.Select(Action)], [.. spec.After.Select(Action)], by);
    }

    private static PolicyAction Action(ActionSpec a) => new(a.Name, a.Arguments.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? null : a.Arguments);
}
