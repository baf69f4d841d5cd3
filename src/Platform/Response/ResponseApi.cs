using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Response;

/// <summary>Policies and actions over HTTP.</summary>
public static class ResponseApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapResponseApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/responses", Policies).Needs(Role.Viewer);
        api.MapGet("/responses/actions", Actions).Needs(Role.Viewer);
    }

    private static async Task<Page<PolicyInfo>> Policies(HttpContext http, ResponseService responses, CancellationToken ct) => new(await responses.Policies(http.Principal(), ct));

    private static async Task<Page<ActionInfo>> Actions(HttpContext http, ResponseService responses, string? incident, int? limit, CancellationToken ct) =>
        new(await responses.Actions(http.Principal(), incident, limit ?? 200, ct));
}
