using Microsoft.AspNetCore.Routing;

namespace Holdfast.Rollout;

/// <summary>The room's routes below <c>/api/v1</c>.</summary>
public static class RolloutApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapRolloutApi(this IEndpointRouteBuilder api) => ArgumentNullException.ThrowIfNull(api);
}
