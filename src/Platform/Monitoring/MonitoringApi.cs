using Microsoft.AspNetCore.Routing;

namespace Holdfast.Monitoring;

/// <summary>The room's routes below <c>/api/v1</c>.</summary>
public static class MonitoringApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapMonitoringApi(this IEndpointRouteBuilder api) => ArgumentNullException.ThrowIfNull(api);
}
