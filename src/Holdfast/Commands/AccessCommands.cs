using System.CommandLine;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast token</c> and <c>holdfast workspace</c>.</summary>
internal static class AccessCommands
{
    public static Command Token()
    {
        var name = new Argument<string>("name") { Description = "Name of the token, unique in the workspace." };
        var role = new Option<string>("--role") { Description = "viewer, editor or admin.", DefaultValueFactory = _ => "editor" };
        role.AcceptOnlyFromAmong("viewer", "editor", "admin");
        var days = new Option<int?>("--days") { Description = "Ends by itself after so many days; default: never." };
        var create = new Command("create", "Make a token; the secret is shown only now.") { name, role, days };
        create.WithServer(async (parsed, server, ct) =>
        {
            DateTimeOffset? expires = parsed.GetValue(days) is { } d ? TimeProvider.System.GetUtcNow().AddDays(d) : null;
            var made = await server.Api.Post<CreatedToken>("/api/v1/tokens", new CreateToken(parsed.GetRequiredValue(name), parsed.GetRequiredValue(role), expires), ct);
            if (Output.IsJson(parsed))
                Output.Json(made);
            else
                Output.Line(made.Secret);
            return ExitCodes.Fine;
        });
        var list = new Command("list", "List the tokens of the workspace.");
        list.WithServer(async (parsed, server, ct) =>
        {
            var tokens = (await server.Api.Get<PageOf<TokenInfo>>("/api/v1/tokens", ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(tokens);
            else
                Output.Table(tokens, "No tokens. Make one: holdfast token create NAME", ("name", t => t.Name), ("role", t => t.Role), ("workspace", t => t.Workspace), ("prefix", t => t.Prefix), ("created", t => Output.Time(t.CreatedAt)), ("last used", t => Output.Time(t.LastUsedAt)), ("state", t => t.RevokedAt is null ? "active" : "revoked"));
            return ExitCodes.Fine;
        });
        var which = new Argument<string>("name") { Description = "Name of the token." };
        var revoke = new Command("revoke", "End a token at once.") { which };
        revoke.WithServer(async (parsed, server, ct) =>
        {
            await server.Api.Delete($"/api/v1/tokens/{Uri.EscapeDataString(parsed.GetRequiredValue(which))}", ct);
            return ExitCodes.Fine;
        });
        return new Command("token", "Tokens: who may talk to the server.") { create, list, revoke };
    }

    public static Command Workspace()
    {
        var name = new Argument<string>("name") { Description = "Name of the workspace." };
        var create = new Command("create", "Make a workspace.") { name };
        create.WithServer(async (parsed, server, ct) =>
        {
            var made = await server.Api.Post<WorkspaceInfo>("/api/v1/workspaces", new CreateWorkspace(parsed.GetRequiredValue(name)), ct);
            if (Output.IsJson(parsed))
                Output.Json(made);
            return ExitCodes.Fine;
        });
        var list = new Command("list", "List the workspaces.");
        list.WithServer(async (parsed, server, ct) =>
        {
            var all = (await server.Api.Get<PageOf<WorkspaceInfo>>("/api/v1/workspaces", ct)).Items;
            if (Output.IsJson(parsed))
                Output.Json(all);
            else
                Output.Table(all, "No workspaces.", ("name", w => w.Name), ("created", w => Output.Time(w.CreatedAt)));
            return ExitCodes.Fine;
        });
        return new Command("workspace", "Workspaces: walls between teams.") { create, list };
    }
}
