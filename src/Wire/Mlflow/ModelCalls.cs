using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Registry;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Mlflow;

/// <summary><c>registered-models/*</c>.</summary>
internal static class ModelCalls
{
    private const string Root = "/2.0/mlflow/registered-models/";

    public static IEnumerable<MlflowEndpoint> Endpoints =>
    [
        new("POST", Root + "create", Role.Editor, Create),
        new("POST", Root + "rename", Role.Editor, Rename),
        new("PATCH", Root + "update", Role.Editor, Update),
        new("DELETE", Root + "delete", Role.Editor, Delete),
        new("GET", Root + "get", Role.Viewer, Get),
        new("GET", Root + "search", Role.Viewer, Search),
        new("POST", Root + "get-latest-versions", Role.Viewer, Latest),
        new("GET", Root + "get-latest-versions", Role.Viewer, Latest),
        new("POST", Root + "set-tag", Role.Editor, SetTag),
        new("DELETE", Root + "delete-tag", Role.Editor, DeleteTag),
        new("POST", Root + "alias", Role.Editor, SetAlias),
        new("DELETE", Root + "alias", Role.Editor, DeleteAlias),
        new("GET", Root + "alias", Role.Viewer, GetAlias),
    ];

    private static async Task<IResult> Create(MlflowCall call) =>
        Answer(await call.Registry.CreateModel(call.Principal, call.Args.Required("name"), call.Args.Text("description"), call.Args.Pairs("tags"), call.Ct));

    private static async Task<IResult> Rename(MlflowCall call) =>
        Answer(await call.Registry.RenameModel(call.Principal, call.Args.Required("name"), call.Args.Required("new_name"), call.Ct));

    private static async Task<IResult> Update(MlflowCall call) =>
        Answer(await call.Registry.DescribeModel(call.Principal, call.Args.Required("name"), call.Args.Text("description"), call.Ct));

    private static async Task<IResult> Delete(MlflowCall call)
    {
        await call.Registry.DeleteModel(call.Principal, call.Args.Required("name"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> Get(MlflowCall call) => Answer(await call.Registry.GetModel(call.Principal, call.Args.Required("name"), call.Ct));

    private static async Task<IResult> Search(MlflowCall call)
    {
        var page = await call.Registry.SearchModels(
            call.Principal, call.Args.Text("filter"), call.Args.Texts("order_by"), call.Args.Int32("max_results") ?? 100, call.Args.Text("page_token"), RegistryFilter.Models, call.Ct);
        return new MlflowJson(w =>
        {
            w.List("registered_models", page.Items, MlflowWriter.Model);
            w.Token(page.NextToken);
        });
    }

    private static async Task<IResult> Latest(MlflowCall call)
    {
        var versions = await call.Registry.LatestVersions(call.Principal, call.Args.Required("name"), call.Args.Texts("stages"), call.Ct);
        return new MlflowJson(w => w.List("model_versions", versions, MlflowWriter.Version));
    }

    private static async Task<IResult> SetTag(MlflowCall call)
    {
        await call.Registry.SetModelTag(call.Principal, call.Args.Required("name"), call.Args.Required("key"), call.Args.Text("value") ?? "", call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteTag(MlflowCall call)
    {
        await call.Registry.DeleteModelTag(call.Principal, call.Args.Required("name"), call.Args.Required("key"), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> SetAlias(MlflowCall call)
    {
        await call.Registry.SetAlias(call.Principal, call.Args.Required("name"), call.Args.Required("alias"), VersionCalls.Number(call.Args), call.Ct);
        return MlflowJson.Empty;
    }

    private static async Task<IResult> DeleteAlias(MlflowCall call)
    {
        await call.Registry.DeleteAlias(call.Principal, call.Args.Required("name"), call.Args.Required("alias"), call.Ct);
        return MlflowJson.Empty;
    }

    // A missing alias is a bad parameter to MLflow, not a missing resource.
    private static async Task<IResult> GetAlias(MlflowCall call)
    {
        var alias = call.Args.Required("alias");
        var version = await call.Registry.GetAlias(call.Principal, call.Args.Required("name"), alias, call.Ct)
            ?? throw new HoldfastException(ErrorCode.InvalidArgument, $"Registered model alias {alias} not found.");
        return new MlflowJson(w => w.Record("model_version", version, MlflowWriter.Version));
    }

    private static MlflowJson Answer(RegisteredModel model) => new(w => w.Record("registered_model", model, MlflowWriter.Model));
}
