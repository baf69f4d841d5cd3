using System.CommandLine;
using Holdfast.Contracts;
using Holdfast.Pipelines;
using Holdfast.Projects;

namespace Holdfast.Commands;

/// <summary><c>holdfast pipeline run|plan|status|graph</c>.</summary>
internal static class PipelineCommand
{
    public static Command Create() => new("pipeline", "Pipelines of a dvc.yaml or holdfast.yaml project.") { Run(), Plan(), Status(), Graph() };

    private static Command Run()
    {
        var (name, file) = (Name(), File());
        var onServer = new Option<bool>("--on-server") { Description = "Let the server run the applied pipeline of that name, instead of running the stages here." };
        var force = new Option<bool>("--force") { Description = "Ask the server even when nothing changed here." };
        var noRegister = new Option<bool>("--no-register") { Description = "Do not register the model when the gate passes." };
        var (server, data, workspace) = (ServerFinder.Server, ServerFinder.Data, ServerFinder.Workspace);
        var command = new Command("run", "Run the stages that changed, in dependency order; each is a tracked run. Exit code 2 when the gate refuses.") { name, file, onServer, force, noRegister, server, data, workspace };
        command.SetAction(async (parsed, ct) =>
        {
            Task<ServerConnection> Connect() => ServerFinder.Find(parsed.GetValue(server), parsed.GetValue(data), parsed.GetValue(workspace), ct);
            PipelineRun run;
            if (parsed.GetValue(onServer))
            {
                var pipeline = parsed.GetValue(name) ?? throw new HoldfastException(ErrorCode.InvalidArgument, "Which pipeline shall the server run?", "holdfast pipeline run NAME --on-server");
                await using var connection = await Connect();
                run = await OnServer(connection, pipeline, !parsed.GetValue(noRegister), ct);
            }
            else
            {
                var (folder, spec) = Find(parsed.GetRequiredValue(file), parsed.GetValue(name));
                var pipeline = new FolderPipeline(folder, spec, TimeProvider.System);
                if (!parsed.GetValue(force) && await pipeline.IsUpToDate(ct))
                {
                    if (Output.IsJson(parsed))
                        Output.Json(new { pipeline = spec.Name, status = "up_to_date" });
                    else
                        Output.Line($"{spec.Name}: nothing changed");
                    return ExitCodes.Fine;
                }

                await using var connection = await Connect();
                run = await Here(connection, pipeline, spec, folder, !parsed.GetValue(noRegister), ct);
            }

            Show(parsed, run);
            return run.Status switch
            {
                PipelineRunStatus.Succeeded => ExitCodes.Fine,
                PipelineRunStatus.Refused => ExitCodes.Finding,
                PipelineRunStatus.Cancelled => ExitCodes.Interrupted,
                _ => ExitCodes.Failed,
            };
        });
        return command;
    }

    private static async Task<PipelineRun> Here(ServerConnection connection, FolderPipeline pipeline, PipelineSpec spec, string folder, bool register, CancellationToken ct)
    {
        var desk = new HttpAgentDesk(connection.Api.Http);
        var run = await desk.Start(new AgentRun(spec, Environment.MachineName, ProjectSnapshot.GitCommit(folder), register), ct);
        await Console.Error.WriteLineAsync($"pipeline {spec.Name}, run {run.Id}, seed {run.Seed}");
        return await pipeline.Run(desk, run.Id, new Telling(), (_, text) => Console.Error.Write(text), ct);
    }

    private static async Task<PipelineRun> OnServer(ServerConnection connection, string pipeline, bool register, CancellationToken ct)
    {
        var run = await connection.Api.Post<PipelineRun>($"/api/v1/pipelines/{Uri.EscapeDataString(pipeline)}/runs", new StartRun("person", Register: register), ct);
        await Console.Error.WriteLineAsync($"pipeline {pipeline}, run {run.Id}, seed {run.Seed}");
        var after = "";
        while (true)
        {
            var log = await connection.Api.Get<PipelineLog>($"/api/v1/pipeline-runs/{run.Id}/log?after={after}", ct);
            foreach (var part in log.Parts)
                await Console.Error.WriteAsync(part.Text);
            after = log.Next;
            run = await connection.Api.Get<PipelineRun>($"/api/v1/pipeline-runs/{run.Id}", ct);
            if (run.IsOver && log.Finished)
                return run;
            await Task.Delay(200, ct);
        }
    }

    private static Command Plan()
    {
        var (name, file) = (Name(), File());
        var command = new Command("plan", "Which stages would run, and why. Needs no server.") { name, file };
        command.SetAction(async (parsed, ct) =>
        {
            var (folder, spec) = Find(parsed.GetRequiredValue(file), parsed.GetValue(name));
            var plan = await new FolderPipeline(folder, spec, TimeProvider.System).Plan(ct);
            if (Output.IsJson(parsed))
                Output.Json(plan);
            else
                Output.Table(plan.ToList(), "The pipeline has no stages.", ("stage", s => s.Stage), ("runs", s => s.Why is null ? "no" : "yes"), ("why", s => s.Why ?? "nothing changed"));
            return ExitCodes.Fine;
        });
        return command;
    }

    private static Command Status()
    {
        var id = new Argument<string?>("run") { Description = "A pipeline run; default: the newest runs.", Arity = ArgumentArity.ZeroOrOne };
        return new Command("status", "Pipeline runs, or the stages of one.") { id }.WithServer(async (parsed, server, ct) =>
        {
            if (parsed.GetValue(id) is { } one)
            {
                Show(parsed, await server.Api.Get<PipelineRun>($"/api/v1/pipeline-runs/{Uri.EscapeDataString(one)}", ct));
                return ExitCodes.Fine;
            }

            var runs = (await server.Api.Get<PageOf<PipelineRun>>("/api/v1/pipeline-runs?limit=20", ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(runs);
            else
                Output.Table(runs, "No pipeline has run. Run one: holdfast pipeline run", ("run", r => r.Id), ("pipeline", r => r.Pipeline), ("status", r => Word(r.Status)), ("cause", r => r.Cause), ("model", r => r.ModelVersion), ("created", r => Output.Time(r.CreatedAt)));
            return ExitCodes.Fine;
        });
    }

    private static Command Graph()
    {
        var (name, file) = (Name(), File());
        var command = new Command("graph", "The stages in order, with what each needs. Needs no server.") { name, file };
        command.SetAction((parsed, _) =>
        {
            var (_, spec) = Find(parsed.GetRequiredValue(file), parsed.GetValue(name));
            var stages = StageGraph.Order(spec.Stages).Select(s => new { stage = s.Name, needs = StageGraph.Needs(s, spec.Stages).Select(n => n.Name).ToList() }).ToList();
            if (Output.IsJson(parsed))
                Output.Json(stages);
            else
                Output.Table(stages, "The pipeline has no stages.", ("stage", s => s.stage), ("needs", s => string.Join(", ", s.needs)));
            return Task.FromResult(ExitCodes.Fine);
        });
        return command;
    }

    private static Argument<string?> Name() => new("pipeline") { Description = "Name of the pipeline; may be left out where the project has one.", Arity = ArgumentArity.ZeroOrOne };

    private static Option<string> File() => new("--file", "-f") { Description = "The project file; its folder is the project.", DefaultValueFactory = _ => ProjectFile.FileName, HelpName = "file" };

    private static (string Folder, string File) Place(string file)
    {
        var full = Path.GetFullPath(file);
        return Directory.Exists(full) ? (full, ProjectFile.FileName) : (Path.GetDirectoryName(full)!, Path.GetFileName(full));
    }

    private static (string Folder, PipelineSpec Spec) Find(string file, string? name)
    {
        var (folder, project) = Place(file) is var (f, n) ? (f, ProjectFile.Read(f, n)) : default;
        var names = string.Join(", ", project.Pipelines.Select(p => p.Name));
        if (project.Pipelines.Count == 0)
            throw new HoldfastException(ErrorCode.NotFound, $"The project '{project.Name}' declares no pipeline.", "Add one under `pipelines:`.");
        if (name is null)
            return project.Pipelines.Count == 1 ? (folder, project.Pipelines[0]) : throw new HoldfastException(ErrorCode.InvalidArgument, $"Which pipeline? The project has {names}.", "holdfast pipeline run NAME");
        return (folder, project.Pipelines.FirstOrDefault(p => p.Name == name) ?? throw new HoldfastException(ErrorCode.NotFound, $"The project has no pipeline '{name}'.", $"It has {names}."));
    }

    private static void Show(ParseResult parsed, PipelineRun run)
    {
        if (Output.IsJson(parsed))
        {
            Output.Json(run);
            return;
        }

        Output.Table(
            run.Stages.ToList(), "The run has no stages.", ("stage", s => s.Name), ("status", s => s.Status == StageStatus.Cached ? "unchanged" : Word(s.Status)),
            ("seconds", s => Output.Number((s.FinishedAt - s.StartedAt)?.TotalSeconds, "0.0")), ("run", s => s.RunId), ("metrics", s => string.Join(" ", s.Metrics.Select(m => $"{m.Key}={Output.Number(m.Value)}"))));
        foreach (var check in run.Checks)
            Output.Line($"gate {(check.Passed ? "passed " : "refused")} {check.Name} = {Output.Number(check.Value)}, {check.Rule}");
        Output.Line($"{run.Pipeline} {Word(run.Status)}{(run.ModelVersion is null ? "" : $", model {run.ModelVersion}")}{(run.FailedStage is null ? "" : $" at '{run.FailedStage}'")}");
        if (run.Reason is not null)
            Console.Error.WriteLine(run.Reason);
    }

    private static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private sealed class Telling : IProgress<AgentProgress>
    {
        public void Report(AgentProgress value) => Console.Error.WriteLine(value.Status switch
        {
            StageStatus.Running => $"[{value.Stage}] running",
            StageStatus.Cached => $"[{value.Stage}] nothing changed",
            _ => $"[{value.Stage}] {Word(value.Status)}",
        });
    }
}
