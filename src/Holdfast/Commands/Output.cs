using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Spectre.Console;

namespace Holdfast.Commands;

/// <summary>Writes a command's result: stdout holds nothing else.</summary>
internal static class Output
{
    /// <summary>Commands that write reports, also as Markdown and JUnit XML.</summary>
    private static readonly string[] Reports = ["drift", "check"];

    public static OutputFormat Format(ParseResult parsed) => parsed.GetValue(GlobalOptions.Output);

    public static bool IsJson(ParseResult parsed) => Format(parsed) == OutputFormat.Json;

    /// <summary>What is wrong with the asked format for this command; null if nothing.</summary>
    public static string? Refused(ParseResult parsed) =>
        parsed.CommandResult.Command is not RootCommand and var command && !Writes(command.Name, Format(parsed))
            ? $"{command.Name} writes text or json, not {Format(parsed).ToString().ToLowerInvariant()}." : null;

    private static bool Writes(string command, OutputFormat format) => format switch
    {
        OutputFormat.Text or OutputFormat.Json => true,
        OutputFormat.Markdown or OutputFormat.Junit => Reports.Contains(command),
        _ => command == "query",
    };

    /// <summary>Colour codes: on a terminal that wants them (https://no-color.org).</summary>
    public static bool Colours => !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Characters a line: the terminal's, or COLUMNS, or 100 in a pipe.</summary>
    public static int Width()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) && wanted >= 40)
            return Math.Clamp(wanted, 80, 400);
        try
        {
            return Console.IsOutputRedirected ? 100 : Math.Clamp(Console.WindowWidth, 80, 400);
        }
        catch (IOException)
        {
            return 100;
        }
    }

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
