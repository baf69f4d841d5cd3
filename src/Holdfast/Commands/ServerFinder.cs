using System.CommandLine;
using Holdfast.Client;
using Holdfast.Contracts;
using Holdfast.Serve;
using Holdfast.Storage;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Commands;

/// <summary>A server to talk to, for the lifetime of one command.</summary>
internal sealed class ServerConnection(HoldfastClient client, string url, string? token, WebApplication? own) : IAsyncDisposable
{
    public HoldfastClient Client => client;

    /// <summary>JSON over HTTP to it.</summary>
    public Transport Api => client.Transport;

    public string Url => url;

    public string? Token => token;

    /// <summary>The composition that lives in this process; null when another process serves.</summary>
    public WebApplication? Own => own;

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (own is null)
            return;
        await own.StopAsync();
        await own.DisposeAsync();
    }
}

/// <summary>
/// Whom a command talks to: --server &gt; HOLDFAST_URL &gt; the process that owns the data folder &gt; the server that
/// <c>holdfast login</c> stored (when no folder is named) &gt; the same server in this process, on a free loopback port.
/// </summary>
internal static class ServerFinder
{
    public static Option<string?> Server { get; } = new("--server") { Description = "URL of the server; default: HOLDFAST_URL, else the server of the data folder, else one inside this command.", HelpName = "url" };

    public static Option<string?> Data { get; } = new("--data") { Description = "Data folder; default: HOLDFAST_DATA, else the user's data folder.", HelpName = "folder" };

    public static Option<string?> Workspace { get; } = new("--workspace") { Description = "Workspace; default: HOLDFAST_WORKSPACE, else the token's own.", HelpName = "name" };

    /// <summary>A command that needs a server: gets the three options and a connection.</summary>
    public static Command WithServer(this Command command, Func<ParseResult, ServerConnection, CancellationToken, Task<int>> run)
    {
        command.Add(Server);
        command.Add(Data);
        command.Add(Workspace);
        command.SetAction(async (parsed, ct) =>
        {
            await using var server = await Find(parsed.GetValue(Server), parsed.GetValue(Data), parsed.GetValue(Workspace), ct);
            return await run(parsed, server, ct);
        });
        return command;
    }

    public static async Task<ServerConnection> Find(string? server, string? data, string? workspace, CancellationToken ct)
    {
        var variable = Environment.GetEnvironmentVariable("HOLDFAST_TOKEN");
        workspace ??= Environment.GetEnvironmentVariable("HOLDFAST_WORKSPACE");
        var root = DataFolder.Locate(data);
        if ((server ?? NotEmpty("HOLDFAST_URL")) is { } url)
            return Connect(url, variable ?? TokenFor(url, root), workspace, null);
        if (DataFolder.RunningServer(root) is { } running)
            return Connect(running.Url, variable ?? DataFolder.ReadToken(root), workspace, null);
        if (data is null && NotEmpty("HOLDFAST_DATA") is null && Credentials.Load() is { DefaultServer: { } remote } stored)
            return Connect(remote, variable ?? stored.Tokens.GetValueOrDefault(remote), workspace, null);
        var app = HoldfastServer.Build(ServeOptions.Embedded(root));
        try
        {
            await HoldfastServer.Start(app, ct);
            return Connect(ServerLife.Address(app.Services.GetRequiredService<IServer>()), app.Services.GetRequiredService<DataFolder>().Token, workspace, app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    // The folder's own token is sent to nobody but the folder's own server.
    private static string? TokenFor(string url, string root)
    {
        if (DataFolder.RunningServer(root) is { } running && Same(running.Url, url))
            return DataFolder.ReadToken(root);
        return Credentials.Load().Tokens.FirstOrDefault(t => Same(t.Key, url)).Value;
    }

    private static bool Same(string a, string b) =>
        Uri.TryCreate(a, UriKind.Absolute, out var x) && Uri.TryCreate(b, UriKind.Absolute, out var y) && x.Port == y.Port
        && (x.Host == y.Host || (x.IsLoopback && y.IsLoopback));

    private static string? NotEmpty(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static ServerConnection Connect(string url, string? token, string? workspace, WebApplication? own)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new HoldfastException(ErrorCode.InvalidArgument, $"'{url}' is not the address of a server.", "Write http://HOST:PORT.");
        return new ServerConnection(new HoldfastClient(address, token, workspace), url.TrimEnd('/'), token, own);
    }
}
