using Holdfast.Storage.Sql;

namespace Holdfast.Projects;

/// <summary>Something that a project declares, as it was applied.</summary>
internal sealed record ProjectResource(string Project, string Kind, string Name, string Json);

/// <summary>The SQL of projects.</summary>
internal static class ProjectStore
{
    public static List<ProjectResource> Resources(Tx tx, int ws) =>
        tx.Query("select project, kind, name, spec_json from project_resource where workspace_id = @ws order by project, kind, name", r => new ProjectResource(r.Text(0), r.Text(1), r.Text(2), r.Text(3)), ("ws", ws));

    public static string? Snapshot(Tx tx, int ws, string project) => tx.QueryOne("select snapshot from project where workspace_id = @ws and name = @name", r => r.Text(0), ("ws", ws), ("name", project));

    public static void Put(Tx tx, int ws, string project, string snapshot, string? commit, string source, IReadOnlyList<ProjectResource> resources, DateTimeOffset now)
    {
        tx.Execute(
            """
            insert into project (workspace_id, name, snapshot, git_commit, source, applied_at) values (@ws, @name, @snapshot, @commit, @source, @now)
            on conflict (workspace_id, name) do update set snapshot = excluded.snapshot, git_commit = excluded.git_commit, source = excluded.source, applied_at = excluded.applied_at
            """,
            ("ws", ws), ("name", project), ("snapshot", snapshot), ("commit", commit), ("source", source), ("now", now));
        tx.Execute("delete from project_resource where workspace_id = @ws and project = @project", ("ws", ws), ("project", project));
        foreach (var resource in resources)
        {
            tx.Execute(
                "insert into project_resource (workspace_id, project, kind, name, spec_json) values (@ws, @project, @kind, @name, @spec)",
                ("ws", ws), ("project", project), ("kind", resource.Kind), ("name", resource.Name), ("spec", resource.Json));
        }
    }

    public static List<ProjectInfo> List(Tx tx, int ws)
    {
        var resources = Resources(tx, ws).ToLookup(r => r.Project);
        return tx.Query(
            "select name, snapshot, git_commit, source, applied_at from project where workspace_id = @ws order by name",
            r => new ProjectInfo(r.Text(0), r.Text(1), r.TextOrNull(2), r.Text(3), r.Time(4), [.. resources[r.Text(0)].Select(x => new ProjectChange(x.Kind, x.Name, "unchanged"))]), ("ws", ws));
    }
}
