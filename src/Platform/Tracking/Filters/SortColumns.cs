using System.Globalization;

namespace Holdfast.Tracking.Filters;

/// <summary>The columns that a search is sorted by, computed beside the rows so that each is written once; missing values come last either way.</summary>
internal sealed class SortColumns
{
    private readonly List<string> _columns = [];
    private readonly List<string> _by = [];

    /// <summary>For the select list: each column with a comma before it.</summary>
    public string Select => string.Concat(_columns);

    /// <param name="nan">What is 1 where the value stands for NaN, which comes between the numbers and what is missing.</param>
    public void Add(string expression, bool descending, string nan = "0")
    {
        var column = "o" + _columns.Count.ToString(CultureInfo.InvariantCulture);
        _columns.Add($", {expression} as {column}{(nan == "0" ? "" : $", {nan} as {column}_nan")}");
        _by.Add($"case when {column} is null then 2 {(nan == "0" ? "" : $"when {column}_nan = 1 then 1 ")}else 0 end");
        _by.Add(column + (descending ? " desc" : " asc"));
    }

    /// <summary>For the order by clause; <paramref name="ties"/> decide what the columns leave equal.</summary>
    public string By(params ReadOnlySpan<string> ties) => string.Join(", ", [.. _by, .. ties]);
}
