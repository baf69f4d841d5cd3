using System.Diagnostics;
using System.Globalization;
using Holdfast.Kernel;
using Holdfast.Serve;
using Holdfast.Tracking;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Bench.Tracking;

/// <summary>Runs by number, the same on every server (fill_mlflow.py writes them into MLflow's database).</summary>
internal static class Seed
{
    public const string Experiment = "bench";
    private const int Metrics = 10;
    private static readonly string[] _letters = ["x", "y", "z", "w"];
    private static readonly string[] _teams = ["risk", "fraud", "growth", "search", "ads"];

    public static async Task Fill(string data, int runs)
    {
        var watch = Stopwatch.StartNew();
        await using var app = HoldfastServer.Build(ServeOptions.Embedded(data));
        await HoldfastServer.Start(app);
        var tracking = app.Services.GetRequiredService<TrackingService>();
        var p = Principal.Controller(1, "bench");
        var experiment = (await tracking.GetOrCreateExperiment(p, Experiment)).Id.ToString(CultureInfo.InvariantCulture);
        await Parallel.ForEachAsync(Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, ct) =>
        {
            var start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + (i * 1_000L));
            var run = await tracking.CreateRun(p, new NewRun(experiment, $"run-{i}", "bench", start, new Dictionary<string, string> { ["team"] = _teams[i % 5], ["note"] = $"n{Fraction(i, 77):0.000000}" }), ct);
            var points = new List<MetricPoint>();
            for (var k = 0; k < Metrics; k++)
            {
                // m9 is missing in every third run; m0 and m1 have three steps.
                if (k == 9 && i % 3 == 0)
                    continue;
                for (var step = 0; step < (k < 2 ? 3 : 1); step++)
                    points.Add(new MetricPoint($"m{k}", Fraction(i, k + (10 * step)), start, step));
            }

            Param[] parameters = [.. Enumerable.Range(1, 8).Select(k => new Param($"p{k}", _letters[(int)(Fraction(i, 20 + k) * 4)])), new Param("p0", Fraction(i, 20).ToString("0.0000", CultureInfo.InvariantCulture)), new Param("p9", $"id-{i}")];
            await tracking.LogBatch(p, run.RunId, points, parameters, [], ct);
            await tracking.FinishRun(p, run.RunId, i % 20 == 0 ? RunStatus.Failed : RunStatus.Finished, start.AddSeconds(60), ct);
        });
        await app.StopAsync();
        Console.WriteLine($"filled {runs:N0} runs in {watch.Elapsed.TotalSeconds:0.0} s");
    }

    /// <summary>A number in [0, 1) that any language computes the same.</summary>
    public static double Fraction(int run, int key) => (uint)((run * 2654435761L) + (key * 40503L * 65_537) + ((long)run * key % 9_973 * 131_071)) / 4294967296.0;
}
