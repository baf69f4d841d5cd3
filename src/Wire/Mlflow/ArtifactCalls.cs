using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary>Artifacts: the listing of runs, the proxy that clients send their files through, and the downloads of the UI.</summary>
internal static class ArtifactCalls
{
    private const long MaxUpload = 10 << 20;

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("GET", "/2.0/mlflow/artifacts/list", Role.Viewer, List),
        new("GET", "/2.0/mlflow-artifacts/artifacts", Role.Viewer, ListProxied),
        new("POST", "/2.0/mlflow-artifacts/mpu/create/{**path}", Role.Editor, BeginUpload),
        new("POST", "/2.0/mlflow-artifacts/mpu/complete/{**path}", Role.Editor, EndUpload),
        new("POST", "/2.0/mlflow-artifacts/mpu/abort/{**path}", Role.Editor, AbortUpload),
    ];

    /// <summary>Endpoints whose body is the file itself.</summary>
    public static IEnumerable<(string Method, string Path, Role Role, Func<HttpContext, TrackingService, Task<IResult>> Handle)> Raw =>
    [
        ("GET", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Viewer, Download),
        ("PUT", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Editor, Upload),
        ("DELETE", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Editor, Delete),
        ("PUT", "/2.0/mlflow-artifacts/mpu/part/{upload_id}/{number:int}", Role.Editor, UploadPart),
    ];

    /// <summary><c>POST /ajax-api/2.0/mlflow/upload-artifact</c>: what MLflow's own pages send.</summary>
    public static async Task<IResult> UploadOfRun(HttpContext http, TrackingService tracking)
    {
        var run = http.Request.Query["run_uuid"].ToString();
        if (run.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Request must specify run_uuid.");
        var path = http.Request.Query["path"].ToString();
        if (path.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Request must specify path.");
        ArtifactPath.CheckFile(path);
        if (http.Request.ContentLength > MaxUpload)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Artifact size is too large. Max size is 10MB.");
        if (http.Request.ContentLength is null or 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Request must specify data.");
        await tracking.PutArtifact(http.Principal(), run, path, http.Request.Body, http.RequestAborted);
        return MlflowJson.Empty;
    }

    /// <summary><c>GET /get-artifact</c>.</summary>
    public static async Task<IResult> OfRun(HttpContext http, TrackingService tracking)
    {
        var run = http.Request.Query["run_id"].ToString() is { Length: > 0 } id ? id : http.Request.Query["run_uuid"].ToString();
        var path = ArtifactPath.CheckFile(http.Request.Query["path"]);
        return TrackingApi.Download(http, await tracking.OpenArtifact(http.Principal(), run, path, http.RequestAborted), path);
    }

    public static async Task<IResult> List(MlflowCall call)
    {
        var id = call.Args.RunId();
        var path = ArtifactPath.Check(call.Args.Text("path"));
        var run = await call.Tracking.GetRun(call.Principal, id, call.Ct);
        var files = await call.Tracking.ListArtifacts(call.Principal, id, path, call.Ct);
        return new MlflowJson(w =>
        {
            w.WriteString("root_uri", run.ArtifactUri);
            w.List("files", files, MlflowWriter.File);
        });
    }

    private static async Task<IResult> ListProxied(MlflowCall call)
    {
        var files = await call.Tracking.ListProxied(call.Principal, call.Args.Text("path"), call.Ct);
        return new MlflowJson(w => w.List("files", files, MlflowWriter.File));
    }

    private static async Task<IResult> Download(HttpContext http, TrackingService tracking)
    {
        var path = Path(http);
        return TrackingApi.Download(http, await tracking.OpenProxied(http.Principal(), path, http.RequestAborted), path);
    }

    private static async Task<IResult> Upload(HttpContext http, TrackingService tracking)
    {
        var path = Path(http);
        http.AllowLargeBody();
        await tracking.PutProxied(http.Principal(), path, http.Request.Body, http.RequestAborted);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Delete(HttpContext http, TrackingService tracking)
    {
        await tracking.DeleteProxied(http.Principal(), Path(http), http.RequestAborted);
        return MlflowJson.Empty;
    }

    // Where other servers name signed addresses of a cloud, ours are of this server, for whoever began the upload: the client sends
    // the parts without its own credentials, so it is given back what it came with.
    private static async Task<IResult> BeginUpload(MlflowCall call)
    {
        var parts = call.Args.Int32("num_parts") ?? throw call.Args.Missing("num_parts");
        var id = await call.Tracking.BeginUpload(call.Principal, UploadPath(call), parts, call.Ct);
        var request = call.Http.Request;
        var root = $"{request.Scheme}://{request.Host}{request.PathBase}/api/2.0/mlflow-artifacts/mpu/part/{id}/";
        var authorization = request.Headers.Authorization.ToString();
        return new MlflowJson(w =>
        {
            w.WriteString("upload_id", id);
            w.List("credentials", [.. Enumerable.Range(1, parts)], (w, number) =>
            {
                w.WriteString("url", root + number.ToString(CultureInfo.InvariantCulture));
                w.WriteNumber("part_number", number);
                w.Record("headers", authorization, (w, value) =>
                {
                    if (value.Length > 0)
                        w.WriteString("Authorization", value);
                });
            });
        });
    }

    private static async Task<IResult> UploadPart(HttpContext http, TrackingService tracking)
    {
        http.AllowLargeBody();
        var number = int.Parse((string)http.Request.RouteValues["number"]!, CultureInfo.InvariantCulture);
        var mark = await tracking.PutPart(http.Principal(), (string)http.Request.RouteValues["upload_id"]!, number, http.Request.Body, http.RequestAborted);
        http.Response.Headers.ETag = $"\"{mark}\"";
        return MlflowJson.Empty;
    }

    private static async Task<IResult> EndUpload(MlflowCall call)
    {
        var parts = call.Args.Records("parts").Select(part => new UploadedPart(part.Int32("part_number") ?? throw part.Missing("part_number"), part.Required("etag")));
        await call.Tracking.EndUpload(call.Principal, call.Args.Required("upload_id"), UploadPath(call), [.. parts], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> AbortUpload(MlflowCall call)
    {
        await call.Tracking.AbortUpload(call.Principal, call.Args.Required("upload_id"), UploadPath(call), call.Ct);
        return MlflowJson.Empty;
    }

    // The address names the folder, the field the file, with the folders of the client's machine before it.
    private static string UploadPath(MlflowCall call)
    {
        var file = call.Args.Required("path");
        file = file[(file.LastIndexOfAny(['/', '\\']) + 1)..];
        var folder = Path(call.Http).TrimEnd('/');
        return folder.Length == 0 ? file : folder + "/" + file;
    }

    private static string Path(HttpContext http) => (string?)http.Request.RouteValues["path"] ?? "";
}
