using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Lineage;

/// <summary><c>/api/v1/lineage</c>.</summary>
public static class LineageApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapLineageApi(this IEndpointRouteBuilder api)
    {
        var lineage = api.MapGroup("/lineage");
        lineage.MapGet("/", Any).Needs(Role.Viewer);
        lineage.MapGet("/datasets/{dataset}/{version}", (HttpContext http, LineageService door, string dataset, string version, string? direction, CancellationToken ct) => Trace(http, door, "dataset_version", $"{dataset}@{version}", direction, ct)).Needs(Role.Viewer);
        lineage.MapGet("/runs/{run}", (HttpContext http, LineageService door, string run, string? direction, CancellationToken ct) => Trace(http, door, "run", run, direction, ct)).Needs(Role.Viewer);
        lineage.MapGet("/models/{model}/{version:int}", (HttpContext http, LineageService door, string model, int version, string? direction, CancellationToken ct) => Trace(http, door, "model_version", $"{model}/{version}", direction, ct)).Needs(Role.Viewer);
        lineage.MapGet("/endpoints/{endpoint}", (HttpContext http, LineageService door, string endpoint, string? direction, CancellationToken ct) => Trace(http, door, "endpoint", endpoint, direction, ct)).Needs(Role.Viewer);
    }

    // The reference of any kind in a query, for those who do not know what it names.
    private static async Task<LineageGraph> Any(HttpContext http, LineageService lineage, string @ref, string? direction, CancellationToken ct) =>
        await Trace(http, lineage, await lineage.KindOf(http.Principal(), @ref, ct), @ref, direction, ct);

    private static Task<LineageGraph> Trace(HttpContext http, LineageService lineage, string kind, string reference, string? direction, CancellationToken ct) => direction switch
    {
        null or "both" => lineage.Trace(http.Principal(), kind, reference, ct: ct),
        "up" => lineage.Trace(http.Principal(), kind, reference, down: false, ct: ct),
        "down" => lineage.Trace(http.Principal(), kind, reference, up: false, ct: ct),
        _ => throw new Contracts.HoldfastException(Contracts.ErrorCode.InvalidArgument, $"The direction '{direction}' is unknown.", "One of up, down, both."),
    };
}

/// <summary>Registers the room.</summary>
public static class LineageSetup
{
    /// <summary>Adds lineage.</summary>
    public static IServiceCollection AddLineage(this IServiceCollection services) => services.AddSingleton<LineageService>();
}
