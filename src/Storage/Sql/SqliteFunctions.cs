using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Holdfast.Storage.Sql;

/// <summary>What SQLite lacks and PostgreSQL has: regular expressions, and a number out of a text that may be none.</summary>
internal static class SqliteFunctions
{
    public static void Add(SqliteConnection connection)
    {
        connection.CreateFunction<string?, string?, bool?>("matches", static (text, pattern) => text is null || pattern is null ? null : TextPattern.Of(pattern).IsMatch(text), isDeterministic: true);
        connection.CreateFunction<string?, double?>("number_of", static text => NumberText.Read(text), isDeterministic: true);
    }
}

/// <summary>Texts that hold a number.</summary>
public static class NumberText
{
    /// <summary>The same, as a regular expression of PostgreSQL; without what would overflow there.</summary>
    public const string Pattern = @"^\s*[-+]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][-+]?[0-9]{1,2})?\s*$";

    /// <summary>The number that a text writes with a decimal point and perhaps an exponent; null when it writes none.</summary>
    public static double? Read(string? text) =>
        text is { Length: > 0 and < 400 } && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
