using System.Net.Mime;
using System.Text;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Serving;
using Holdfast.Wire.Mlflow;
using Holdfast.Wire.Scoring;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Wire.MlflowScoring;

/// <summary>
/// MLflow's scoring server: <c>/endpoints/{name}/invocations</c>, and <c>/invocations</c> where it is clear which endpoint is meant.
/// <c>endpoints.json</c> beside this file says what is built.
/// </summary>
public static class MlflowScoringApi
{
    private const string EndpointHeader = "Holdfast-Endpoint";

    /// <summary>Maps the protocol at the root.</summary>
    /// <param name="app">The routes.</param>
    /// <param name="standard">The endpoint of <c>/invocations</c>; null = the workspace's only one.</param>
    public static void MapMlflowScoring(this IEndpointRouteBuilder app, string? standard)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = app.MapGroup("").WithErrors(ScoringErrors.Write);
        // Types are judged by the handler: a wrong one is a 415 of the protocol.
        var any = new AcceptsMetadata(["*/*"]);
        foreach (var prefix in new[] { "", "/endpoints/{name}" })
        {
            root.MapPost(prefix + "/invocations", (RequestDelegate)(http => Invoke(http, standard))).Needs(Role.Editor).WithMetadata(any);
            root.MapGet(prefix + "/ping", (HttpContext http, ServingService serving, Draining draining) => Ping(http, serving, draining, standard)).Needs(Role.Viewer);
        }

        // The server's own /health and /version are those of MLflow's tracking protocol.
        root.MapGet("/endpoints/{name}/health", (HttpContext http, ServingService serving, Draining draining) => Ping(http, serving, draining, standard)).Needs(Role.Viewer);
        root.MapGet("/endpoints/{name}/version", () => Results.Text(MlflowApi.Version)).Open();
    }

    private static IResult Ping(HttpContext http, ServingService serving, Draining draining, string? standard)
    {
        var ready = Served(http, serving, standard).Ready && !draining.Begun;
        return Results.Text("\n", statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task Invoke(HttpContext http, string? standard)
    {
        var serving = (ServingService)http.RequestServices.GetService(typeof(ServingService))!;
        var type = Type(http.Request.ContentType);
        if (type is null)
        {
            await ScoringErrors.Write(
                http, StatusCodes.Status415UnsupportedMediaType, "BAD_REQUEST", $"The content type '{http.Request.ContentType}' is not taken. Send application/json or text/csv, with no parameter but charset=utf-8.");
            return;
        }

        var served = Served(http, serving, standard);
        var request = type == MediaTypeNames.Text.Csv ? await Csv(http, served) : await Json(http, served);
        InferHeaders.Take(http.Request, request);
        await PredictionsReply.Write(http.Response, await serving.Infer(http.Principal(), served.Name, request), http.RequestAborted);
    }

    private static ServedModel Served(HttpContext http, ServingService serving, string? standard)
    {
        var name = http.Request.RouteValues["name"] as string ?? (http.Request.Headers[EndpointHeader].ToString() is { Length: > 0 } asked ? asked : standard);
        if (name is null)
        {
            var names = serving.Names(http.Principal());
            name = names.Count == 1
                ? names[0]
                : throw new HoldfastException(
                    ErrorCode.NotFound, names.Count == 0 ? "There is no endpoint in this workspace." : $"There are {names.Count} endpoints in this workspace: {string.Join(", ", names.Take(10))}.",
                    $"Use /endpoints/NAME/invocations, send the header {EndpointHeader}, or start the server with --invocations NAME.");
        }

        return serving.Describe(http.Principal(), name) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no endpoint '{name}' in this workspace.", "Declare it in holdfast.yaml and run 'holdfast apply'.");
    }

    /// <summary>The type of the body; null when it is not taken.</summary>
    private static string? Type(string? header)
    {
        try
        {
            var type = new ContentType(header ?? "");
            var plain = type.Parameters is null || type.Parameters.Keys.Cast<string>().All(k => k == "charset");
            return plain && (type.CharSet is null || type.CharSet.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) && type.MediaType is MediaTypeNames.Application.Json or MediaTypeNames.Text.Csv
                ? type.MediaType
                : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static async Task<InferRequest> Csv(HttpContext http, ServedModel served)
    {
        // The reader of CSV also reads without waiting: the body comes first.
        using var text = new StreamReader(http.Request.Body, Encoding.UTF8);
        return await CsvRows.Read(new StringReader(await text.ReadToEndAsync(http.RequestAborted)), served, http.RequestAborted);
    }

    private static async Task<InferRequest> Json(HttpContext http, ServedModel served)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return InvocationBody.Read(document.RootElement, served);
        }
        catch (JsonException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not JSON: {e.Message}", "Send {\"dataframe_records\": [...]}.", e);
        }
    }
}
