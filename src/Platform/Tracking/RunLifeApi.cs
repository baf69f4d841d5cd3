using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Tracking;

/// <summary>What becomes of runs: <c>/api/v1/runs/{run}/fork</c> and its like, notes, console, garbage, usage.</summary>
public static class RunLifeApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapRunLifeApi(this IEndpointRouteBuilder api)
    {
        var runs = api.MapGroup("/runs");
        runs.MapPost("/edit", Edit).Needs(Role.Editor);
        runs.MapPost("/{run}/fork", Fork).Needs(Role.Editor);
        runs.MapPost("/{run}/resume", Resume).Needs(Role.Editor);
        runs.MapPost("/{run}/move", Move).Needs(Role.Editor);
        runs.MapPost("/{run}/merge", Merge).Needs(Role.Editor);
        runs.MapGet("/{run}/note", RunNote).Needs(Role.Viewer);
        runs.MapPut("/{run}/note", SetRunNote).Needs(Role.Editor);
        runs.MapGet("/{run}/console", Console).Needs(Role.Viewer);
        runs.MapPost("/{run}/console", AddConsole).Needs(Role.Editor);
        api.MapGet("/experiments/{experiment}/note", ExperimentNote).Needs(Role.Viewer);
        api.MapPut("/experiments/{experiment}/note", SetExperimentNote).Needs(Role.Editor);
        api.MapPost("/gc", Collect).Needs(Role.Admin);
        api.MapGet("/usage", Usage).Needs(Role.Viewer);
    }

    private static Task<RunsEdited> Edit(TrackingService tracking, HttpContext http, RunsEdit body, CancellationToken ct) => tracking.EditRuns(http.Principal(), body, ct);

    private static async Task<IResult> Fork(TrackingService tracking, HttpContext http, string run, RunFork body, CancellationToken ct)
    {
        var made = await tracking.ForkRun(http.Principal(), run, body, ct);
        return Results.Created($"/api/v1/runs/{made.RunId}", made);
    }

    private static Task<Run> Resume(TrackingService tracking, HttpContext http, string run, CancellationToken ct) => tracking.ResumeRun(http.Principal(), run, ct);

    private static Task<Run> Move(TrackingService tracking, HttpContext http, string run, RunMove body, CancellationToken ct) => tracking.MoveRun(http.Principal(), run, body.Experiment, ct);

    private static Task<Run> Merge(TrackingService tracking, HttpContext http, string run, RunMerge body, CancellationToken ct) => tracking.MergeRuns(http.Principal(), run, body, ct);

    private static async Task<NoteBody> RunNote(TrackingService tracking, HttpContext http, string run, CancellationToken ct) => new(await tracking.RunNote(http.Principal(), run, ct));

    private static async Task<IResult> SetRunNote(TrackingService tracking, HttpContext http, string run, NoteBody body, CancellationToken ct)
    {
        await tracking.SetRunNote(http.Principal(), run, body.Text, ct);
        return Results.NoContent();
    }

    private static async Task<NoteBody> ExperimentNote(TrackingService tracking, HttpContext http, string experiment, CancellationToken ct) => new(await tracking.ExperimentNote(http.Principal(), experiment, ct));

    private static async Task<IResult> SetExperimentNote(TrackingService tracking, HttpContext http, string experiment, NoteBody body, CancellationToken ct)
    {
        await tracking.SetExperimentNote(http.Principal(), experiment, body.Text, ct);
        return Results.NoContent();
    }

    private static async Task<Page<ConsoleText>> Console(TrackingService tracking, HttpContext http, string run, long? after, int? max, CancellationToken ct) =>
        new(await tracking.ReadConsole(http.Principal(), run, after, max ?? 1000, ct));

    private static async Task<IResult> AddConsole(TrackingService tracking, HttpContext http, string run, ConsoleBatch body, CancellationToken ct)
    {
        await tracking.AddConsole(http.Principal(), run, body, ct);
        return Results.NoContent();
    }

    private static Task<GarbageReport> Collect(TrackingService tracking, HttpContext http, GarbageRequest body, CancellationToken ct) => tracking.Collect(http.Principal(), body, ct);

    private static async Task<Page<UsageRow>> Usage(
        TrackingService tracking, HttpContext http, TimeProvider time, string? by, DateTimeOffset? from, DateTimeOffset? until, bool? storage, [FromQuery(Name = "cpu_hour")] double? cpuHour,
        [FromQuery(Name = "gpu_hour")] double? gpuHour, [FromQuery(Name = "gb_month")] double? gigabyteMonth, CancellationToken ct)
    {
        var end = until ?? time.GetUtcNow();
        var prices = cpuHour is null && gpuHour is null && gigabyteMonth is null ? null : new Prices(cpuHour ?? 0, gpuHour ?? 0, gigabyteMonth ?? 0);
        return new(await tracking.Usage(http.Principal(), by ?? "experiment", from ?? end.AddDays(-30), end, prices, storage ?? false, ct));
    }
}
