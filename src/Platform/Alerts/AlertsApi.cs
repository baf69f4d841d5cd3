using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Alerts;

/// <summary>Channels and deliveries over HTTP.</summary>
public static class AlertsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapAlertsApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/channels", Channels).Needs(Role.Viewer);
        api.MapGet("/alerts", Deliveries).Needs(Role.Viewer);
    }

    private static async Task<Page<ChannelInfo>> Channels(HttpContext http, AlertService alerts, CancellationToken ct) => new(await alerts.Channels(http.Principal(), ct));

    private static async Task<Page<DeliveryInfo>> Deliveries(HttpContext http, AlertService alerts, int? limit, CancellationToken ct) => new(await alerts.Deliveries(http.Principal(), limit ?? 100, ct));
}
