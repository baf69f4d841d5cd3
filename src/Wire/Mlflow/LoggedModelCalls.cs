using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>logged-models/*</c> and the runs that read or write them (MLflow 3).</summary>
internal static class LoggedModelCalls
{
    private const string Root = "/2.0/mlflow/logged-models";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root, Role.Editor, Create),
        new("PATCH", Root + "/{model_id}", Role.Editor, Finalize),
        new("GET", Root + "/{model_id}", Role.Viewer, Get),
        new("DELETE", Root + "/{model_id}", Role.Editor, Delete),
        new("POST", Root + "/search", Role.Viewer, Search),
        new("PATCH", Root + "/{model_id}/tags", Role.Editor, SetTags),
        new("DELETE", Root + "/{model_id}/tags/{**tag_key}", Role.Editor, DeleteTag),
        new("GET", Root + "/{model_id}/artifacts/directories", Role.Viewer, List),
        new("POST", Root + "/{model_id}/params", Role.Editor, LogParams),
        new("POST", "/2.0/mlflow/runs/outputs", Role.Editor, LogOutputs),
    ];

    /// <summary><c>GET /ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files</c>.</summary>
    public static async Task<IResult> File(HttpContext http, TrackingService tracking)
    {
        var path = http.Request.Query["artifact_file_path"].ToString();
        if (path.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "Request must include the \"artifact_file_path\" query parameter.");
        ArtifactPath.CheckFile(path);
        return TrackingApi.Download(http, await tracking.OpenLoggedModelArtifact(http.Principal(), (string)http.Request.RouteValues["model_id"]!, path, http.RequestAborted), path);
    }

    private static async Task<IResult> Create(MlflowCall call)
    {
        var model = new NewLoggedModel(
            call.Args.RequiredId("experiment_id"), call.Args.Text("name"), call.Args.Text("model_type"), call.Args.Text("source_run_id"), [.. call.Args.Records("params").Select(RunCalls.Param)],
            [.. call.Args.Records("tags").Select(RunCalls.Tag)]);
        return Answer(await call.Tracking.CreateLoggedModel(call.Principal, model, call.Ct));
    }

    private static async Task<IResult> Finalize(MlflowCall call) =>
        Answer(await call.Tracking.FinalizeLoggedModel(call.Principal, Id(call), call.Args.ModelStatus("status") ?? throw call.Args.Missing("status"), call.Ct));

    private static async Task<IResult> Get(MlflowCall call) => Answer(await call.Tracking.GetLoggedModel(call.Principal, Id(call), call.Ct));

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Tracking.DeleteLoggedModel(call.Principal, Id(call), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Search(MlflowCall call)
    {
        var experiments = call.Args.Texts("experiment_ids");
        if (experiments.Count == 0)
            throw call.Args.Missing("experiment_ids");
        var query = new LoggedModelQuery(
            experiments, call.Args.Text("filter"), [.. call.Args.Records("datasets").Select(d => new MeasuredDataset(d.Text("dataset_name") ?? "", Digest(d)))],
            [.. call.Args.Records("order_by").Select(Order)], call.Args.Int32("max_results") ?? 50, call.Args.Text("page_token"));
        var page = await call.Tracking.SearchLoggedModels(call.Principal, query, LoggedModelFilter.Mlflow, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("models", page.Items, MlflowWriter.LoggedModel);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> SetTags(MlflowCall call) =>
        Answer(await call.Tracking.SetLoggedModelTags(call.Principal, Id(call), [.. call.Args.Records("tags").Select(RunCalls.Tag)], call.Ct));

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        // A slash of the key comes as it is (its client) or percent-encoded, and stays so in a route's value.
        await call.Tracking.DeleteLoggedModelTag(call.Principal, Id(call), Uri.UnescapeDataString((string)call.Http.Request.RouteValues["tag_key"]!), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> List(MlflowCall call)
    {
        var path = ArtifactPath.Check(call.Args.Text("artifact_directory_path"));
        var model = await call.Tracking.GetLoggedModel(call.Principal, Id(call), call.Ct);
        var files = await call.Tracking.ListLoggedModelArtifacts(call.Principal, model.ModelId, path, call.Ct);
        return new MlflowJson(w =>
        {
            w.WriteString("root_uri", model.ArtifactUri);
            w.List("files", files, MlflowWriter.File);
        });
    }

    private static async Task<IResult> LogParams(MlflowCall call)
    {
        await call.Tracking.LogLoggedModelParams(call.Principal, Id(call), [.. call.Args.Records("params").Select(RunCalls.Param)], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LogOutputs(MlflowCall call)
    {
        var run = call.Args.RunId();
        await call.Tracking.LogModelOutputs(call.Principal, run, [.. call.Args.Records("models").Select(m => new RunModel(m.Required("model_id"), m.Int64("step") ?? 0))], call.Ct);
        return MlflowJson.Empty;
    }

    private static LoggedModelOrder Order(MlflowArguments args) => new(
        args.Required("field_name"), args.Bool("ascending") == false, args.Text("dataset_name") is { Length: > 0 } name ? new MeasuredDataset(name, Digest(args)) : null);

    private static string? Digest(MlflowArguments args) => args.Text("dataset_digest") is { Length: > 0 } digest ? digest : null;

    private static string Id(MlflowCall call) => (string)call.Http.Request.RouteValues["model_id"]!;

    private static MlflowJson Answer(LoggedModel model) => new(w => w.Record("model", model, MlflowWriter.LoggedModel));
}
