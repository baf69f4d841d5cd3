using System.Globalization;

namespace Holdfast.Statistics.Tests;

/// <summary>
/// The tables that a long run writes for readers: with HOLDFAST_REPORTS=folder every table goes into the named markdown file there, else nothing is written.
/// A table replaces the one of the same title, so that tests may run in any order and again; tables stand in the order of their titles.
/// </summary>
/// <param name="by">The tests that write it.</param>
internal sealed class Report(string file, string by = "tests/Statistics.Tests")
{
    private static readonly Lock Gate = new();
    private static readonly string? Folder = Environment.GetEnvironmentVariable("HOLDFAST_REPORTS") is { Length: > 0 } folder ? folder : null;

    /// <summary>Writes one table under a heading.</summary>
    /// <param name="title">Heading; sorts the tables of the file.</param>
    /// <param name="note">What was simulated, with the seeds and the number of runs.</param>
    /// <param name="header">Column names.</param>
    /// <param name="rows">Cells; numbers are written with four significant digits.</param>
    public void Table(string title, string note, string[] header, IEnumerable<object[]> rows) =>
        Write(title, note, header, _ => rows.Select(Line));

    /// <summary>Writes one row of a table that several cases of a test fill, and shows it with the test's output.</summary>
    /// <param name="title">Heading; sorts the tables of the file.</param>
    /// <param name="note">What was simulated, with the seeds.</param>
    /// <param name="header">Column names.</param>
    /// <param name="cells">Cells; numbers are written with four significant digits.</param>
    /// <param name="keys">So many first cells tell the rows apart: a row replaces the one with the same.</param>
    public void Row(string title, string note, string[] header, object[] cells, int keys = 1)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(title + ": " + string.Join(", ", header.Zip(cells, (column, cell) => column + " = " + Cell(cell))));
        var key = string.Join('|', cells.Take(keys).Select(Cell));
        Write(title, note, header, old => old.Where(line => Key(line, keys) != key).Append(Line(cells)).Order(ByCells));
    }

    private void Write(string title, string note, string[] header, Func<IEnumerable<string>, IEnumerable<string>> lines)
    {
        if (Folder is null) return;
        lock (Gate)
        {
            Directory.CreateDirectory(Folder);
            var path = Path.Combine(Folder, file);
            var text = File.Exists(path) ? File.ReadAllText(path) : $"# {Path.GetFileNameWithoutExtension(file)}\n";
            var sections = Sections(text);
            var old = sections.GetValueOrDefault(title, "").Split('\n').SkipWhile(line => !line.StartsWith("|---", StringComparison.Ordinal)).Skip(1).Where(line => line.StartsWith('|'));
            sections[title] = $"## {title}\n\n{note}\n\n{Line(header)}\n|{string.Concat(header.Select(_ => "---|"))}\n{string.Join('\n', lines(old))}\n";
            File.WriteAllText(path, $"{text.AsSpan(0, text.IndexOf('\n', StringComparison.Ordinal))}\n\n{Head}" + string.Join('\n', sections.Values));
        }
    }

    private readonly string Head =
        $"Written by the tests of `{by}` with HOLDFAST_FULL=1 and HOLDFAST_REPORTS=folder; the seeds are fixed, so a run gives the same figures."
        + (Environment.GetEnvironmentVariable("HOLDFAST_COMMIT") is { Length: > 0 } commit ? $" Last written at commit {commit}." : "") + "\n\n";

    private static SortedDictionary<string, string> Sections(string text)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split("\n## ").Skip(1))
            result[part[..part.IndexOf('\n', StringComparison.Ordinal)].Trim()] = "## " + part.TrimEnd() + "\n";
        return result;
    }

    private static string Line(object[] cells) => $"| {string.Join(" | ", cells.Select(Cell))} |";

    private static string[] Cells(string line) => [.. line.Trim('|', ' ').Split(" | ")];

    private static string Key(string line, int keys) => string.Join('|', Cells(line).Take(keys));

    // Numbers by size, texts by their letters.
    private static readonly Comparer<string> ByCells = Comparer<string>.Create((x, y) => Cells(x).Zip(Cells(y), Compare).FirstOrDefault(order => order != 0));

    private static int Compare(string x, string y) =>
        double.TryParse(x, CultureInfo.InvariantCulture, out var a) && double.TryParse(y, CultureInfo.InvariantCulture, out var b) ? a.CompareTo(b) : string.CompareOrdinal(x, y);

    private static string Cell(object value) => value switch
    {
        double number when double.IsInfinity(number) => "never",
        double number when Math.Abs(number) >= 1e4 => number.ToString("F0", CultureInfo.InvariantCulture),
        double number => number.ToString("G4", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
