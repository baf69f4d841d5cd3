using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Loader = Holdfast.Serving.Backends.Backends;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>Trees evaluated here beside the same file run by ONNX Runtime.</summary>
public sealed class TreeBackendTests : IDisposable
{
    private const int Columns = 5;
    private const string Ml = "ai.onnx.ml";
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-trees-").FullName;

    private static SignatureField[] Fields => [.. Enumerable.Range(0, Columns).Select(i => new SignatureField("f" + i, "FP64"))];

    [Theory]
    [InlineData(1, 1, "BRANCH_LEQ")]
    [InlineData(3, 30, "BRANCH_LEQ")]
    [InlineData(7, 9, "BRANCH_LT")]
    [InlineData(7, 10, "BRANCH_GTE")]
    [InlineData(7, 11, "BRANCH_GT")]
    [InlineData(4, 12, "BRANCH_EQ")]
    [InlineData(4, 13, "BRANCH_NEQ")]
    [InlineData(5, 40, null)]
    public void Every_way_to_ask_and_missing_values_on_both_tracks(int depth, int trees, string? mode)
    {
        var made = new TestTrees(depth, trees, depth, Columns, mode is null ? null : [mode]);
        Same(made, Regressor(made.Regressor(baseValues: [0.75f])), "regression");
    }

    [Theory]
    [InlineData("AVERAGE", "NONE")]
    [InlineData("SUM", "LOGISTIC")]
    public void Averages_and_transforms_of_a_regressor(string aggregate, string transform)
    {
        var made = new TestTrees(5, 20, 5, Columns);
        // ONNX Runtime transforms one target by nothing but PROBIT: what it does with LOGISTIC decides, not what is written.
        Compare(made, Regressor(made.Regressor(1, aggregate, transform)), "regression");
    }

    [Theory]
    [InlineData(3, "NONE", false, null)]
    [InlineData(3, "SOFTMAX", true, null)]
    [InlineData(4, "LOGISTIC", false, new[] { 0.1f, 0.2f, -0.3f, 0f })]
    public void Classes_with_their_labels(int classes, string transform, bool texts, float[]? baseValues)
    {
        var made = new TestTrees(classes, 24, 5, Columns, targets: classes);
        var model = new TestOnnx().Input("features", Columns).Node("TreeEnsembleClassifier", ["features"], ["label", "score"], Ml, [.. made.Classifier(classes, transform, baseValues, texts)]).Output("score", classes);
        Same(made, model.ToBytes(), "multiclass");
        if (!texts)
            Same(made, model.Labels("label").ToBytes(), "multiclass");
    }

    [Theory]
    [InlineData(0, "LOGISTIC", -1f, null)]
    [InlineData(0, "LOGISTIC", -1f, 0.25f)]
    [InlineData(1, "LOGISTIC", -1f, null)]
    [InlineData(0, "NONE", 0f, null)]
    [InlineData(1, "NONE", -1f, null)]
    public void Two_classes_by_one_sum(int target, string transform, float low, float? baseValue)
    {
        var made = new TestTrees(3, 12, 4, Columns, targets: 2, low: low, onlyTarget: target);
        Same(made, Classifier(made.Classifier(2, transform, baseValue is { } b ? [b] : null)), "binary");
    }

    [Fact]
    public void Two_classes_by_two_sums()
    {
        var made = new TestTrees(3, 12, 4, Columns, targets: 2, low: 0);
        Compare(made, Classifier(made.Classifier(2)), "binary");
    }

    [Fact]
    public void The_newer_operator()
    {
        var made = new TestTrees(8, 15, 6, Columns);
        Same(made, new TestOnnx(5).Input("features", Columns).Node("TreeEnsemble", ["features"], ["score"], Ml, [.. made.Newer()]).Output("score", 1).ToBytes(), "regression");
    }

    [Fact]
    public void Scaling_before_and_a_calibration_after()
    {
        var made = new TestTrees(4, 30, 6, Columns);
        var model = new TestOnnx().Input("features", Columns).Constant("offset", 0.5f, 1, 0, 2, 0.25f).Constant("scale", 2, 0.5f, 1, 1.5f, 3)
            .Node("Sub", ["features", "offset"], ["a"]).Node("Mul", ["a", "scale"], ["b"]).Node("TreeEnsembleRegressor", ["b"], ["c"], Ml, [.. made.Regressor()])
            .Constant("k", 0.8f).Node("Mul", ["c", "k"], ["d"]).Node("Sigmoid", ["d"], ["score"]).Output("score", 1).ToBytes();
        Same(made, model, "binary");
        using var backend = (IExplains)Loader.Load(_folder) as IDisposable;
        Assert.All(((IExplains)backend!).Explain(Rows(made, 20)), e => Assert.Equal("raw", e.Space));
    }

    [Fact]
    public void One_tensor_a_feature_put_together()
    {
        var made = new TestTrees(4, 30, 6, Columns);
        var model = new TestOnnx();
        for (var i = 0; i < Columns; i++)
            model.Input("f" + i, 1);
        model.Node("Concat", ["f3", "f0", "f1", "f4", "f2"], ["all"], "", TestOnnx.Int("axis", 1)).Node("TreeEnsembleRegressor", ["all"], ["score"], Ml, [.. made.Regressor()]).Output("score", 1);
        Same(made, model.ToBytes(), "regression");
    }

    [Fact]
    public void Maps_of_probabilities_are_unwrapped_for_both_engines()
    {
        var made = new TestTrees(9, 60, 4, Columns, targets: 3);
        var model = new TestOnnx().Input("features", Columns).Node("TreeEnsembleClassifier", ["features"], ["label", "p"], Ml, [.. made.Classifier(3, "SOFTMAX")])
            .Node("ZipMap", ["p"], ["score"], Ml, TestOnnx.Ints("classlabels_int64s", [10, 11, 12])).Labels("label").Maps("score").ToBytes();
        Same(made, model, "multiclass");
    }

    [Fact]
    public void What_is_not_done_here_is_left_to_onnx_runtime_and_says_why()
    {
        var made = new TestTrees(9, 5, 4, Columns);
        Assert.Contains("combined by MIN", Open(Regressor(made.Regressor(1, "MIN"))).Note, StringComparison.Ordinal);
        Assert.Contains("operator Relu", Open(new TestOnnx().Input("features", Columns).Node("TreeEnsembleRegressor", ["features"], ["a"], Ml, [.. made.Regressor()]).Node("Relu", ["a"], ["score"]).Output("score", 1).ToBytes()).Note, StringComparison.Ordinal);
        Assert.Contains("as declared", Open(Regressor(made.Regressor()), new RuntimeSpec("onnxruntime")).Note, StringComparison.Ordinal);
        var network = new TestOnnx().Input("features", Columns).Matrix("w", Columns, 1, [1, 2, 3, 4, 5]).Node("MatMul", ["features", "w"], ["score"]).Output("score", 1).ToBytes();
        Assert.Contains("no ensemble of trees", Open(network).Note, StringComparison.Ordinal);
        TestOnnx.Write(_folder, network, "regression", Fields, new RuntimeSpec("trees"));
        Assert.Contains("no ensemble of trees", Assert.Throws<HoldfastException>(() => Loader.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "uniform")]
    [InlineData(true, "model")]
    public void Explanations_add_up_to_the_answer(bool hits, string weights)
    {
        var made = new TestTrees(12, 25, 6, Columns);
        TestOnnx.Write(_folder, Regressor(made.Regressor(baseValues: [2], hits: hits)), "regression", Fields);
        using var backend = Loader.Load(_folder);
        var rows = Rows(made, 60);
        var outcomes = new Outcome[60];
        backend.Predict(rows, outcomes);
        foreach (var (e, o) in ((IExplains)backend).Explain(rows).Zip(outcomes))
        {
            Assert.Equal(("tree_shap", "score", weights), (e.Method, e.Space, e.Weights));
            Assert.Equal(o.Score, e.Output, 1e-5);
            Assert.Equal(e.Output, e.Base + e.Contributions.Sum(c => c.Effect), 1e-9);
            Assert.Equal(e.Contributions.OrderByDescending(c => Math.Abs(c.Effect)), e.Contributions);
            Assert.All(e.Contributions, c => Assert.Contains(c.Effect > 0 ? "raises it by" : "lowers it by", c.Reason, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_base_of_a_background_is_its_mean_answer_and_one_hot_columns_are_one_feature()
    {
        var made = new TestTrees(12, 25, 6, Columns);
        SignatureField[] fields = [new("a", "FP64"), new("b", "FP64"), new("kind", "BYTES", ["x", "y", "z"])];
        var random = new Random(3);
        var table = new System.Text.StringBuilder("kind,b,a\n");
        for (var i = 0; i < 300; i++)
            table.Append(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{"xyzu"[random.Next(4)]},{random.Next(0, 8) / 2.0},{random.NextDouble() * 4}\n"));
        File.WriteAllText(Path.Combine(_folder, "background.csv"), table.ToString());
        TestOnnx.Write(_folder, Regressor(made.Regressor()), "regression", fields, new RuntimeSpec(Background: "background.csv"));
        using var backend = Loader.Load(_folder);
        var background = FeatureRows.For(backend.Info.Signature, 300);
        foreach (var (line, i) in table.ToString().Trim().Split('\n').Skip(1).Select((l, i) => (l.Split(','), i)))
            (background.Texts(2)![i], background.Numbers(1)[i], background.Numbers(0)[i]) = (line[0], double.Parse(line[1], System.Globalization.CultureInfo.InvariantCulture), double.Parse(line[2], System.Globalization.CultureInfo.InvariantCulture));
        var outcomes = new Outcome[300];
        backend.Predict(background, outcomes);
        var explained = ((IExplains)backend).Explain(background);
        Assert.All(explained, e => Assert.Equal(("background", outcomes.Average(o => o.Score)), (e.Weights, Math.Round(e.Base, 5)), Nearly));
        Assert.All(explained, e => Assert.Subset(new HashSet<string> { "a", "b", "kind" }, e.Contributions.Select(c => c.Feature).ToHashSet()));
        Assert.Contains(explained, e => e.Contributions.Any(c => c.Feature == "kind" && c.Value is string && c.Reason.StartsWith("kind = ", StringComparison.Ordinal)));
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private static bool Nearly((string, double) a, (string, double) b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 2e-5;

    private static byte[] Regressor(List<Holdfast.Serving.Backends.Trees.Proto.AttributeProto> attributes) =>
        new TestOnnx().Input("features", Columns).Node("TreeEnsembleRegressor", ["features"], ["score"], Ml, [.. attributes]).Output("score", 1).ToBytes();

    private static byte[] Classifier(List<Holdfast.Serving.Backends.Trees.Proto.AttributeProto> attributes) =>
        new TestOnnx().Input("features", Columns).Node("TreeEnsembleClassifier", ["features"], ["label", "score"], Ml, [.. attributes]).Output("score", 2).ToBytes();

    private static FeatureRows Rows(TestTrees made, int count)
    {
        var rows = new FeatureRows([.. Enumerable.Range(0, Columns).Select(i => "f" + i)], count);
        for (var i = 0; i < Columns; i++)
            made.Column(count, 100 + i).CopyTo(rows.Numbers(i), 0);
        return rows;
    }

    private BackendInfo Open(byte[] model, RuntimeSpec? runtime = null)
    {
        TestOnnx.Write(_folder, model, "regression", Fields, runtime);
        using var backend = Loader.Load(_folder);
        Assert.Equal("onnxruntime", backend.Info.Engine);
        Assert.IsNotAssignableFrom<IExplains>(backend);
        return backend.Info;
    }

    private void Same(TestTrees made, byte[] model, string task) => Assert.Equal("trees", Compare(made, model, task));

    /// <summary>Answers of the chosen engine are those of ONNX Runtime, one by one and together; gives the engine.</summary>
    private string Compare(TestTrees made, byte[] model, string task)
    {
        const int Count = 1001;
        var rows = Rows(made, Count);
        TestOnnx.Write(_folder, model, task, Fields, new RuntimeSpec("onnxruntime"));
        var expected = new Outcome[Count];
        using (var runtime = Loader.Load(_folder))
            runtime.Predict(rows, expected);
        TestOnnx.Write(_folder, model, task, Fields);
        using var backend = Loader.Load(_folder);
        var outcomes = new Outcome[Count];
        backend.Predict(rows, outcomes);
        var one = new Outcome[1];
        for (var i = 0; i < Count; i++)
        {
            Assert.True(Math.Abs(expected[i].Score - outcomes[i].Score) < 1e-5, $"{backend.Info.Note}: row {i}: {expected[i]} {outcomes[i]}");
            if (task == "multiclass")
                Assert.Equal(expected[i].Prediction, outcomes[i].Prediction);
            if (i % 50 != 0)
                continue;
            backend.Predict(rows.Pick([i]), one);
            Assert.Equal(outcomes[i].Score, one[0].Score, 1e-6);
        }

        return backend.Info.Engine + (backend.Info.Engine == "trees" ? "" : ": " + backend.Info.Note);
    }
}
