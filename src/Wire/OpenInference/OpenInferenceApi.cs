using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// The Open Inference Protocol, version 2, over REST. A model of the protocol is an endpoint of ours; its versions are those that the
/// endpoint's route has loaded. <c>endpoints.json</c> beside this file says what is built.
/// </summary>
public static class OpenInferenceApi
{
    private static readonly string[] _outputs = ["score", "prediction"];

    /// <summary>Maps the protocol at the root.</summary>
    public static void MapOpenInference(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("/v2").WithErrors(OpenInferenceErrors.Write);
        root.MapGet("", Server).Open();
        root.MapGet("/health/live", () => Results.Json(new { live = true })).Open();
        root.MapGet("/health/ready", () => Results.Json(new { ready = true, live = true })).Open();
        root.MapGet("/models", Models).Needs(Role.Viewer);
        foreach (var path in new[] { "/models/{model}", "/models/{model}/versions/{version}" })
        {
            root.MapGet(path, Model).Needs(Role.Viewer);
            root.MapGet(path + "/ready", Ready).Needs(Role.Viewer);
            // The body's type is not asked for: clients of the protocol send application/json, octet-stream or none.
            root.MapPost(path + "/infer", (RequestDelegate)Infer).Needs(Role.Editor);
        }

        root.Map("/{**rest}", (RequestDelegate)OpenInferenceErrors.NoEndpoint).Open();
    }

    private static IResult Server() => Results.Json(new
    {
        name = "holdfast",
        version = typeof(OpenInferenceApi).Assembly.GetName().Version?.ToString(3) ?? "0",
        extensions = Array.Empty<string>(),
    });

    private static IResult Models(HttpContext http, ServingService serving) => Results.Json(new { models = serving.Names(http.Principal()) });

    private static IResult Model(HttpContext http, ServingService serving, string model, string? version)
    {
        var served = Served(http, serving, model, version);
        return Results.Json(new
        {
            name = model,
            versions = served.Versions.Select(v => v.ToString(CultureInfo.InvariantCulture)),
            platform = served.Platform == "onnx" ? "onnx_onnxv1" : "holdfast_" + served.Platform,
            inputs = served.Inputs.Select(i => new { name = i.Name, datatype = i.Datatype, shape = new[] { -1 } }),
            outputs = _outputs.Select(name => new { name, datatype = name == "score" ? "FP64" : "BYTES", shape = new[] { -1 } }),
        });
    }

    private static IResult Ready(HttpContext http, ServingService serving, string model, string? version)
    {
        var served = Served(http, serving, model, version);
        return Results.Json(new { name = model, ready = served.Ready }, statusCode: served.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task Infer(HttpContext http)
    {
        var serving = (ServingService)http.RequestServices.GetService(typeof(ServingService))!;
        var model = (string)http.Request.RouteValues["model"]!;
        var parsed = await InferBody.Read(http.Request, http.RequestAborted);
        if (http.Request.RouteValues["version"] is string version)
            parsed.Request.Version = Number(model, version);
        var answer = await serving.Infer(http.Principal(), model, parsed.Request);
        await InferReply.Write(http.Response, model, parsed, answer, http.RequestAborted);
    }

    private static ServedModel Served(HttpContext http, ServingService serving, string model, string? version)
    {
        var served = serving.Describe(http.Principal(), model) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{model}' in this workspace.");
        if (version is not null && !served.Versions.Contains(Number(model, version)))
            throw NoVersion(model, version);
        return served;
    }

    private static int Number(string model, string version) =>
        int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw NoVersion(model, version);

    private static HoldfastException NoVersion(string model, string version) => new(ErrorCode.NotFound, $"The endpoint '{model}' does not serve version '{version}'.");
}
