using System.Diagnostics;
using Holdfast.Statistics.Multivariate;

/// <summary>The kernel two-sample test at 2,500 + 2,500 rows of 20 columns with 100 permutations; mmd.py prints the same with numpy.</summary>
internal static class MultivariateBench
{
    private const int Side = 2500;
    private const int Columns = 20;
    private const int Permutations = 100;
    private const int Repeats = 15;

    /// <summary>Runs and prints, best and median of several.</summary>
    public static void Run()
    {
        Matrix reference = Rows(1, 0), current = Rows(2, 0.02);
        Console.WriteLine($"{Side} + {Side} rows x {Columns}, {Permutations} permutations, double, {Environment.ProcessorCount} threads");
        var sigma = RbfKernel.MedianSigma(reference);
        MmdResult? result = null;
        Time("kernel and permutations", () => result = Mmd.Test(reference, current, Permutations, sigma: sigma));
        Time("the same with the median bandwidth", () => result = Mmd.Test(reference, current, Permutations));
        Time("statistic alone, no permutations", () => Mmd.Test(reference, current, 0, sigma: sigma));
        Console.WriteLine($"MMD^2 {result!.Squared:R}, p {result.PValue:F4}, sigma {sigma:R}");
    }

    private static void Time(string what, Action action)
    {
        action();
        action();
        var times = new double[Repeats];
        for (var i = 0; i < Repeats; i++)
        {
            var clock = Stopwatch.StartNew();
            action();
            times[i] = clock.Elapsed.TotalMilliseconds;
        }
        Array.Sort(times);
        Console.WriteLine($"{what,-36} best {times[0],8:F1} ms   median {times[Repeats / 2],8:F1} ms");
    }

    // A fixed sequence, so that the twin can make the same rows: sums of twelve uniforms from Knuth's linear congruence.
    private static Matrix Rows(int seed, double shift)
    {
        var result = new Matrix(Side, Columns);
        ulong state = (ulong)seed * 1_000_003;
        foreach (ref var value in result.Values)
        {
            double sum = 0;
            for (var k = 0; k < 12; k++)
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                sum += (state >> 33) / (double)(1L << 31);
            }
            value = sum - 6 + shift;
        }
        return result;
    }
}
