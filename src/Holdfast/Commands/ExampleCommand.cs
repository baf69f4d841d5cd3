using System.CommandLine;
using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Demo.Worlds;
using Holdfast.Examples;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary>
/// <c>holdfast example …</c>, hidden: the stages of the shipped examples, so that they need nothing but this executable. A stage
/// reads the same environment as any other (<c>HOLDFAST_WINDOW_DATA</c>, <c>HOLDFAST_CHAMPION</c>, <c>HOLDFAST_SEED</c>).
/// </summary>
internal static class ExampleCommand
{
    public static Command Create()
    {
        var command = new Command("example", "Stages of the shipped examples: generate data, train, evaluate.") { Hidden = true };
        command.Add(Generate());
        command.Add(Train());
        command.Add(Evaluate());
        command.Add(ElectricityCommand.Create());
        return command;
    }

    private static Command Generate()
    {
        var world = new Argument<string>("world") { Description = "credit or fraud." };
        var rows = new Option<int>("--rows") { Description = "How many rows.", DefaultValueFactory = _ => 5000 };
        var seed = Seed();
        var output = new Option<string>("--out") { Description = "The CSV file to write.", Required = true };
        var drift = new Option<double>("--drift") { Description = "How far the world has moved, 0 to 1." };
        var change = new Option<AmountChange>("--change") { Description = "What happens to the amounts (fraud): none, doubled, rise." };
        var command = new Command("generate", "Write labelled rows of an example's world.") { world, rows, seed, output, drift, change };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(output);
            var table = ExampleGenerator.Generate(parsed.GetRequiredValue(world), parsed.GetValue(rows), parsed.GetValue(seed), parsed.GetValue(drift), parsed.GetValue(change));
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
                Directory.CreateDirectory(folder);
            TableWriter.WriteCsv(path, table);
            Output.Line($"{table.Rows} rows of {parsed.GetValue(world)}, seed {parsed.GetValue(seed)}, in {path}");
            return ExitCodes.Fine;
        });
        return command;
    }

    private static Command Train()
    {
        var data = List("--data", "Training files, separated by commas.");
        var label = new Option<string>("--label") { Description = "The label's column (0 or 1).", Required = true };
        var features = List("--features", "The columns that the model reads, separated by commas.");
        var categorical = new Option<string>("--categorical") { Description = "Those of them that are text." };
        var trees = new Option<int>("--trees") { DefaultValueFactory = _ => 100 };
        var leaves = new Option<int>("--leaves") { DefaultValueFactory = _ => 20 };
        var rate = new Option<double>("--learning-rate") { DefaultValueFactory = _ => 0.1 };
        var minimum = new Option<int>("--min-rows-per-leaf") { DefaultValueFactory = _ => 10 };
        var threads = new Option<int>("--threads") { Description = "1 gives the same model each time.", DefaultValueFactory = _ => 1 };
        var withBase = new Option<bool>("--with-base") { Description = "With window data, train on the base data too." };
        var halfLife = new Option<double>("--half-life") { Description = "How fast old rows of the window lose weight, as a share of its rows; 0 = not at all." };
        var recent = Recent();
        var seed = Seed();
        var output = new Option<string>("--out") { Description = "Folder of the model package.", Required = true };
        var command = new Command("train", "Train boosted trees and write a model package.") { data, label, features, categorical, trees, leaves, rate, minimum, threads, withBase, halfLife, recent, seed, output };
        command.SetAction(parsed =>
        {
            var training = new TreeTraining(parsed.GetValue(trees), parsed.GetValue(leaves), parsed.GetValue(rate), parsed.GetValue(minimum), parsed.GetValue(seed), parsed.GetValue(threads), parsed.GetValue(halfLife));
            var folder = parsed.GetRequiredValue(output);
            Output.Line(ExampleStages.Train(
                Names(parsed.GetValue(data)), parsed.GetRequiredValue(label), Names(parsed.GetValue(features)), Names(parsed.GetValue(categorical)),
                Environment("HOLDFAST_WINDOW_DATA"), parsed.GetValue(withBase), Share(parsed.GetValue(recent)), training, folder));
            return ExitCodes.Fine;
        });
        return command;
    }

    private static Command Evaluate()
    {
        var model = new Option<string>("--model") { Description = "Folder of the model package.", Required = true };
        var data = new Option<string>("--data") { Description = "The stable held-out file.", Required = true };
        var label = new Option<string>("--label") { Description = "The label's column (0 or 1).", Required = true };
        var metrics = new Option<string>("--metrics") { Description = "The JSON file to write.", Required = true };
        var recent = Recent();
        var command = new Command("evaluate", "Measure a model package on held-out data, beside the champion where there is one.") { model, data, label, metrics, recent };
        command.SetAction(parsed =>
        {
            var found = ExampleStages.Evaluate(
                parsed.GetRequiredValue(model), parsed.GetRequiredValue(data), parsed.GetRequiredValue(label),
                Environment("HOLDFAST_WINDOW_DATA"), Environment("HOLDFAST_CHAMPION"), Share(parsed.GetValue(recent)), parsed.GetRequiredValue(metrics));
            foreach (var (name, value) in found)
                Output.Line($"{name} = {value.ToString(CultureInfo.InvariantCulture)}");
            return ExitCodes.Fine;
        });
        return command;
    }

    private static Option<int> Seed() => new("--seed")
    {
        Description = "Seed; the run's own seed when left out.",
        DefaultValueFactory = _ => int.TryParse(Environment("HOLDFAST_SEED"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var seed) ? seed : 1,
    };

    private static Option<double> Recent() => new("--recent")
    {
        Description = "Share of the window's newest rows that is measured and not trained on.",
        DefaultValueFactory = _ => WindowSplit.DefaultRecent,
    };

    private static Option<string> List(string name, string description) => new(name) { Description = description, Required = true };

    private static string[] Names(string? list) => (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static double Share(double recent) => recent is > 0 and < 1
        ? recent
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"--recent is {recent.ToString(CultureInfo.InvariantCulture)}.", "Give a share between 0 and 1, such as 0.25.");

    private static string? Environment(string name) => System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
