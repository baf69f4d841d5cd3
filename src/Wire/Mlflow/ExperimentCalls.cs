using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>experiments/*</c>.</summary>
internal static class ExperimentCalls
{
    private const string Root = "/2.0/mlflow/experiments/";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("GET", Root + "get-by-name", Role.Viewer, GetByName),
        new("POST", Root + "create", Role.Editor, Create),
        new("POST", Root + "search", Role.Viewer, Search),
        new("GET", Root + "search", Role.Viewer, Search),
        new("GET", Root + "get", Role.Viewer, Get),
        new("POST", Root + "delete", Role.Editor, Delete),
        new("POST", Root + "restore", Role.Editor, Restore),
        new("POST", Root + "update", Role.Editor, Update),
        new("POST", Root + "set-experiment-tag", Role.Editor, SetTag),
        new("POST", Root + "delete-experiment-tag", Role.Editor, DeleteTag),
    ];

    private static async Task<IResult> GetByName(MlflowCall call)
    {
        var name = call.Args.Required("experiment_name");
        var found = await call.Tracking.FindExperiment(call.Principal, name, call.Ct) ?? throw new HoldfastException(ErrorCode.NotFound, $"Could not find experiment with name '{name}'");
        return new MlflowJson(w => w.Record("experiment", found, MlflowWriter.Experiment));
    }

    private static async Task<IResult> Create(MlflowCall call)
    {
        var made = await call.Tracking.CreateExperiment(call.Principal, call.Args.Required("name"), call.Args.Text("artifact_location"), call.Args.Pairs("tags"), call.Ct);
        return new MlflowJson(w => w.WriteString("experiment_id", made.Id.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> Search(MlflowCall call)
    {
        var page = await call.Tracking.SearchExperiments(
            call.Principal, call.Args.Text("filter"), call.Args.Texts("order_by"), call.Args.Int32("max_results") ?? 1000, call.Args.Text("page_token"), call.Args.View("view_type"), ExperimentFilter.Mlflow, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("experiments", page.Items, MlflowWriter.Experiment);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> Get(MlflowCall call)
    {
        var found = await call.Tracking.GetExperiment(call.Principal, call.Args.RequiredId("experiment_id"), call.Ct);
        return new MlflowJson(w => w.Record("experiment", found, MlflowWriter.Experiment));
    }

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Tracking.DeleteExperiment(call.Principal, call.Args.RequiredId("experiment_id"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Restore(MlflowCall call)
    {
        await call.Tracking.RestoreExperiment(call.Principal, call.Args.RequiredId("experiment_id"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Update(MlflowCall call)
    {
        await call.Tracking.RenameExperiment(call.Principal, call.Args.RequiredId("experiment_id"), call.Args.Required("new_name"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> SetTag(MlflowCall call)
    {
        await call.Tracking.SetExperimentTag(call.Principal, call.Args.RequiredId("experiment_id"), call.Args.Required("key"), call.Args.Text("value") ?? "", call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Tracking.DeleteExperimentTag(call.Principal, call.Args.RequiredId("experiment_id"), call.Args.Required("key"), call.Ct);
        return MlflowJson.Empty;
    }
}
