using System.CommandLine;
using Holdfast.Data;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands;

/// <summary><c>holdfast check DATA</c>: infers a schema, or checks the data against one; needs no server.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var data = new Argument<string>("data") { Description = "CSV or Parquet file." };
        var schema = new Option<string?>("--schema") { Description = "Schema file (JSON); without one the schema of the data itself is shown.", HelpName = "file" };
        var command = new Command(
            "check",
            "Infer the schema of a file, or check a file against a schema: types, ranges, missing rates, categories. "
            + "Exit code 0: it fits; 2: violations; 3: the file lacks a column or holds another type.")
        {
            data, schema,
        };
        command.SetAction(parsed =>
        {
            var table = TableReader.Read(parsed.GetRequiredValue(data));
            if (parsed.GetValue(schema) is not { } file)
            {
                var inferred = DataCheck.Infer(table);
                if (Output.IsJson(parsed))
                    Output.Json(inferred);
                else
                    Show(inferred);
                return ExitCodes.Fine;
            }

            var violations = DataCheck.Check(table, DataCheck.ReadSchema(file));
            if (Output.IsJson(parsed))
                Output.Json(violations);
            else
                Output.Table(violations, $"{table.Rows} rows fit the schema.", ("column", v => v.Column), ("rule", v => v.Rule), ("rows", v => Output.Number(v.Rows)), ("first row", v => Output.Number(v.FirstRow)), ("what", v => v.Message));
            var errors = violations.Where(v => v.Severity == "error").ToList();
            // A column gone or of another type is a broken pipe; values outside their range may be the world.
            return errors.Count == 0 ? ExitCodes.Fine : errors.Any(v => v.Rule is "missing_column" or "type") ? ExitCodes.DataFault : ExitCodes.Finding;
        });
        return command;
    }

    private static void Show(DatasetSchema schema) => Output.Table(
        schema.Fields.ToList(), "The file has no columns.", ("column", f => f.Name), ("type", f => f.Type), ("max missing", f => f.MaxMissing.ToString("P1", System.Globalization.CultureInfo.InvariantCulture)),
        ("range", f => f.Min is null ? "" : $"{Output.Number(f.Min, "G6")} to {Output.Number(f.Max, "G6")}"), ("categories", f => f.Categories is null ? "" : string.Join(", ", f.Categories.Take(8)) + (f.Categories.Count > 8 ? ", …" : "")));
}
