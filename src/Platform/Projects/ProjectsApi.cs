using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Projects;

/// <summary>Projects over HTTP.</summary>
public static class ProjectsApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapProjectsApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/projects", List).Needs(Role.Viewer);
        api.MapGet("/projects/{name}", Get).Needs(Role.Viewer);
        api.MapPost("/projects", Apply).Needs(Role.Editor, execute: true).WithMetadata(new UploadLimit());
    }

    private static Task<List<ProjectInfo>> List(HttpContext http, ProjectService projects, CancellationToken ct) => projects.List(http.Principal(), ct);

    private static Task<ProjectInfo> Get(HttpContext http, ProjectService projects, string name, CancellationToken ct) => projects.Get(http.Principal(), name, ct);

    // application/json: {"path": …}, a folder of the server's machine; application/zip: the folder itself, options in the query.
    private static async Task<ProjectPlan> Apply(HttpContext http, ProjectService projects, ControlLoop loop, CancellationToken ct)
    {
        ProjectPlan plan;
        if (http.Request.HasJsonContentType())
        {
            var body = await http.Request.ReadFromJsonAsync<ApplyProject>(HoldfastJson.Options, ct) ?? throw new HoldfastException(ErrorCode.InvalidArgument, "The body is empty.", "Send {\"path\": …}.");
            if (body.Path is null)
                throw new HoldfastException(ErrorCode.InvalidArgument, "path: is missing.", "Send {\"path\": …} with the folder's absolute path, or a zip archive.");
            plan = await projects.Apply(http.Principal(), body.Path, body.File ?? ProjectFile.FileName, body.DryRun, body.Prune, ct);
        }
        else
        {
            var query = http.Request.Query;
            string? Text(string key) => query.TryGetValue(key, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
            plan = await projects.ApplyArchive(
                http.Principal(), http.Request.Body, Text("file") ?? ProjectFile.FileName, Text("name"), Text("commit"), Text("dry_run") == "true", Text("prune") == "true", ct);
        }

        loop.Wake();
        return plan;
    }

    private sealed class UploadLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => 2L << 30;
    }
}
