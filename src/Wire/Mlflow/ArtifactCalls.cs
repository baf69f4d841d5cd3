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
        new("POST", "/2.0/mlflow-artifacts/mpu/create/{**path}", Role.Editor, NoMultipart),
        new("POST", "/2.0/mlflow-artifacts/mpu/complete/{**path}", Role.Editor, NoMultipart),
        new("POST", "/2.0/mlflow-artifacts/mpu/abort/{**path}", Role.Editor, NoMultipart),
    ];

    /// <summary>Endpoints whose body is the file itself.</summary>
    public static IEnumerable<(string Method, string Path, Role Role, Func<HttpContext, TrackingService, Task<IResult>> Handle)> Raw =>
    [
        ("GET", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Viewer, Download),
        ("PUT", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Editor, Upload),
        ("DELETE", "/2.0/mlflow-artifacts/artifacts/{**path}", Role.Editor, Delete),
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

    private static async Task<IResult> List(MlflowCall call)
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

    // The client falls back to one PUT.
    private static Task<IResult> NoMultipart(MlflowCall call) =>
        throw new HoldfastException(ErrorCode.Unsupported, "Multipart upload is not supported for the current artifact repository");

    private static string Path(HttpContext http) => (string?)http.Request.RouteValues["path"] ?? "";
}
