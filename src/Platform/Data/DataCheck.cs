using System.Globalization;
using Holdfast.Storage.Tables;

namespace Holdfast.Data;

/// <summary>Infers what columns are, and checks a table against it: types, ranges, missing rates, categories. All violations, not the first.</summary>
public static class DataCheck
{
    /// <summary>More distinct texts than this are free text or keys, not categories.</summary>
    public const int MostCategories = 50;

    // What new data may differ from the data the schema was inferred from: two points of missing rate and one value in a
    // hundred outside the seen range. Hand-written schemas start at zero.
    private const double MissingSlack = 0.02;
    private const double OutsideSlack = 0.01;
    private const int MostExamples = 5;

    /// <summary>The schema that the table itself shows.</summary>
    public static DatasetSchema Infer(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new DatasetSchema([.. table.Columns.Select(c => Infer(c, table.Rows))]);
    }

    /// <summary>Everything in which the table does not fit the schema.</summary>
    public static IReadOnlyList<SchemaViolation> Check(Table table, DatasetSchema schema)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(schema);
        var found = new List<SchemaViolation>();
        foreach (var field in schema.Fields)
        {
            if (table.Find(field.Name) is { } column)
                Check(column, field, found);
            else if (field.Required)
                found.Add(new SchemaViolation(field.Name, "missing_column", $"The column '{field.Name}' ({field.Type}) is missing.", table.Rows));
        }

        foreach (var column in table.Columns.Where(c => schema.Find(c.Name) is null))
            found.Add(new SchemaViolation(column.Name, "unknown_column", $"The schema does not know the column '{column.Name}'.", table.Rows, Severity: "note"));
        return found;
    }

    internal static ColumnKind KindOf(string type) => type switch
    {
        "text" => ColumnKind.Text,
        "boolean" => ColumnKind.Boolean,
        "time" => ColumnKind.Time,
        _ => ColumnKind.Numeric,
    };

    internal static string TypeOf(Column column) => column.Kind switch
    {
        ColumnKind.Text => "text",
        ColumnKind.Boolean => "boolean",
        ColumnKind.Time => "time",
        _ => column.Numbers.Any(n => !double.IsNaN(n)) && column.Numbers.All(n => double.IsNaN(n) || (n == Math.Floor(n) && Math.Abs(n) < 1L << 53)) ? "integer" : "number",
    };

    private static SchemaField Infer(Column column, int rows)
    {
        var missing = rows == 0 ? 0 : (double)column.MissingCount() / rows;
        var field = new SchemaField(column.Name, TypeOf(column), MaxMissing: Math.Min(1, Math.Round(missing + MissingSlack, 4)), MaxOutside: OutsideSlack);
        if (column.Kind == ColumnKind.Text)
        {
            var categories = column.Texts.Where(t => t is not null).Select(t => t!).Distinct(StringComparer.Ordinal).Take(MostCategories + 1).Order(StringComparer.Ordinal).ToList();
            // Where nearly every row has a value of its own the column is a key, however few rows there are.
            return categories.Count > 0 && categories.Count <= MostCategories && categories.Count <= Math.Max(2, rows / 2) ? field with { Categories = categories } : field;
        }

        if (column.Kind == ColumnKind.Boolean)
            return field;
        var present = column.Numbers.Where(n => !double.IsNaN(n)).ToList();
        // New rows are later than the old ones: a range of times would refuse them all.
        return present.Count == 0 || column.Kind == ColumnKind.Time ? field : field with { Min = present.Min(), Max = present.Max() };
    }

    private static void Check(Column column, SchemaField field, List<SchemaViolation> found)
    {
        var rows = column.Count;
        var missing = column.MissingCount();
        if (missing > field.MaxMissing * rows + 1e-9)
            found.Add(new SchemaViolation(column.Name, "missing_rate", $"'{column.Name}': {Percent(missing, rows)} of the values are missing ({missing} of {rows}), at most {field.MaxMissing.ToString("P1", CultureInfo.InvariantCulture)} expected.", missing, First(column, column.IsMissing)));
        if (missing == rows)
            return;
        if (!Fits(column, field.Type, out var odd))
        {
            found.Add(new SchemaViolation(column.Name, "type", $"'{column.Name}' holds {TypeOf(column)}, {field.Type} expected{(odd is { } row ? $" (row {row}: '{column.Format((int)row - 1)}')" : "")}.", rows - missing, odd, Examples: Misfits(column, field.Type)));
            return;
        }

        if (column.Kind == ColumnKind.Text)
            CheckCategories(column, field, rows - missing, found);
        else
            CheckRange(column, field, rows - missing, found);
    }

    private static void CheckRange(Column column, SchemaField field, int present, List<SchemaViolation> found)
    {
        bool Outside(int row) => column.Numbers[row] < field.Min || column.Numbers[row] > field.Max;
        var outside = Enumerable.Range(0, column.Count).Count(Outside);
        if (outside == 0 || outside <= field.MaxOutside * present)
            return;
        var first = First(column, Outside)!.Value;
        found.Add(new SchemaViolation(
            column.Name, "range",
            $"'{column.Name}': {Percent(outside, present)} of the values ({outside}) lie outside [{Bound(field.Min)}, {Bound(field.Max)}], first in row {first}: {column.Format((int)first - 1)}.", outside, first,
            Examples: [.. Enumerable.Range(0, column.Count).Where(Outside).Select(column.Format).Distinct(StringComparer.Ordinal).Take(MostExamples)]));
    }

    private static void CheckCategories(Column column, SchemaField field, int present, List<SchemaViolation> found)
    {
        if (field.Categories is null)
            return;
        var known = field.Categories.ToHashSet(StringComparer.Ordinal);
        bool Unknown(int row) => column.Texts[row] is { } text && !known.Contains(text);
        var unknown = Enumerable.Range(0, column.Count).Where(Unknown).ToList();
        if (unknown.Count == 0 || unknown.Count <= field.MaxOutside * present)
            return;
        var names = unknown.Select(r => column.Texts[r]!).Distinct(StringComparer.Ordinal).Take(MostExamples).ToList();
        found.Add(new SchemaViolation(
            column.Name, "categories",
            $"'{column.Name}': {Percent(unknown.Count, present)} of the values ({unknown.Count}) are none of the {known.Count} known categories, such as {string.Join(", ", names.Select(n => $"'{n}'"))}.", unknown.Count, unknown[0] + 1, Examples: names));
    }

    // 0/1 numbers pass for boolean, and whole numbers for number; text never passes for anything else.
    private static bool Fits(Column column, string type, out long? odd)
    {
        odd = null;
        switch (type)
        {
            case "text":
                // A column of codes such as "007" reads as numbers where all happen to be digits.
                return column.Kind is ColumnKind.Text or ColumnKind.Numeric;
            case "time":
                return column.Kind == ColumnKind.Time;
            case "boolean":
                odd = column.Kind == ColumnKind.Numeric ? First(column, r => column.Numbers[r] is not (0 or 1 or double.NaN)) : null;
                return column.Kind == ColumnKind.Boolean || (column.Kind == ColumnKind.Numeric && odd is null);
            case "integer":
                odd = column.Kind switch
                {
                    ColumnKind.Numeric => First(column, r => !double.IsNaN(column.Numbers[r]) && column.Numbers[r] != Math.Floor(column.Numbers[r])),
                    ColumnKind.Text => First(column, r => column.Texts[r] is { } t && !long.TryParse(t, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)),
                    _ => 1,
                };
                return column.Kind == ColumnKind.Numeric && odd is null;
            default:
                odd = column.Kind == ColumnKind.Text ? First(column, r => column.Texts[r] is { } t && !double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) : null;
                return column.Kind == ColumnKind.Numeric;
        }
    }

    private static IReadOnlyList<string> Misfits(Column column, string type) => [.. Enumerable.Range(0, column.Count)
        .Where(r => !column.IsMissing(r) && (type == "integer" && column.Kind == ColumnKind.Numeric ? column.Numbers[r] != Math.Floor(column.Numbers[r]) : !CellText.TryParse(KindOf(type), column.Format(r), out _)))
        .Select(column.Format).Distinct(StringComparer.Ordinal).Take(MostExamples)];

    private static long? First(Column column, Func<int, bool> match)
    {
        for (var row = 0; row < column.Count; row++)
        {
            if (match(row))
                return row + 1;
        }

        return null;
    }

    private static string Percent(int part, int whole) => ((double)part / Math.Max(1, whole)).ToString("P1", CultureInfo.InvariantCulture);

    private static string Bound(double? bound) => bound?.ToString("G6", CultureInfo.InvariantCulture) ?? "any";
}
