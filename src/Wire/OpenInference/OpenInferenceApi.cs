using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// The Open Inference Protocol, version 2, over REST. A model of the protocol is an endpoint of ours; its versions are those that the
/// endpoint's route has loaded. <c>endpoints.json</c> beside this file says what is built.
/// </summary>
public static class OpenInferenceApi
{
    /// <summary>Name of the server in its metadata.</summary>
    internal const string Name = "holdfast";

    internal static readonly string[] Outputs = ["score", "prediction"];
    internal static readonly string[] Extensions = ["binary_tensor_data", "model_repository"];

    internal static string Version { get; } = typeof(OpenInferenceApi).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Maps the protocol at the root.</summary>
    public static void MapOpenInference(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("/v2").WithErrors(OpenInferenceErrors.Write);
        var any = new AcceptsMetadata(["*/*"]);
        root.MapGet("", () => Results.Json(new { name = Name, version = Version, extensions = Extensions })).Open();
        root.MapGet("/health/live", () => Results.Json(new { live = true })).Open();
        root.MapGet("/health/ready", (Draining draining) => Ready(new { ready = !draining.Begun, live = true }, !draining.Begun)).Open();
        root.MapGet("/models", (HttpContext http, ServingService serving) => Results.Json(new { models = serving.Names(http.Principal()) })).Needs(Role.Viewer);
        foreach (var path in new[] { "/models/{model}", "/models/{model}/versions/{version}" })
        {
            root.MapGet(path, Metadata).Needs(Role.Viewer);
            root.MapGet(path + "/ready", ModelReady).Needs(Role.Viewer);
            // The body's type is not asked for: clients of the protocol send application/json, octet-stream or none.
            root.MapPost(path + "/infer", (RequestDelegate)Infer).Needs(Role.Editor).WithMetadata(any);
        }

        // Clients send these without a body, or without saying what it is.
        root.MapPost("/repository/index", (RequestDelegate)Index).Needs(Role.Viewer).WithMetadata(any);
        root.MapPost("/repository/models/{model}/load", (RequestDelegate)Load).Needs(Role.Editor).WithMetadata(any);
        root.MapPost("/repository/models/{model}/unload", (RequestDelegate)Unload).Needs(Role.Editor).WithMetadata(any);
        root.Map("/{**rest}", (RequestDelegate)OpenInferenceErrors.NoEndpoint).Open();
    }

    /// <summary>What an endpoint serves; its version must be one of those that it serves.</summary>
    internal static ServedModel Served(Principal p, ServingService serving, string model, string? version)
    {
        var served = serving.Describe(p, model) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{model}' in this workspace.");
        if (!string.IsNullOrEmpty(version) && !served.Versions.Contains(Number(model, version)))
            throw NoVersion(model, version);
        return served;
    }

    /// <summary>The protocol's word for what computes.</summary>
    internal static string Platform(ServedModel served) => served.Platform == "onnx" ? "onnx_onnxv1" : "holdfast_" + served.Platform;

    internal static string OutputType(string output) => output == "score" ? "FP64" : "BYTES";

    /// <summary>A version's number; not found when it is none.</summary>
    internal static int Number(string model, string version) =>
        int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw NoVersion(model, version);

    /// <summary>The index of the repository: an entry for each version of each endpoint.</summary>
    internal static IEnumerable<(string Name, string Version, string State, string Reason)> Index(Principal p, ServingService serving, bool readyOnly) =>
        from name in serving.Names(p)
        let served = serving.Describe(p, name)
        where served is not null && (served.Ready || !readyOnly)
        from version in served.Versions.Count > 0 ? served.Versions.Select(v => v.ToString(CultureInfo.InvariantCulture)) : [""]
        select (name, version, served.Ready ? "READY" : "UNAVAILABLE", served.Fault ?? "");

    private static IResult Ready(object body, bool ready) => Results.Json(body, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

    private static IResult Metadata(HttpContext http, ServingService serving, string model, string? version)
    {
        var served = Served(http.Principal(), serving, model, version);
        return Results.Json(new
        {
            name = model,
            versions = served.Versions.Select(v => v.ToString(CultureInfo.InvariantCulture)),
            platform = Platform(served),
            inputs = served.Inputs.Select(i => new { name = i.Name, datatype = i.Datatype, shape = new[] { -1 } }),
            outputs = Outputs.Select(name => new { name, datatype = OutputType(name), shape = new[] { -1 } }),
        });
    }

    private static IResult ModelReady(HttpContext http, ServingService serving, Draining draining, string model, string? version)
    {
        var ready = Served(http.Principal(), serving, model, version).Ready && !draining.Begun;
        return Ready(new { name = model, ready }, ready);
    }

    private static async Task Infer(HttpContext http)
    {
        var serving = Serving(http);
        var model = Model(http);
        var parsed = await InferBody.Read(http.Request, serving.LastNames(http.Principal(), model), http.RequestAborted);
        InferHeaders.Take(http.Request, parsed.Request);
        if (http.Request.RouteValues["version"] is string version)
            parsed.Request.Version = Number(model, version);
        var answer = await serving.Infer(http.Principal(), model, parsed.Request);
        await InferReply.Write(http.Response, model, parsed, answer, http.RequestAborted);
    }

    private static async Task Index(HttpContext http)
    {
        var ready = (await Body(http)).TryGetProperty("ready", out var only) && only.ValueKind == JsonValueKind.True;
        var index = Index(http.Principal(), Serving(http), ready).Select(m => new { name = m.Name, version = m.Version, state = m.State, reason = m.Reason });
        await http.Response.WriteAsJsonAsync(index, http.RequestAborted);
    }

    private static async Task Load(HttpContext http)
    {
        await Serving(http).Load(http.Principal(), Model(http), http.RequestAborted);
        await http.Response.WriteAsJsonAsync(new { name = Model(http), load = true }, http.RequestAborted);
    }

    private static async Task Unload(HttpContext http)
    {
        await Serving(http).Unload(http.Principal(), Model(http), http.RequestAborted);
        await http.Response.WriteAsJsonAsync(new { name = Model(http), unload = true }, http.RequestAborted);
    }

    private static async Task<JsonElement> Body(HttpContext http)
    {
        using var bytes = new MemoryStream();
        await http.Request.Body.CopyToAsync(bytes, http.RequestAborted);
        if (bytes.Length == 0)
            return JsonSerializer.SerializeToElement(new { });
        try
        {
            bytes.Position = 0;
            using var document = await JsonDocument.ParseAsync(bytes, cancellationToken: http.RequestAborted);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not JSON: {e.Message}", "Send {} or {\"ready\": true}.", e);
        }

        throw new HoldfastException(ErrorCode.InvalidArgument, "The body is not an object.", "Send {} or {\"ready\": true}.");
    }

    private static ServingService Serving(HttpContext http) => (ServingService)http.RequestServices.GetService(typeof(ServingService))!;

    private static string Model(HttpContext http) => (string)http.Request.RouteValues["model"]!;

    private static HoldfastException NoVersion(string model, string version) => new(ErrorCode.NotFound, $"The endpoint '{model}' does not serve version '{version}'.");
}
