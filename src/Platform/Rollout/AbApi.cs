using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Rollout;

/// <summary>A/B tests over HTTP.</summary>
public static class AbApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapAbApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/ab-tests", List).Needs(Role.Viewer);
        api.MapPost("/ab-tests", Start).Needs(Role.Editor);
        api.MapGet("/ab-tests/{id}", Get).Needs(Role.Viewer);
        api.MapPost("/ab-tests/{id}/stop", Stop).Needs(Role.Editor);
    }

    private static async Task<Page<AbTestInfo>> List(HttpContext http, AbService tests, string? endpoint, int? limit, CancellationToken ct) => new(await tests.List(http.Principal(), endpoint, limit ?? 50, ct));

    private static Task<AbTestInfo> Get(HttpContext http, AbService tests, string id, CancellationToken ct) => tests.Get(http.Principal(), id, ct);

    private static async Task<AbTestInfo> Start(HttpContext http, AbService tests, ControlLoop loop, AbTestRequest r, CancellationToken ct)
    {
        var spec = new AbSpec(
            r.B, r.A, r.Share, r.Outcome, r.Better, r.Difference, r.Alpha, Term.Parse(r.For, "for"), r.Then, r.LabelHorizon is null ? default : Term.Parse(r.LabelHorizon, "label_horizon"), r.Low, r.High);
        var started = await tests.Start(http.Principal(), r.Endpoint, spec, ct);
        loop.Wake();
        return started;
    }

    private static async Task<AbTestInfo> Stop(HttpContext http, AbService tests, ControlLoop loop, string id, AbStopRequest? request, CancellationToken ct)
    {
        var stopped = await tests.Stop(http.Principal(), id, request?.Serve, ct);
        loop.Wake();
        return stopped;
    }
}
