using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Holdfast.Commands;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Commands;

/// <summary><c>holdfast drift --approximate</c> beside the exact run: every figure within its bound, and no verdict that the bound could turn.</summary>
[Collection("console")]
public sealed class DriftApproximateTests : IDisposable
{
    private static readonly (string Figure, string[] Path)[] Figures =
    [
        ("effect", ["effect", "value"]), ("p", ["p"]), ("missing", ["missing", "current"]), ("psi", ["tests", "psi", "raw"]), ("ks", ["tests", "ks", "statistic"]), ("jensen_shannon", ["tests", "jensen_shannon"]),
        ("wasserstein", ["tests", "wasserstein"]), ("hellinger", ["tests", "hellinger"]), ("chi2", ["tests", "chi2", "statistic"]),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Oracles => new()
    {
        { "titanic", "1GiB" }, { "elec", "1GiB" }, { "breast_cancer_halves", "1GiB" }, { "taxi_2019-01_vs_2019-02", "1GiB" }, { "taxi_2020-01_vs_2020-04", "1GiB" },
        { "titanic", "1MiB" }, { "elec", "1MiB" }, { "breast_cancer_halves", "1MiB" }, { "taxi_2019-01_vs_2019-02", "1MiB" }, { "taxi_2020-01_vs_2020-04", "1MiB" },
    };

    [Theory, MemberData(nameof(Oracles))]
    public async Task Real_files_agree_within_the_bounds(string name, string memory)
    {
        var file = Repository.Shared($"oracles/{name}.ref.csv");
        Assert.SkipWhen(file is null, "The oracles (shared/oracles beside the repository, or HOLDFAST_SHARED) are not here.");
        await Agree(file!, file!.Replace(".ref.", ".cur.", StringComparison.Ordinal), memory, exact: memory == "1GiB");
    }

    [Theory, InlineData("1MiB"), InlineData("16MiB"), InlineData("1GiB")]
    public async Task Long_files_of_every_type_agree_within_the_bounds(string memory) =>
        await Agree(Large("ref.csv", 1, 0).Csv(_folder.File("ref.csv"), 60_000), Large("cur.csv", 2, 0.25).Csv(_folder.File("cur.csv"), 50_000), memory, exact: false);

    [Theory]
    [InlineData("doubled", "scale_change")]
    [InlineData("missing", "missing_spike")]
    [InlineData("twice", "duplicate_rows")]
    [InlineData("unread", "missing_spike")]
    [InlineData("exploded", "category_explosion")]
    public async Task Faults_are_found_as_in_the_values(string what, string cause)
    {
        var reference = Faulty("", 1, "ref.csv");
        var current = Faulty(what, 2, "cur.csv");
        foreach (var memory in new[] { "1MiB", "1GiB" })
        {
            var run = await ConsoleRun.Of("drift", reference, current, "--output", "json", "--approximate", "--memory", memory);
            Assert.True(run.Code == ExitCodes.DataFault, run.Output + run.Error);
            Assert.Equal(cause, JsonDocument.Parse(run.Output).RootElement.GetProperty("diagnosis").GetProperty("cause").GetString());
        }
    }

    [Fact]
    public async Task Where_the_bound_reaches_the_threshold_the_answer_is_not_given()
    {
        // The lower end of the interval lies 0.001 above the tolerance, and a small sketch does not know the PSI that well.
        var reference = new MadeTable(1).Normal("calm").Normal("edge").Csv(_folder.File("ref.csv"), 30_000);
        var current = new MadeTable(2).Normal("calm").Normal("edge", (_, v) => v + 4).Csv(_folder.File("cur.csv"), 30_000);
        var low = (await Document(reference, current)).GetProperty("columns")[0].GetProperty("effect").GetProperty("low").GetDouble();
        string[] tolerance = ["--tolerate", (low - 0.001).ToString(CultureInfo.InvariantCulture), "--warn", "0.01"];
        Assert.Equal("drift", (await Document(reference, current, tolerance)).GetProperty("status").GetString());

        var run = await ConsoleRun.Of(["drift", reference, current, "--output", "json", "--approximate", "--memory", "1MiB", .. tolerance]);
        Assert.True(run.Code == ExitCodes.Undecided, run.Output + run.Error);
        var document = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("insufficient_data", document.GetProperty("diagnosis").GetProperty("kind").GetString());
        var first = document.GetProperty("diagnosis").GetProperty("evidence")[0].GetString()!;
        Assert.Contains("edge must be compared exactly", first, StringComparison.Ordinal);
        Assert.Contains("without --approximate", first, StringComparison.Ordinal);
        Assert.Equal(["insufficient_data", "none"], document.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("state").GetString()));

        // With more memory the sketch holds all values; and a small one knows enough where the threshold is not near.
        Assert.Equal("drift", (await Document(reference, current, [.. tolerance, "--approximate"])).GetProperty("status").GetString());
        Assert.Equal("drift", (await Document(reference, current, "--approximate", "--memory", "1MiB", "--tolerate", "0.05", "--warn", "0.05")).GetProperty("status").GetString());
        var text = (await ConsoleRun.Of(["drift", reference, current, "--approximate", "--memory", "1MiB", .. tolerance])).Output;
        Assert.StartsWith("Not enough data to tell", text, StringComparison.Ordinal);
        Assert.Contains("leave --approximate out", text, StringComparison.Ordinal);
        Assert.Contains("open", text.Split('\n').First(l => l.StartsWith("edge ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Formats_of_files_give_the_same_sketches()
    {
        MadeTable Numbers(int seed) => new MadeTable(seed).Normal("x").Normal("y", (i, v) => i % 7 == 0 ? null : Math.Round(v)).Normal("z", (_, v) => v + seed);
        var (from, to) = (Numbers(1).Csv(_folder.File("ref.csv"), 20_000), Numbers(2).Csv(_folder.File("cur.csv"), 20_000));
        string[] small = ["--approximate", "--memory", "1MiB"];
        var csv = (await ConsoleRun.Of(["drift", from, to, "--output", "json", .. small])).Output;
        var parquet = _folder.File("ref.parquet");
        using (var duck = DuckEngine.Open([_folder.Path]))
            DuckEngine.Execute(duck, $"copy (select * from read_csv({DuckEngine.Quote(from)})) to {DuckEngine.Quote(parquet)} (format parquet)");
        var table = TableReader.Read(to);
        var lines = _folder.File("cur.jsonl");
        File.WriteAllLines(lines, Enumerable.Range(0, table.Rows).Select(r => "{" + string.Join(',', table.Columns.Where(c => !c.IsMissing(r)).Select(c => $"\"{c.Name}\":{c.Format(r)}")) + "}"));
        Assert.Equal(csv, (await ConsoleRun.Of(["drift", parquet, lines, "--output", "json", .. small])).Output);
    }

    [Theory, InlineData("text"), InlineData("column"), InlineData("nothing")]
    public async Task What_only_later_lines_show_is_seen(string what)
    {
        string Lines(string name, int seed, bool late)
        {
            var random = new Random(seed);
            var path = _folder.File(name);
            File.WriteAllLines(path, Enumerable.Range(0, 30_000).Select(i =>
            {
                var value = late && what == "text" && i > 20_000 && i % 11 == 0 ? "\"n/k\"" : random.Next(1000).ToString(CultureInfo.InvariantCulture);
                return $"{{\"x\":{value}{(what != "column" || i > 20_000 ? $",\"y\":\"{"abc"[random.Next(3)]}\"" : "")}}}";
            }));
            return path;
        }

        await Agree(Lines("ref.jsonl", 1, late: false), Lines("cur.jsonl", 2, late: true), "1GiB", exact: true);
    }

    [Fact]
    public async Task Labels_and_predictions_are_judged_on_a_sample_of_the_rows()
    {
        MadeTable Labelled(int seed, double flipped)
        {
            var table = new MadeTable(seed);
            var positive = false;
            return table.Normal("x").Add("p", _ => (positive = table.Chance() < 0.5) ? "yes" : "no").Add("y", _ => (positive ^ (table.Chance() < 0.1 + flipped)) ? "yes" : "no");
        }

        var (from, to) = (Labelled(1, 0).Csv(_folder.File("ref.csv"), 230_000), Labelled(2, 0.2).Csv(_folder.File("cur.csv"), 210_000));
        string[] named = ["--target", "y", "--prediction", "p"];
        var exact = (await Document(from, to, named)).GetProperty("diagnosis");
        var sampled = (await Document(from, to, [.. named, "--approximate"])).GetProperty("diagnosis");
        Assert.Equal("concept_drift", sampled.GetProperty("kind").GetString());
        Assert.Equal(exact.GetProperty("kind").GetString(), sampled.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Every_output_says_that_it_is_approximate_and_how_far_off()
    {
        var (from, to) = (Large("ref.csv", 1, 0).Csv(_folder.File("ref.csv"), 20_000), Large("cur.csv", 2, 0.5).Csv(_folder.File("cur.csv"), 20_000));
        string[] small = ["drift", from, to, "--approximate", "--memory", "2MiB"];
        var page = _folder.File("page.html");
        var text = (await ConsoleRun.Of([.. small, "--html", page])).Output;
        Assert.Contains("Approximate, from sketches: each PSI is known to its ± or better", text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.All(text.Split('\n'), l => Assert.InRange(l.Length, 0, 100));
        Assert.Contains("±", text.Split('\n').First(l => l.StartsWith("column ", StringComparison.Ordinal)), StringComparison.Ordinal);
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("Approximate, from sketches", html, StringComparison.Ordinal);
        Assert.Contains("<th>±</th>", html, StringComparison.Ordinal);
        var markdown = (await ConsoleRun.Of([.. small, "--output", "markdown"])).Output;
        Assert.Contains("Approximate, from sketches", markdown, StringComparison.Ordinal);
        Assert.Contains("| PSI | ± | interval |", markdown, StringComparison.Ordinal);
        var suite = XDocument.Parse((await ConsoleRun.Of([.. small, "--output", "junit"])).Output).Root!.Element("testsuite")!;
        Assert.Contains(suite.Elements("testcase").Elements("failure"), f => f.Attribute("message")!.Value.Contains('±', StringComparison.Ordinal));
        // An exact comparison has no such word.
        Assert.DoesNotContain("pproximate", (await ConsoleRun.Of("drift", from, to)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("header", ExitCodes.Undecided)]
    [InlineData("empty", ExitCodes.Failed)]
    [InlineData("ragged", ExitCodes.Failed)]
    [InlineData("constant", ExitCodes.DataFault)]
    [InlineData("all missing", ExitCodes.DataFault)]
    public async Task Bad_files_are_told_as_without_sketches(string what, int code)
    {
        var good = new MadeTable(1).Normal("x").Normal("y").Csv(_folder.File("ref.csv"), 500);
        var bad = _folder.File("bad.csv");
        File.WriteAllText(bad, what switch
        {
            "empty" => "",
            "header" => "x,y\n",
            "ragged" => "x,y\n1,2\n3\n",
            "constant" => "x,y\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $"7,{40 + (i % 20)}\n")),
            _ => "x,y\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $",{40 + (i % 20)}\n")),
        });
        var (exact, sketched) = (await ConsoleRun.Of("drift", good, bad), await ConsoleRun.Of("drift", good, bad, "--approximate"));
        Assert.Equal((code, code), (exact.Code, sketched.Code));
        Assert.Equal(exact.Error, sketched.Error);
    }

    [Fact]
    public async Task Windows_and_sketches_exclude_each_other()
    {
        var run = await ConsoleRun.Of("drift", "a.csv", "b.csv", "--approximate", "--window", "1d");
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.Contains("--window needs the rows themselves", run.Error, StringComparison.Ordinal);
    }

    private async Task Agree(string reference, string current, string memory, bool exact)
    {
        var expected = await Document(reference, current);
        var found = await Document(reference, current, "--approximate", "--memory", memory);
        var columns = expected.GetProperty("columns").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        var bounded = 0;
        foreach (var column in found.GetProperty("columns").EnumerateArray())
        {
            var name = column.GetProperty("name").GetString()!;
            var truth = columns[name];
            Assert.Equal(truth.GetProperty("type").GetString(), column.GetProperty("type").GetString());
            Assert.Equal((true, false), (truth.GetProperty("exact").GetBoolean(), column.GetProperty("exact").GetBoolean()));
            Assert.False(truth.TryGetProperty("bound", out _));
            foreach (var (figure, path) in Figures)
            {
                var (a, b) = (Value(truth, path), Value(column, path));
                var bound = Value(column, ["bound", figure]);
                Assert.True(a is null == b is null, $"{name} {figure}");
                if (a is null)
                    continue;
                Assert.True(Math.Abs(a.Value - b!.Value) <= bound!.Value + 1e-9 + (1e-9 * Math.Abs(a.Value)), $"{name} {figure}: {b} ± {bound}, exact {a}");
                bounded += bound > 0 ? 1 : 0;
            }

            if (column.GetProperty("state").GetString() is var state && state != "insufficient_data")
                Assert.Equal(truth.GetProperty("state").GetString(), state);
        }

        Assert.Equal(columns.Count, found.GetProperty("columns").GetArrayLength());
        Assert.Equal(exact, bounded == 0);
        if (exact || found.GetProperty("status").GetString() != "insufficient_data")
        {
            foreach (var key in new[] { "kind", "cause" })
                Assert.Equal(expected.GetProperty("diagnosis").GetProperty(key).GetString(), found.GetProperty("diagnosis").GetProperty(key).GetString());
        }
    }

    private static double? Value(JsonElement element, string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object)
                return null;
            element = element.GetProperty(name);
        }

        return element.ValueKind == JsonValueKind.Number ? element.GetDouble() : null;
    }

    private static async Task<JsonElement> Document(string reference, string current, params string[] options)
    {
        var run = await ConsoleRun.Of(["drift", reference, current, "--output", "json", .. options]);
        Assert.True(run.Output.Length > 0, run.Error);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    // Every way to compare: continuous, with a long tail, with ties, codes, few and many categories, sentences, booleans, times.
    private static MadeTable Large(string name, int seed, double change)
    {
        _ = name;
        var table = new MadeTable(seed);
        return table.Normal("normal", (_, v) => v + (10 * change)).Normal("missing", (_, v) => table.Chance() < 0.01 ? null : v)
            .Add("amount", _ => Math.Round(Math.Exp(3 + ((1.2 + change) * Gauss(table))), 4).ToString(CultureInfo.InvariantCulture))
            .Add("cents", _ => Math.Round(Math.Exp(2 + Gauss(table)) + change, 2).ToString(CultureInfo.InvariantCulture))
            .Add("code", _ => ((int)(20 * Math.Pow(table.Chance(), 1 + change))).ToString(CultureInfo.InvariantCulture))
            .Add("zeros", _ => table.Chance() < 0.4 + (change / 5) ? "0" : Math.Round(100 * table.Chance(), 3).ToString(CultureInfo.InvariantCulture))
            .Words("city", "Oslo", "Bergen", "Oslo", "Narvik").Words("paid", "true", "false")
            .Add("shop", _ => "s" + (int)(1500 * Math.Pow(table.Chance(), 2 + change)))
            .Add("note", _ => new string('x', 1 + (int)(40 * table.Chance())) + " " + table.Chance().ToString("R", CultureInfo.InvariantCulture))
            .Add("at", i => new DateTime(2026, 1, 1).AddSeconds(i).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    private static double Gauss(MadeTable table) => Math.Sqrt(-2 * Math.Log(1 - table.Chance())) * Math.Cos(2 * Math.PI * table.Chance());

    private string Faulty(string what, int seed, string name)
    {
        var table = new MadeTable(seed);
        table.Normal("amount", (_, v) => what == "doubled" ? 2 * v : what == "missing" && table.Chance() < 0.2 ? null : v).Normal("age")
            .Add("read", i => what == "unread" && i % 9 == 5 && i > 5000 ? "n/k" : Math.Round(100 * table.Chance(), 2).ToString(CultureInfo.InvariantCulture))
            .Add("shop", i => what == "exploded" && i % 5 == 0 ? $"x{seed}-{i}" : "s" + (int)(150 * table.Chance()));
        var path = table.Csv(_folder.File(name), 12_000);
        if (what == "twice")
        {
            var lines = File.ReadAllLines(path);
            File.WriteAllLines(path, [lines[0], .. lines.Skip(1).SelectMany((l, i) => i % 3 == 0 ? new[] { l, l } : [l])]);
        }

        return path;
    }
}
