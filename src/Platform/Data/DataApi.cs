using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Data;

/// <summary>Datasets over HTTP. A reference in a route is <c>v3</c>, <c>latest</c> or digits of the hash.</summary>
public static class DataApi
{
    private const long LargestUpload = 16L << 30;

    /// <summary>Maps the routes.</summary>
    public static void MapDataApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/datasets", List).Needs(Role.Viewer);
        api.MapGet("/datasets/{name}/versions", Versions).Needs(Role.Viewer);
        api.MapPost("/datasets/{name}/versions", Add).Needs(Role.Editor).WithMetadata(new UploadLimit());
        api.MapGet("/dataset-versions/{hash}", OfContent).Needs(Role.Viewer);
        api.MapGet("/datasets/{name}/versions/{which}", Get).Needs(Role.Viewer);
        api.MapGet("/datasets/{name}/versions/{which}/profile", Profile).Needs(Role.Viewer);
        api.MapGet("/datasets/{name}/versions/{which}/content", Content).Needs(Role.Viewer);
    }

    private static Task<Page<Dataset>> List(HttpContext http, DataService data, [FromQuery(Name = "page_token")] string? token, int? limit, CancellationToken ct) =>
        data.List(http.Principal(), token, limit ?? 100, ct);

    private static Task<Page<DatasetVersion>> Versions(HttpContext http, DataService data, string name, [FromQuery(Name = "page_token")] string? token, int? limit, CancellationToken ct) =>
        data.Versions(http.Principal(), name, token, limit ?? 100, ct);

    // The body is the file itself (text/csv, application/vnd.apache.parquet or application/octet-stream).
    private static Task<DatasetVersion> Add(HttpContext http, DataService data, string name, [FromQuery(Name = "file_name")] string? fileName, string? source, CancellationToken ct) =>
        data.AddStream(http.Principal(), name, fileName ?? name, http.Request.Body, source ?? "upload", ct);

    private static Task<DatasetVersion> Get(HttpContext http, DataService data, string name, string which, CancellationToken ct) =>
        data.Get(http.Principal(), $"{name}@{which}", ct);

    private static async Task<DatasetVersion> OfContent(HttpContext http, DataService data, string hash, CancellationToken ct) =>
        await data.FindContent(http.Principal(), hash, ct) ?? throw new Contracts.HoldfastException(Contracts.ErrorCode.NotFound, $"No dataset version has the content {hash}.", "Add the file: holdfast data add NAME FILE");

    private static Task<DatasetProfile> Profile(HttpContext http, DataService data, string name, string which, CancellationToken ct) =>
        data.Profile(http.Principal(), $"{name}@{which}", ct);

    private static async Task<PhysicalFileHttpResult> Content(HttpContext http, DataService data, string name, string which, CancellationToken ct)
    {
        var version = await data.Get(http.Principal(), $"{name}@{which}", ct);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.PhysicalFile(await data.LocalPath(http.Principal(), version.Ref, ct), "application/octet-stream", version.FileName, enableRangeProcessing: true);
    }

    private sealed class UploadLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => LargestUpload;
    }
}
