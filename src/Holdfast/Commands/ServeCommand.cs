using System.CommandLine;
using Holdfast.Access;
using Holdfast.Kernel;
using Holdfast.Serve;
using Holdfast.Storage;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Commands;

/// <summary><c>holdfast serve</c>: the server, until SIGTERM or Ctrl-C.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var settings = new SettingOptions();
        var command = new Command("serve", "Run the server: API, web pages, gateway, monitors and controllers, on one data folder.");
        settings.AddTo(command);
        command.SetAction((parsed, ct) => Run(Settings.ToOptions(settings.Resolve(parsed)), ct));
        return command;
    }

    public static async Task<int> Run(ServeOptions options, CancellationToken ct)
    {
        await using var app = HoldfastServer.Build(options);
        await HoldfastServer.Start(app, ct);
        if (options.RequireToken && await app.Services.GetRequiredService<AccessService>().FirstAdminToken(ct) is { } first)
            Output.Line($"First admin token, shown only now: {first}");
        await Console.Error.WriteLineAsync($"Holdfast {SystemApi.Version} listens on {ServerLife.Address(app.Services.GetRequiredService<IServer>())}, data in {app.Services.GetRequiredService<DataFolder>().Root}");
        await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        app.Services.GetRequiredService<Draining>().Begin();
        if (options.Drain > TimeSpan.Zero)
        {
            await Console.Error.WriteLineAsync($"Not ready any more; requests are answered for {Term.Text(options.Drain)} yet.");
            await Task.Delay(options.Drain, CancellationToken.None);
        }

        await Console.Error.WriteLineAsync("Stopping: requests end, the log is flushed.");
        await app.StopAsync(CancellationToken.None);
        return ExitCodes.Fine;
    }
}
