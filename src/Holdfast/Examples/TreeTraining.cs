using Holdfast.Contracts;
using Holdfast.OnnxExport;
using Holdfast.Registry;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.Examples;

/// <summary>Boosted trees for the examples: the same rows, seed and one thread give the same model, byte for byte.</summary>
internal sealed record TreeTraining(int Trees, int Leaves, double LearningRate, int MinimumRowsPerLeaf, int Seed, int Threads)
{
    /// <summary>Trains on the chosen rows and writes the model package.</summary>
    public void Run(IReadOnlyList<(ExampleData Data, int[] Rows)> parts, Signature signature, string folder)
    {
        var rows = parts.SelectMany(p => p.Rows.Select(row => new Row { Features = p.Data.Vector(row), Label = p.Data.Labels[row] })).ToList();
        var positives = rows.Count(r => r.Label);
        if (rows.Count < 50 || positives < 5 || rows.Count - positives < 5)
        {
            throw new HoldfastException(
                ErrorCode.FailedPrecondition,
                $"There are {rows.Count} training rows, {positives} of them positive: too few to train on.",
                "At least 50 rows with 5 of each class are needed; wait for more labels or widen the window.");
        }

        var ml = new MLContext(Seed);
        var schema = SchemaDefinition.Create(typeof(Row));
        var columns = rows[0].Features.Length;
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, columns);
        var trainer = ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options
        {
            NumberOfTrees = Trees,
            NumberOfLeaves = Leaves,
            LearningRate = LearningRate,
            MinimumExampleCountPerLeaf = MinimumRowsPerLeaf,
            NumberOfThreads = Threads,
            Seed = Seed,
            FeatureSelectionSeed = Seed,
        });
        var model = trainer.Fit(ml.Data.LoadFromEnumerable(rows, schema));
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxExporter.Export(model.Model, columns));
        new ModelPackage(1, "onnx", "model.onnx", "binary", signature).Write(folder);
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }
    }
}
