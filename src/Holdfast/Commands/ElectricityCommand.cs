using System.CommandLine;
using System.Globalization;
using Holdfast.Examples.Electricity;
using Holdfast.Serve;
using Holdfast.Storage;
using Microsoft.AspNetCore.Hosting.Server;

namespace Holdfast.Commands;

/// <summary><c>holdfast example electricity</c>: the closed loop on a real stream, beside three simpler ways, measured in one run.</summary>
internal static class ElectricityCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "The Elec2 stream as CSV.", Required = true };
        var rows = new Option<int?>("--rows") { Description = "Only the first rows, for a quick look." };
        var work = new Option<string?>("--work") { Description = "Folder for the server's data and the project; a temporary one when left out." };
        var command = new Command("electricity", "Replay the New South Wales electricity market through the gateway and compare.") { data, rows, work };
        command.SetAction(async (parsed, ct) =>
        {
            var stream = new ElectricityStream(parsed.GetRequiredValue(data), parsed.GetValue(rows));
            var kept = parsed.GetValue(work);
            var folder = kept ?? Directory.CreateTempSubdirectory("holdfast-electricity-").FullName;
            try
            {
                var (table, loop) = await Compare(stream, folder, ct);
                Print(parsed, table, loop);
                return ExitCodes.Fine;
            }
            finally
            {
                if (kept is null)
                    Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    /// <summary>All four on the same rows.</summary>
    public static async Task<(IReadOnlyList<Contender> Table, LoopResult Loop)> Compare(ElectricityStream stream, string folder, CancellationToken ct)
    {
        var baselines = new Baselines(stream, Path.Combine(folder, "baselines"));
        var loop = await Replay(stream, folder, ct);
        return ([baselines.Static(), baselines.Scheduled(), loop.Contender, baselines.Newest()], loop);
    }

    private static async Task<LoopResult> Replay(ElectricityStream stream, string folder, CancellationToken ct)
    {
        await using var app = HoldfastServer.Build(ServeOptions.Embedded(Path.Combine(folder, "server")));
        await HoldfastServer.Start(app, ct);
        using var handler = new SocketsHttpHandler();
        using var http = new HttpClient(handler) { BaseAddress = new Uri(ServerLife.Address(app.Services.GetRequiredService<IServer>())), Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", app.Services.GetRequiredService<DataFolder>().Token);
        var shown = -1;
        var result = await new ClosedLoop(stream, new LoopApi(http), Path.Combine(folder, "project")).Run(
            (done, all) =>
            {
                if (done * 20L / all == shown)
                    return;
                shown = (int)(done * 20L / all);
                Console.Error.WriteLine($"{ElectricityStream.At(stream.Start + done):yyyy-MM-dd}  {shown * 5} %");
            },
            ct);
        await app.StopAsync(CancellationToken.None);
        return result;
    }

    private static void Print(ParseResult parsed, IReadOnlyList<Contender> table, LoopResult loop)
    {
        if (Output.IsJson(parsed))
        {
            Output.Json(new { table, events = loop.Events, drifts = loop.Drifts });
            return;
        }

        Output.Table(table, "", ("predictor", c => c.Name), ("accuracy", c => c.Accuracy.ToString("P2", CultureInfo.InvariantCulture)), ("retrainings", c => c.Retrainings.ToString(CultureInfo.InvariantCulture)));
        foreach (var (drift, count) in loop.Drifts)
            Console.Error.WriteLine($"{count,5} x {drift}");
        foreach (var (kind, count) in loop.Events)
            Console.Error.WriteLine($"{count,5} x {kind}");
    }
}
