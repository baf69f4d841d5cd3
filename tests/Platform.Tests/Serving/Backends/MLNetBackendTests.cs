using Holdfast.Contracts;
using Holdfast.MLNet;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>The card as an expression that ML.NET saved.</summary>
public sealed class MLNetCompliance : BackendCompliance
{
    protected override string Kind => "mlnet";

    protected override Task<IBackend> Open()
    {
        var ml = new MLContext(seed: 1);
        var data = ml.Data.LoadFromEnumerable(new[] { new Card() });
        var model = ml.Transforms.Expression("Score", "(a, b) : (isna(a) ? 0.1f : a > 1000f ? 0.9f : 0.1f) + (b > 60f ? 0.05f : 0f)", "amount", "age").Fit(data);
        ml.Model.Save(model, data.Schema, Path.Combine(Folder, "model.zip"));
        var package = new ModelPackage(1, "mlnet", "model.zip", "binary", new Signature(Inputs, [new SignatureField("Score", "FP32")]));
        package.Write(Folder);
        return Task.FromResult<IBackend>(MLNetBackend.Load(Path.Combine(Folder, "model.zip"), package));
    }

    private sealed class Card
    {
        [ColumnName("amount")]
        public float Amount { get; set; }

        [ColumnName("age")]
        public float Age { get; set; }
    }
}

public sealed class MLNetBackendTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-mlnet-").FullName;
    private readonly MLContext _ml = new(seed: 1);

    private sealed class Example
    {
        [VectorType(3)]
        public float[] Features { get; set; } = [];

        public bool Label { get; set; }

        public string Kind { get; set; } = "";
    }

    private sealed class Answer
    {
        public float Probability { get; set; }
    }

    [Fact]
    public void A_trained_pipeline_answers_as_in_training_from_one_vector_and_in_many_threads()
    {
        var random = new Random(5);
        var rows = Enumerable.Range(0, 500).Select(_ => new Example { Features = [random.NextSingle(), random.NextSingle(), random.NextSingle()] }).ToList();
        rows.ForEach(r => r.Label = r.Features[0] + r.Features[1] > 1);
        var data = _ml.Data.LoadFromEnumerable(rows);
        var model = _ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 10, NumberOfThreads = 1 }).Fit(data);
        _ml.Model.Save(model, data.Schema, Path.Combine(_folder, "model.zip"));
        using var backend = MLNetBackend.Load(Path.Combine(_folder, "model.zip"), Package("binary", [new("x", "FP32"), new("y", "FP32"), new("z", "FP32")]));
        var expected = _ml.Data.CreateEnumerable<Answer>(model.Transform(data), false).Select(a => (double)a.Probability).ToArray();
        var given = FeatureRows.For(backend.Info.Signature, rows.Count);
        for (var i = 0; i < rows.Count; i++)
            (given.Numbers(0)[i], given.Numbers(1)[i], given.Numbers(2)[i]) = (rows[i].Features[0], rows[i].Features[1], rows[i].Features[2]);
        Parallel.For(0, 4, _ =>
        {
            var outcomes = new Outcome[rows.Count];
            backend.Predict(given, outcomes);
            Assert.Equal(expected, outcomes.Select(o => o.Score));
        });
    }

    [Fact]
    public void What_does_not_fit_or_is_broken_is_refused_by_name()
    {
        var file = Path.Combine(_folder, "model.zip");
        File.WriteAllText(file, "no zip");
        Assert.Contains("ML.NET cannot load", Assert.Throws<HoldfastException>(() => MLNetBackend.Load(file, Package("binary", []))).Message, StringComparison.Ordinal);
        var data = _ml.Data.LoadFromEnumerable(new[] { new Example { Features = [1, 2, 3] } });
        _ml.Model.Save(_ml.Transforms.CopyColumns("Other", "Kind").Fit(data), data.Schema, file);
        var fault = Assert.Throws<HoldfastException>(() => MLNetBackend.Load(file, Package("binary", [new("Kind", "FP64"), new("nothing", "FP64")])));
        Assert.Equal(["signature.inputs.nothing", "signature.inputs.Kind"], fault.Faults.Select(f => f.Field));
        Assert.Contains("no column Score", Assert.Throws<HoldfastException>(() => MLNetBackend.Load(file, Package("binary", [new("Kind", "BYTES")]))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private static ModelPackage Package(string task, IReadOnlyList<SignatureField> inputs) => new(1, "mlnet", "model.zip", task, new Signature(inputs, []));
}
