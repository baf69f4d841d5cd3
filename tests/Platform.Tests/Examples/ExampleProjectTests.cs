using Holdfast.Demo.Worlds;
using Holdfast.Examples;
using Holdfast.Examples.Electricity;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Examples;

/// <summary>The projects that travel inside the executable are whole.</summary>
public sealed class ExampleProjectTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holdfast-project-").FullName;

    [Theory]
    [InlineData("credit", "rules/credit.yaml")]
    [InlineData("fraud", "rules/fraud.yaml")]
    [InlineData("electricity", "rules/electricity.yaml")]
    public void Holds_its_files_and_rules_that_read_only_its_features(string name, string rules)
    {
        ExampleProject.Write(name, _folder);
        Assert.All((string[])["holdfast.yaml", "dvc.yaml", "params.yaml"], file => Assert.True(File.Exists(Path.Combine(_folder, file)), file));
        using var backend = RulesBackend.Load(Path.Combine(_folder, rules));
        var features = name switch { "credit" => CreditWorld.Features, "fraud" => FraudWorld.Features, _ => ElectricityStream.Features };
        Assert.Subset(features.ToHashSet(), backend.Info.Signature.Inputs.Select(i => i.Name).ToHashSet());
        Assert.Contains($"features: {string.Join(',', features)}", File.ReadAllText(Path.Combine(_folder, "params.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_fallbacks_know_something()
    {
        Assert.InRange(Share("credit", Enumerable.Range(0, 4000), new CreditWorld(5), (w, _) => w.Next()), 0.76, 1);
        Assert.InRange(Share("fraud", Enumerable.Range(0, 4000), new FraudWorld(5), (w, _) => w.Next(AmountChange.Doubled)), 0.925, 1);

        double Share<T>(string name, IEnumerable<int> rows, T world, Func<T, int, Case> next)
        {
            ExampleProject.Write(name, _folder);
            using var backend = RulesBackend.Load(Path.Combine(_folder, "rules", name + ".yaml"));
            var cases = rows.Select(i => next(world, i)).ToArray();
            var given = new FeatureRows(name == "credit" ? CreditWorld.Features : FraudWorld.Features, cases.Length);
            for (var i = 0; i < cases.Length; i++)
            {
                for (var c = 0; c < given.Names.Count; c++)
                    given.Numbers(c)[i] = cases[i].Values[c];
            }

            var outcomes = new Outcome[cases.Length];
            backend.Predict(given, outcomes);
            return cases.Zip(outcomes).Average(p => p.Second.Prediction == (p.First.Label ? "1" : "0") ? 1.0 : 0.0);
        }
    }

    public void Dispose() => Directory.Delete(_folder, true);
}
