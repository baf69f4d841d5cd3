using System.Globalization;
using System.Text;

namespace Holdfast.Statistics.Tests;

/// <summary>
/// The tables that a long run writes for readers: with HOLDFAST_REPORTS=folder every table goes into the named markdown file there, else nothing is written.
/// A table replaces the one of the same title, so that tests may run in any order and again; tables stand in the order of their titles.
/// </summary>
internal sealed class Report(string file)
{
    private static readonly Lock Gate = new();
    private static readonly string? Folder = Environment.GetEnvironmentVariable("HOLDFAST_REPORTS") is { Length: > 0 } folder ? folder : null;

    /// <summary>Writes one table under a heading.</summary>
    /// <param name="title">Heading; sorts the tables of the file.</param>
    /// <param name="note">What was simulated, with the seeds and the number of runs.</param>
    /// <param name="header">Column names.</param>
    /// <param name="rows">Cells; numbers are written with four significant digits.</param>
    public void Table(string title, string note, string[] header, IEnumerable<object[]> rows)
    {
        if (Folder is null) return;
        var text = new StringBuilder().Append("## ").AppendLine(title).AppendLine().AppendLine(note).AppendLine();
        text.Append("| ").AppendJoin(" | ", header).AppendLine(" |");
        text.Append('|').Insert(text.Length, "---|", header.Length).AppendLine();
        foreach (var row in rows) text.Append("| ").AppendJoin(" | ", row.Select(Cell)).AppendLine(" |");
        lock (Gate)
        {
            Directory.CreateDirectory(Folder);
            var path = Path.Combine(Folder, file);
            var sections = File.Exists(path) ? Sections(File.ReadAllText(path)) : [];
            sections[title] = text.ToString().TrimEnd() + "\n";
            File.WriteAllText(path, $"# {Path.GetFileNameWithoutExtension(file)}\n\n{Head}" + string.Join('\n', sections.Values));
        }
    }

    private const string Head = "Written by the tests of `tests/Statistics.Tests` with HOLDFAST_FULL=1 and HOLDFAST_REPORTS=folder; the seeds are fixed, so a run gives the same figures.\n\n";

    private static SortedDictionary<string, string> Sections(string text)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split("\n## ").Skip(1))
            result[part[..part.IndexOf('\n', StringComparison.Ordinal)].Trim()] = "## " + part.TrimEnd() + "\n";
        return result;
    }

    private static string Cell(object value) => value switch
    {
        double number => number.ToString("G4", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
