using System.Runtime.CompilerServices;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Tracking;

/// <summary><c>/api/v1/experiments</c> and <c>/api/v1/runs</c>.</summary>
public static class TrackingApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapTrackingApi(this IEndpointRouteBuilder api)
    {
        var experiments = api.MapGroup("/experiments");
        experiments.MapGet("/", SearchExperiments).Needs(Role.Viewer);
        experiments.MapPost("/", CreateExperiment).Needs(Role.Editor);
        experiments.MapGet("/{experiment}", GetExperiment).Needs(Role.Viewer);
        experiments.MapPatch("/{experiment}", ChangeExperiment).Needs(Role.Editor);
        experiments.MapDelete("/{experiment}", DeleteExperiment).Needs(Role.Editor);
        experiments.MapPost("/{experiment}/restore", RestoreExperiment).Needs(Role.Editor);
        experiments.MapDelete("/{experiment}/tags", DeleteExperimentTag).Needs(Role.Editor);

        var runs = api.MapGroup("/runs");
        runs.MapGet("/", ListRuns).Needs(Role.Viewer);
        runs.MapPost("/", CreateRun).Needs(Role.Editor);
        runs.MapPost("/search", SearchRuns).Needs(Role.Viewer);
        runs.MapPost("/series", Series).Needs(Role.Viewer);
        runs.MapGet("/live", Live).Needs(Role.Viewer);
        runs.MapGet("/{run}", GetRun).Needs(Role.Viewer);
        runs.MapPatch("/{run}", ChangeRun).Needs(Role.Editor);
        runs.MapDelete("/{run}", DeleteRun).Needs(Role.Editor);
        runs.MapPost("/{run}/restore", RestoreRun).Needs(Role.Editor);
        runs.MapPost("/{run}/batch", LogBatch).Needs(Role.Editor);
        runs.MapPost("/{run}/inputs", LogInputs).Needs(Role.Editor);
        runs.MapDelete("/{run}/tags", DeleteTag).Needs(Role.Editor);
        runs.MapGet("/{run}/artifacts", ListArtifacts).Needs(Role.Viewer);
        runs.MapGet("/{run}/artifacts/{**path}", GetArtifact).Needs(Role.Viewer);
        runs.MapPut("/{run}/artifacts/{**path}", PutArtifact).Needs(Role.Editor);
        runs.MapDelete("/{run}/artifacts/{**path}", DeleteArtifact).Needs(Role.Editor);
        runs.MapSeriesApi();
    }

    /// <summary>Lets a request bring a body of any length; for artifacts.</summary>
    public static void AllowLargeBody(this HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
    }

    /// <summary>Sends a stored file so that a browser saves it and never runs it in our origin.</summary>
    public static IResult Download(HttpContext context, Stream content, string path)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        var name = path[(path.LastIndexOf('/') + 1)..];
        // A plain name once; another one also in its encoded form, which Results.File adds. Some clients read the first alone.
        var plain = name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        if (plain)
            context.Response.Headers.ContentDisposition = "attachment; filename=" + name;
        return Results.File(content, MediaTypeOf(path), plain ? null : name, enableRangeProcessing: true);
    }

    /// <summary>The media type by extension; never one that a browser runs.</summary>
    public static string MediaTypeOf(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            "" when name.ToLowerInvariant() is "mlmodel" or "mlproject" => "text/plain",
            ".txt" or ".log" or ".err" or ".cfg" or ".conf" or ".cpp" or ".h" or ".java" or ".js" or ".ts" or ".md" or ".rst" or ".ini" or ".toml" or ".py" or ".r" or ".sh" or ".sql" or ".yaml" or ".yml" or ".tex" => "text/plain",
            ".json" => "application/json",
            ".csv" => "text/csv",
            ".tsv" => "text/tab-separated-values",
            ".png" => "image/png",
            ".jpg" or ".jpeg" => "image/jpeg",
            ".gif" => "image/gif",
            ".webp" => "image/webp",
            ".wav" => "audio/wav",
            ".mp3" => "audio/mpeg",
            ".ogg" => "audio/ogg",
            ".flac" => "audio/flac",
            ".mp4" => "video/mp4",
            ".webm" => "video/webm",
            ".pdf" => "application/pdf",
            ".zip" => "application/zip",
            ".html" or ".htm" => "text/html",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
    }

    private static Task<Page<Experiment>> SearchExperiments(
        TrackingService tracking, HttpContext http, string? filter, [FromQuery(Name = "order_by")] string[]? orderBy, int? max, string? token, string? view, CancellationToken ct) =>
        tracking.SearchExperiments(http.Principal(), filter, orderBy, max ?? 1000, token, View(view), ct: ct);

    private static async Task<IResult> CreateExperiment(TrackingService tracking, HttpContext http, NewExperiment body, CancellationToken ct)
    {
        var made = await tracking.CreateExperiment(http.Principal(), body.Name, body.ArtifactLocation, body.Tags, ct);
        return Results.Created($"/api/v1/experiments/{made.Id}", made);
    }

    private static Task<Experiment> GetExperiment(TrackingService tracking, HttpContext http, string experiment, CancellationToken ct) => tracking.ResolveExperiment(http.Principal(), experiment, ct);

    private static async Task<Experiment> ChangeExperiment(TrackingService tracking, HttpContext http, string experiment, ExperimentChange body, CancellationToken ct)
    {
        var p = http.Principal();
        var id = (await tracking.ResolveExperiment(p, experiment, ct)).Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (body.Name is not null)
            await tracking.RenameExperiment(p, id, body.Name, ct);
        foreach (var (key, value) in body.Tags ?? new Dictionary<string, string>())
            await tracking.SetExperimentTag(p, id, key, value, ct);
        return await tracking.GetExperiment(p, id, ct);
    }

    private static async Task<IResult> DeleteExperiment(TrackingService tracking, HttpContext http, string experiment, CancellationToken ct)
    {
        await tracking.DeleteExperiment(http.Principal(), await IdOf(tracking, http, experiment, ct), ct);
        return Results.NoContent();
    }

    private static async Task<IResult> RestoreExperiment(TrackingService tracking, HttpContext http, string experiment, CancellationToken ct)
    {
        await tracking.RestoreExperiment(http.Principal(), await IdOf(tracking, http, experiment, ct), ct);
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteExperimentTag(TrackingService tracking, HttpContext http, string experiment, string key, CancellationToken ct)
    {
        await tracking.DeleteExperimentTag(http.Principal(), await IdOf(tracking, http, experiment, ct), key, ct);
        return Results.NoContent();
    }

    private static async Task<Page<Run>> ListRuns(
        TrackingService tracking, HttpContext http, string[]? experiment, string? filter, [FromQuery(Name = "order_by")] string[]? orderBy, int? max, string? token, string? view, string[]? column, bool? brief,
        CancellationToken ct)
    {
        List<string>? ids = null;
        if (experiment is { Length: > 0 })
        {
            ids = [];
            foreach (var name in experiment)
                ids.Add(await IdOf(tracking, http, name, ct));
        }

        return await tracking.SearchRuns(http.Principal(), new RunQuery(ids, filter, orderBy, max ?? 100, token, View(view), column, brief ?? false), ct: ct);
    }

    private static Task<Page<Run>> SearchRuns(TrackingService tracking, HttpContext http, RunQuery body, CancellationToken ct) => tracking.SearchRuns(http.Principal(), body, ct: ct);

    private static async Task<IResult> CreateRun(TrackingService tracking, HttpContext http, NewRun body, CancellationToken ct)
    {
        var id = string.IsNullOrEmpty(body.ExperimentId) ? "0" : await IdOf(tracking, http, body.ExperimentId, ct);
        var run = await tracking.CreateRun(http.Principal(), body with { ExperimentId = id }, ct);
        return Results.Created($"/api/v1/runs/{run.RunId}", run);
    }

    private static Task<SeriesAnswer> Series(TrackingService tracking, HttpContext http, SeriesQuery body, CancellationToken ct) => tracking.Series(http.Principal(), body, ct);

    private static ServerSentEventsResult<RunNews> Live(TrackingService tracking, HttpContext http, TimeProvider time, IHostApplicationLifetime life, CancellationToken ct) =>
        TypedResults.ServerSentEvents(Follow(tracking, http.Principal(), time, life.ApplicationStopping, ct));

    private static async IAsyncEnumerable<RunNews> Follow(TrackingService tracking, Principal p, TimeProvider time, CancellationToken stopping, [EnumeratorCancellation] CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping);
        await foreach (var news in tracking.Feed.Listen(p, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15), time, end.Token))
            yield return news;
    }

    private static Task<Run> GetRun(TrackingService tracking, HttpContext http, string run, CancellationToken ct) => tracking.GetRun(http.Principal(), run, ct);

    private static Task<Run> ChangeRun(TrackingService tracking, HttpContext http, string run, RunChange body, CancellationToken ct) => tracking.UpdateRun(http.Principal(), run, body, ct);

    private static async Task<IResult> DeleteRun(TrackingService tracking, HttpContext http, string run, CancellationToken ct)
    {
        await tracking.DeleteRun(http.Principal(), run, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> RestoreRun(TrackingService tracking, HttpContext http, string run, CancellationToken ct)
    {
        await tracking.RestoreRun(http.Principal(), run, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> LogBatch(TrackingService tracking, HttpContext http, string run, RunBatch body, CancellationToken ct)
    {
        await tracking.LogBatch(http.Principal(), run, body.Metrics ?? [], body.Params ?? [], body.Tags ?? [], ct);
        return Results.NoContent();
    }

    private static async Task<IResult> LogInputs(TrackingService tracking, HttpContext http, string run, RunInput[] body, CancellationToken ct)
    {
        await tracking.LogInputs(http.Principal(), run, body, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteTag(TrackingService tracking, HttpContext http, string run, string key, CancellationToken ct)
    {
        await tracking.DeleteTag(http.Principal(), run, key, ct);
        return Results.NoContent();
    }

    private static Task<IReadOnlyList<ArtifactFile>> ListArtifacts(TrackingService tracking, HttpContext http, string run, string? path, CancellationToken ct) =>
        tracking.ListArtifacts(http.Principal(), run, path, ct);

    private static async Task<IResult> GetArtifact(TrackingService tracking, HttpContext http, string run, string path, CancellationToken ct) =>
        Download(http, await tracking.OpenArtifact(http.Principal(), run, path, ct), path);

    private static async Task<IResult> PutArtifact(TrackingService tracking, HttpContext http, string run, string path, CancellationToken ct)
    {
        http.AllowLargeBody();
        await tracking.PutArtifact(http.Principal(), run, path, http.Request.Body, ct);
        return Results.NoContent();
    }

    private static async Task<IResult> DeleteArtifact(TrackingService tracking, HttpContext http, string run, string path, CancellationToken ct)
    {
        await tracking.DeleteArtifact(http.Principal(), run, path, ct);
        return Results.NoContent();
    }

    private static async Task<string> IdOf(TrackingService tracking, HttpContext http, string experiment, CancellationToken ct) =>
        (await tracking.ResolveExperiment(http.Principal(), experiment, ct)).Id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static ViewType View(string? word) => word switch
    {
        null or "" or "active" => ViewType.ActiveOnly,
        "deleted" => ViewType.DeletedOnly,
        "all" => ViewType.All,
        _ => throw new HoldfastException(ErrorCode.InvalidArgument, $"The view '{word}' is unknown.", "One of active, deleted, all."),
    };
}
