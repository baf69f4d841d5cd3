using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Spectre.Console;

namespace Holdfast.Commands;

/// <summary>Writes a command's result: stdout holds nothing else.</summary>
internal static class Output
{
    public static bool IsJson(ParseResult parsed) => parsed.GetValue(GlobalOptions.Output) == OutputFormat.Json;

    public static void Json<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, HoldfastJson.Indented));

    public static void Line(string text) => Console.Out.WriteLine(text);

    public static string Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    public static string Number(double? value, string format = "0.####") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>A table: drawn on a terminal, tab-separated lines in a pipe.</summary>
    public static void Table<T>(IReadOnlyCollection<T> rows, string empty, params (string Title, Func<T, string?> Cell)[] columns)
    {
        if (rows.Count == 0)
        {
            Console.Error.WriteLine(empty);
            return;
        }

        if (Console.IsOutputRedirected)
        {
            Console.Out.WriteLine(string.Join('\t', columns.Select(c => c.Title)));
            foreach (var row in rows)
                Console.Out.WriteLine(string.Join('\t', columns.Select(c => c.Cell(row) ?? "")));
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var (title, _) in columns)
            table.AddColumn(new TableColumn(new Markup($"[bold]{Markup.Escape(title)}[/]")));
        foreach (var row in rows)
            table.AddRow([.. columns.Select(c => new Text(c.Cell(row) ?? ""))]);
        AnsiConsole.Write(table);
    }
}
