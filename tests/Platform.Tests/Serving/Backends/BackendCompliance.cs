using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Serving.Backends;

/// <summary>
/// What the gateway relies on, of every backend. Each is made to answer the same small card over <c>amount</c> and <c>age</c>
/// (default 30); a missing amount is a small one.
/// </summary>
public abstract class BackendCompliance : IAsyncLifetime
{
    private IBackend _backend = null!;

    protected static readonly SignatureField[] Inputs = [new("amount", "FP64"), new("age", "FP64", Default: 30)];

    protected string Folder { get; } = Directory.CreateTempSubdirectory("holdfast-backend-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The backend under test.</summary>
    protected abstract Task<IBackend> Open();

    protected abstract string Kind { get; }

    protected virtual double Expected(double amount, double age) => (amount > 1000 ? 0.9 : 0.1) + ((double.IsNaN(age) ? 30 : age) > 60 ? 0.05 : 0);

    public async ValueTask InitializeAsync() => _backend = await Open();

    public virtual ValueTask DisposeAsync()
    {
        _backend.Dispose();
        // Twice is once.
        _backend.Dispose();
        Directory.Delete(Folder, true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void It_says_what_it_is_and_what_it_takes()
    {
        Assert.Equal((Kind, "binary"), (_backend.Info.Kind, _backend.Info.Task));
        Assert.Equal(["amount", "age"], _backend.Info.Signature.Inputs.Select(i => i.Name));
        Assert.NotEmpty(_backend.Info.Signature.Outputs);
        Assert.NotEmpty(_backend.Info.Engine);
    }

    [Theory]
    [InlineData(5000, 70)]
    [InlineData(5000, 20)]
    [InlineData(1000, 61)]
    [InlineData(1000.5, 60)]
    [InlineData(-3, 0)]
    [InlineData(double.NaN, 70)]
    [InlineData(5000, double.NaN)]
    [InlineData(double.NaN, double.NaN)]
    public async Task It_answers_the_right_score_and_label_also_where_something_is_missing(double amount, double age)
    {
        var outcome = (await Ask(Rows(["amount", "age"], [amount], [age])))[0];
        Assert.Equal(Expected(amount, age), outcome.Score, 1e-6);
        Assert.Equal(Expected(amount, age) >= 0.5 ? "1" : "0", outcome.Prediction);
    }

    [Fact]
    public async Task Columns_are_matched_by_name_and_others_are_not_looked_at()
    {
        var rows = Rows(["noise", "age", "amount"], [1e9, -1e9], [70, 20], [10, 2000]);
        Assert.Equal([Expected(10, 70), Expected(2000, 20)], (await Ask(rows)).Select(o => o.Score), Close);
        Assert.Equal([Expected(2000, double.NaN)], (await Ask(Rows(["amount"], [2000.0]))).Select(o => o.Score), Close);
        Assert.Equal([Expected(double.NaN, 70)], (await Ask(Rows(["age"], [70.0]))).Select(o => o.Score), Close);
    }

    [Fact]
    public async Task A_text_where_a_number_belongs_is_a_missing_number_or_an_error_that_people_can_read()
    {
        var rows = new FeatureRows(["amount", "age"], 1);
        rows.MakeTexts(0)[0] = "a lot";
        try
        {
            Assert.Equal(Expected(double.NaN, double.NaN), (await Ask(rows))[0].Score, 1e-6);
        }
        catch (HoldfastException e)
        {
            Assert.Contains("amount", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task It_answers_no_rows_and_many_rows_each_its_own()
    {
        Assert.Empty(await Ask(Rows(["amount", "age"], [], [])));
        const int Count = 5_003;
        var rows = Rows(["amount", "age"], [.. Enumerable.Range(0, Count).Select(i => (i * 37 % 2000) + 0.5)], [.. Enumerable.Range(0, Count).Select(i => i * 13 % 100.0)]);
        var outcomes = await Ask(rows);
        Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(Expected(rows.Numbers(0)[i], rows.Numbers(1)[i]), outcomes[i].Score, 1e-6));
        // Blocking callers get the same, and only their rows' places are written.
        var room = new Outcome[Count + 1];
        _backend.Predict(rows, room);
        Assert.Equal(outcomes, room[..Count]);
        Assert.Equal(default, room[Count]);
    }

    [Fact]
    public Task Many_callers_at_once_each_get_their_own_answers() => Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
    {
        string[] names = ["amount", "age"];
        for (var i = 0; i < 40; i++)
        {
            var (amount, age) = ((caller + i) % 2 == 0 ? 5000.0 : 10, 50.0 + (caller * i % 20));
            var rows = Rows(names, [amount, 10], [age, 0]);
            Assert.Equal([Expected(amount, age), Expected(10, 0)], (await Ask(rows)).Select(o => o.Score), Close);
        }
    })));

    [Fact]
    public async Task A_call_that_nobody_waits_for_any_more_ends_as_cancelled_and_the_next_one_is_answered()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _backend.PredictAsync(Rows(["amount", "age"], [1.0], [1]), new Outcome[1], gone.Token));
        Assert.Equal(Expected(5000, 1), (await Ask(Rows(["amount", "age"], [5000.0], [1])))[0].Score, 1e-6);
    }

    protected static FeatureRows Rows(string[] names, params double[][] columns)
    {
        var rows = new FeatureRows(names, columns[0].Length);
        for (var i = 0; i < columns.Length; i++)
            columns[i].CopyTo(rows.Numbers(i), 0);
        return rows;
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-6;

    private async Task<Outcome[]> Ask(FeatureRows rows)
    {
        var outcomes = new Outcome[rows.Count];
        await _backend.PredictAsync(rows, outcomes, Ct);
        return outcomes;
    }
}

/// <summary>The card as two trees.</summary>
public abstract class OnnxCompliance : BackendCompliance
{
    protected override string Kind => "onnx";

    protected IBackend Open(RuntimeSpec? runtime)
    {
        var model = new TestOnnx().Input("features", 2).Node("TreeEnsembleRegressor", ["features"], ["score"], "ai.onnx.ml",
            TestOnnx.Ints("nodes_treeids", [0, 0, 0, 1, 1, 1]), TestOnnx.Ints("nodes_nodeids", [0, 1, 2, 0, 1, 2]), TestOnnx.Ints("nodes_featureids", [0, 0, 0, 1, 0, 0]),
            TestOnnx.Floats("nodes_values", [1000, 0, 0, 60, 0, 0]), TestOnnx.Texts("nodes_modes", ["BRANCH_GT", "LEAF", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"]),
            TestOnnx.Ints("nodes_truenodeids", [1, 0, 0, 1, 0, 0]), TestOnnx.Ints("nodes_falsenodeids", [2, 0, 0, 2, 0, 0]),
            TestOnnx.Ints("target_treeids", [0, 0, 1, 1]), TestOnnx.Ints("target_nodeids", [1, 2, 1, 2]), TestOnnx.Ints("target_ids", [0, 0, 0, 0]), TestOnnx.Floats("target_weights", [0.9f, 0.1f, 0, 0.05f]),
            TestOnnx.Int("n_targets", 1)).Output("score", 1).ToBytes();
        TestOnnx.Write(Folder, model, "binary", Inputs, runtime);
        return Holdfast.Serving.Backends.Backends.Load(Folder);
    }
}

public sealed class TreeCompliance : OnnxCompliance
{
    protected override Task<IBackend> Open() => Task.FromResult(Open(new RuntimeSpec("trees")));
}

public sealed class OnnxRuntimeCompliance : OnnxCompliance
{
    protected override Task<IBackend> Open() => Task.FromResult(Open(new RuntimeSpec("onnxruntime", Threads: 2, Batching: new BatchingSpec(1))));
}

public sealed class MicroBatchCompliance : OnnxCompliance
{
    protected override Task<IBackend> Open() => Task.FromResult(Open(new RuntimeSpec("onnxruntime", Batching: new BatchingSpec(16, 1))));
}

public sealed class RulesCompliance : BackendCompliance
{
    protected override string Kind => "rules";

    protected override Task<IBackend> Open() => Task.FromResult<IBackend>(RulesBackend.Parse(
        """
        inputs: {amount: {type: number}, age: {type: number, default: 30}}
        rules:
          - {when: "amount > 1000 and age > 60", score: 0.95, prediction: "1"}
          - {when: "amount > 1000", score: 0.9, prediction: "1"}
          - {when: "age > 60", score: 0.15, prediction: "0"}
        else: {score: 0.1, prediction: "0"}
        """));
}

public sealed class ConstantCompliance : BackendCompliance
{
    protected override string Kind => "constant";

    protected override double Expected(double amount, double age) => 0.25;

    protected override Task<IBackend> Open() => Task.FromResult<IBackend>(new ConstantBackend(new Outcome(0.25, "0"), new Signature(Inputs, [new SignatureField("score", "FP64")])));
}
