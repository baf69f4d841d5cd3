using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Monitoring;
using Holdfast.Pipelines;
using Holdfast.Response;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Projects;

/// <summary>
/// Projects: a folder with <c>holdfast.yaml</c> becomes endpoints, monitors, policies and pipelines. Applying again changes only
/// what is declared otherwise; what is no longer declared goes only with <c>prune</c>.
/// </summary>
public sealed class ProjectService(
    Db db, Journal journal, TimeProvider time, DataFolder folder, [FromKeyedServices("blobs")] IBlobStore blobs,
    AlertService alerts, PipelineService pipelines, ServingService serving, RolloutService rollouts, AbService tests, MonitoringService monitoring, ResponseService responses)
{
    /// <summary>Applies a folder of this machine.</summary>
    public async Task<ProjectPlan> Apply(Principal p, string path, string file = ProjectFile.FileName, bool dryRun = false, bool prune = false, CancellationToken ct = default)
    {
        CheckRight(p);
        if (!Path.IsPathRooted(path) || !Directory.Exists(path))
            throw new HoldfastException(ErrorCode.NotFound, $"There is no folder '{path}' on the server's machine.", "Give its absolute path, or send the folder as a zip archive.");
        CheckFile(file);
        return await Apply(p, ProjectFile.Read(path, file), path, path, ProjectSnapshot.GitCommit(path), dryRun, prune, ct);
    }

    /// <summary>Applies a zip archive of a folder.</summary>
    /// <param name="name">The project's name where its file gives none.</param>
    public async Task<ProjectPlan> ApplyArchive(Principal p, Stream archive, string file = ProjectFile.FileName, string? name = null, string? commit = null, bool dryRun = false, bool prune = false, CancellationToken ct = default)
    {
        CheckRight(p);
        CheckFile(file);
        var scratch = Path.Combine(folder.Temporary, "project-" + Ids.Hex32());
        Directory.CreateDirectory(scratch);
        try
        {
            var zip = Path.Combine(scratch, "archive");
            await using (var copy = new FileStream(zip, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true))
            {
                await archive.CopyToAsync(copy, ct);
                copy.Position = 0;
                await FolderArchive.Unpack(copy, Path.Combine(scratch, "files"), ct);
            }

            var files = Path.Combine(scratch, "files");
            return await Apply(p, ProjectFile.Read(files, file, name ?? "project"), files, "upload", commit, dryRun, prune, ct);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>The applied projects by name.</summary>
    public Task<List<ProjectInfo>> List(Principal p, CancellationToken ct = default) => db.Read(tx => ProjectStore.List(tx, p.WorkspaceId), ct);

    /// <summary>An applied project.</summary>
    public async Task<ProjectInfo> Get(Principal p, string name, CancellationToken ct = default) =>
        (await List(p, ct)).Find(i => i.Name == name) ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no project '{name}'.", "Apply one: holdfast apply -f holdfast.yaml");

    private async Task<ProjectPlan> Apply(Principal p, ProjectFile project, string files, string source, string? commit, bool dryRun, bool prune, CancellationToken ct)
    {
        var before = await db.Read(tx => ProjectStore.Resources(tx, p.WorkspaceId), ct);
        var declared = Declared(project);
        await Check(p, project, declared, before, ct);
        var changes = Changes(project.Name, declared, before, prune);
        // Also a dry run names the snapshot, so its content is stored; what nothing refers to is collected later.
        var snapshot = await ProjectSnapshot.Store(files, project.Pipelines, blobs, folder.Temporary, ct);
        var plan = new ProjectPlan(project.Name, snapshot, commit, dryRun, changes, project.Notes());
        if (dryRun)
            return plan;
        var kept = before.Where(r => r.Project == project.Name && changes.Any(c => c.Action == "keep" && c.Kind == r.Kind && c.Name == r.Name)).ToList();
        var managedBy = $"project:{project.Name}";
        await alerts.ApplyChannels(p, [.. project.Channels, .. Parsed<ChannelSpec>(kept, "channel")], managedBy, ct);
        foreach (var pipeline in project.Pipelines)
            await pipelines.ApplyPipeline(p, pipeline, project.Name, snapshot, commit, managedBy, ct);
        foreach (var endpoint in project.Endpoints)
            await serving.ApplyEndpoint(p, endpoint, managedBy, ct);
        foreach (var (endpoint, rollout) in project.Rollouts)
            await rollouts.ApplySpec(p, endpoint, rollout, managedBy, ct);
        foreach (var (endpoint, test) in project.AbTests)
            await tests.ApplySpec(p, endpoint, test, managedBy, ct);
        foreach (var monitor in project.Monitors)
            await monitoring.ApplyMonitor(p, monitor, managedBy, ct);
        await responses.ApplyPolicies(p, [.. project.Responses, .. Parsed<ResponsePolicySpec>(kept, "response")], managedBy, ct);
        foreach (var gone in changes.Where(c => c.Action == "delete"))
            await Delete(p, gone, ct);
        await Record(p, plan, source, [.. declared, .. kept], ct);
        return plan;
    }

    private Task Record(Principal p, ProjectPlan plan, string source, IReadOnlyList<ProjectResource> resources, CancellationToken ct) => db.Write(
        tx =>
        {
            var changed = plan.Changes.Where(c => c.Action is "create" or "update" or "delete").Select(c => $"{c.Action} {c.Kind} {c.Name}").ToList();
            var same = changed.Count == 0 && ProjectStore.Snapshot(tx, p.WorkspaceId, plan.Project) == plan.Snapshot;
            ProjectStore.Put(tx, p.WorkspaceId, plan.Project, plan.Snapshot, plan.Commit, source, resources, time.GetUtcNow());
            if (!same)
                journal.Append(tx, p, new ProjectApplied(plan.Project, plan.Snapshot[(plan.Snapshot.LastIndexOf('/') + 1)..], changed), plan.Project);
        },
        ct: ct);

    private async Task Delete(Principal p, ProjectChange gone, CancellationToken ct)
    {
        switch (gone.Kind)
        {
            case "pipeline":
                await pipelines.RemovePipeline(p, gone.Name, ct);
                break;
            case "monitor":
                await monitoring.RemoveMonitor(p, gone.Name, ct);
                break;
            case "rollout":
                await rollouts.RemoveSpec(p, gone.Name, ct);
                break;
            case "ab_test":
                await tests.RemoveSpec(p, gone.Name, ct);
                break;
            case "endpoint":
                await serving.DeleteEndpoint(p, gone.Name, ct);
                break;
            default:
                // Channels and policies are declared as a set: what is not in it is gone.
                break;
        }
    }

    // What one record cannot know: that the things it names exist, and that no other project owns what this one declares.
    private async Task Check(Principal p, ProjectFile project, IReadOnlyList<ProjectResource> declared, IReadOnlyList<ProjectResource> before, CancellationToken ct)
    {
        var faults = new List<Fault>();
        // Channels and policies are each project's own: two teams may both have one called "alerts".
        foreach (var taken in declared.Where(d => d.Kind is not ("channel" or "response") && before.Any(b => b.Kind == d.Kind && b.Name == d.Name && b.Project != d.Project)))
            faults.Add(new Fault($"{taken.Kind}s.{taken.Name}", $"The {taken.Kind} '{taken.Name}' belongs to the project '{before.First(b => b.Kind == taken.Kind && b.Name == taken.Name).Project}'.", "Declare it in one project only."));
        bool Known(string kind, string name) => declared.Concat(before).Any(r => r.Kind == kind && r.Name == name);
        async Task<bool> HasEndpoint(string name) => Known("endpoint", name) || await serving.Find(p, name, ct) is not null;
        foreach (var endpoint in project.Endpoints)
            faults.AddRange(EndpointRules.Check(EndpointRules.Normal(endpoint)).Select(f => f with { Field = $"endpoints.{endpoint.Name}.{f.Field}" }));
        foreach (var (endpoint, rollout) in project.Rollouts)
        {
            if (RolloutService.ShadowFault(rollout, endpoint, (await serving.Find(p, endpoint, ct))?.Plan.Primary) is { } fault)
                faults.Add(fault);
            if (rollout.Notify is { } channel && !Known("channel", channel))
                faults.Add(new Fault($"endpoints.{endpoint}.rollout.notify", $"There is no channel '{channel}'.", "Declare it under `channels:`."));
        }

        foreach (var monitor in project.Monitors)
        {
            if (!await HasEndpoint(monitor.Endpoint))
                faults.Add(new Fault($"monitors.{monitor.Endpoint}", $"There is no endpoint '{monitor.Endpoint}'.", "Declare it under `endpoints:`."));
        }

        foreach (var policy in project.Responses)
        {
            var at = $"responses.{policy.Name}";
            if (policy.On.Endpoint is { } endpoint && !await HasEndpoint(endpoint))
                faults.Add(new Fault(at + ".on.endpoint", $"There is no endpoint '{endpoint}'.", "Declare it under `endpoints:`."));
            foreach (var action in policy.Do.Concat(policy.After))
            {
                if (action.Name == "notify" && (action.Text() ?? action.Text("channel")) is { } channel && !Known("channel", channel))
                    faults.Add(new Fault(at, $"There is no channel '{channel}'.", "Declare it under `channels:`."));
                if (action.Name == "retrain" && action.Text("pipeline") is { } pipeline && !Known("pipeline", pipeline) && await pipelines.FindPipeline(p, pipeline, ct) is null)
                    faults.Add(new Fault(at, $"There is no pipeline '{pipeline}'.", "Declare it under `pipelines:`."));
            }
        }

        if (faults.Count > 0)
            throw new HoldfastException($"The project '{project.Name}' cannot be applied.", faults);
    }

    private static List<ProjectChange> Changes(string project, IReadOnlyList<ProjectResource> declared, IReadOnlyList<ProjectResource> before, bool prune)
    {
        var mine = before.Where(b => b.Project == project).ToDictionary(b => (b.Kind, b.Name));
        var changes = declared.Select(d => new ProjectChange(d.Kind, d.Name, !mine.TryGetValue((d.Kind, d.Name), out var had) ? "create" : had.Json == d.Json ? "unchanged" : "update")).ToList();
        var names = declared.Select(d => (d.Kind, d.Name)).ToHashSet();
        changes.AddRange(mine.Values.Where(b => !names.Contains((b.Kind, b.Name))).Select(b => new ProjectChange(b.Kind, b.Name, prune ? "delete" : "keep")));
        return changes;
    }

    private static List<ProjectResource> Declared(ProjectFile project) =>
    [
        .. project.Channels.Select(c => new ProjectResource(project.Name, "channel", c.Name, Json(c))),
        .. project.Pipelines.Select(x => new ProjectResource(project.Name, "pipeline", x.Name, Json(x))),
        .. project.Endpoints.Select(e => new ProjectResource(project.Name, "endpoint", e.Name, Json(e))),
        .. project.Rollouts.Select(r => new ProjectResource(project.Name, "rollout", r.Key, Json(r.Value))),
        .. project.AbTests.Select(t => new ProjectResource(project.Name, "ab_test", t.Key, Json(t.Value))),
        .. project.Monitors.Select(m => new ProjectResource(project.Name, "monitor", m.Endpoint, Json(m))),
        .. project.Responses.Select(r => new ProjectResource(project.Name, "response", r.Name, Json(r))),
    ];

    private static void CheckRight(Principal p)
    {
        ArgumentNullException.ThrowIfNull(p);
        if (!p.MayExecute)
            throw new HoldfastException(ErrorCode.PermissionDenied, "Applying a project registers commands that the server runs; that needs the right to execute.", "Use the token in the data folder, or an admin's token.");
    }

    private static void CheckFile(string file)
    {
        if (Path.IsPathRooted(file) || file.Split('/', '\\').Contains(".."))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"file: '{file}' does not lie in the project.", "Name the file relative to the project folder.");
    }

    private static IEnumerable<T> Parsed<T>(IEnumerable<ProjectResource> resources, string kind) =>
        resources.Where(r => r.Kind == kind).Select(r => JsonSerializer.Deserialize<T>(r.Json, HoldfastJson.Options)!);

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, HoldfastJson.Options);
}
