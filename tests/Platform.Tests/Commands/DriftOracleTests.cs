using System.Text.Json;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Commands;

/// <summary>The document against figures of independent tools on real files: what is read, typed and printed on the way adds no error.</summary>
[Collection("console")]
public sealed class DriftOracleTests
{
    private static readonly string[] Sides = [".ref.csv", ".cur.csv"];

    [Theory]
    [InlineData("titanic")]
    [InlineData("elec")]
    [InlineData("breast_cancer_halves")]
    [InlineData("taxi_2019-01_vs_2019-02")]
    [InlineData("taxi_2020-01_vs_2020-04")]
    public async Task The_document_holds_the_figures_of_other_tools(string name)
    {
        var file = Repository.Shared($"oracles/{name}.expected.json");
        Assert.SkipWhen(file is null, "The oracles (shared/oracles beside the repository, or HOLDFAST_SHARED) are not here.");
        var folder = Path.GetDirectoryName(file)!;
        var run = await ConsoleRun.Of("drift", Path.Combine(folder, $"{name}.ref.csv"), Path.Combine(folder, $"{name}.cur.csv"), "--output", "json");
        using var document = JsonDocument.Parse(run.Output);
        using var expected = JsonDocument.Parse(await File.ReadAllTextAsync(file!, TestContext.Current.CancellationToken));
        var columns = document.RootElement.GetProperty("columns").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        var compared = 0;
        foreach (var oracle in expected.RootElement.GetProperty("numeric").EnumerateObject())
        {
            if (columns.TryGetValue(oracle.Name, out var column) && column.GetProperty("type").GetString() == "numeric")
                compared += Numeric(oracle.Value, column, IsTied(folder, name, oracle.Name));
        }

        foreach (var oracle in expected.RootElement.GetProperty("categorical").EnumerateObject())
        {
            if (columns.TryGetValue(oracle.Name, out var column) && column.GetProperty("type").GetString() == "categorical")
                compared += Categorical(oracle.Value, column);
        }

        Assert.True(compared >= 3, $"only {compared} columns were compared");
    }

    private static int Numeric(JsonElement oracle, JsonElement column, bool tied)
    {
        var (n, m) = (oracle.GetProperty("n_ref").GetDouble(), oracle.GetProperty("n_cur").GetDouble());
        var (noRef, noCur) = (oracle.GetProperty("missing_ref").GetDouble(), oracle.GetProperty("missing_cur").GetDouble());
        Close(noRef / (n + noRef), Value(column, "missing", "reference"), 1e-9);
        Close(noCur / (m + noCur), Value(column, "missing", "current"), 1e-9);
        Close(Value(oracle, "ks", "d"), Value(column, "tests", "ks", "statistic"), 1e-9);
        // Exact while the product of the sizes is small, as the library's page says. Where values repeat, these laws are conservative and
        // ours, given the ties, is not: then it may only lie below.
        var p = Value(oracle, "ks", n * m <= 400_000 ? "p_exact" : "p_asymp");
        var ours = Value(column, "tests", "ks", "p");
        if (ours > p || !tied)
            Close(p, ours, p < 1e-12 ? 1e-3 : 1e-6);
        if (oracle.GetProperty("wasserstein1").GetProperty("w_over_sd") is { ValueKind: JsonValueKind.Number } w)
            Close(w.GetDouble(), Value(column, "tests", "wasserstein"), 1e-9);
        return 1;
    }

    // Half of the pooled values or more repeat another one.
    private static bool IsTied(string folder, string set, string column)
    {
        var values = Sides.SelectMany(end => TableReader.Read(Path.Combine(folder, set + end)).Find(column)!.Numbers).Where(double.IsFinite).ToList();
        return values.Distinct().Count() < 0.5 * values.Count;
    }

    private static int Categorical(JsonElement oracle, JsonElement column)
    {
        Close(Value(oracle, "psi", "add_half"), Value(column, "tests", "psi", "raw"), 1e-9);
        Close(Value(oracle, "jensen_shannon", "distance_base2"), Value(column, "tests", "jensen_shannon"), 1e-9);
        if (Value(oracle, "chi2", "min_expected") >= 5)
        {
            Close(Value(oracle, "chi2", "stat"), Value(column, "tests", "chi2", "statistic"), 1e-9);
            Close(Value(oracle, "chi2", "p"), Value(column, "tests", "chi2", "p"), 1e-6);
        }

        return 1;
    }

    private static double Value(JsonElement element, params string[] path)
    {
        foreach (var name in path)
            element = element.GetProperty(name);
        return element.GetDouble();
    }

    private static void Close(double expected, double actual, double tolerance) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance * Math.Max(Math.Abs(expected), 1e-300), $"{actual:R}, expected {expected:R}");
}
