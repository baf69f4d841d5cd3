using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Commands;

namespace Holdfast.Platform.Tests.Commands;

/// <summary>Files that are not as they should be: one clear answer each, with its exit code.</summary>
[Collection("console")]
public sealed class DriftInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("empty", 1, "line 1", "the file is empty")]
    [InlineData("header", 4, "Not enough data", "rows in each file are needed")]
    [InlineData("few", 4, "Not enough data", "with a chance of")]
    [InlineData("others", 1, "no column in common", "x, kind")]
    [InlineData("all missing", 3, "values are missing", "100.0 %")]
    [InlineData("constant", 3, "nearly all values are the same", "of the values are 7")]
    [InlineData("infinite", 3, "values are missing", "60 values of the current file are infinite")]
    [InlineData("nan", 3, "values are missing", "20.0 %")]
    [InlineData("one category", 2, "Data drift in kind", "PSI of kind")]
    [InlineData("mixed", 3, "values are missing", "40 values of the current file are not numbers, such as 'n/k'")]
    [InlineData("latin", 1, "line 3, byte 18", "0xE9 is not UTF-8")]
    [InlineData("ragged", 1, "line 3, column 2", "'kind' is missing")]
    [InlineData("surplus", 1, "line 3, column 3", "3 values")]
    [InlineData("binary", 1, "NUL", "not a CSV file")]
    [InlineData("json", 1, "line 2", "byte")]
    [InlineData("gzip", 1, "gzip", "damaged")]
    [InlineData("parquet", 1, "not a readable Parquet file", "Write the file again")]
    [InlineData("repeated name", 1, "line 1, column 3", "stands already at column 1")]
    public async Task A_bad_file_is_told(string what, int code, params string[] words)
    {
        var run = await ConsoleRun.Of("drift", Good("ref.csv", 1), Bad(what));
        Assert.True(code == run.Code, $"exit code {run.Code}: {run.Error}{run.Output}");
        Assert.All(words, w => Assert.Contains(w, (run.Output + run.Error).ReplaceLineEndings(" ").Replace("   ", " ", StringComparison.Ordinal).Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal));
        if (code == 1)
            Assert.Empty(run.Output);
    }

    // Only a process of its own has a standard input.
    [Theory, InlineData(true), InlineData(false)]
    public async Task One_file_may_come_through_a_pipe(bool current)
    {
        var (reference, other) = (Good("ref.csv", 1), Good("cur.csv", 2));
        var start = new ProcessStartInfo(ServerProcess.Executable, ["drift", current ? reference : "-", current ? "-" : other, "--output", "json"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(await File.ReadAllTextAsync(current ? other : reference, TestContext.Current.CancellationToken));
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Fine, process.ExitCode);
        Assert.Equal((await ConsoleRun.Of("drift", reference, other, "--output", "json")).Output, output);
    }

    [Fact]
    public async Task What_is_wrong_in_both_files_is_no_drift()
    {
        var constant = Write("constant", i => $"7,{(i % 3 == 0 ? "b" : "c")}");
        var missing = Write("all missing", i => $",{(i % 3 == 0 ? "b" : "c")}");
        Assert.Equal(ExitCodes.Fine, (await ConsoleRun.Of("drift", constant, constant)).Code);
        Assert.Equal(ExitCodes.Fine, (await ConsoleRun.Of("drift", missing, missing)).Code);
    }

    [Theory]
    [InlineData(1, "There is no file", "absent.csv")]
    [InlineData(1, "is a folder", ".")]
    [InlineData(64, "no column 'nothing'", "ref.csv", "--columns", "nothing")]
    [InlineData(64, "no column 'nothing'", "ref.csv", "--target", "nothing")]
    [InlineData(64, "not a length of time", "ref.csv", "--window", "often")]
    [InlineData(64, "needs the column of the times", "ref.csv", "--window", "1d")]
    [InlineData(64, "not bands", "ref.csv", "--warn", "0.5", "--alarm", "0.1")]
    [InlineData(64, "--tolerate", "ref.csv", "--tolerate", "7")]
    [InlineData(64, "--alpha", "ref.csv", "--alpha", "2")]
    [InlineData(64, "not a size", "ref.csv", "--memory", "much")]
    [InlineData(64, "html5", "ref.csv", "--output", "html5")]
    [InlineData(64, "--nonsense", "ref.csv", "--nonsense")]
    public async Task A_wrong_call_is_told(int code, string word, string current, params string[] options)
    {
        var reference = Good("ref.csv", 1);
        var run = await ConsoleRun.Of(["drift", reference, Path.GetFullPath(Path.Combine(_folder.Path, current)), .. options]);
        Assert.True(code == run.Code, $"exit code {run.Code}: {run.Error}");
        Assert.Contains(word, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData("prefixed", "category_format_change")]
    [InlineData("suffixed", "category_explosion")]
    public async Task Codes_that_became_texts_are_compared_as_categories(string what, string cause)
    {
        var reference = Write("ref.csv", i => $"{1 + (i % 4 * (i % 3))},{"abc"[i % 3]}");
        var current = Write("cur.csv", i => $"{(what == "prefixed" ? "cat_" : "")}{1 + (i % 4 * (i % 3))}{(what == "suffixed" && i % 5 == 0 ? $"_{i}" : "")},{"abc"[i % 3]}");
        var run = await ConsoleRun.Of("drift", reference, current, "--output", "json");
        Assert.Equal(ExitCodes.DataFault, run.Code);
        Assert.Equal(cause, JsonDocument.Parse(run.Output).RootElement.GetProperty("diagnosis").GetProperty("cause").GetString());
    }

    [Fact]
    public async Task Two_files_from_one_pipe_are_refused() => Assert.Equal(ExitCodes.Usage, (await ConsoleRun.Of("drift", "-", "-")).Code);

    [Fact]
    public async Task Ten_thousand_columns_are_compared()
    {
        const int Columns = 10_000;
        string Wide(string name, int seed)
        {
            var random = new Random(seed);
            var text = new StringBuilder(string.Join(',', Enumerable.Range(0, Columns).Select(i => $"c{i}"))).Append('\n');
            for (var row = 0; row < 200; row++)
                text.AppendJoin(',', Enumerable.Range(0, Columns).Select(_ => random.Next(1000))).Append('\n');
            File.WriteAllText(_folder.File(name), text.ToString());
            return _folder.File(name);
        }

        var run = await ConsoleRun.Of("drift", Wide("ref.csv", 1), Wide("cur.csv", 2), "--output", "json");
        Assert.Equal(ExitCodes.Fine, run.Code);
        Assert.Equal(Columns, JsonDocument.Parse(run.Output).RootElement.GetProperty("columns").GetArrayLength());
    }

    private string Good(string name, int seed)
    {
        var random = new Random(seed);
        return Write(name, _ => $"{random.Next(1000)},{"abc"[random.Next(3)]}");
    }

    private string Write(string name, Func<int, string> row, int rows = 300)
    {
        File.WriteAllText(_folder.File(name), "x,kind\n" + string.Concat(Enumerable.Range(0, rows).Select(i => row(i) + "\n")));
        return _folder.File(name);
    }

    private string Bad(string what)
    {
        var random = new Random(2);
        string Cells(int i, string? x = null) => $"{x ?? random.Next(1000).ToString(CultureInfo.InvariantCulture)},{"abc"[random.Next(3)]}";
        return what switch
        {
            "empty" => Raw(""),
            "header" => Raw("x,kind\n"),
            "few" => Write(what, i => Cells(i), 20),
            "others" => Raw("a,b\n1,2\n"),
            "all missing" => Write(what, i => Cells(i, "")),
            "constant" => Write(what, i => Cells(i, "7")),
            "infinite" => Write(what, i => Cells(i, i % 5 == 0 ? "inf" : null)),
            "nan" => Write(what, i => Cells(i, i % 5 == 0 ? "NaN" : null)),
            "one category" => Write(what, _ => $"{random.Next(1000)},a"),
            "mixed" => Write(what, i => Cells(i, i < 40 ? "n/k" : null)),
            "latin" => Raw([.. "x,kind\n1,a\n2,abcde"u8, 0xE9, (byte)'\n']),
            "ragged" => Raw("x,kind\n1,a\n2\n"),
            "surplus" => Raw("x,kind\n1,a\n2,b,c\n"),
            "binary" => Raw("x,kind\n1,\0\0\n"),
            "json" => Raw("{\"x\":1,\"kind\":\"a\"}\n{\"x\":2,\"kind\":\n"),
            "gzip" => Raw([0x1F, 0x8B, 8, 0, 1, 2, 3, 4, 5, 6, 7]),
            "parquet" => Raw("PAR1 and nothing else"),
            _ => Raw("x,kind,x\n1,a,2\n"),
        };
    }

    private string Raw(string text) => Raw(Encoding.UTF8.GetBytes(text));

    private string Raw(byte[] bytes)
    {
        var path = _folder.File("bad");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
