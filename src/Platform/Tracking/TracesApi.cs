using System.Globalization;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Tracking;

/// <summary><c>/api/v1/traces</c> and <c>/api/v1/logged-models</c>.</summary>
public static class TracesApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapTracesApi(this IEndpointRouteBuilder api)
    {
        ArgumentNullException.ThrowIfNull(api);
        var traces = api.MapGroup("/traces");
        traces.MapGet("/", ListTraces).Needs(Role.Viewer);
        traces.MapPost("/search", SearchTraces).Needs(Role.Viewer);
        traces.MapGet("/{trace}", GetTrace).Needs(Role.Viewer);
        traces.MapGet("/{trace}/spans", GetSpans).Needs(Role.Viewer);
        traces.MapDelete("/{trace}", DeleteTrace).Needs(Role.Editor);

        var models = api.MapGroup("/logged-models");
        models.MapGet("/", ListModels).Needs(Role.Viewer);
        models.MapPost("/search", SearchModels).Needs(Role.Viewer);
        models.MapGet("/{model}", GetModel).Needs(Role.Viewer);
        models.MapGet("/{model}/artifacts", ListFiles).Needs(Role.Viewer);
        models.MapGet("/{model}/artifacts/{**path}", GetFile).Needs(Role.Viewer);
    }

    private static async Task<Page<Trace>> ListTraces(
        TrackingService tracking, HttpContext http, string[]? experiment, string? filter, [FromQuery(Name = "order_by")] string[]? orderBy, int? max, string? token, CancellationToken ct) =>
        await tracking.SearchTraces(http.Principal(), new TraceQuery(await Experiments(tracking, http, experiment, ct), filter, orderBy, max ?? 100, token), ct: ct);

    private static Task<Page<Trace>> SearchTraces(TrackingService tracking, HttpContext http, TraceQuery body, CancellationToken ct) => tracking.SearchTraces(http.Principal(), body, ct: ct);

    private static Task<Trace> GetTrace(TrackingService tracking, HttpContext http, string trace, CancellationToken ct) => tracking.GetTrace(http.Principal(), trace, ct);

    private static async Task<Page<TraceSpan>> GetSpans(TrackingService tracking, HttpContext http, string trace, CancellationToken ct) =>
        new((await tracking.GetTraceWithSpans(http.Principal(), trace, ct)).Spans);

    private static async Task<IResult> DeleteTrace(TrackingService tracking, HttpContext http, string trace, CancellationToken ct)
    {
        var found = await tracking.GetTrace(http.Principal(), trace, ct);
        await tracking.DeleteTraces(http.Principal(), found.ExperimentId, until: null, max: null, [found.TraceId], ct);
        return Results.NoContent();
    }

    private static async Task<Page<LoggedModel>> ListModels(TrackingService tracking, HttpContext http, string[]? experiment, string? filter, int? max, string? token, CancellationToken ct) =>
        await tracking.SearchLoggedModels(http.Principal(), new LoggedModelQuery(await Experiments(tracking, http, experiment, ct), filter, Max: max ?? 50, Token: token), ct: ct);

    private static Task<Page<LoggedModel>> SearchModels(TrackingService tracking, HttpContext http, LoggedModelQuery body, CancellationToken ct) => tracking.SearchLoggedModels(http.Principal(), body, ct: ct);

    private static Task<LoggedModel> GetModel(TrackingService tracking, HttpContext http, string model, CancellationToken ct) => tracking.GetLoggedModel(http.Principal(), model, ct);

    private static Task<IReadOnlyList<ArtifactFile>> ListFiles(TrackingService tracking, HttpContext http, string model, string? path, CancellationToken ct) =>
        tracking.ListLoggedModelArtifacts(http.Principal(), model, path, ct);

    private static async Task<IResult> GetFile(TrackingService tracking, HttpContext http, string model, string path, CancellationToken ct) =>
        TrackingApi.Download(http, await tracking.OpenLoggedModelArtifact(http.Principal(), model, path, ct), path);

    // By id or name; all when none is named.
    private static async Task<IReadOnlyList<string>> Experiments(TrackingService tracking, HttpContext http, string[]? names, CancellationToken ct)
    {
        if (names is not { Length: > 0 })
            return await tracking.ExperimentIds(http.Principal(), ct);
        var ids = new List<string>(names.Length);
        foreach (var name in names)
            ids.Add((await tracking.ResolveExperiment(http.Principal(), name, ct)).Id.ToString(CultureInfo.InvariantCulture));
        return ids;
    }
}
