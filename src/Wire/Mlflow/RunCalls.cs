using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>runs/*</c>.</summary>
internal static class RunCalls
{
    private const string Root = "/2.0/mlflow/runs/";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root + "create", Role.Editor, Create),
        new("POST", Root + "update", Role.Editor, Update),
        new("POST", Root + "delete", Role.Editor, Delete),
        new("POST", Root + "restore", Role.Editor, Restore),
        new("POST", Root + "log-metric", Role.Editor, LogMetric),
        new("POST", Root + "log-parameter", Role.Editor, LogParameter),
        new("POST", Root + "set-tag", Role.Editor, SetTag),
        new("POST", Root + "delete-tag", Role.Editor, DeleteTag),
        new("GET", Root + "get", Role.Viewer, Get),
        new("POST", Root + "search", Role.Viewer, Search),
        new("POST", Root + "log-batch", Role.Editor, LogBatch),
        new("POST", Root + "log-model", Role.Editor, LogModel),
        new("POST", Root + "log-inputs", Role.Editor, LogInputs),
    ];

    private static async Task<IResult> Create(MlflowCall call)
    {
        var run = await call.Tracking.CreateRun(
            call.Principal,
            new NewRun(call.Args.Id("experiment_id") is { Length: > 0 } id ? id : "0", call.Args.Text("run_name"), call.Args.Text("user_id") ?? "", call.Args.Time("start_time"), call.Args.Pairs("tags")),
            call.Ct);
        return new MlflowJson(w => w.Record("run", run, MlflowWriter.Run));
    }

    private static async Task<IResult> Update(MlflowCall call)
    {
        var run = await call.Tracking.UpdateRun(call.Principal, call.Args.RunId(), new RunChange(call.Args.Text("run_name"), call.Args.Status("status"), call.Args.Time("end_time")), call.Ct);
        return new MlflowJson(w => w.Record("run_info", run, MlflowWriter.RunInfo));
    }

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Tracking.DeleteRun(call.Principal, call.Args.RunId(), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Restore(MlflowCall call)
    {
        await call.Tracking.RestoreRun(call.Principal, call.Args.RunId(), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LogMetric(MlflowCall call)
    {
        await call.Tracking.LogBatch(call.Principal, call.Args.RunId(), [Metric(call.Args)], [], [], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LogParameter(MlflowCall call)
    {
        await call.Tracking.LogBatch(call.Principal, call.Args.RunId(), [], [Param(call.Args)], [], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> SetTag(MlflowCall call)
    {
        await call.Tracking.LogBatch(call.Principal, call.Args.RunId(), [], [], [Tag(call.Args)], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Tracking.DeleteTag(call.Principal, call.Args.RunId(), call.Args.Required("key"), call.Ct);
        return MlflowJson.Empty;
    }

    public static async Task<IResult> Get(MlflowCall call)
    {
        var run = await call.Tracking.GetRun(call.Principal, call.Args.RunId(), call.Ct);
        return new MlflowJson(w => w.Record("run", run, MlflowWriter.Run));
    }

    public static async Task<IResult> Search(MlflowCall call)
    {
        var all = call.Args.Bool("search_all_experiments") == true;
        var page = await call.Tracking.SearchRuns(
            call.Principal,
            new RunQuery(
                all ? null : call.Args.Texts("experiment_ids"), call.Args.Text("filter"), call.Args.Texts("order_by"), call.Args.Int32("max_results") ?? 1000, call.Args.Text("page_token"),
                call.Args.View("run_view_type")),
            RunFilter.Mlflow, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("runs", page.Items, MlflowWriter.Run);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> LogBatch(MlflowCall call)
    {
        var run = call.Args.RunId();
        var metrics = call.Args.Records("metrics");
        var parameters = call.Args.Records("params");
        var tags = call.Args.Records("tags");
        KeyRules.Batch(metrics.Count, parameters.Count, tags.Count);
        await call.Tracking.LogBatch(call.Principal, run, [.. metrics.Select(Metric)], [.. parameters.Select(Param)], [.. tags.Select(Tag)], call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LogModel(MlflowCall call)
    {
        var run = call.Args.RunId();
        var text = call.Args.Required("model_json");
        JsonObject? model;
        try
        {
            model = JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"Malformed model info. \n {text} \n is not a valid JSON.", inner: e);
        }

        await call.Tracking.LogModel(call.Principal, run, model ?? throw new HoldfastException(ErrorCode.InvalidArgument, $"Malformed model info. \n {text} \n is not a JSON object."), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> LogInputs(MlflowCall call)
    {
        var run = call.Args.RunId();
        if (!call.Args.Has("datasets") && !call.Args.Has("models"))
            throw call.Args.Missing("datasets");
        var models = call.Args.Records("models").Select(m => new RunModel(m.Required("model_id"))).ToList();
        var inputs = call.Args.Records("datasets").Select(input =>
        {
            var dataset = input.Record("dataset") ?? throw input.Missing("dataset");
            var tags = input.Records("tags").Select(Tag).ToList();
            return new RunInput(
                dataset.Required("name"), dataset.Required("digest"), dataset.Required("source_type"), dataset.Required("source"), dataset.Text("schema"), dataset.Text("profile"), Tags: tags);
        });
        await call.Tracking.LogInputs(call.Principal, run, [.. inputs], call.Ct);
        if (models.Count > 0)
            await call.Tracking.LogModelInputs(call.Principal, run, models, call.Ct);
        return MlflowJson.Empty;
    }

    private static MetricPoint Metric(MlflowArguments args)
    {
        var key = args.Required("key");
        var value = args.Double("value") ?? throw args.Missing("value");
        var at = args.Time("timestamp") ?? throw args.Missing("timestamp");
        return new MetricPoint(key, value, at, args.Int64("step") ?? 0)
        {
            Model = args.Text("model_id") is { Length: > 0 } model ? new MeasuredModel(model, args.Text("dataset_name"), args.Text("dataset_digest")) : null,
        };
    }

    public static Param Param(MlflowArguments args) => new(args.Required("key"), args.Text("value") ?? "");

    public static Tag Tag(MlflowArguments args) => new(args.Required("key"), args.Text("value") ?? "");
}
