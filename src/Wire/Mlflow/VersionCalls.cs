using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>model-versions/*</c>.</summary>
internal static class VersionCalls
{
    private const string Root = "/2.0/mlflow/model-versions/";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root + "create", Role.Editor, Create),
        new("PATCH", Root + "update", Role.Editor, Update),
        new("POST", Root + "transition-stage", Role.Editor, SetStage),
        new("DELETE", Root + "delete", Role.Editor, Delete),
        new("GET", Root + "get", Role.Viewer, Get),
        new("GET", Root + "search", Role.Viewer, Search),
        new("GET", Root + "get-download-uri", Role.Viewer, DownloadUri),
        new("POST", Root + "set-tag", Role.Editor, SetTag),
        new("DELETE", Root + "delete-tag", Role.Editor, DeleteTag),
    ];

    /// <summary>The version's number: a text on this wire.</summary>
    public static int Number(MlflowArguments args)
    {
        var text = args.RequiredId("version");
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"Model version must be an integer, got '{text}'");
    }

    /// <summary><c>GET /model-versions/get-artifact</c>.</summary>
    public static async Task<IResult> File(HttpContext http, RegistryService registry)
    {
        var path = ArtifactPath.CheckFile(http.Request.Query["path"]);
        var name = http.Request.Query["name"].ToString();
        if (!int.TryParse(http.Request.Query["version"], NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Model version must be an integer, got '{http.Request.Query["version"]}'");
        return TrackingApi.Download(http, await registry.OpenFile(http.Principal(), name, version, path, http.RequestAborted), path);
    }

    private static async Task<IResult> Create(MlflowCall call) =>
        Answer(await call.Registry.RegisterSource(
            call.Principal,
            new NewSourceVersion(
                call.Args.Required("name"), call.Args.Required("source"), call.Args.Text("run_id"), call.Args.Text("run_link"), call.Args.Text("description"), call.Args.Text("model_id"), call.Args.Pairs("tags")),
            call.Ct));

    private static async Task<IResult> Update(MlflowCall call) =>
        Answer(await call.Registry.DescribeVersion(call.Principal, call.Args.Required("name"), Number(call.Args), call.Args.Text("description"), call.Ct));

    private static async Task<IResult> SetStage(MlflowCall call)
    {
        var archive = call.Args.Bool("archive_existing_versions") ?? throw call.Args.Missing("archive_existing_versions");
        return Answer(await call.Registry.SetStage(call.Principal, call.Args.Required("name"), Number(call.Args), call.Args.Required("stage"), archive, call.Ct));
    }

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Registry.DeleteVersion(call.Principal, call.Args.Required("name"), Number(call.Args), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Get(MlflowCall call) => Answer(await call.Registry.GetVersion(call.Principal, call.Args.Required("name"), Number(call.Args), call.Ct));

    public static async Task<IResult> Search(MlflowCall call)
    {
        var page = await call.Registry.SearchVersions(
            call.Principal, call.Args.Text("filter"), call.Args.Texts("order_by"), call.Args.Int32("max_results") ?? 200_000, call.Args.Text("page_token"), RegistryFilter.Versions, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("model_versions", page.Items, MlflowWriter.Version);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> DownloadUri(MlflowCall call)
    {
        var version = await call.Registry.GetVersion(call.Principal, call.Args.Required("name"), Number(call.Args), call.Ct);
        return new MlflowJson(w => w.WriteString("artifact_uri", version.StorageUri));
    }

    private static async Task<IResult> SetTag(MlflowCall call)
    {
        await call.Registry.SetVersionTag(call.Principal, call.Args.Required("name"), Number(call.Args), call.Args.Required("key"), call.Args.Text("value") ?? "", call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Registry.DeleteVersionTag(call.Principal, call.Args.Required("name"), Number(call.Args), call.Args.Required("key"), call.Ct);
        return MlflowJson.Empty;
    }

    private static MlflowJson Answer(ModelVersion version) => new(w => w.Record("model_version", version, MlflowWriter.Version));
}
