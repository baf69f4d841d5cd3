using Holdfast.Kernel;
using Holdfast.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Pipelines;

/// <summary>Pipelines over HTTP: for people, and for agents that execute elsewhere.</summary>
public static class PipelinesApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapPipelinesApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/pipelines", Pipelines).Needs(Role.Viewer);
        api.MapGet("/pipelines/{name}", Pipeline).Needs(Role.Viewer);
        api.MapPost("/pipelines/{name}/runs", Start).Needs(Role.Editor, execute: true);
        api.MapGet("/pipeline-runs", Runs).Needs(Role.Viewer);
        api.MapGet("/pipeline-runs/{id}", Run).Needs(Role.Viewer);
        api.MapGet("/pipeline-runs/{id}/log", Log).Needs(Role.Viewer);
        api.MapPost("/pipeline-runs/{id}/cancel", Cancel).Needs(Role.Editor);
        api.MapPost("/pipeline-runs/{id}/register", Register).Needs(Role.Editor);
        MapAgent(api.MapGroup("/agent"));
    }

    private static void MapAgent(RouteGroupBuilder agent)
    {
        agent.MapPost("/runs", (HttpContext http, PipelineService s, AgentRun body, CancellationToken ct) => s.StartAgentRun(http.Principal(), body.Spec, body.Commit, body.Agent, body.Register, ct)).Needs(Role.Editor);
        agent.MapPost("/runs/{id}/begin", async (HttpContext http, PipelineService s, string id, CancellationToken ct) => await (await Desk(http, s, id, ct)).Begin(id, ct)).Needs(Role.Editor);
        agent.MapGet("/runs/{id}/cancelled", async (HttpContext http, PipelineService s, string id, CancellationToken ct) => new CancelAnswer(await (await Desk(http, s, id, ct)).CancelRequested(id, ct))).Needs(Role.Viewer);
        agent.MapGet("/runs/{id}/cached/{key}", async Task<Results<Ok<CachedStage>, NoContent>> (HttpContext http, PipelineService s, string id, string key, CancellationToken ct) =>
            await (await Desk(http, s, id, ct)).FindCached(id, key, ct) is { } cached ? TypedResults.Ok(cached) : TypedResults.NoContent()).Needs(Role.Viewer);
        agent.MapGet("/runs/{id}/stages/{stage}/outs", async (HttpContext http, PipelineService s, string id, string stage, CancellationToken ct) => await (await Desk(http, s, id, ct)).StageOuts(id, stage, ct)).Needs(Role.Viewer);
        agent.MapPost("/runs/{id}/stages/{stage}/begin", async (HttpContext http, PipelineService s, string id, string stage, StageStart body, CancellationToken ct) => await (await Desk(http, s, id, ct)).BeginStage(id, stage, body, ct)).Needs(Role.Editor);
        agent.MapPost("/runs/{id}/stages/{stage}/finish", async (HttpContext http, PipelineService s, string id, string stage, StageOutcome body, CancellationToken ct) =>
        {
            await (await Desk(http, s, id, ct)).FinishStage(id, stage, body, ct);
            return TypedResults.NoContent();
        }).Needs(Role.Editor);
        agent.MapPut("/runs/{id}/stages/{stage}/log", async (HttpContext http, PipelineService s, string id, string stage, CancellationToken ct) =>
        {
            await (await Desk(http, s, id, ct)).PutLog(id, stage, http.Request.Body, ct);
            return TypedResults.NoContent();
        }).Needs(Role.Editor).WithMetadata(new DisableRequestSizeLimitAttribute());
        agent.MapPost("/runs/{id}/conclude", async (HttpContext http, PipelineService s, string id, CancellationToken ct) => await (await Desk(http, s, id, ct)).Conclude(id, ct)).Needs(Role.Editor);
        agent.MapMethods("/contents/{hash}", ["HEAD"], async Task<Results<Ok, NotFound>> (HttpContext http, PipelineService s, string hash, CancellationToken ct) =>
            await s.Contents(http.Principal()).HasContent(hash, ct) ? TypedResults.Ok() : TypedResults.NotFound()).Needs(Role.Viewer);
        agent.MapGet("/contents/{hash}", async (HttpContext http, PipelineService s, string hash, CancellationToken ct) =>
            TypedResults.Stream(await s.Contents(http.Principal()).OpenContent(hash, ct), "application/octet-stream")).Needs(Role.Viewer);
        agent.MapPut("/contents/{hash}", async (HttpContext http, PipelineService s, string hash, CancellationToken ct) =>
        {
            await s.Contents(http.Principal()).PutContent(hash, http.Request.Body, ct);
            return TypedResults.NoContent();
        }).Needs(Role.Editor).WithMetadata(new DisableRequestSizeLimitAttribute());
    }

    private static Task<IReadOnlyList<PipelineInfo>> Pipelines(HttpContext http, PipelineService pipelines, CancellationToken ct) => pipelines.ListPipelines(http.Principal(), ct);

    private static Task<PipelineInfo> Pipeline(HttpContext http, PipelineService pipelines, string name, CancellationToken ct) => pipelines.GetPipeline(http.Principal(), name, ct);

    private static async Task<Accepted<PipelineRun>> Start(HttpContext http, PipelineService pipelines, ControlLoop loop, string name, StartRun? body, CancellationToken ct)
    {
        var run = await pipelines.Start(http.Principal(), new StartPipeline(name, body?.Cause ?? "person", body?.WindowDataset, Register: body?.Register ?? true, IdempotencyKey: body?.IdempotencyKey), ct);
        loop.Wake();
        return TypedResults.Accepted($"/api/v1/pipeline-runs/{run.Id}", run);
    }

    private static Task<Page<PipelineRun>> Runs(HttpContext http, PipelineService pipelines, string? pipeline, [FromQuery(Name = "page_token")] string? token, int? limit, CancellationToken ct) =>
        pipelines.List(http.Principal(), pipeline, token, limit ?? 50, ct);

    private static Task<PipelineRun> Run(HttpContext http, PipelineService pipelines, string id, CancellationToken ct) => pipelines.Get(http.Principal(), id, ct);

    private static Task<PipelineLog> Log(HttpContext http, PipelineService pipelines, string id, string? after, CancellationToken ct) => pipelines.Log(http.Principal(), id, after, ct);

    private static Task<PipelineRun> Cancel(HttpContext http, PipelineService pipelines, string id, CancellationToken ct) => pipelines.Cancel(http.Principal(), id, ct);

    private static Task<ModelVersion> Register(HttpContext http, PipelineService pipelines, string id, CancellationToken ct) => pipelines.Register(http.Principal(), id, ct);

    private static Task<IAgentDesk> Desk(HttpContext http, PipelineService pipelines, string id, CancellationToken ct) => pipelines.DeskFor(http.Principal(), id, ct);
}

/// <summary>Body of <c>POST /api/v1/pipelines/{name}/runs</c>.</summary>
public sealed record StartRun(string? Cause = null, string? WindowDataset = null, bool? Register = null, string? IdempotencyKey = null);

/// <summary>Body of <c>POST /api/v1/agent/runs</c>: a run that the caller executes itself.</summary>
public sealed record AgentRun(PipelineSpec Spec, string Agent, string? Commit = null, bool Register = true);

/// <summary>Whether a run shall stop.</summary>
public sealed record CancelAnswer(bool Cancelled);
