using System.CommandLine;
using Holdfast.Client;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary><c>holdfast login URL</c>: stores the token of a server and makes it the default.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        var url = new Argument<string>("url") { Description = "The server, such as https://holdfast.example.org." };
        var token = new Option<string?>("--token") { Description = "The token; asked for when it is left out." };
        var forget = new Option<bool>("--forget") { Description = "Forget the server instead." };
        var command = new Command("login", "Store the token of a server and talk to it by default.") { url, token, forget };
        command.SetAction(async (parsed, ct) =>
        {
            if (!Uri.TryCreate(parsed.GetValue(url), UriKind.Absolute, out var address))
                throw new HoldfastException(ErrorCode.InvalidArgument, $"'{parsed.GetValue(url)}' is not the address of a server.", "Write https://HOST.");
            var server = address.GetLeftPart(UriPartial.Authority);
            var stored = Credentials.Load();
            if (parsed.GetValue(forget))
            {
                stored.Tokens.Remove(server);
                (stored with { DefaultServer = stored.DefaultServer == server ? null : stored.DefaultServer }).Save();
                await Console.Error.WriteLineAsync($"Forgotten: {server}");
                return ExitCodes.Fine;
            }

            var secret = parsed.GetValue(token) ?? await Ask(ct);
            using var client = new HoldfastClient(address, secret);
            var who = await client.Transport.Get<WhoAmI>("/api/v1/whoami", ct);
            stored.Tokens[server] = secret;
            (stored with { DefaultServer = server }).Save();
            if (Output.IsJson(parsed))
                Output.Json(who);
            else
                Output.Line($"{server}: {who.Name}, {who.Role} in {who.Workspace}");
            return ExitCodes.Fine;
        });
        return command;
    }

    private static async Task<string> Ask(CancellationToken ct)
    {
        await Console.Error.WriteAsync("Token: ");
        return (await Console.In.ReadLineAsync(ct))?.Trim() is { Length: > 0 } typed
            ? typed
            : throw new HoldfastException(ErrorCode.InvalidArgument, "No token was given.", "Pass --token, or type it.");
    }
}
