using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Holdfast.Bench.Tracking;

/// <summary>A mix of filters, orders and pages of 100 runs, over HTTP, with other metrics and thresholds at each call.</summary>
internal static class SearchBench
{
    private const string Wire = "/api/2.0/mlflow/runs/search";
    private const string Native = "/api/v1/runs/search";

    // {a} {b} {c}: metrics; {p}: a parameter of letters; {t}: a threshold.
    private static readonly (string Filter, string Order, int Offset)[] _both =
    [
        ("", "", 0),
        ("", "", 2_000),
        ("metrics.m{a} > {t} and params.p{p} = 'x'", "metrics.m{b} DESC", 0),
        ("", "metrics.m{a} DESC", 0),
        ("", "metrics.m{a} ASC", 3_000),
        ("metrics.m{a} < 0.01", "attributes.start_time ASC", 0),
        ("params.p9 LIKE '%77%'", "params.p0", 0),
        ("tags.team = 'risk' and metrics.m{a} >= 0.9", "attributes.run_name", 0),
        ("attributes.status = 'FINISHED' and params.p{p} != 'x'", "tags.team", 0),
        ("metrics.m{a} > 0.3 and metrics.m{b} > 0.3 and metrics.m{c} < {t} and params.p{p} = 'y'", "metrics.m{a}|params.p0", 0),
    ];

    private static readonly (string Filter, string Order, int Offset)[] _native =
    [
        ("(metrics.m{a} > 0.9 or metrics.m{b} < 0.1) and not params.p{p} in ('x', 'y')", "metrics.m0.max desc", 0),
        ("params.p9 ~ '7[0-9]5$'", "metrics.m{a} desc", 0),
        ("metrics.m0 at max(metrics.m1) > {t}", "metrics.m0 at max(metrics.m1) desc", 0),
        ("params.p0 < 0.01", "number(params.p0)", 0),
        ("metrics.m9 is null or tags.note ilike '%N0.12%'", "tags.note desc", 0),
        ("metrics.m0.max > 0.9 and metrics.m0.min < {t} and metrics.m1.count >= 3", "metrics.m1.first", 0),
        ("metrics.m{a} between {t} and 0.8", "params.p{p}|metrics.m{b} desc", 0),
        ("not (status = 'failed' or tags.team in ('ads', 'risk'))", "end_time desc|run_name", 1_000),
        ("", "metrics.m{a}", 90_000),
    ];

    public static async Task Run(Options options)
    {
        foreach (var runs in options.Runs)
        {
            var data = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
            try
            {
                await Seed.Fill(data, runs);
                var (server, _) = await Server.Start(options.Exe!, data);
                await using (server)
                {
                    Console.WriteLine($"\n{runs:N0} runs, pages of 100, {options.Calls} calls a row; ms");
                    await using var peer = options.Peer is null ? null : Server.Peer(options.Peer, options.PeerPid);
                    var all = new List<double>();
                    var first = new List<double>();
                    foreach (var query in _both)
                    {
                        var own = await Measure(server, Wire, "1", query, options.Calls, runs);
                        Report("Holdfast", query, own);
                        (first, all) = ([.. first, own.First], [.. all, .. own.Times]);
                        if (peer is null)
                            continue;
                        Result other;
                        try
                        {
                            other = await Measure(peer, Wire, options.PeerExperiment, query, Math.Min(options.Calls, 10), runs);
                        }
                        catch (IOException e)
                        {
                            // MLflow's worker is ended when a search takes longer than its limit (30 s unless --gunicorn-opts say otherwise).
                            Console.WriteLine($"peer       no answer: {e.Message}");
                            continue;
                        }

                        Report("peer", query, other);
                        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"           {other.P50 / own.P50,6:0.0} x at p50, {other.CpuMs / Math.Max(own.CpuMs, 0.001),6:0.0} x in processor time; the same runs: {own.Names == other.Names}"));
                    }

                    foreach (var query in _native)
                    {
                        var own = await Measure(server, Native, "1", query, options.Calls, runs);
                        Report("native", query, own);
                        (first, all) = ([.. first, own.First], [.. all, .. own.Times]);
                    }

                    all.Sort();
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"all {all.Count} calls: p50 {Of(all, 0.5):0.0}, p95 {Of(all, 0.95):0.0}, p99 {Of(all, 0.99):0.0}; the first of each row {first.Max():0} at most; memory {server.MemoryMb():0} MB"));
                }
            }
            finally
            {
                Directory.Delete(data, recursive: true);
            }
        }
    }

    private sealed record Result(double First, List<double> Times, double CpuMs, int Found, string Names)
    {
        public double P50 => Of(Times, 0.5);
    }

    private static async Task<Result> Measure(Server server, string path, string experiment, (string Filter, string Order, int Offset) query, int calls, int runs)
    {
        using var http = new RawHttp(server.Url);
        var random = new Random(5);
        var offset = Math.Min(query.Offset, runs / 2);
        var (found, names) = (0, "");
        async Task<double> Once(Random seeded)
        {
            var body = Body(path, experiment, query, offset, seeded);
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            await http.Post(path, body);
            return System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        var first = await Once(new Random(5));
        using (var answer = JsonDocument.Parse(http.Document()))
        {
            var list = answer.RootElement.TryGetProperty(path == Wire ? "runs" : "items", out var items) ? items : default;
            found = list.ValueKind == JsonValueKind.Array ? list.GetArrayLength() : 0;
            names = found == 0 ? "" : string.Join(' ', list.EnumerateArray().Select(r => path == Wire ? r.GetProperty("info").GetProperty("run_name").GetString() : r.GetProperty("name").GetString()));
        }

        for (var i = 0; i < 2; i++)
            await Once(random);
        var cpu = server.Cpu();
        var times = new List<double>();
        for (var i = 0; i < calls; i++)
            times.Add(await Once(random));
        cpu = server.Cpu() - cpu;
        times.Sort();
        return new Result(first, times, 1_000 * cpu / calls, found, names);
    }

    private static byte[] Body(string path, string experiment, (string Filter, string Order, int Offset) query, int offset, Random random)
    {
        var metrics = Enumerable.Range(2, 7).OrderBy(_ => random.Next()).ToArray();
        var (parameter, threshold) = (random.Next(1, 9), random.NextDouble().ToString("0.00", CultureInfo.InvariantCulture));
        string Filled(string text) => text.Replace("{a}", $"{metrics[0]}", StringComparison.Ordinal).Replace("{b}", $"{metrics[1]}", StringComparison.Ordinal).Replace("{c}", $"{metrics[2]}", StringComparison.Ordinal)
            .Replace("{p}", $"{parameter}", StringComparison.Ordinal).Replace("{t}", threshold, StringComparison.Ordinal);
        var token = offset == 0 ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset}}}"));
        string[] order = query.Order.Length == 0 ? [] : [.. query.Order.Split('|').Select(Filled)];
        var body = new Dictionary<string, object> { ["experiment_ids"] = new[] { experiment }, ["filter"] = Filled(query.Filter), ["order_by"] = order };
        body[path == Wire ? "max_results" : "max"] = 100;
        if (token is not null)
            body[path == Wire ? "page_token" : "token"] = token;
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private static void Report(string who, (string Filter, string Order, int Offset) query, Result r) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{who,-9} p50 {r.P50,8:0.0}  p95 {Of(r.Times, 0.95),8:0.0}  first {r.First,7:0.0}  cpu {r.CpuMs,7:0.0}  {r.Found,3} found  {query.Filter} | {query.Order}{(query.Offset > 0 ? $" | from {query.Offset}" : "")}"));

    public static double Of(List<double> sorted, double share) => sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
}
