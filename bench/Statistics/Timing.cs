using System.Globalization;

namespace Holdfast.Bench.Statistics;

/// <summary>The best of several runs, and how it is printed. Processor time and not the clock's: what else the machine does must not count.</summary>
internal static class Timing
{
    /// <summary>Processor nanoseconds of the cheapest run: at least seven and half a second of them, so that the compiler's last tier is reached.</summary>
    public static double Best(Action action)
    {
        var best = double.PositiveInfinity;
        double total = 0;
        for (var run = 0; run < 7 || (total < 5e8 && run < 10_000); run++)
        {
            var start = Environment.CpuUsage.TotalTime;
            action();
            var time = (Environment.CpuUsage.TotalTime - start).TotalNanoseconds;
            best = Math.Min(best, time);
            total += time;
        }
        return best;
    }

    /// <summary>One line: ns a value and the ratio to the limit.</summary>
    public static void Print(string what, double time, int values, double limit, string limitName) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-48} {time / values,9:0.00} ns a value   {time / limit,7:0.000}x {limitName}"));
}
