using Holdfast.Contracts;
using Holdfast.Demo.Worlds;
using Holdfast.Examples;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Examples;

public sealed class ExampleStagesTests : IDisposable
{
    private static readonly TreeTraining Training = new(100, 20, 0.1, 10, 7, 1);
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-example-").FullName;

    [Fact]
    public void The_same_data_and_seed_give_the_same_model_byte_for_byte()
    {
        var data = Write("train.csv", ExampleGenerator.Generate("credit", 2000, 1, 0, AmountChange.None));
        Train([data], null, "a");
        Train([data], null, "b");
        Assert.Equal(File.ReadAllBytes(At("a/model.onnx")), File.ReadAllBytes(At("b/model.onnx")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void When_incomes_rise_the_old_model_gets_worse_and_one_trained_on_the_window_better(int seed)
    {
        var train = Write("train.csv", ExampleGenerator.Generate("credit", 6000, 100 + seed, 0, AmountChange.None));
        var holdout = Write("holdout.csv", ExampleGenerator.Generate("credit", 2000, 200 + seed, 0, AmountChange.None));
        Train([train], null, "champion");
        var before = Evaluate("champion", holdout, null, null);
        Assert.True(before["stable.accuracy"] > 0.86, $"stable accuracy {before["stable.accuracy"]}");

        // Sixty days in which wages rise to the new level: the window of a retraining as the monitor would cut it.
        var window = Write("window.csv", Ramp(300 + seed, 6000));
        Train([train], window, "retrained");
        var after = Evaluate("retrained", holdout, window, At("champion"));
        Assert.Equal(1500, after["recent.n"]);
        Assert.True(after["recent.accuracy"] > after["recent.champion_accuracy"] + 0.015, $"recent {after["recent.accuracy"]}, champion {after["recent.champion_accuracy"]}");
        Assert.True(after["recent.champion_accuracy"] < before["stable.accuracy"] - 0.04, $"champion fell only to {after["recent.champion_accuracy"]}");
        Assert.True(after["stable.accuracy"] > after["stable.champion_accuracy"] - 0.1, $"stable {after["stable.accuracy"]}");
    }

    [Fact]
    public void Doubled_amounts_hurt_the_model_and_a_rise_needs_a_new_one()
    {
        var train = Write("train.csv", ExampleGenerator.Generate("fraud", 8000, 1, 0, AmountChange.None));
        TrainFraud(train, "old");
        double calm = Fraud("old", AmountChange.None), doubled = Fraud("old", AmountChange.Doubled), rise = Fraud("old", AmountChange.Rise);
        TrainFraud(Write("rise.csv", ExampleGenerator.Generate("fraud", 8000, 2, 1, AmountChange.Rise)), "new");
        Assert.True(calm > 0.93 && doubled < calm - 0.03 && rise < calm - 0.05, $"{calm} {doubled} {rise}");
        Assert.True(Fraud("new", AmountChange.Rise) > rise + 0.05);

        double Fraud(string model, AmountChange change) => ExampleStages.Evaluate(At(model), Write("now.csv", ExampleGenerator.Generate("fraud", 4000, 9, 1, change)), "fraud", null, null, 0.25, At("metrics.json"))["accuracy"];
        void TrainFraud(string data, string model) => ExampleStages.Train([data], "fraud", FraudWorld.Features, [], null, false, 0.25, Training, At(model));
    }

    [Fact]
    public void Text_features_and_missing_values_train_and_answer()
    {
        var random = new Random(3);
        var colour = Enumerable.Range(0, 1000).Select(_ => random.Next(4) switch { 0 => "red", 1 => "blue", 2 => "green", _ => null }).ToArray();
        var size = colour.Select(_ => random.NextDouble() < 0.1 ? double.NaN : random.NextDouble()).ToArray();
        var label = colour.Zip(size, (c, s) => c == "red" || s > 0.8 ? 1.0 : 0.0).ToArray();
        var data = Write("mixed.csv", new Table([new Column("colour", colour), new Column("size", size), new Column("label", label)]));
        ExampleStages.Train([data], "label", ["colour", "size"], ["colour"], null, false, 0.25, Training, At("mixed"));
        Assert.True(ExampleStages.Evaluate(At("mixed"), data, "label", null, null, 0.25, At("m.json"))["auc"] > 0.9);
    }

    [Fact]
    public void Says_which_columns_are_missing_and_which_are_not_numbers()
    {
        var data = Write("odd.csv", new Table([new Column("a", ["x", "y"]), new Column("b", [1.0, 2.0])]));
        var fault = Assert.Throws<HoldfastException>(() => ExampleStages.Train([data], "label", ["a", "c"], [], null, false, 0.25, Training, At("odd")));
        Assert.Equal(["c", "label"], fault.Faults.Select(f => f.Field).Order());
        var labels = Assert.Throws<HoldfastException>(() => ExampleStages.Train([data], "b", ["b"], [], null, false, 0.25, Training, At("odd")));
        Assert.Contains("row 2", labels.Message, StringComparison.Ordinal);
        var few = Write("few.csv", ExampleGenerator.Generate("credit", 20, 1, 0, AmountChange.None));
        Assert.Contains("20 training rows", Assert.Throws<HoldfastException>(() => Train([few], null, "few")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private void Train(string[] files, string? window, string model) =>
        ExampleStages.Train(files, CreditWorld.LabelColumn, CreditWorld.Features, [], window, false, 0.25, Training, At(model));

    private SortedDictionary<string, double> Evaluate(string model, string file, string? window, string? champion) =>
        ExampleStages.Evaluate(At(model), file, CreditWorld.LabelColumn, window, champion, 0.25, At("metrics.json"));

    private static Table Ramp(int seed, int rows)
    {
        var world = new CreditWorld(seed);
        var cases = Enumerable.Range(0, rows).Select(row => world.Next(Math.Clamp((row - (rows * 0.3)) / (rows * 0.4), 0, 1))).ToArray();
        // Written newest first: the split goes by event time, not by the file's order.
        Array.Reverse(cases);
        return new Table([
            new Column("event_time", [.. Enumerable.Range(0, rows).Select(i => 1.7e12 - (i * 1e6))], ColumnKind.Time),
            .. CreditWorld.Features.Select((name, i) => new Column(name, [.. cases.Select(c => c.Values[i])])),
            new Column(CreditWorld.LabelColumn, [.. cases.Select(c => c.Label ? 1.0 : 0.0)]),
        ]);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private string Write(string name, Table table)
    {
        TableWriter.WriteCsv(At(name), table);
        return At(name);
    }
}
