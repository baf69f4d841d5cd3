using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Tracking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.Mlflow;

/// <summary>
/// MLflow's REST protocol. Every endpoint stands under <c>/api</c> (its SDKs) and <c>/ajax-api</c> (its pages);
/// <c>endpoints.json</c> beside this file says which are built.
/// </summary>
public static class MlflowApi
{
    /// <summary>The MLflow version whose behaviour is offered; clients parse it.</summary>
    public const string Version = "3.6.0";

    private static readonly string[] _prefixes = ["/api", "/ajax-api"];

    /// <summary>Maps the protocol at the root.</summary>
    public static void MapMlflow(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("").WithErrors(MlflowErrors.Write);
        root.MapGet("/health", () => Results.Text("OK")).Open();
        root.MapGet("/version", () => Results.Text(Version)).Open();
        root.MapGet("/get-artifact", ArtifactCalls.OfRun).Needs(Role.Viewer);
        root.MapGet("/model-versions/get-artifact", (HttpContext http, RegistryService registry) => VersionCalls.File(http, registry)).Needs(Role.Viewer);
        foreach (var prefix in _prefixes)
        {
            foreach (var endpoint in Endpoints)
                Map(root, prefix, endpoint);
            foreach (var (method, path, role, handle) in ArtifactCalls.Raw)
                root.MapMethods(prefix + path, [method], (HttpContext http, TrackingService tracking) => handle(http, tracking)).Needs(role);
            foreach (var version in new[] { "/2.0", "/3.0" })
                root.Map(prefix + version + "/{**rest}", (RequestDelegate)MlflowErrors.NoEndpoint).Open();
        }

        Map(root, "", new MlflowEndpoint("POST", "/graphql", Role.Viewer, GraphqlCalls.Run));
        foreach (var endpoint in MetricCalls.AjaxEndpoints)
            Map(root, "/ajax-api", endpoint);
        root.MapGet("/ajax-api/2.0/mlflow/get-trace-artifact", TraceCalls.File).Needs(Role.Viewer);
        root.MapGet("/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files", LoggedModelCalls.File).Needs(Role.Viewer);
        // The body is the file, of whatever type, also of none.
        root.MapPost("/ajax-api/2.0/mlflow/upload-artifact", ArtifactCalls.UploadOfRun).Needs(Role.Editor).WithMetadata(new AcceptsMetadata(["*/*"]));
    }

    private static IEnumerable<MlflowEndpoint> Endpoints =>
        ExperimentCalls.Endpoints.Concat(RunCalls.Endpoints).Concat(MetricCalls.Endpoints).Concat(ArtifactCalls.Endpoints).Concat(ModelCalls.Endpoints).Concat(VersionCalls.Endpoints)
            .Concat(LoggedModelCalls.Endpoints).Concat(TraceCalls.Endpoints).Concat(WebhookCalls.Endpoints).Concat(EvaluationCalls.Endpoints);

    private static void Map(IEndpointRouteBuilder root, string prefix, MlflowEndpoint endpoint) =>
        root.MapMethods(
            prefix + endpoint.Path, [endpoint.Method],
            (Delegate)(async (HttpContext http) => await endpoint.Handle(new MlflowCall(http, await MlflowBody.Read(http.Request, http.RequestAborted))))).Needs(endpoint.Role);
}
