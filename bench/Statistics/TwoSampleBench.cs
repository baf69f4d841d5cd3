using System.Globalization;
using Holdfast.Statistics;
using Holdfast.Statistics.Comparison;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Bench.Statistics;

/// <summary>A whole comparison of one column, part by part, beside a comparison sort of the same values (what any such comparison has to pay at least) and a plain copy.</summary>
internal static class TwoSampleBench
{
    public static void Run(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var random = new Random(1);
        Sorting(count, random);
        foreach (var (name, draw) in new (string, Func<double>)[]
        {
            ("normal", () => Normal(random)),
            ("60 % zeros, else cents", () => random.NextDouble() < 0.6 ? 0 : Math.Round(Math.Exp(Normal(random)), 2)),
            ("ten levels", () => random.Next(10)),
        })
            Column(name, count, draw);
        Tables(random);
    }

    private static void Sorting(int count, Random random)
    {
        Console.WriteLine($"Sorting {count.ToString("N0", CultureInfo.InvariantCulture)} normal values");
        double[] values = Many(count, () => Normal(random)), copy = new double[count];
        var limit = Timing.Best(() => { values.CopyTo(copy, 0); Array.Sort(copy); });
        Timing.Print("Array.Sort", limit, count, limit, "Array.Sort");
        Timing.Print("RadixSort.Sort", Timing.Best(() => { values.CopyTo(copy, 0); RadixSort.Sort(copy); }), count, limit, "Array.Sort");
        Timing.Print("copy (memory)", Timing.Best(() => values.CopyTo(copy, 0)), count, limit, "Array.Sort");
    }

    private static void Column(string name, int count, Func<double> draw)
    {
        Console.WriteLine($"Column of {name}, {count.ToString("N0", CultureInfo.InvariantCulture)} a side; ns a value of both sides");
        double[] a = Many(count, draw), b = Many(count, draw), sortedA = Samples.SortedFinite(a), sortedB = Samples.SortedFinite(b), copy = new double[count];
        var both = 2 * count;
        var limit = Timing.Best(() => { a.CopyTo(copy, 0); Array.Sort(copy); b.CopyTo(copy, 0); Array.Sort(copy); });
        void Part(string what, Action action) => Timing.Print(what, Timing.Best(action), both, limit, "Array.Sort of both");
        Timing.Print("Array.Sort of both", limit, both, limit, "Array.Sort of both");
        var bins = ReferenceBins.FromSortedNumeric(sortedA);
        Part("NumericComparison.Of: all of it", () => NumericComparison.Of(a, b));
        Part("  drop missing and sort both", () => { Samples.SortedFinite(a); Samples.SortedFinite(b); });
        Part("  KS, asymptotic", () => KolmogorovSmirnov.TwoSampleSorted(sortedA, sortedB, KsMethod.Asymptotic));
        Part("  KS, automatic", () => KolmogorovSmirnov.TwoSampleSorted(sortedA, sortedB));
        Part("  Wasserstein", () => Wasserstein.Distance(sortedA, sortedB));
        Part("  quantile bins and counts of both", () => ReferenceBins.FromSortedNumeric(sortedA).CountsOfSorted(sortedB));
        long[] before = [.. bins.ReferenceCounts], after = bins.CountsOfSorted(sortedB);
        Part("  PSI, JS, Hellinger, chi-squared", () =>
        {
            Psi.Compare(before, after);
            JensenShannon.Distance(before, after);
            Hellinger.Distance(before, after);
            ChiSquared.TwoSample(before, after);
        });
        Part("apart: counts of unsorted values in fixed bins", () => bins.CountsOf(b));
        Part("apart: Cramer-von Mises", () => CramerVonMises.TwoSample(sortedA, sortedB));
        Part("apart: Mann-Whitney", () => MannWhitney.TwoSample(sortedA, sortedB));
        Part("apart: Wasserstein, 999 labellings of 5,000", () => Wasserstein.PermutationPValue(sortedA, sortedB));
    }

    private static void Tables(Random random)
    {
        foreach (var categories in new[] { 20, 200, 2000 })
        {
            long[] a = new long[categories], b = new long[categories];
            for (var i = 0; i < 2 * categories; i++)
            {
                a[(int)(categories * Math.Pow(random.NextDouble(), 2))]++;
                b[(int)(categories * Math.Pow(random.NextDouble(), 2))]++;
            }
            var time = Timing.Best(() => CategoricalTest.TwoSample(a, b));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"thin table of {categories,5} categories, 2,000 drawn tables {time / 1e6,10:0.00} ms"));
        }
    }

    private static double[] Many(int count, Func<double> draw)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = draw();
        return values;
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
