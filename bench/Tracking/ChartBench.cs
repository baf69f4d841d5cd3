using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Holdfast.Kernel;
using Holdfast.Serve;
using Holdfast.Tracking;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Bench.Tracking;

/// <summary>Charts of very many points, in one series or spread over many runs, read over HTTP.</summary>
internal static class ChartBench
{
    private const int Batch = 1_000;

    private static readonly string[] _keys = ["loss"];

    public static async Task Run(Options options)
    {
        var data = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
        try
        {
            var each = options.Points / options.Series;
            var runs = await Fill(data, options.Series, each);
            Console.WriteLine($"database: {new FileInfo(Path.Combine(data, "holdfast.db")).Length / 1048576.0:0} MB");
            var (server, _) = await Server.Start(options.Exe!, data);
            await using (server)
            {
                var ids = runs.Take(1_000).ToArray();
                foreach (var buckets in ids.Length == 1 ? new[] { 500, 1_000, 2_000 } : [100, 200])
                    await Measure(server, $"{ids.Length} series whole, {buckets} buckets each", new { runs = ids, keys = _keys, buckets });
                foreach (var share in new[] { 10, 100, 1_000 })
                {
                    var from = each / 3;
                    await Measure(server, $"a {share}th of it, 1000 buckets", new { runs = ids[..1], keys = _keys, buckets = 1_000, from, to = from + (each / share) });
                }

                await Measure(server, "whole by time, 1000 buckets", new { runs = ids[..1], keys = _keys, buckets = 1_000, x = "time" });
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task Measure(Server server, string what, object body)
    {
        using var http = new RawHttp(server.Url);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        var times = new List<double>();
        for (var i = 0; i < 2; i++)
            await http.Post("/api/v1/runs/series", bytes);
        var cpu = server.Cpu();
        for (var i = 0; i < 10; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await http.Post("/api/v1/runs/series", bytes);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        cpu = server.Cpu() - cpu;
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-44} p50 {times[5],8:0.0} ms  best {times[0],8:0.0} ms  {100 * cpu,7:0} ms of processor  {http.Body.Length / 1024.0,8:0} KB"));
    }

    private static async Task<List<string>> Fill(string data, int series, int points)
    {
        var watch = Stopwatch.StartNew();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        await using var app = HoldfastServer.Build(ServeOptions.Embedded(data));
        await HoldfastServer.Start(app);
        var tracking = app.Services.GetRequiredService<TrackingService>();
        var p = Principal.Controller(1, "bench");
        var runs = new List<string>();
        for (var s = 0; s < series; s++)
            runs.Add((await tracking.CreateRun(p, new NewRun("0"))).RunId);
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (run, ct) =>
        {
            for (var step = 0; step < points; step += Batch)
                await tracking.LogBatch(p, run, [.. Enumerable.Range(step, Math.Min(Batch, points - step)).Select(i => new MetricPoint("loss", Math.Sin(i * 0.001) + (i % 9_973 == 0 ? 5 : 0), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + i), i))], [], [], ct);
        });
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"logged {(long)series * points:N0} points in {series:N0} series in {watch.Elapsed.TotalSeconds:0} s, {cpu.TotalMicroseconds / ((double)series * points):0.00} us of processor a point (in process, batches of {Batch})"));
        await app.StopAsync();
        return runs;
    }
}
