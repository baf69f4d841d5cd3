using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving;
using Holdfast.Wire.OpenInference;
using Holdfast.Wire.Scoring;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.V1;

/// <summary>The first inference protocol, TensorFlow Serving's and KServe's V1. Errors as in version 2.</summary>
public static class V1Api
{
    /// <summary>Maps the protocol at the root.</summary>
    public static void MapV1(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("/v1/models").WithErrors(OpenInferenceErrors.Write);
        var any = new AcceptsMetadata(["*/*"]);
        root.MapGet("", (HttpContext http, ServingService serving) => Results.Json(new { models = serving.Names(http.Principal()) })).Needs(Role.Viewer);
        root.MapGet("/{model}", Ready).Needs(Role.Viewer);
        root.MapPost("/{model}:predict", (RequestDelegate)Predict).Needs(Role.Editor).WithMetadata(any);
        root.MapPost("/{model}:explain", (RequestDelegate)Explain).Needs(Role.Editor).WithMetadata(any);
        root.Map("/{**rest}", (RequestDelegate)OpenInferenceErrors.NoEndpoint).Open();
    }

    private static IResult Ready(HttpContext http, ServingService serving, Draining draining, string model)
    {
        var ready = OpenInferenceApi.Served(http.Principal(), serving, model, null).Ready && !draining.Begun;
        return Results.Json(new { name = model, ready }, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task Predict(HttpContext http)
    {
        var serving = (ServingService)http.RequestServices.GetService(typeof(ServingService))!;
        var model = (string)http.Request.RouteValues["model"]!;
        var served = OpenInferenceApi.Served(http.Principal(), serving, model, null);
        using var body = await Body(http);
        var request = Request(body.RootElement, served);
        InferHeaders.Take(http.Request, request);
        await PredictionsReply.Write(http.Response, await serving.Infer(http.Principal(), model, request), http.RequestAborted);
    }

    private static async Task Explain(HttpContext http)
    {
        var serving = (ServingService)http.RequestServices.GetService(typeof(ServingService))!;
        var model = (string)http.Request.RouteValues["model"]!;
        var served = OpenInferenceApi.Served(http.Principal(), serving, model, null);
        if (serving.Variants(http.Principal(), model) is [{ Explains: true }, ..])
        {
            using var body = await Body(http);
            var request = Request(body.RootElement, served);
            InferHeaders.Take(http.Request, request);
            request.Explain = true;
            await PredictionsReply.Write(http.Response, await serving.Infer(http.Principal(), model, request), http.RequestAborted);
            return;
        }

        throw new HoldfastException(ErrorCode.Unsupported, $"The model behind '{model}' gives no explanations.", "Ask for predictions with :predict.");
    }

    private static InferRequest Request(JsonElement body, ServedModel served)
    {
        if (body.ValueKind == JsonValueKind.Object)
        {
            var (instances, inputs) = (body.TryGetProperty("instances", out var rows), body.TryGetProperty("inputs", out var columns));
            if (instances != inputs)
            {
                var read = new JsonRows(served);
                if (inputs && columns.ValueKind == JsonValueKind.Object)
                    read.AddColumns(columns);
                else
                    read.AddRows(instances ? rows : columns, instances ? "instances" : "inputs");
                return read.Done();
            }
        }

        throw new HoldfastException(ErrorCode.InvalidArgument, "The body has not one of 'instances' and 'inputs'.", "Send {\"instances\": [...]} with a row each, or {\"inputs\": {\"name\": [...]}}.");
    }

    private static async Task<JsonDocument> Body(HttpContext http)
    {
        try
        {
            return await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not JSON: {e.Message}", "Send {\"instances\": [...]}.", e);
        }
    }
}
