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
    private const int MaxDatasetExperiments = 20;

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
        new("POST", Root + "search-datasets", Role.Viewer, SearchDatasets),
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

    public static async Task<IResult> Get(MlflowCall call)
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

    public static async Task<IResult> SearchDatasets(MlflowCall call)
    {
        var ids = call.Args.Texts("experiment_ids");
        if (ids.Count == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "SearchDatasets request must specify at least one experiment_id.");
        if (ids.Count > MaxDatasetExperiments)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"SearchDatasets request cannot specify more than {MaxDatasetExperiments} experiment_ids. Received {ids.Count} experiment_ids.");
        var found = await call.Tracking.SearchInputs(call.Principal, ids, call.Ct);
        return new MlflowJson(w => w.List("dataset_summaries", found, (w, d) =>
        {
            w.WriteString("experiment_id", d.ExperimentId.ToString(CultureInfo.InvariantCulture));
            w.WriteString("name", d.Name);
            w.WriteString("digest", d.Digest);
            if (d.Context is not null)
                w.WriteString("context", d.Context);
        }));
    }
}
