using System.Diagnostics;
using System.Globalization;
using Holdfast.Statistics;
using Holdfast.Statistics.Comparison;

namespace Holdfast.Bench.Statistics;

/// <summary>
/// A whole comparison in memory: 20 numeric and 5 categorical columns on both sides, every univariate statistic of the document of <c>holdfast drift</c>, the
/// profile of the reference (its bins) built inside the time. Both cores; drift.py runs the same with numpy and scipy.
/// </summary>
internal static class ComparisonBench
{
    private const int Runs = 9;

    public static void Run(string[] args)
    {
        var rows = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var (reference, current) = (Side(1, rows, 0), Side(2, rows, 0.05));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows a side, 20 numeric and 5 categorical columns, {Environment.ProcessorCount} cores, best of {Runs}"));
        var whole = Time("every statistic of every column", () => All(reference, current), whole: null);
        Console.WriteLine("what it is made of, on the same cores:");
        Time("  sorting the numbers of both sides", () => Columns(reference, current, (a, b) => { Samples.SortedFinite(a); Samples.SortedFinite(b); }, null), whole);
        Time("  counting the categories of both sides", () => Columns(reference, current, null, (a, b) => { Categories.Count(a, out _); Categories.Count(b, out _); }), whole);
        Time("  reading the numbers once (the limit)", () => Columns(reference, current, (a, b) => { Samples.CountFinite(a); Samples.CountFinite(b); }, null), whole);
        Time("  Array.Sort of the numbers of both sides", () => Columns(reference, current, (a, b) => { Array.Sort([.. a]); Array.Sort([.. b]); }, null), whole, runs: 2);
    }

    private static void All(Data reference, Data current) =>
        Columns(reference, current, (a, b) => Keep(NumericComparison.Of(a, b).Psi.Low), (a, b) => Keep(CategoricalComparison.Of(a, b).Psi.Low));

    private static void Columns(Data reference, Data current, Action<double[], double[]>? numeric, Action<string[], string[]>? categorical)
    {
        int numbers = numeric is null ? 0 : reference.Numbers.Length, texts = categorical is null ? 0 : reference.Texts.Length;
        Parallel.For(0, numbers + texts, i =>
        {
            if (i < numbers) numeric!(reference.Numbers[i], current.Numbers[i]); else categorical!(reference.Texts[i - numbers], current.Texts[i - numbers]);
        });
    }

    private static double Time(string what, Action action, double? whole, int runs = Runs)
    {
        double wall = double.PositiveInfinity, processor = double.PositiveInfinity;
        // The first run is before the compiler's last tier, and before the machine gave the memory.
        var first = 0.0;
        for (var run = 0; run < runs; run++)
        {
            var before = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.GetTimestamp();
            action();
            var time = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            first = run == 0 ? time : first;
            wall = Math.Min(wall, time);
            processor = Math.Min(processor, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-44} {wall,7:0.000} s   processor {processor,7:0.000} s   first run {first,7:0.000} s{(whole is null ? "" : $"   {wall / whole:0.00} of the whole")}"));
        return wall;
    }

    private static void Keep(double value)
    {
        if (double.IsNaN(value)) throw new InvalidOperationException("A figure is missing.");
    }

    private static Data Side(int seed, int rows, double shift)
    {
        var random = new Random(seed);
        var numbers = new double[20][];
        for (var c = 0; c < numbers.Length; c++)
        {
            numbers[c] = new double[rows];
            foreach (ref var value in numbers[c].AsSpan()) value = Draw(c, random, shift);
        }
        var texts = new string[5][];
        for (var c = 0; c < texts.Length; c++)
        {
            var levels = new[] { 3, 8, 20, 60, 200 }[c];
            // Each row has a text of its own, as a reader that does not share them would give.
            texts[c] = new string[rows];
            foreach (ref var text in texts[c].AsSpan()) text = "level " + (int)(levels * Math.Pow(random.NextDouble(), 1.5 + shift));
        }
        return new Data(numbers, texts);
    }

    private static double Draw(int column, Random random, double shift) => column switch
    {
        < 8 => Normal(random) + shift,
        < 12 => Math.Round(Math.Exp(Normal(random) + shift), 2),
        < 14 => random.NextDouble() < 0.6 ? 0 : Math.Round(100 * random.NextDouble(), 2),
        < 16 => random.Next(10),
        < 18 => random.NextDouble(),
        18 => random.NextDouble() < 0.05 ? double.NaN : Normal(random),
        _ => 1.7e12 + random.Next(int.MaxValue),
    };

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed record Data(double[][] Numbers, string[][] Texts);
}
