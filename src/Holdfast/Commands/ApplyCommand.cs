using System.CommandLine;
using Holdfast.Projects;

namespace Holdfast.Commands;

/// <summary><c>holdfast apply -f holdfast.yaml</c>: endpoints, rollouts, monitors, policies, channels and pipelines as code.</summary>
internal static class ApplyCommand
{
    public static Command Create()
    {
        var file = new Option<string>("--file", "-f") { Description = "The project file; its folder is the project.", DefaultValueFactory = _ => ProjectFile.FileName };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would change, and change nothing." };
        var prune = new Option<bool>("--prune") { Description = "Delete what an earlier apply of this project made and the file no longer names." };
        var command = new Command("apply", "Apply a project: what the server shall serve, watch and do, declared in one file. All faults are reported at once.") { file, dryRun, prune };
        return command.WithServer(async (parsed, server, ct) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var folder = Path.GetDirectoryName(path)!;
            var name = Path.GetFileName(path);
            // Faults are shown before anything travels.
            var project = ProjectFile.Read(folder, name);
            var plan = new Uri(server.Url).IsLoopback
                ? await server.Api.Post<ProjectPlan>("/api/v1/projects", new ApplyProject(folder, name, parsed.GetValue(dryRun), parsed.GetValue(prune)), ct)
                : await Send(server, project, folder, name, parsed.GetValue(dryRun), parsed.GetValue(prune), ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(plan);
                return ExitCodes.Fine;
            }

            Output.Table(plan.Changes, "Nothing changes.", ("what", c => c.Kind), ("name", c => c.Name), ("action", c => c.Action));
            foreach (var note in plan.Notes)
                await Console.Error.WriteLineAsync("note: " + note);
            if (plan.DryRun)
                await Console.Error.WriteLineAsync("Nothing was changed (--dry-run).");
            return ExitCodes.Fine;
        });
    }

    private static async Task<ProjectPlan> Send(ServerConnection server, ProjectFile project, string folder, string file, bool dryRun, bool prune, CancellationToken ct)
    {
        await using var zip = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        await ProjectSnapshot.Pack(folder, project.Pipelines, zip, ct);
        zip.Position = 0;
        var query = $"file={Uri.EscapeDataString(file)}&name={Uri.EscapeDataString(project.Name)}&dry_run={(dryRun ? "true" : "false")}&prune={(prune ? "true" : "false")}"
            + (GitTool.Ask(folder, "rev-parse", "HEAD") is { } commit ? $"&commit={commit}" : "");
        return await server.Api.Upload<ProjectPlan>(HttpMethod.Post, "/api/v1/projects?" + query, zip, "application/zip", ct);
    }
}
