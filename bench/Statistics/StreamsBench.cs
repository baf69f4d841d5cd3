using System.Diagnostics;
using System.Globalization;
using Holdfast.Statistics.ChangeDetection;
using Holdfast.Statistics.Sequential;

/// <summary>
/// Nanoseconds (of processor time) and bytes an update of the stream detectors and sequential tests. ADWIN stands beside a C++ twin of river's (adwin.cpp, compiled by hand with
/// g++ -O3) if HOLDFAST_ADWIN_TWIN names its executable; the twin sees the same stream, and its changes must be the same.
/// </summary>
internal static class StreamsBench
{
    private const int Updates = 2_000_000;
    private const int Few = 200_000;

    public static void Run()
    {
        var (stable, jumps, scores) = Streams();
        var twin = Twin();
        Console.WriteLine("| ADWIN | clock | changes | ns/update | bytes/update | twin as river | twin, logarithm hoisted |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (name, values) in new[] { ("stable", stable), ("jumps", jumps), ("scores", scores) })
        {
            foreach (var clock in new[] { 32, 1 })
            {
                var options = new AdwinOptions { Clock = clock, RiverCuts = true };
                var (ns, bytes, changes) = Best(clock == 1 ? values[..Few] : values, () => new Adwin(options), (adwin, x) => adwin.Observe(x) == ChangeState.Change);
                var (river, hoisted) = (twin.GetValueOrDefault((name, clock)), twin.GetValueOrDefault((name + ",hoisted", clock)));
                if (river is not null && river.Value.Changes != changes) throw new InvalidOperationException($"{name}, clock {clock}: {changes} changes here, {river.Value.Changes} in the twin.");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {clock} | {changes} | {ns:f1} | {bytes:f3} | {river?.Ns:f1} | {hoisted?.Ns:f1} |"));
            }
        }
        Console.WriteLine();
        Console.WriteLine("| procedure | ns/update | bytes/update |");
        Console.WriteLine("|---|---|---|");
        Row("ADWIN, all cuts", stable, () => new Adwin(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("Page-Hinkley", scores, () => new PageHinkley(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("DDM", stable, () => new Ddm(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("EDDM", stable, () => new Eddm(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("HDDM-A", stable, () => new HddmA(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("HDDM-W", stable, () => new HddmW(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("KSWIN, all older", scores, () => new Kswin(), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("KSWIN, drawn", scores, () => new Kswin(new KswinOptions { Reference = KswinReference.Sample }), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("e-detector of a mean", stable, () => new MeanEDetector(0.2), (d, x) => d.Observe(x) == ChangeState.Change);
        Row("histogram bet, 10 bins", scores, () => new HistogramBet([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]), (d, x) => d.Observe((int)(10 * x)) > 100);
        Row("thinning e-process", stable, () => new ThinningEProcess(), (d, x) => { d.Observe(0.05, x > 0); return false; });
        Row("Bernoulli e-process", stable, () => new BernoulliEProcess(0.2, 0.3), (d, x) => { d.Observe(x > 0); return false; });
        Row("betting two-sample", scores, () => new BettingTwoSample(), (d, x) => { d.Observe(x, 1 - x); return false; });
        Row("empirical Bernstein", scores, () => new BoundedMean(), (d, x) => { d.Observe(x); return false; });
        Row("hedged betting, 1,000 cells", scores, () => new HedgedBettingMean(), (d, x) => { d.Observe(x); return false; });
        Row("ECDF band, 256 edges", scores, () => new EcdfBand(scores.AsSpan(0, 5000)), (d, x) => d.Observe(x));
    }

    private static void Row<T>(string name, double[] values, Func<T> create, Func<T, double, bool> observe)
    {
        var (ns, bytes, _) = Best(values[..Few], create, observe);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {ns:f1} | {bytes:f3} |"));
    }

    /// <summary>The best of five runs: what the code needs, not what the machine was busy with.</summary>
    private static (double Ns, double Bytes, long Changes) Best<T>(double[] values, Func<T> create, Func<T, double, bool> observe)
    {
        var (best, bytes, changes) = (double.PositiveInfinity, 0.0, 0L);
        for (var run = 0; run < 5; run++)
        {
            var detector = create();
            changes = 0;
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = Environment.CpuUsage.TotalTime;
            foreach (var value in values)
            {
                if (observe(detector, value)) changes++;
            }
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / values.Length);
            bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / values.Length;
        }
        return (best, bytes, changes);
    }

    private static (double[] Stable, double[] Jumps, double[] Scores) Streams()
    {
        double[] stable = new double[Updates], jumps = new double[Updates], scores = new double[Updates];
        ulong state = 1;
        for (var i = 0; i < Updates; i++)
        {
            var u = Uniform(ref state);
            stable[i] = u < 0.2 ? 1 : 0;
            jumps[i] = u < (i / 50_000 % 2 == 1 ? 0.4 : 0.2) ? 1 : 0;
            scores[i] = u;
        }
        return (stable, jumps, scores);
    }

    // SplitMix64, as in the twin.
    private static double Uniform(ref ulong state)
    {
        var x = state += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return ((x ^ (x >> 31)) >> 11) * (1.0 / (1L << 53));
    }

    private static Dictionary<(string Name, int Clock), (long Changes, double Ns)?> Twin()
    {
        var results = new Dictionary<(string, int), (long, double)?>();
        if (Environment.GetEnvironmentVariable("HOLDFAST_ADWIN_TWIN") is not { Length: > 0 } twin) return results;
        using var process = Process.Start(new ProcessStartInfo(twin) { RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"{twin} did not start.");
        while (process.StandardOutput.ReadLine() is { } line)
        {
            var cells = line.Split(' ');
            results[(cells[0], int.Parse(cells[1], CultureInfo.InvariantCulture))] = (long.Parse(cells[3], CultureInfo.InvariantCulture), double.Parse(cells[4], CultureInfo.InvariantCulture));
        }
        return results;
    }
}
