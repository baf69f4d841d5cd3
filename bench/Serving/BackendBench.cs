using System.Diagnostics;
using System.Globalization;
using Holdfast.OnnxExport;
using Holdfast.Platform.Tests.Serving.Backends;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;
using Loader = Holdfast.Serving.Backends.Backends;

namespace Holdfast.Bench.Serving;

/// <summary>Backends beside each other, in process: trees here and in ONNX Runtime, a small network one by one and in micro-batches, explanations.</summary>
internal static class BackendBench
{
    private const int Columns = 20;

    public static async Task Run()
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
        try
        {
            foreach (var leaves in new[] { 31, 64 })
                Trees(folder, 100, leaves);
            await Network(folder);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static void Trees(string folder, int trees, int leaves)
    {
        var ml = new MLContext(seed: 1);
        var random = new Random(3);
        var examples = Enumerable.Range(0, 4_000).Select(_ => new Example { Features = [.. Enumerable.Range(0, Columns).Select(_ => random.NextSingle())] }).ToList();
        examples.ForEach(e => e.Label = e.Features[0] + (e.Features[1] * e.Features[2]) + (random.NextSingle() / 2) > 1);
        var model = ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = trees, NumberOfLeaves = leaves, MinimumExampleCountPerLeaf = 5, NumberOfThreads = 1 }).Fit(ml.Data.LoadFromEnumerable(examples));
        SignatureField[] fields = [.. Enumerable.Range(0, Columns).Select(i => new SignatureField("f" + i, "FP64"))];
        var bytes = OnnxExporter.Export(model.Model, Columns);
        TestOnnx.Write(folder, bytes, "binary", fields, new RuntimeSpec("onnxruntime"));
        using var runtime = Loader.Load(folder);
        TestOnnx.Write(folder, bytes, "binary", fields, new RuntimeSpec("trees"));
        using var here = Loader.Load(folder);
        Console.WriteLine($"{trees} trees of {leaves} leaves, {Columns} features, processor time");
        foreach (var rows in new[] { 1, 1_000 })
        {
            var sets = Enumerable.Range(0, rows == 1 ? 256 : 1).Select(_ => Random(fields, rows, random)).ToArray();
            var calls = rows == 1 ? 100_000 : 400;
            var (theirs, ours) = (PerCall(runtime, sets, calls), PerCall(here, sets, calls));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {rows,5} row(s) a call: ONNX Runtime {theirs,9:0.00} us, here {ours,9:0.00} us ({theirs / ours:0.0} x)"));
        }

        var one = Random(fields, 1, random);
        var explains = (IExplains)here;
        explains.Explain(one);
        var began = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < 100; i++)
            explains.Explain(one);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  an explanation (exact TreeSHAP): {(Environment.CpuUsage.TotalTime - began).TotalMicroseconds / 100:0} us"));
    }

    private static async Task Network(string folder)
    {
        var random = new Random(4);
        float[] Weights(int n) => [.. Enumerable.Range(0, n).Select(_ => (random.NextSingle() - 0.5f) / 4)];
        var model = new TestOnnx().Input("features", 32).Matrix("a", 32, 256, Weights(32 * 256)).Matrix("b", 256, 256, Weights(256 * 256)).Matrix("c", 256, 1, Weights(256))
            .Node("MatMul", ["features", "a"], ["h1"]).Node("Relu", ["h1"], ["r1"]).Node("MatMul", ["r1", "b"], ["h2"]).Node("Relu", ["h2"], ["r2"]).Node("MatMul", ["r2", "c"], ["s"]).Node("Sigmoid", ["s"], ["score"])
            .Output("score", 1).ToBytes();
        SignatureField[] fields = [.. Enumerable.Range(0, 32).Select(i => new SignatureField("f" + i, "FP64"))];
        Console.WriteLine("network 32-256-256-1, one row a request, 64 callers at once");
        foreach (var (name, batching) in new[] { ("one by one", new BatchingSpec(1)), ("micro-batches", new BatchingSpec(32)) })
        {
            TestOnnx.Write(folder, model, "binary", fields, new RuntimeSpec(Batching: batching));
            using var backend = Loader.Load(folder);
            await Callers(backend, fields, 2_000, random);
            var (began, clock) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            const int Each = 1_500;
            await Callers(backend, fields, Each, random);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-14} {(Environment.CpuUsage.TotalTime - began).TotalMicroseconds / (64 * Each),7:0.00} us of processor a request, {64 * Each / Stopwatch.GetElapsedTime(clock).TotalSeconds,9:0} requests/s"));
        }

        TestOnnx.Write(folder, model, "binary", fields);
        using var automatic = Loader.Load(folder);
        Console.WriteLine("  left to be measured: " + automatic.Info.Note);
    }

    private static Task Callers(IBackend backend, SignatureField[] fields, int calls, Random random)
    {
        var one = Random(fields, 1, random);
        return Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            var outcomes = new Outcome[1];
            for (var i = 0; i < calls; i++)
            {
                if (backend.Info.Style == CallStyle.Awaited)
                    await backend.PredictAsync(one, outcomes);
                else
                    await Task.Run(() => backend.Predict(one, outcomes));
            }
        })));
    }

    private static double PerCall(IBackend backend, FeatureRows[] sets, int calls)
    {
        var outcomes = new Outcome[sets[0].Count];
        for (var i = 0; i < calls / 4; i++)
            backend.Predict(sets[i % sets.Length], outcomes);
        var best = double.PositiveInfinity;
        for (var round = 0; round < 3; round++)
        {
            var began = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < calls; i++)
                backend.Predict(sets[i % sets.Length], outcomes);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - began).TotalMicroseconds / calls);
        }

        return best;
    }

    private static FeatureRows Random(SignatureField[] fields, int count, Random random)
    {
        var rows = FeatureRows.For(new Signature(fields, []), count);
        for (var i = 0; i < fields.Length; i++)
        {
            for (var row = 0; row < count; row++)
                rows.Numbers(i)[row] = random.NextDouble();
        }

        return rows;
    }

    private sealed class Example
    {
        [VectorType(Columns)]
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }
    }
}
