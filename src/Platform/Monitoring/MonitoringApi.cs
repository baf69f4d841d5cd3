using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Monitoring;

/// <summary>Monitors, reports and incidents over HTTP.</summary>
public static class MonitoringApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapMonitoringApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/monitors", List).Needs(Role.Viewer);
        api.MapGet("/monitors/{name}", Get).Needs(Role.Viewer);
        api.MapGet("/monitors/{name}/reports", Reports).Needs(Role.Viewer);
        api.MapGet("/incidents", Incidents).Needs(Role.Viewer);
        api.MapGet("/incidents/{id}", IncidentGet).Needs(Role.Viewer);
        api.MapPost("/incidents/{id}/resolve", Resolve).Needs(Role.Editor);
    }

    private static async Task<Page<MonitorInfo>> List(HttpContext http, MonitoringService monitoring, CancellationToken ct) => new(await monitoring.List(http.Principal(), ct));

    private static Task<MonitorInfo> Get(HttpContext http, MonitoringService monitoring, string name, CancellationToken ct) => monitoring.Get(http.Principal(), name, ct);

    private static async Task<Page<DriftReport>> Reports(HttpContext http, MonitoringService monitoring, string name, string? window, DateTimeOffset? before, int? limit, CancellationToken ct)
    {
        await monitoring.Get(http.Principal(), name, ct);
        return new(await monitoring.Reports(http.Principal(), name, window, before, limit ?? 50, ct));
    }

    private static async Task<Page<Incident>> Incidents(HttpContext http, MonitoringService monitoring, string? endpoint, string? status, int? limit, CancellationToken ct) =>
        new(await monitoring.Incidents(http.Principal(), endpoint, status, limit ?? 100, ct));

    private static Task<Incident> IncidentGet(HttpContext http, MonitoringService monitoring, string id, CancellationToken ct) => monitoring.IncidentGet(http.Principal(), id, ct);

    private static Task<Incident> Resolve(HttpContext http, MonitoringService monitoring, string id, ResolveIncidentRequest request, CancellationToken ct) =>
        monitoring.ResolveIncident(http.Principal(), id, request.Reason, ct);
}
