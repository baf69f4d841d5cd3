using Holdfast.OnnxExport;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Loader = Holdfast.Serving.Backends.Backends;

namespace Holdfast.Platform.Tests.OnnxExport;

/// <summary>Every exported model answers as its trainer does, through the backend that serves it.</summary>
public sealed class OnnxExporterTests : IDisposable
{
    private const int Columns = 6;
    private readonly MLContext _ml = new(seed: 1);
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-onnx-").FullName;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(20, 20)]
    [InlineData(100, 40)]
    public void Boosted_trees_give_the_same_probabilities(int trees, int leaves)
    {
        var rows = Rows(4000, 7);
        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = trees, NumberOfLeaves = leaves, NumberOfThreads = 1, MinimumExampleCountPerLeaf = 5 }).Fit(View(rows));
        Same(model, OnnxExporter.Export(model.Model, Columns), "binary", Rows(5000, 8), 2e-6);
    }

    [Fact]
    public void Trees_treat_missing_values_as_in_training()
    {
        var rows = Rows(4000, 7, missing: 0.2);
        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 50, NumberOfThreads = 1 }).Fit(View(rows));
        Same(model, OnnxExporter.Export(model.Model, Columns), "binary", Rows(5000, 8, missing: 0.3), 2e-6);
    }

    [Fact]
    public void A_tree_of_a_single_leaf_is_a_constant()
    {
        var rows = Rows(200, 7);
        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 3, NumberOfThreads = 1, MinimumExampleCountPerLeaf = 150 }).Fit(View(rows));
        Same(model, OnnxExporter.Export(model.Model, Columns), "binary", Rows(100, 8), 2e-6);
    }

    [Fact]
    public void Regression_trees_give_the_same_values()
    {
        var rows = Rows(4000, 7, missing: 0.1);
        var model = _ml.Regression.Trainers.FastTree(new FastTreeRegressionTrainer.Options { LabelColumnName = nameof(Example.Value), NumberOfTrees = 100, NumberOfThreads = 1 }).Fit(View(rows));
        Same(model, OnnxExporter.Export(model.Model, Columns), "regression", Rows(5000, 8, missing: 0.1), 2e-6);
    }

    [Fact]
    public void Logistic_regression_gives_the_same_probabilities_after_scaling()
    {
        var rows = Rows(4000, 7);
        var scaling = ColumnScaling.Standard([.. rows.Select(r => r.Features)]);
        var model = _ml.BinaryClassification.Trainers.SdcaLogisticRegression(new SdcaLogisticRegressionBinaryTrainer.Options { NumberOfThreads = 1 }).Fit(View(Scaled(rows, scaling)));
        Same(model, OnnxExporter.Export(model.Model, Columns, scaling), "binary", Rows(5000, 8), 2e-6, scaling);
    }

    [Fact]
    public void Linear_regression_gives_the_same_values()
    {
        var rows = Rows(4000, 7);
        var model = _ml.Regression.Trainers.Sdca(new SdcaRegressionTrainer.Options { LabelColumnName = nameof(Example.Value), NumberOfThreads = 1 }).Fit(View(rows));
        Same(model, OnnxExporter.Export(model.Model, Columns), "regression", Rows(5000, 8), 2e-6);
    }

    [Fact]
    public void Refuses_by_name_what_it_cannot_write()
    {
        var model = _ml.BinaryClassification.Trainers.Gam(numberOfIterations: 5).Fit(View(Rows(300, 7)));
        Assert.Contains("GamBinaryModelParameters", Assert.Throws<NotSupportedException>(() => OnnxExporter.Export(model.Model, Columns)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_becomes_one_hot_columns_and_an_unknown_text_none()
    {
        var categories = new[] { "a", "b", "c", "d" };
        var rows = Rows(2000, 7);
        foreach (var row in rows)
        {
            var category = (int)Math.Abs(row.Features[2]) % 5;
            for (var k = 0; k < 4; k++)
                row.Features[2 + k] = k == category ? 1 : 0;
        }

        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 10, NumberOfThreads = 1 }).Fit(View(rows));
        Write(OnnxExporter.Export(model.Model, Columns), "binary", [new("x", "FP64"), new("y", "FP64"), new("c", "BYTES", categories)]);
        using var backend = Loader.Load(_folder);
        var expected = Expected(model, rows, "binary");
        var given = FeatureRows.For(backend.Info.Signature, rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            var hot = Array.IndexOf(rows[i].Features, 1f, 2);
            (given.Numbers(0)[i], given.Numbers(1)[i], given.Texts(2)![i]) = (rows[i].Features[0], rows[i].Features[1], hot < 0 ? i % 2 == 0 ? "never seen" : null : categories[hot - 2]);
        }

        var outcomes = new Outcome[rows.Length];
        backend.Predict(given, outcomes);
        Assert.True(outcomes.Zip(expected).Max(p => Math.Abs(p.First.Score - p.Second)) < 2e-6);
    }

    [Fact]
    public void A_signature_that_does_not_fit_is_refused()
    {
        var model = _ml.Regression.Trainers.Sdca(new SdcaRegressionTrainer.Options { LabelColumnName = nameof(Example.Value), NumberOfThreads = 1 }).Fit(View(Rows(100, 7)));
        Write(OnnxExporter.Export(model.Model, Columns), "regression", [new("x", "FP64"), new("y", "BYTES")]);
        var fault = Assert.Throws<Contracts.HoldfastException>(() => Loader.Load(_folder));
        Assert.Contains("give 2 columns, but the model's input 'features' takes 6", fault.Message, StringComparison.Ordinal);
        Assert.Contains("text without categories", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_many_callers_at_once()
    {
        var rows = Rows(2000, 7);
        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 20, NumberOfThreads = 1 }).Fit(View(rows));
        Write(OnnxExporter.Export(model.Model, Columns), "binary", Inputs());
        using var backend = Loader.Load(_folder);
        var expected = Expected(model, rows, "binary");
        await Parallel.ForEachAsync(Enumerable.Range(0, rows.Length), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, (i, _) =>
        {
            var one = new Outcome[1];
            backend.Predict(Given(backend, [rows[i]]), one);
            Assert.Equal(expected[i], one[0].Score, 2e-6);
            Assert.Equal(one[0].Score >= 0.5 ? "1" : "0", one[0].Prediction);
            return ValueTask.CompletedTask;
        });
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private void Same(ITransformer model, byte[] onnx, string task, Example[] rows, double tolerance, ColumnScaling? scaling = null)
    {
        Write(onnx, task, Inputs());
        using var backend = Loader.Load(_folder);
        var expected = Expected(model, scaling is null ? rows : Scaled(rows, scaling), task);
        var outcomes = new Outcome[rows.Length];
        backend.Predict(Given(backend, rows), outcomes);
        var scale = Math.Max(1, expected.Max(Math.Abs));
        for (var i = 0; i < rows.Length; i++)
            Assert.Equal(expected[i], outcomes[i].Score, tolerance * scale);
    }

    private double[] Expected(ITransformer model, Example[] rows, string task) =>
        [.. model.Transform(View(rows)).GetColumn<float>(task == "binary" ? "Probability" : "Score").Select(v => (double)v)];

    private static FeatureRows Given(IBackend backend, Example[] rows)
    {
        var given = FeatureRows.For(backend.Info.Signature, rows.Length);
        for (var column = 0; column < Columns; column++)
        {
            for (var i = 0; i < rows.Length; i++)
                given.Numbers(column)[i] = rows[i].Features[column];
        }

        return given;
    }

    private void Write(byte[] onnx, string task, SignatureField[] inputs)
    {
        new ModelPackage(1, "onnx", "model.onnx", task, new Signature(inputs, [new("score", "FP64")])).Write(_folder);
        File.WriteAllBytes(Path.Combine(_folder, "model.onnx"), onnx);
    }

    private static SignatureField[] Inputs() => [.. Enumerable.Range(0, Columns).Select(i => new SignatureField($"x{i}", "FP64"))];

    private static Example[] Scaled(Example[] rows, ColumnScaling scaling) => [.. rows.Select(r => new Example { Features = scaling.Apply(r.Features), Label = r.Label, Value = r.Value })];

    private IDataView View(Example[] rows)
    {
        var schema = SchemaDefinition.Create(typeof(Example));
        schema[nameof(Example.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Columns);
        return _ml.Data.LoadFromEnumerable(rows, schema);
    }

    private static Example[] Rows(int count, int seed, double missing = 0)
    {
        var random = new Random(seed);
        var rows = new Example[count];
        for (var i = 0; i < count; i++)
        {
            var x = Enumerable.Range(0, Columns).Select(c => (float)((random.NextDouble() - 0.5) * Math.Pow(10, c - 1))).ToArray();
            var value = Math.Sin(x[0] * 30) + (x[1] * x[2]) + (x[3] / 50) + (random.NextDouble() * 0.5);
            for (var c = 0; c < Columns; c++)
            {
                if (random.NextDouble() < missing)
                    x[c] = float.NaN;
            }

            rows[i] = new Example { Features = x, Value = (float)value, Label = value > 0.3 };
        }

        return rows;
    }

    private sealed class Example
    {
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }

        public float Value { get; set; }
    }
}
