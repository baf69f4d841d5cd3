using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Holdfast.Commands;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Commands;

/// <summary><c>holdfast drift</c>: what it says of files whose change is known, in every form of output.</summary>
[Collection("console")]
public sealed class DriftCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_document_is_stable()
    {
        var run = await ConsoleRun.Of("drift", Reference(1).Csv(_folder.File("ref.csv"), 1500), Reference(2, doubled: true).Csv(_folder.File("cur.csv"), 1200), "--output", "json");
        Assert.Equal(ExitCodes.DataFault, run.Code);
        Golden.Check("drift.json", run.Output);
    }

    [Theory]
    [InlineData("doubled", 3, "data_fault", "scale_change")]
    [InlineData("shifted", 2, "data_drift", null)]
    [InlineData("missing", 3, "data_fault", "missing_spike")]
    [InlineData("spelt", 3, "data_fault", "category_format_change")]
    [InlineData("absent", 3, "data_fault", "missing_spike")]
    [InlineData("same", 0, "no_drift", null)]
    [InlineData("exchanged", 3, "data_fault", "columns_swapped")]
    [InlineData("stalled", 3, "data_fault", "stalled_time")]
    [InlineData("stretched", 2, "data_drift", "possible_scale_change")]
    public async Task What_happened_is_named(string what, int code, string kind, string? cause)
    {
        var d = (await Document(code, Changed("none", 1).Csv(_folder.File("ref.csv"), 2000), Changed(what, 2).Csv(_folder.File("cur.csv"), 2000))).GetProperty("diagnosis");
        Assert.Equal((kind, cause), (d.GetProperty("kind").GetString(), d.GetProperty("cause").GetString()));
        if (code != 0)
        {
            Assert.NotEmpty(d.GetProperty("columns").EnumerateArray());
            Assert.NotEmpty(d.GetProperty("evidence").EnumerateArray());
        }
    }

    [Fact]
    public async Task Labels_tell_a_changed_concept_from_a_changed_model()
    {
        var reference = Labelled(1, flipped: 0, score: 0).Csv(_folder.File("ref.csv"), 4000);
        string[] named = ["--target", "y", "--prediction", "p"];
        Assert.Equal("no_drift", Kind(await Document(0, reference, Labelled(2, 0, 0).Csv(_folder.File("same.csv"), 4000), named)));
        Assert.Equal("concept_drift", Kind(await Document(2, reference, Labelled(3, flipped: 0.3, score: 0).Csv(_folder.File("concept.csv"), 4000), named)));
        Assert.Equal("performance_drift", Kind(await Document(2, reference, Labelled(4, 0, score: 0.35).Csv(_folder.File("model.csv"), 4000), named)));
        Assert.Equal("prediction_drift", Kind(await Document(2, reference, _folder.File("model.csv"), "--prediction", "p", "--columns", "x")));
    }

    [Fact]
    public async Task Formats_of_files_give_the_same_figures()
    {
        var (from, to) = (Reference(1).Csv(_folder.File("ref.csv"), 3000), Reference(2, doubled: true).Csv(_folder.File("cur.csv"), 3000));
        var csv = await Text("json", from, to);
        Assert.Equal(csv, await Text("json", Packed(from), JsonLines(to)));
        // In the memory of a small machine the same figures come from the disk.
        Assert.Equal(csv, await Text("json", from, to, "--memory", "1MiB"));
    }

    [Fact]
    public async Task A_parquet_file_is_read_like_its_rows()
    {
        var (from, to) = (Reference(1).Csv(_folder.File("ref.csv"), 1000), Reference(2).Csv(_folder.File("cur.csv"), 1000));
        var parquet = _folder.File("ref.parquet");
        using (var duck = DuckEngine.Open([_folder.Path]))
            DuckEngine.Execute(duck, $"copy (select * from read_csv({DuckEngine.Quote(from)})) to {DuckEngine.Quote(parquet)} (format parquet)");
        Assert.Equal(await Text("json", from, to), await Text("json", parquet, to));
    }

    [Fact]
    public async Task Windows_show_when_it_began()
    {
        string At(int i) => $"2026-03-{1 + (i / 300):00}T{i % 300 / 15:00}:{i % 15:00}:00Z";
        var reference = new MadeTable(1).Add("at", At).Normal("x").Csv(_folder.File("ref.csv"), 1500);
        var current = new MadeTable(2).Add("at", i => At(i + 1500)).Normal("x", (i, v) => i >= 900 ? v + 15 : v).Csv(_folder.File("cur.csv"), 1500);
        var windows = (await Document(2, reference, current, "--time", "at", "--window", "1d")).GetProperty("windows").EnumerateArray().ToList();
        Assert.Equal(["no_drift", "no_drift", "no_drift", "drift", "drift"], windows.Select(w => w.GetProperty("status").GetString()));
        Assert.Equal("2026-03-06T00:00:00+00:00", windows[0].GetProperty("start").GetString());
        var text = (await ConsoleRun.Of("drift", reference, current, "--window", "1d")).Output;
        Assert.Contains("PSI over the windows", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_terminal_has_the_verdict_first_and_no_colour_codes_in_a_pipe()
    {
        var (from, to) = (Reference(1).Csv(_folder.File("ref.csv"), 1000), Reference(2, doubled: true).Csv(_folder.File("cur.csv"), 1000));
        foreach (var width in new[] { 80, 120 })
        {
            using var columns = new Variable("COLUMNS", width.ToString(CultureInfo.InvariantCulture));
            var lines = (await ConsoleRun.Of("drift", from, to)).Output.TrimEnd('\n').Split('\n');
            Assert.Equal("Data fault in amount: all values are 2 times those of the reference.", lines[0]);
            Assert.All(lines, l => Assert.InRange(l.Length, 0, width));
            Assert.DoesNotContain('\u001b', string.Concat(lines));
            var rows = lines.SkipWhile(l => !l.StartsWith("column ", StringComparison.Ordinal)).Skip(1).ToList();
            Assert.StartsWith("amount ", rows[0], StringComparison.Ordinal);
            Assert.Contains('█', rows[0]);
        }
    }

    [Fact]
    public async Task Markdown_and_JUnit_name_the_verdict_and_the_columns()
    {
        var (from, to) = (Reference(1).Csv(_folder.File("ref.csv"), 1000), Reference(2, doubled: true).Csv(_folder.File("cur.csv"), 1000));
        var markdown = await Text("markdown", from, to);
        Assert.StartsWith("## Data fault in amount", markdown, StringComparison.Ordinal);
        Assert.Contains("| amount | numeric | **significant** |", markdown, StringComparison.Ordinal);
        var suite = XDocument.Parse(await Text("junit", from, to)).Root!.Element("testsuite")!;
        Assert.Equal(("6", "2"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        Assert.Equal(["diagnosis", "amount"], suite.Elements("testcase").Where(c => c.Element("failure") is not null).Select(c => c.Attribute("name")!.Value));
    }

    [Fact]
    public async Task The_page_stands_alone_and_escapes_what_it_shows()
    {
        var reference = new MadeTable(1).Normal("amount").Add("<b>&x", i => i % 3 == 0 ? "<script>alert(1)</script>" : "b").Csv(_folder.File("ref.csv"), 1000);
        var current = new MadeTable(2).Normal("amount", (i, v) => i % 4 == 0 ? null : 2 * v).Add("<b>&x", i => i % 5 == 0 ? "<script>alert(1)</script>" : "b").Csv(_folder.File("cur.csv"), 1000);
        var page = _folder.File("page.html");
        await ConsoleRun.Of("drift", reference, current, "--html", page);
        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
        Assert.Contains("Where the PSI comes from", html, StringComparison.Ordinal);
        Assert.Contains("Missing values", html, StringComparison.Ordinal);
        foreach (var svg in html.Split("<svg").Skip(1))
            XDocument.Parse("<svg" + svg[..(svg.IndexOf("</svg>", StringComparison.Ordinal) + 6)]);
    }

    [Fact]
    public async Task A_million_values_of_one_law_raise_no_alarm_though_p_may_be_small()
    {
        var reference = new MadeTable(1).Normal("x").Csv(_folder.File("ref.csv"), 60_000);
        var current = new MadeTable(2).Normal("x", (_, v) => v + 0.6).Csv(_folder.File("cur.csv"), 60_000);
        var column = (await Document(0, reference, current)).GetProperty("columns")[0];
        Assert.True(column.GetProperty("p").GetDouble() < 1e-6);
        Assert.True(column.GetProperty("effect").GetProperty("high").GetDouble() < 0.1);
    }

    [Fact]
    public async Task Rows_that_were_sent_twice_are_a_fault_and_rows_that_are_equal_by_chance_are_not()
    {
        MadeTable Coarse(int seed) => new MadeTable(seed).Words("a", "1", "2", "3", "4", "5", "6", "7", "8", "9").Words("b", "p", "q", "r", "s", "t", "u", "v", "w").Words("c", "k", "l", "m", "n", "o");
        var small = Coarse(1).Csv(_folder.File("ref.csv"), 200);
        Assert.Equal("no_drift", Kind(await Document(0, small, Coarse(2).Csv(_folder.File("cur.csv"), 3000))));
        var reference = new MadeTable(1).Normal("x").Normal("y").Csv(_folder.File("one.csv"), 1000);
        var twice = new MadeTable(2).Normal("x").Normal("y").Csv(_folder.File("twice.csv"), 1000);
        var lines = File.ReadAllLines(twice);
        foreach (var rows in (IEnumerable<string>[])[lines.Skip(1).SelectMany((l, i) => i % 3 == 0 ? new[] { l, l } : [l]), lines.Skip(1).Concat(lines.Skip(1).Take(300))])
        {
            File.WriteAllLines(twice, [lines[0], .. rows]);
            var d = (await Document(3, reference, twice)).GetProperty("diagnosis");
            Assert.Equal("duplicate_rows", d.GetProperty("cause").GetString());
        }
    }

    [Theory]
    [InlineData(60, "none", 4, "insufficient_data", null)]
    [InlineData(60, "far", 2, "data_drift", null)]
    [InlineData(60, "constant", 3, "data_fault", "constant_column")]
    [InlineData(60, "doubled", 3, "data_fault", "scale_change")]
    [InlineData(30, "far", 2, "data_drift", null)]
    [InlineData(15, "far", 4, "insufficient_data", null)]
    [InlineData(130, "none", 4, "insufficient_data", null)]
    [InlineData(250, "none", 0, "no_drift", null)]
    public async Task A_small_window_says_what_it_shows_and_does_not_guess_the_rest(int rows, string what, int code, string kind, string? cause)
    {
        double? Change(double v) => what switch { "far" => v + 40, "constant" => 50, "doubled" => 2 * v, _ => v };
        var reference = new MadeTable(1).Normal("amount").Normal("age").Csv(_folder.File("ref.csv"), rows);
        var current = new MadeTable(2).Normal("amount", (_, v) => Change(v)).Normal("age").Csv(_folder.File("cur.csv"), rows);
        var d = (await Document(code, reference, current)).GetProperty("diagnosis");
        Assert.Equal((kind, cause), (d.GetProperty("kind").GetString(), d.GetProperty("cause").GetString()));
        if (code == 4)
            Assert.Contains(d.GetProperty("evidence").EnumerateArray(), e => e.GetString()!.Contains("rows in each file are needed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_thin_column_is_named_and_does_not_silence_the_others()
    {
        MadeTable Thin(int seed) => new MadeTable(seed).Normal("a").Normal("b").Normal("thin", (i, v) => i % 20 == 0 ? v : null);
        var d = (await Document(0, Thin(1).Csv(_folder.File("ref.csv"), 1000), Thin(2).Csv(_folder.File("cur.csv"), 1000))).GetProperty("diagnosis");
        Assert.StartsWith("Too few values to say anything of thin:", d.GetProperty("evidence")[0].GetString(), StringComparison.Ordinal);
    }

    private static string Kind(JsonElement document) => document.GetProperty("diagnosis").GetProperty("kind").GetString()!;

    private static MadeTable Reference(int seed, bool doubled = false) => new MadeTable(seed)
        .Normal("amount", (_, v) => doubled ? 2 * v : v).Normal("age").Words("city", "Oslo", "Bergen", "Oslo").Words("paid", "true", "false").Add("at", i => $"2026-01-{1 + (i / 100):00}");

    private static MadeTable Changed(string what, int seed)
    {
        var table = new MadeTable(seed);
        var swapped = what == "exchanged";
        table.Normal(swapped ? "height" : "amount", (i, v) => what switch
        {
            "doubled" => 2 * v,
            "shifted" => v + (table.Chance() < 0.5 ? 12 : 0),
            "stretched" => 1.37 * v,
            "missing" => table.Chance() < 0.2 ? null : v,
            _ => v,
        });
        table.Normal(swapped ? "amount" : "height", (_, v) => 120 + v);
        table.Normal("age");
        if (what == "spelt")
            table.Words("city", "OSLO", "BERGEN", "TROMSO");
        else if (what != "absent")
            table.Words("city", "Oslo", "Bergen", "Tromso");
        return table.Add("at", i => what == "stalled" && i > 400 ? "2026-01-01T09:00:00Z" : $"2026-01-01T{i / 100:00}:{i % 60:00}:{i / 60:00}.{i % 1000:000}Z");
    }

    // p is the chance that the model gives; flipped labels are a new concept, a moved score another model.
    private static MadeTable Labelled(int seed, double flipped, double score)
    {
        var table = new MadeTable(seed);
        double chance = 0;
        return table.Normal("x", (_, v) =>
        {
            chance = 1 / (1 + Math.Exp(-(v - 50) / 5));
            return v;
        })
            .Add("p", _ => Math.Clamp(chance + score, 0, 1).ToString("0.0000", CultureInfo.InvariantCulture))
            .Add("y", _ => ((table.Chance() < chance) ^ (table.Chance() < flipped)) ? "1" : "0");
    }

    private static async Task<JsonElement> Document(int code, string reference, string current, params string[] options)
    {
        var run = await ConsoleRun.Of(["drift", reference, current, "--output", "json", .. options]);
        Assert.True(code == run.Code, $"exit code {run.Code}, expected {code}: {run.Error}{run.Output}");
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private static async Task<string> Text(string format, string reference, string current, params string[] options)
    {
        var run = await ConsoleRun.Of(["drift", reference, current, "--output", format, .. options]);
        Assert.True(run.Output.Length > 0, run.Error);
        return run.Output;
    }

    private string Packed(string csv)
    {
        var path = _folder.File("packed");
        using var file = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        file.Write(File.ReadAllBytes(csv));
        return path;
    }

    private string JsonLines(string csv)
    {
        var table = TableReader.Read(csv);
        var path = _folder.File("rows.jsonl");
        File.WriteAllLines(path, Enumerable.Range(0, table.Rows).Select(r => "{" + string.Join(',', table.Columns.Select(c => $"\"{c.Name}\":{(c.Kind is ColumnKind.Numeric or ColumnKind.Boolean ? c.Format(r) : $"\"{c.Format(r)}\"")}")) + "}"));
        return path;
    }

    private sealed class Variable : IDisposable
    {
        private readonly string _name;
        private readonly string? _before;

        public Variable(string name, string value)
        {
            (_name, _before) = (name, Environment.GetEnvironmentVariable(name));
            Environment.SetEnvironmentVariable(name, value);
        }

        public void Dispose() => Environment.SetEnvironmentVariable(_name, _before);
    }
}
