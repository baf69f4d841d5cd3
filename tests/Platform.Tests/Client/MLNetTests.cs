using Holdfast.Client;
using Holdfast.Client.MLNet;
using Microsoft.ML;
using Microsoft.ML.Trainers.FastTree;

namespace Holdfast.Platform.Tests.Client;

/// <summary>ML.NET trainings as runs.</summary>
public sealed class MLNetTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_training_leaves_trainer_options_schema_figures_and_a_model_that_loads()
    {
        await using var host = await TestHost.Start();
        using var client = new HoldfastClient(new Uri(host.Url));
        var ml = new MLContext(seed: 7);
        var random = new Random(7);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 300).Select(_ => new Row { A = random.NextSingle(), B = random.NextSingle() }).Select(r => new Row { A = r.A, B = r.B, Label = r.A > r.B }).ToList());
        var pipeline = ml.Transforms.Concatenate("Features", nameof(Row.A), nameof(Row.B))
            .Append(ml.BinaryClassification.Trainers.FastTree(new FastTreeBinaryTrainer.Options { NumberOfTrees = 10, NumberOfLeaves = 4, NumberOfThreads = 1 }));
        var run = Track.StartRun("mlnet", options: new TrackOptions { Server = new Uri(host.Url), Join = false, EndWithProgram = false, SendEvery = TimeSpan.FromMilliseconds(20) });
        var model = pipeline.Fit(data, run, ml);
        run.LogMetrics(ml.BinaryClassification.Evaluate(model.Transform(data)), "train/");
        await run.DisposeAsync();

        var stored = await client.Runs.Get(run.Id, Ct);
        Assert.Equal(("FastTreeBinaryTrainer", "10", "4"), (stored.Param("trainer"), stored.Param("NumberOfTrees"), stored.Param("NumberOfLeaves")));
        Assert.Contains("FastTreeBinaryTrainer", stored.Param("pipeline"), StringComparison.Ordinal);
        Assert.True(stored.Metric("train/AreaUnderRocCurve") > 0.9, "no figure of the evaluation");
        var schema = Assert.Single(stored.Inputs).Schema!;
        Assert.All<string>(["\"A\"", "\"B\"", "\"Label\""], column => Assert.Contains(column, schema, StringComparison.Ordinal));
        await using var file = await client.Runs.OpenArtifact(run.Id, "model/model.zip", Ct);
        using var copy = new MemoryStream();
        await file.CopyToAsync(copy, Ct);
        Assert.NotNull(ml.Model.Load(copy, out var loaded));
        Assert.Contains(loaded, c => c.Name == "A");
    }

    [Fact]
    public async Task What_the_trainer_says_and_chooses_is_kept()
    {
        await using var host = await TestHost.Start();
        using var client = new HoldfastClient(new Uri(host.Url));
        var ml = new MLContext(seed: 7);
        var random = new Random(7);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 300).Select(_ => (A: random.NextSingle(), B: random.NextSingle())).Select(r => new Row { A = r.A, B = r.B, Label = r.A > r.B }).ToList());
        var run = Track.StartRun("mlnet", options: new TrackOptions { Server = new Uri(host.Url), Join = false, EndWithProgram = false, SendEvery = TimeSpan.FromMilliseconds(20) });
        ml.Transforms.Concatenate("Features", nameof(Row.A), nameof(Row.B))
            .Append(ml.BinaryClassification.Trainers.SdcaLogisticRegression(new Microsoft.ML.Trainers.SdcaLogisticRegressionBinaryTrainer.Options { NumberOfThreads = 1, MaximumNumberOfIterations = 10 }))
            .Fit(data, run, ml, modelPath: null);
        await run.DisposeAsync();
        var stored = await client.Runs.Get(run.Id, Ct);
        Assert.Equal("10", stored.Param("MaximumNumberOfIterations"));
        Assert.True(double.Parse(stored.Param("tuned.L2")!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.True(int.Parse(stored.Param("best_iteration")!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Contains("Using 1 thread to train.", string.Concat((await client.Runs.Console(run.Id, ct: Ct)).Select(x => x.Text)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Iteration 12: loss=0.31, gradient norm: 1e-3", "loss 12 0.31; gradient_norm 12 0.001")]
    [InlineData("Epoch #3, Accuracy = 0.9", "accuracy 3 0.9")]
    [InlineData("Using best model from iteration 2.", "")]
    [InlineData("Channel finished. Elapsed 00:00:00.4.", "")]
    public void Figures_of_an_iteration_are_read_from_words(string said, string figures) =>
        Assert.Equal(figures, string.Join("; ", IterationText.Read(said).Select(f => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{f.Name} {f.Step} {f.Value}"))));

    private sealed class Row
    {
        public float A { get; set; }

        public float B { get; set; }

        public bool Label { get; set; }
    }
}
