using System.CommandLine;
using System.Text;
using Holdfast.Data;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Check;

/// <summary><c>holdfast check DATA</c>: infers a schema, or checks the data against one; needs no server.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var data = new Argument<string>("data") { Description = "CSV, JSON lines (both also gzipped) or Parquet file." };
        var schema = new Option<string?>("--schema") { Description = "Check against this schema (YAML, or JSON); without it the schema of the data itself is written.", HelpName = "file" };
        var write = new Option<string?>("--write") { Description = "Write the inferred schema to this file (YAML) instead of stdout.", HelpName = "file" };
        var command = new Command(
            "check",
            "Infer the schema of a file, or check a file against a schema: types, ranges, missing rates, categories. --output text, json, markdown or junit. "
            + "Exit code 0: it fits; 2: violations; 3: the file lacks a column or holds another type; 4: it has no rows.")
        {
            data, schema, write,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(schema) is not null && result.GetValue(write) is not null)
                result.AddError("--write writes the schema of the data; it goes without --schema.");
        });
        command.SetAction((parsed, ct) => Run(parsed, parsed.GetRequiredValue(data), parsed.GetValue(schema), parsed.GetValue(write), ct));
        return command;
    }

    private static async Task<int> Run(ParseResult parsed, string data, string? schema, string? write, CancellationToken ct)
    {
        var known = schema is null ? null : SchemaFile.Read(schema);
        var table = TableReader.Read(data);
        var name = Path.GetFileName(data);
        if (known is null)
            return await Infer(parsed, table, name, write, ct);
        var report = CheckReport.Of(name, table, known);
        Show(parsed, report);
        return report.Status switch
        {
            "valid" => ExitCodes.Fine,
            "insufficient_data" => ExitCodes.Undecided,
            "data_fault" => ExitCodes.DataFault,
            _ => ExitCodes.Finding,
        };
    }

    private static async Task<int> Infer(ParseResult parsed, Table table, string name, string? write, CancellationToken ct)
    {
        var schema = DataCheck.Infer(table);
        if (write is not null)
            await File.WriteAllTextAsync(write, SchemaFile.ToYaml(schema, name), new UTF8Encoding(false), ct);
        else if (Output.IsJson(parsed))
            Output.Json(schema);
        else
            Console.Out.Write(SchemaFile.ToYaml(schema, name));
        if (table.Rows > 0)
            return ExitCodes.Fine;
        await Console.Error.WriteLineAsync($"{name} has no rows: its schema knows only the names.");
        return ExitCodes.Undecided;
    }

    private static void Show(ParseResult parsed, CheckReport report)
    {
        switch (Output.Format(parsed))
        {
            case OutputFormat.Json:
                Output.Json(report);
                return;
            case OutputFormat.Markdown:
                Console.Out.Write(report.ToMarkdown());
                return;
            case OutputFormat.Junit:
                Console.Out.Write(report.ToJUnit());
                return;
        }

        Output.Line(report.Headline());
        if (report.Violations.Count > 0)
        {
            Output.Table(
                report.Violations, "", ("column", v => v.Column), ("rule", v => v.Rule), ("severity", v => v.Severity), ("rows", v => Output.Number(v.Rows)), ("first row", v => Output.Number(v.FirstRow)),
                ("examples", v => v.Examples is null ? "" : string.Join(", ", v.Examples)), ("what", v => v.Message));
        }
    }
}
