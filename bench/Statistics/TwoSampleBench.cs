using System.Diagnostics;
using System.Globalization;
using Holdfast.Statistics;

namespace Holdfast.Bench.Statistics;

/// <summary>Sorting of doubles beside <see cref="Array.Sort(Array)"/>.</summary>
internal static class TwoSampleBench
{
    public static void Run(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var random = new Random(1);
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = random.NextDouble();
        var copy = new double[count];
        var limit = Best(() => { values.CopyTo(copy, 0); Array.Sort(copy); });
        Print("Array.Sort", limit, count, limit);
        Print("RadixSort.Sort", Best(() => { values.CopyTo(copy, 0); RadixSort.Sort(copy); }), count, limit);
        Print("Samples.SortedFinite", Best(() => Samples.SortedFinite(values)), count, limit);
    }

    private static double Best(Action action)
    {
        var best = double.PositiveInfinity;
        var watch = Stopwatch.StartNew();
        // Long enough for the compiler's last tier.
        for (var run = 0; run < 7 || watch.Elapsed.TotalSeconds < 1.5; run++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }
        return best;
    }

    private static void Print(string what, double time, int values, double limit) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-52} {time / values,9:0.00} ns a value   {time / limit,6:0.00}x Array.Sort"));
}
