using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Tracking;

/// <summary>What runs logged step by step: points and media.</summary>
public static class SeriesApi
{
    /// <summary>Maps the routes below <c>/runs</c>.</summary>
    public static void MapSeriesApi(this IEndpointRouteBuilder runs)
    {
        runs.MapGet("/{run}/history", History).Needs(Role.Viewer);
        runs.MapGet("/{run}/media", List).Needs(Role.Viewer);
        runs.MapPost("/{run}/media", Log).Needs(Role.Editor);
        runs.MapPut("/{run}/media/{**key}", LogFile).Needs(Role.Editor);
        runs.MapGet("/{run}/media/{id:long}", Open).Needs(Role.Viewer);
        runs.MapDelete("/{run}/media/{id:long}", Delete).Needs(Role.Editor);
        runs.MapGet("/{run}/media-keys", Keys).Needs(Role.Viewer);
    }

    private static Task<Page<MetricPoint>> History(
        TrackingService tracking, HttpContext http, string run, string key, int? max, string? token, [FromQuery(Name = "from_step")] decimal? fromStep, [FromQuery(Name = "to_step")] decimal? toStep,
        [FromQuery(Name = "from_time")] DateTimeOffset? fromTime, [FromQuery(Name = "to_time")] DateTimeOffset? toTime, CancellationToken ct) =>
        tracking.MetricPoints(http.Principal(), run, key, fromStep, toStep, fromTime, toTime, max ?? KeyRules.MaxPage, token, ct);

    private static Task<Page<MediaEntry>> List(
        TrackingService tracking, HttpContext http, string run, string? key, string? kind, [FromQuery(Name = "from_step")] decimal? fromStep, [FromQuery(Name = "to_step")] decimal? toStep, int? max, string? token,
        int? sample, CancellationToken ct) =>
        tracking.ListMedia(http.Principal(), run, key, string.IsNullOrEmpty(kind) ? null : Kind(kind), fromStep, toStep, max ?? 1_000, token, sample, ct);

    private static Task<IReadOnlyList<MediaEntry>> Log(TrackingService tracking, HttpContext http, string run, MediaBatch body, CancellationToken ct) => tracking.LogMedia(http.Principal(), run, body.Entries, ct);

    private static Task<MediaEntry> LogFile(TrackingService tracking, HttpContext http, string run, string key, string? kind, decimal? step, DateTimeOffset? timestamp, string? caption, CancellationToken ct)
    {
        http.AllowLargeBody();
        return tracking.LogMediaFile(http.Principal(), run, key, Kind(kind), http.Request.ContentType, http.Request.Body, step ?? 0, timestamp, caption, ct);
    }

    private static async Task<IResult> Open(TrackingService tracking, HttpContext http, string run, long id, CancellationToken ct)
    {
        var (entry, content) = await tracking.OpenMedia(http.Principal(), run, id, ct);
        return TrackingApi.Download(http, content, entry.Path ?? (entry.Kind == MediaKind.Text ? "text.txt" : "histogram.json"));
    }

    private static async Task<IResult> Delete(TrackingService tracking, HttpContext http, string run, long id, CancellationToken ct)
    {
        await tracking.DeleteMedia(http.Principal(), run, id, ct);
        return Results.NoContent();
    }

    private static Task<IReadOnlyList<MediaSeries>> Keys(TrackingService tracking, HttpContext http, string run, CancellationToken ct) => tracking.MediaKeys(http.Principal(), run, ct);

    private static MediaKind Kind(string? word) => Enum.TryParse<MediaKind>(word, ignoreCase: true, out var kind) && Enum.IsDefined(kind)
        ? kind
        : throw KeyRules.Invalid($"The kind '{word}' is unknown.", "One of histogram, text, image, audio, video, table, plot.");
}
