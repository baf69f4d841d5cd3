using Holdfast.Kernel;

namespace Holdfast.Serving;

/// <summary>Endpoints, their routes and their answers: the door of the room.</summary>
public sealed class ServingService
{
    /// <summary>Creates or changes an endpoint; nothing happens when it is the same already. Event <c>endpoint.applied</c>.</summary>
    public Task<EndpointState> ApplyEndpoint(Principal p, EndpointSpec spec, string? managedBy, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>An endpoint by name.</summary>
    public Task<EndpointState> Get(Principal p, string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>An endpoint by name, or null.</summary>
    public Task<EndpointState?> Find(Principal p, string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>All endpoints of the workspace by name.</summary>
    public Task<IReadOnlyList<EndpointState>> List(Principal p, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Removes an endpoint; its log stays.</summary>
    public Task DeleteEndpoint(Principal p, string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>An earlier revision of the plan.</summary>
    public Task<RoutePlan> GetPlan(Principal p, string name, long revision, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>
    /// Puts a plan in force as revision <paramref name="expectedRevision"/> + 1; <see cref="RoutePlan.Revision"/> of <paramref name="next"/> is not read.
    /// Its variants are loaded first. A repeated call (the same plan already stands as that revision) succeeds without a second event
    /// <c>route.changed</c>; any other revision is a Conflict.
    /// </summary>
    public Task<RoutePlan> SetPlan(Principal p, string name, RoutePlan next, long expectedRevision, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Sets the override; the same again is no change. Event <c>endpoint.fallback_entered</c> for the kind <c>fallback</c>, written here.</summary>
    public Task<EndpointState> SetOverride(Principal p, string name, RouteOverride next, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Takes the override away; nothing happens without one. Event <c>endpoint.fallback_left</c> with <paramref name="reason"/>, written here.</summary>
    public Task<EndpointState> ClearOverride(Principal p, string name, string reason, CancellationToken ct = default) => throw new NotImplementedException();
}
