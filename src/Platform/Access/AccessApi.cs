using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Access;

/// <summary>Tokens and workspaces over HTTP.</summary>
public static class AccessApi
{
    /// <summary>Maps the routes.</summary>
    public static void MapAccessApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/whoami", Describe).Needs(Role.Viewer);
        api.MapGet("/tokens", List).Needs(Role.Admin);
        api.MapPost("/tokens", Create).Needs(Role.Admin);
        api.MapDelete("/tokens/{name}", Revoke).Needs(Role.Admin);
        api.MapGet("/workspaces", Workspaces).Needs(Role.Viewer);
        api.MapPost("/workspaces", CreateWorkspace).Needs(Role.Admin);
    }

    private static Task<WhoAmI> Describe(HttpContext http, AccessService access, CancellationToken ct) =>
        access.Describe(http.Principal(), ct);

    private static async Task<Page<TokenInfo>> List(HttpContext http, AccessService access, CancellationToken ct) =>
        new(await access.ListTokens(http.Principal(), ct));

    private static Task<CreatedToken> Create(HttpContext http, CreateToken request, AccessService access, CancellationToken ct) =>
        access.CreateToken(http.Principal(), request, ct);

    private static async Task<IResult> Revoke(HttpContext http, string name, AccessService access, CancellationToken ct)
    {
        await access.RevokeToken(http.Principal(), name, ct);
        return Results.NoContent();
    }

    private static async Task<Page<WorkspaceInfo>> Workspaces(HttpContext http, AccessService access, CancellationToken ct) =>
        new([.. (await access.ListWorkspaces(http.Principal(), ct)).Select(w => new WorkspaceInfo(w.Name, w.CreatedAt))]);

    private static async Task<WorkspaceInfo> CreateWorkspace(HttpContext http, CreateWorkspace request, AccessService access, CancellationToken ct)
    {
        var made = await access.CreateWorkspace(http.Principal(), request.Name, ct);
        return new WorkspaceInfo(made.Name, made.CreatedAt);
    }
}
