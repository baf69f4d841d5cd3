using System.CommandLine;
using Holdfast.Commands;
using Holdfast.Serve;
using Holdfast.Storage;
using Microsoft.AspNetCore.Hosting.Server;
using Spectre.Console;

namespace Holdfast.Demo;

/// <summary><c>holdfast demo</c>: starts a server, plays both reference scenarios against it over HTTP, and keeps it up to look around.</summary>
internal static class DemoCommand
{
    private static readonly string[] AllScenarios = ["credit", "fraud"];

    private static readonly Option<string?> Data = new("--data") { Description = "Folder to work in; a temporary one when omitted. A second run in the same folder adds its own story." };

    private static readonly Option<int> Port = new("--port") { Description = "Port of the server.", DefaultValueFactory = _ => ServeOptions.DefaultPort };

    private static readonly Option<int> Seed = new("--seed") { Description = "Seed of data and traffic.", DefaultValueFactory = _ => 7 };

    private static readonly Option<bool> Exit = new("--exit") { Description = "Stop at the end instead of staying up." };

    private static readonly Option<bool> NoDrift = new("--no-drift") { Description = "Let nothing change: then nothing may fire." };

    private static readonly Option<bool> Genuine = new("--genuine") { Description = "In the fraud scenario let the amounts really rise instead of doubling them." };

    private static readonly Option<string[]> Scenarios = new("--scenario") { Description = "Play one scenario only: credit or fraud.", HelpName = "credit|fraud", AllowMultipleArgumentsPerToken = true };

    public static Command Create()
    {
        var command = new Command("demo", "Show the whole loop on generated traffic: train, gate, roll out, watch, diagnose, respond. Takes a minute or two.") { Data, Port, Seed, Exit, NoDrift, Genuine, Scenarios };
        Scenarios.AcceptOnlyFromAmong(AllScenarios);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult parsed, CancellationToken ct)
    {
        var json = Output.IsJson(parsed);
        var temporary = parsed.GetValue(Data) is null;
        var folder = temporary ? Directory.CreateTempSubdirectory("holdfast-demo-").FullName : DataFolder.Locate(parsed.GetValue(Data));
        var console = json ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }) : AnsiConsole.Console;
        var screen = new DemoScreen(console, json ? !Console.IsErrorRedirected : !Console.IsOutputRedirected);
        try
        {
            return await Run(parsed, folder, json, console, screen, ct);
        }
        finally
        {
            if (temporary)
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> Run(ParseResult parsed, string folder, bool json, IAnsiConsole console, DemoScreen screen, CancellationToken ct)
    {
        await using var slack = await SlackInbox.Open(text => screen.Say($"                Slack | {text.ReplaceLineEndings("\n                      | ")}"), ct);
        Environment.SetEnvironmentVariable("HOLDFAST_SECRET_SLACK", slack.Url);
        await using var app = HoldfastServer.Build(ServeOptions.Embedded(folder) with { Urls = [$"http://127.0.0.1:{parsed.GetValue(Port)}"] });
        await HoldfastServer.Start(app, ct);
        var address = ServerLife.Address(app.Services.GetRequiredService<IServer>());
        console.MarkupLineInterpolated($"Holdfast is up at [link]{address}[/], seed {parsed.GetValue(Seed)}, data in {folder}");

        using var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10) };
        using var http = new HttpClient(handler) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", app.Services.GetRequiredService<DataFolder>().Token);
        var options = new DemoOptions(parsed.GetValue(Seed), !parsed.GetValue(NoDrift), parsed.GetValue(Genuine));
        var wanted = parsed.GetValue(Scenarios) is { Length: > 0 } named ? named : AllScenarios;
        var summary = await DemoStory.Play(http, options, Path.Combine(folder, "demo"), wanted, screen, ct);
        if (json)
            Output.Json(summary);
        else
            console.Write(DemoStory.Figures(summary));

        if (!parsed.GetValue(Exit))
        {
            console.MarkupLineInterpolated($"Look around at [link]{address}[/]. Ctrl-C ends it.");
            await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await app.StopAsync(CancellationToken.None);
        return summary.Scenarios.All(s => s.Ended && s.Figures.RequestsLost == 0) ? ExitCodes.Fine : ExitCodes.Failed;
    }
}
