using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Holdfast.Access;

/// <summary>
/// Decides at the edge, once per request: finds the principal and compares it with the route's <see cref="RequiredRight"/>. A
/// route that declares none is refused to everybody.
/// </summary>
public sealed class AccessMiddleware(RequestDelegate next, AccessService access, AccessOptions options)
{
    /// <summary>The cookie in which a browser keeps its token.</summary>
    public const string Cookie = "holdfast_token";

    /// <summary>Names the workspace for principals that are good for all of them.</summary>
    public const string WorkspaceHeader = "X-Holdfast-Workspace";

    /// <summary>Runs for every request, after routing.</summary>
    public async Task Invoke(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var principal = await Find(context);
        if (principal is not null)
            context.SetPrincipal(principal);
        // Without a route (also where routing itself answers 405 or 415) there is nothing to guard; the page that says so still
        // wants to know who reads it.
        if (context.GetEndpoint() is RouteEndpoint endpoint)
        {
            var right = endpoint.Metadata.GetMetadata<RequiredRight>()
                ?? throw new HoldfastException(ErrorCode.PermissionDenied, $"The route {endpoint.DisplayName} declares no right.", "This is a fault of Holdfast: please report it.");
            if (right.Role is { } role)
                Demand(principal, role, right.Execute);
        }

        await next(context);
    }

    private static void Demand(Principal? principal, Role role, bool execute)
    {
        if (principal is null)
            throw new HoldfastException(ErrorCode.Unauthenticated, "This server demands a token.", "Send Authorization: Bearer TOKEN, or run holdfast login URL.");
        if (principal.Role < role)
            throw new HoldfastException(ErrorCode.PermissionDenied, $"'{principal.Name}' is {Word(principal.Role)}; this needs {Word(role)}.", "Ask an admin for a token with that role.");
        if (execute && !principal.MayExecute)
            throw new HoldfastException(ErrorCode.PermissionDenied, "This can make the server run commands, which needs the right to execute.", "Use the holdfast command on the server's machine, or an admin token (docs/security.md).");
    }

    private async Task<Principal?> Find(HttpContext context)
    {
        var ct = context.RequestAborted;
        var workspace = context.Request.Headers[WorkspaceHeader].ToString();
        var secret = Secret(context.Request);
        var known = secret is null ? null : await access.Authenticate(secret, workspace, ct);
        if (known is not null)
            return known;
        if (!options.RequireToken)
            return await access.Local(workspace, ct);
        return null;
    }

    // Clients of MLflow send Basic with any user, those of W&B Basic with the user "api": the password is the token.
    private static string? Secret(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return header[7..].Trim();
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            var bytes = new byte[header.Length];
            if (!Convert.TryFromBase64String(header[6..].Trim(), bytes, out var count))
                return null;
            var pair = Encoding.UTF8.GetString(bytes, 0, count);
            return pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..];
        }

        return request.Cookies[Cookie];
    }

    private static string Word(Role role) => role.ToString().ToLowerInvariant();
}
