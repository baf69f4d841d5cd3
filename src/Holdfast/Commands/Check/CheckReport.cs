using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Holdfast.Data;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Check;

/// <summary>The answer of <c>holdfast check DATA --schema FILE</c>.</summary>
/// <param name="Status"><c>valid</c>, <c>violations</c>, <c>data_fault</c> (a column is gone or of another type: a broken pipe, where values outside their range may be the world) or <c>insufficient_data</c> (no rows).</param>
/// <param name="Violations">All of them; notes fail nothing.</param>
internal sealed record CheckReport(string Status, string Data, long Rows, IReadOnlyList<SchemaViolation> Violations)
{
    /// <summary>The names of the schema, for reports that list what was fine too.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Columns { get; init; } = [];

    public static CheckReport Of(string name, Table table, DatasetSchema schema)
    {
        var violations = DataCheck.Check(table, schema);
        var errors = violations.Where(v => v.Severity == "error").ToList();
        var status = errors.Any(v => v.Rule is "missing_column" or "type") ? "data_fault" : table.Rows == 0 ? "insufficient_data" : errors.Count > 0 ? "violations" : "valid";
        return new CheckReport(status, name, table.Rows, violations) { Columns = [.. schema.Fields.Select(f => f.Name)] };
    }

    /// <summary>One sentence.</summary>
    public string Headline()
    {
        var rows = string.Create(CultureInfo.InvariantCulture, $"{Rows:N0} row{(Rows == 1 ? "" : "s")}");
        var errors = Violations.Count(v => v.Severity == "error");
        return Status switch
        {
            "valid" => $"{Data}: {rows} fit the schema.",
            "insufficient_data" => $"{Data} has no rows.",
            "data_fault" => $"{Data}: a data fault, {errors} violation{(errors == 1 ? "" : "s")} in {rows}.",
            _ => $"{Data}: {errors} violation{(errors == 1 ? "" : "s")} in {rows}.",
        };
    }

    /// <summary>The report for a pull request.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"## {Headline()}\n");
        if (Violations.Count > 0)
            text.Append("\n| column | rule | severity | rows | first row | examples | what |\n|---|---|---|---:|---:|---|---|\n");
        foreach (var v in Violations)
            text.Append(CultureInfo.InvariantCulture, $"| {Cell(v.Column)} | {v.Rule} | {v.Severity} | {v.Rows} | {v.FirstRow} | {Cell(string.Join(", ", v.Examples ?? []))} | {Cell(v.Message)} |\n");
        return text.ToString();
    }

    /// <summary>Each column of the schema is a test.</summary>
    public string ToJUnit() => JUnitReport.Write("holdfast check", [.. Columns.Select(Case)]);

    private JUnitCase Case(string column)
    {
        var errors = Violations.Where(v => v.Column == column && v.Severity == "error").ToList();
        return errors.Count == 0
            ? new JUnitCase(column, Skipped: Status == "insufficient_data" ? "no rows" : null)
            : new JUnitCase(column, string.Join(", ", errors.Select(e => e.Rule)), string.Join('\n', errors.Select(e => e.Message)));
    }

    private static string Cell(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
