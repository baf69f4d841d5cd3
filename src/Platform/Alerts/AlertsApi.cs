using Microsoft.AspNetCore.Routing;

namespace Holdfast.Alerts;

/// <summary>The room's routes below <c>/api/v1</c>.</summary>
public static class AlertsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapAlertsApi(this IEndpointRouteBuilder api) => ArgumentNullException.ThrowIfNull(api);
}
