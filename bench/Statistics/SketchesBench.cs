using System.Diagnostics;
using System.Globalization;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

/// <summary>Nanoseconds of processor time and bytes of garbage a value that the sketches cost, beside the least that a pass over the values can cost: their sum.</summary>
internal static class SketchesBench
{
    private const int Length = 1 << 16;
    private const int Passes = 16;
    private const int Rounds = 9;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.7);

    public static void Run()
    {
        var random = new Random(1);
        var values = new double[Length];
        foreach (ref var value in values.AsSpan()) value = Math.Exp(random.NextDouble() * 3);
        var bins = ReferenceBins.FromNumeric(values);

        Console.WriteLine($"{"",-42}{"ns a value",12}{"bytes",10}");
        Measure("sum (the limit of a pass)", () => Sum(values), values);
        var profile = new FeatureProfile(bins);
        Measure("FeatureProfile.Add(value, key)", () => OneByOne(profile, values), values);
        var blocks = new FeatureProfile(bins);
        Measure("FeatureProfile.Add(span)", () => blocks.Add(values), values);
        var histogram = new FixedHistogram(bins);
        Measure("FixedHistogram.Add(span)", () => histogram.Add(values), values);
        Measure("Moments.Of(span)", () => _ = Moments.Of(values), values);
        Measure("Moments.Add, value by value", () => OneByOne(values), values);
        foreach (var k in new[] { 200, 1024, 2048 })
        {
            var kll = new KllSketch(k);
            Measure($"KllSketch.Add, k = {k}", () => kll.Add(values), values);
        }
        var relative = new DdSketch();
        Measure("DdSketch.Add, 1 %", () => relative.Add(values), values);
        var distinct = new HyperLogLog();
        Measure("HyperLogLog.Add(double), p = 12", () => Distinct(distinct, values), values);
        Texts(random);
        Rows(bins, values);
    }

    private static void Texts(Random random)
    {
        // Zipf: a few frequent ones, a long tail.
        var texts = new string[Length];
        foreach (ref var text in texts.AsSpan()) text = "category-" + (int)(1 / (random.NextDouble() + 1e-5));
        var frequent = new MisraGries();
        Measure("MisraGries.Add(text), K = 100", () => Frequent(frequent, texts), texts);
        var distinct = new HyperLogLog();
        Measure("HyperLogLog.Add(text), p = 12", () => Distinct(distinct, texts), texts);
    }

    private static void Rows(ReferenceBins bins, double[] values)
    {
        var rows = new TableProfile();
        for (var i = 0; i < 10; i++) rows.AddNumbers("f" + i, bins);
        var row = new Cell[10];
        Measure("TableProfile.Add(row) of 10 numbers", () => OneByOne(rows, row, values), new double[Length / 10 * 10]);
        var table = new TableProfile();
        for (var i = 0; i < 10; i++) table.AddNumbers("f" + i, bins);
        var columns = Enumerable.Repeat(values, 10).ToArray();
        Measure("TableProfile.Add(columns) of 10 numbers", () => table.Add(columns, (ulong)table.Rows), new double[10 * Length]);
    }

    private static void Measure<T>(string what, Action pass, T[] values)
    {
        // By time and not by number: the compiler's last tier comes some tenths of a second after the first calls, however many they were.
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;) pass();
        double best = double.PositiveInfinity;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < Rounds; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Passes; i++) pass();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalNanoseconds);
        }
        var garbage = GC.GetAllocatedBytesForCurrentThread() - before;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-42}{best / Passes / values.Length,12:0.00}{(double)garbage / Rounds / Passes / values.Length,10:0.0000}"));
    }

    private static void Sum(double[] values)
    {
        double sum = 0;
        foreach (var value in values) sum += value;
        if (double.IsNaN(sum)) throw new InvalidOperationException("The sum is no number.");
    }

    private static void OneByOne(FeatureProfile profile, double[] values)
    {
        var key = (ulong)profile.Total;
        foreach (var value in values) profile.Add(value, key++);
    }

    private static void OneByOne(double[] values)
    {
        var moments = Moments.Empty;
        foreach (var value in values) moments = moments.Add(value);
        if (moments.Count == 0) throw new InvalidOperationException("There is nothing.");
    }

    private static void OneByOne(TableProfile table, Cell[] row, double[] values)
    {
        var key = (ulong)table.Rows;
        for (var i = 0; i + 10 <= values.Length; i += 10)
        {
            for (var c = 0; c < 10; c++) row[c] = values[i + c];
            table.Add(row, key++);
        }
    }

    private static void Distinct(HyperLogLog sketch, double[] values)
    {
        foreach (var value in values) sketch.Add(value);
    }

    private static void Distinct(HyperLogLog sketch, string[] values)
    {
        foreach (var value in values) sketch.Add(value);
    }

    private static void Frequent(MisraGries sketch, string[] values)
    {
        foreach (var value in values) sketch.Add(value);
    }
}
