using Holdfast.Contracts;
using Holdfast.OnnxExport;
using Holdfast.Registry;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.Examples;

/// <summary>Boosted trees for the examples: the same rows, seed and one thread give the same model, byte for byte.</summary>
/// <param name="HalfLife">
/// How fast old rows of a window lose weight, as a share of its rows: 0.2 = a row counts half as much as one that is a fifth of
/// the rows newer. 0 = all rows count the same. In a world that moves, the newest rows say most about the next ones.
/// </param>
internal sealed record TreeTraining(int Trees, int Leaves, double LearningRate, int MinimumRowsPerLeaf, int Seed, int Threads, double HalfLife = 0)
{
    /// <summary>Trains on the chosen rows (those of parts that age from the oldest to the newest) and writes the model package.</summary>
    public void Run(IReadOnlyList<(ExampleData Data, int[] Rows, bool Ages)> parts, Signature signature, string folder)
    {
        var rows = parts.SelectMany(p => p.Rows.Select((row, i) => new Row { Features = p.Data.Vector(row), Label = p.Data.Labels[row], Weight = p.Ages ? Weight(i, p.Rows.Length) : 1 })).ToList();
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
            ExampleWeightColumnName = HalfLife > 0 ? nameof(Row.Weight) : null,
        });
        var model = trainer.Fit(ml.Data.LoadFromEnumerable(rows, schema));
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), OnnxExporter.Export(model.Model, columns));
        new ModelPackage(1, "onnx", "model.onnx", "binary", signature).Write(folder);
    }

    // Rows come oldest first. Not below a hundredth, so that the trainer's least weight per leaf stays meaningful.
    private float Weight(int index, int count) => HalfLife > 0 ? (float)Math.Max(0.01, Math.Pow(0.5, (count - 1.0 - index) / (count * HalfLife))) : 1;

    private sealed class Row
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }

        public float Weight { get; set; }
    }
}
