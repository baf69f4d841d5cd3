using System.Globalization;
using Holdfast.Bench.Tracking;

// Each part starts the published or built executable as a server of its own, in a folder that it fills; a peer is named by its address
// and the id of its first process. Read processor time where the machine has other work.
var options = Options.Parse(args);
switch (options?.Part)
{
    case "search":
        await SearchBench.Run(options);
        return 0;
    case "log":
        await LogBench.Run(options);
        return 0;
    case "chart":
        await ChartBench.Run(options);
        return 0;
    case "fill":
        await Seed.Fill(options.Data!, options.Runs[0]);
        return 0;
    default:
        Console.Error.WriteLine(
            """
            usage: dotnet run --project bench/Tracking -c Release -- PART --exe EXECUTABLE [options]
              search   --runs 5000,100000 [--calls 20] [--peer URL --peer-pid PID --peer-experiment ID]
              log      [--seconds 8] [--clients 1,8] [--peer URL --peer-pid PID]
              chart    [--points 10000000] [--series 1]
              fill     --data FOLDER --runs N
            """);
        return 64;
}

namespace Holdfast.Bench.Tracking
{
    internal sealed record Options(
        string Part, string? Exe, string? Data, int[] Runs, int[] Clients, int Calls, double Seconds, int Points, int Series, string? Peer, int PeerPid, string PeerExperiment)
    {
        public static Options? Parse(string[] args)
        {
            if (args.Length == 0 || args.Length % 2 == 0)
                return null;
            var named = new Dictionary<string, string>();
            for (var i = 1; i < args.Length; i += 2)
                named[args[i].TrimStart('-')] = args[i + 1];
            string? Text(string name) => named.GetValueOrDefault(name);
            int Number(string name, int otherwise) => Text(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
            int[] Numbers(string name, string otherwise) => [.. (Text(name) ?? otherwise).Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
            return new Options(
                args[0], Text("exe"), Text("data"), Numbers("runs", "5000,100000"), Numbers("clients", "1,8"), Number("calls", 20), double.Parse(Text("seconds") ?? "8", CultureInfo.InvariantCulture),
                Number("points", 10_000_000), Number("series", 1), Text("peer"), Number("peer-pid", 0), Text("peer-experiment") ?? "1");
        }
    }
}
