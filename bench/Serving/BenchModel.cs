using System.Globalization;
using Holdfast.OnnxExport;
using Holdfast.Registry;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.Bench.Serving;

/// <summary>The model of all rows: 100 boosted trees of 32 leaves on uniform numbers, as ONNX, with its training data.</summary>
internal static class BenchModel
{
    private const int Rows = 3_000;

    public static string Name(int feature) => string.Create(CultureInfo.InvariantCulture, $"feature_{feature}");

    /// <summary>The body of a request, the same bytes to every server.</summary>
    public static string Body(int width)
    {
        var random = new Random(7);
        var inputs = string.Join(",", Enumerable.Range(0, width).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"name":"{{Name(i)}}","shape":[1],"datatype":"FP64","data":[{{random.NextDouble():0.######}}]}""")));
        return $$"""{"parameters":{"key":"customer-4711"},"inputs":[{{inputs}}]}""";
    }

    public static void Write(string folder, int width)
    {
        Directory.CreateDirectory(folder);
        var random = new Random(1);
        var rows = Enumerable.Range(0, Rows).Select(_ => Enumerable.Range(0, width).Select(_ => (float)random.NextDouble()).ToArray()).Select(f => new Example { Features = f, Label = f[0] + f[1] * f[2] + (0.3 * random.NextDouble()) > 0.9 }).ToList();
        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        var model = ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 100, NumberOfLeaves = 32, NumberOfThreads = 1, MinimumExampleCountPerLeaf = 5 })
            .Fit(ml.Data.LoadFromEnumerable(rows, schema));
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxExporter.Export(model.Model, width));
        new ModelPackage(1, "onnx", "model.onnx", "binary", new Signature([.. Enumerable.Range(0, width).Select(i => new SignatureField(Name(i), "FP64"))], [new SignatureField("score", "FP64")])).Write(folder);
        File.WriteAllLines(
            Path.Combine(Path.GetDirectoryName(folder)!, $"training-{width}.csv"),
            rows.Select(r => string.Join(',', r.Features.Select(v => v.ToString("R", CultureInfo.InvariantCulture)).Append(r.Label ? "1" : "0"))).Prepend(string.Join(',', Enumerable.Range(0, width).Select(Name).Append("label"))));
    }

    private sealed class Example
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }
    }
}
