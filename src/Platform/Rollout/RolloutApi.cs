using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Rollout;

/// <summary>Rollouts over HTTP.</summary>
public static class RolloutApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapRolloutApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        api.MapGet("/rollouts", List).Needs(Role.Viewer);
        api.MapPost("/rollouts", Deploy).Needs(Role.Editor);
        api.MapGet("/rollouts/{id}", Get).Needs(Role.Viewer);
        api.MapGet("/rollouts/{id}/evidence", Evidence).Needs(Role.Viewer);
        api.MapGet("/rollouts/{id}/comparison", Compare).Needs(Role.Viewer);
        api.MapPost("/rollouts/{id}/{action}", Act).Needs(Role.Editor);
    }

    private static Task<RolloutHistory> Evidence(HttpContext http, RolloutService rollouts, string id, CancellationToken ct) => rollouts.History(http.Principal(), id, ct);

    private static Task<ComparisonInfo> Compare(HttpContext http, RolloutService rollouts, string id, bool? kept, CancellationToken ct) => rollouts.Compare(http.Principal(), id, kept ?? false, ct);

    private static async Task<Page<RolloutInfo>> List(HttpContext http, RolloutService rollouts, string? endpoint, int? limit, CancellationToken ct) =>
        new(await rollouts.List(http.Principal(), endpoint, limit ?? 50, ct));

    private static Task<RolloutInfo> Get(HttpContext http, RolloutService rollouts, string id, CancellationToken ct) => rollouts.Get(http.Principal(), id, ct);

    private static async Task<RolloutInfo> Deploy(HttpContext http, RolloutService rollouts, RegistryService registry, ControlLoop loop, DeployRequest request, CancellationToken ct)
    {
        var p = http.Principal();
        var version = await registry.Resolve(p, request.Version is { } number ? $"{request.Model}/{number.ToString(CultureInfo.InvariantCulture)}" : request.Model, ct);
        TimeSpan? shadow = request.ShadowFor is null ? null : Term.Parse(request.ShadowFor, "shadow_for");
        var started = await rollouts.Start(p, new StartRollout(request.Endpoint, version.Model, version.Version, request.Cause ?? "person", shadow, request.IdempotencyKey), ct);
        loop.Wake();
        return await rollouts.Get(p, started.Id, ct);
    }

    private static async Task<RolloutInfo> Act(HttpContext http, RolloutService rollouts, ControlLoop loop, string id, string action, RolloutAction? request, CancellationToken ct)
    {
        var p = http.Principal();
        var info = action switch
        {
            "promote" => await rollouts.Promote(p, id, request?.Reason, ct),
            "approve" => await rollouts.Approve(p, id, request?.Reason, ct),
            "hold" => await rollouts.Hold(p, id, request?.Reason, ct),
            "pause" => await rollouts.Pause(p, id, request?.Reason, ct),
            "resume" => await rollouts.Resume(p, id, ct),
            "rollback" => await rollouts.Rollback(p, id, request?.Reason, ct),
            "set-weight" => await rollouts.SetWeight(p, id, request?.Weight ?? double.NaN, ct),
            _ => throw new HoldfastException(ErrorCode.NotFound, $"'{action}' cannot be done to a rollout.", "Use promote, approve, hold, pause, resume, rollback or set-weight."),
        };
        loop.Wake();
        return info;
    }
}
