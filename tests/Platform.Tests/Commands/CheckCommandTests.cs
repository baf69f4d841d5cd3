using System.Text.Json;
using System.Xml.Linq;
using Holdfast.Commands;
using Holdfast.Contracts;
using Holdfast.Data;

namespace Holdfast.Platform.Tests.Commands;

/// <summary><c>holdfast check</c>: a schema that people can read, and every violation with its examples.</summary>
[Collection("console")]
public sealed class CheckCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_schema_is_inferred_as_YAML_and_its_own_data_fits()
    {
        var (data, schema) = (Data(), _folder.File("schema.yaml"));
        Assert.Equal(ExitCodes.Fine, (await ConsoleRun.Of("check", data, "--write", schema)).Code);
        var yaml = await File.ReadAllTextAsync(schema, TestContext.Current.CancellationToken);
        Assert.Equal(yaml, (await ConsoleRun.Of("check", data)).Output);
        Assert.Contains("  age:\n    type: integer\n    max_missing: 2%\n    min: 20\n    max: 69\n    max_outside: 1%\n", yaml, StringComparison.Ordinal);
        Assert.Contains("    values: [a, \"yes\"]", yaml, StringComparison.Ordinal);
        var run = await ConsoleRun.Of("check", data, "--schema", schema);
        Assert.Equal((ExitCodes.Fine, "data.csv: 200 rows fit the schema.\n"), (run.Code, run.Output.ReplaceLineEndings("\n")));
    }

    [Fact]
    public void YAML_and_JSON_hold_the_same_schema()
    {
        var schema = new DatasetSchema([
            new SchemaField("a b: #", "text", Required: false, MaxMissing: 0.125, Categories: ["null", "x, y", "é"]),
            new SchemaField("n", "number", Min: -1.5, Max: 1e300, MaxOutside: 0.01),
            new SchemaField("at", "time"),
        ]);
        var (yaml, json) = (_folder.File("s.yaml"), _folder.File("s.json"));
        File.WriteAllText(yaml, SchemaFile.ToYaml(schema, "x"));
        File.WriteAllText(json, JsonSerializer.Serialize(schema, HoldfastJson.Options));
        var expected = JsonSerializer.Serialize(schema, HoldfastJson.Options);
        Assert.Equal(expected, JsonSerializer.Serialize(SchemaFile.Read(yaml), HoldfastJson.Options));
        Assert.Equal(expected, JsonSerializer.Serialize(SchemaFile.Read(json), HoldfastJson.Options));
    }

    [Fact]
    public async Task Every_violation_has_column_rule_count_and_examples()
    {
        var schema = _folder.File("schema.yaml");
        await ConsoleRun.Of("check", Data(), "--write", schema);
        var bad = _folder.File("bad.csv");
        File.WriteAllText(bad, "age,kind\n" + string.Concat(Enumerable.Range(0, 100).Select(i => i % 4 == 0 ? $"{500 + i % 8},a\n" : i % 10 == 1 ? ",z\n" : "30,yes\n")));
        var run = await ConsoleRun.Of("check", bad, "--schema", schema, "--output", "json");
        Assert.Equal(ExitCodes.DataFault, run.Code);
        var report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("data_fault", report.GetProperty("status").GetString());
        var found = report.GetProperty("violations").EnumerateArray().ToDictionary(v => $"{v.GetProperty("column")}.{v.GetProperty("rule")}");
        Assert.Equal(["age.missing_rate", "age.range", "kind.categories", "score.missing_column"], found.Keys.Order());
        Assert.Equal(25, found["age.range"].GetProperty("rows").GetInt64());
        Assert.Equal(["500", "504"], found["age.range"].GetProperty("examples").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(["z"], found["kind.categories"].GetProperty("examples").EnumerateArray().Select(e => e.GetString()));
        var suite = XDocument.Parse((await ConsoleRun.Of("check", bad, "--schema", schema, "--output", "junit")).Output).Root!.Element("testsuite")!;
        Assert.Equal(("3", "3"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        Assert.Contains("| age | range | error | 25 | 1 | 500, 504 |", (await ConsoleRun.Of("check", bad, "--schema", schema, "--output", "markdown")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("columns: {age: {type: whole}}", "'whole' is not a type")]
    [InlineData("columns: {age: {type: number, maximum: 3}}", "'maximum' is unknown")]
    [InlineData("columns: {age: {type: number, min: 3, max: 1}}", "min 3 is larger than max 1")]
    [InlineData("columns: {}", "declares no columns")]
    [InlineData("columns: [", "line")]
    [InlineData("{\"fields\":[{\"name\":\"a\",\"type\":\"whole\"}]}", "'whole' is not a type")]
    public async Task A_wrong_schema_is_told_with_its_place(string text, string word)
    {
        var schema = _folder.File("schema");
        File.WriteAllText(schema, text);
        var run = await ConsoleRun.Of("check", Data(), "--schema", schema);
        Assert.Equal((ExitCodes.Failed, ""), (run.Code, run.Output));
        Assert.Contains(word, run.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_file_without_rows_cannot_be_judged()
    {
        var (schema, none) = (_folder.File("schema.yaml"), _folder.File("none.csv"));
        await ConsoleRun.Of("check", Data(), "--write", schema);
        File.WriteAllText(none, "age,kind,score\n");
        Assert.Equal(ExitCodes.Undecided, (await ConsoleRun.Of("check", none)).Code);
        Assert.Equal(ExitCodes.Undecided, (await ConsoleRun.Of("check", none, "--schema", schema)).Code);
    }

    [Fact]
    public async Task Other_commands_write_no_reports() => Assert.Equal(ExitCodes.Usage, (await ConsoleRun.Of("journal", "--output", "junit")).Code);

    private string Data()
    {
        var path = _folder.File("data.csv");
        File.WriteAllText(path, "age,kind,score\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"{20 + (i % 50)},{(i % 3 == 0 ? "yes" : "a")},{i / 8d}\n")));
        return path;
    }
}
