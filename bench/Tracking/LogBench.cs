using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Holdfast.Bench.Tracking;

/// <summary>Writing over MLflow's REST calls: batches of 1,000 metrics and single points, each client on a run of its own.</summary>
internal static class LogBench
{
    private const string Root = "/api/2.0/mlflow/";

    public static async Task Run(Options options)
    {
        var data = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
        try
        {
            var starts = new List<double>();
            for (var i = 0; i < 3; i++)
            {
                var (once, ms) = await Server.Start(options.Exe!, data);
                starts.Add(ms);
                await once.DisposeAsync();
            }

            var (server, _) = await Server.Start(options.Exe!, data);
            await using (server)
            {
                await Task.Delay(3_000);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"start to the first 200: {starts.Min():0} ms at best of {starts.Count}; idle memory {server.MemoryMb():0} MB"));
                Console.WriteLine("Holdfast: SQLite in WAL mode, synchronous=FULL; an answer follows the sync of its commit");
                await using var peer = options.Peer is null ? null : Server.Peer(options.Peer, options.PeerPid);
                if (peer is not null)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peer: idle memory {peer.MemoryMb():0} MB"));
                foreach (var (what, unit, each) in new (string, string, int)[] { ("log-batch of 1,000", "metrics", 1_000), ("log-metric", "requests", 1) })
                {
                    foreach (var clients in options.Clients)
                    {
                        var own = await Phase(server, clients, options.Seconds, each);
                        Report("Holdfast", what, unit, clients, own);
                        if (peer is null)
                            continue;
                        var other = await Phase(peer, clients, options.Seconds, each);
                        Report("peer", what, unit, clients, other);
                        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-10} {other.CpuUs / own.CpuUs,6:0.0} x in processor time a {unit[..^1]}, {own.Rate / other.Rate:0.0} x in {unit}/s"));
                    }
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory after it {server.MemoryMb():0} MB"));
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private sealed record Result(double Rate, double P50, double P95, double CpuUs, double? Commits);

    private static async Task<Result> Phase(Server server, int clients, double seconds, int each)
    {
        await Clients(server, clients, 1, each);
        var (cpu, commits) = (server.Cpu(), await Commits(server));
        var watch = Stopwatch.StartNew();
        var times = await Clients(server, clients, seconds, each);
        var took = watch.Elapsed.TotalSeconds;
        cpu = server.Cpu() - cpu;
        var committed = await Commits(server) - commits;
        times.Sort();
        var done = (double)times.Count * each;
        return new Result(done / took, SearchBench.Of(times, 0.5), SearchBench.Of(times, 0.95), 1_000_000 * cpu / done, committed / took);
    }

    private static async Task<List<double>> Clients(Server server, int clients, double seconds, int each)
    {
        var all = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(() => Client(server, seconds, each))));
        return [.. all.SelectMany(t => t)];
    }

    private static async Task<List<double>> Client(Server server, double seconds, int each)
    {
        using var http = new RawHttp(server.Url);
        var made = await http.Json(Root + "runs/create", new { experiment_id = "0" });
        var run = made.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        var times = new List<double>();
        var watch = Stopwatch.StartNew();
        var body = new MemoryStream();
        for (var n = 0; watch.Elapsed.TotalSeconds < seconds; n++)
        {
            body.SetLength(0);
            Write(body, run, n, each);
            var request = body.GetBuffer().AsMemory(0, (int)body.Length);
            var began = Stopwatch.GetTimestamp();
            await http.Post(Root + (each == 1 ? "runs/log-metric" : "runs/log-batch"), request);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        return times;
    }

    private static void Write(MemoryStream body, string run, int n, int each)
    {
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("run_id", run);
        if (each == 1)
        {
            Point(json, "m", n);
        }
        else
        {
            json.WriteStartArray("metrics");
            for (var i = 0; i < each; i++)
            {
                json.WriteStartObject();
                Point(json, "m" + (i % 10).ToString(CultureInfo.InvariantCulture), (n * each / 10) + (i / 10));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Point(Utf8JsonWriter json, string key, int step)
    {
        json.WriteString("key", key);
        json.WriteNumber("value", Math.Sin(step * 0.01) + (step % 7 * 0.1));
        json.WriteNumber("timestamp", 1_700_000_000_000 + step);
        json.WriteNumber("step", step);
    }

    // What the server counts itself; a peer does not say.
    private static async Task<double?> Commits(Server server)
    {
        if (server.Name == "peer")
            return null;
        using var http = new RawHttp(server.Url);
        await http.Get("/metrics");
        var text = Encoding.UTF8.GetString(http.Body.Span);
        var line = text.Split('\n').FirstOrDefault(l => l.StartsWith("holdfast_commits_total ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static void Report(string who, string what, string unit, int clients, Result r) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{who,-10} {what}, {clients} client(s): {r.Rate,9:N0} {unit}/s  p50 {r.P50,7:0.00} ms  p95 {r.P95,7:0.00} ms  {r.CpuUs,7:0.0} us of processor a {unit[..^1]}{(r.Commits is { } c ? $"  {c:N0} commits/s" : "")}"));
}
