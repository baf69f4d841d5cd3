using System.Globalization;
using System.Text;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking.Filters;

/// <summary>Writes a filter as SQL. Every value and key is a bound parameter; only column names of ours reach the text.</summary>
/// <param name="dialect">LIKE differs between the databases.</param>
/// <param name="compare">Writes one comparison, with <see cref="Compare"/> for the column.</param>
public sealed class FilterSql(ISqlDialect dialect, Func<FilterSql, Comparison, string> compare)
{
    private readonly List<(string Name, object? Value)> _args = [];

    /// <summary>All parameters so far.</summary>
    public (string Name, object? Value)[] Args => [.. _args];

    /// <summary>Binds a value; returns its place in the text.</summary>
    public string Bind(object? value)
    {
        var name = "f" + _args.Count.ToString(CultureInfo.InvariantCulture);
        _args.Add((name, value));
        return "@" + name;
    }

    /// <summary>Binds a value under a name of the caller's choice.</summary>
    public void Bind(string name, object? value) => _args.Add((name, value));

    /// <summary>The condition.</summary>
    public string Where(Filter filter) => filter switch
    {
        AllOf all => Join(all.Parts, " and ", "1 = 1"),
        AnyOf any => Join(any.Parts, " or ", "1 = 0"),
        NoneOf none => $"(not {Where(none.Part)})",
        Comparison comparison => compare(this, comparison),
        _ => throw new InvalidOperationException(filter.GetType().Name),
    };

    /// <summary>A column against the comparison's value.</summary>
    public string Compare(string column, Comparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        switch (comparison.Op)
        {
            case "in" or "not_in":
                var values = ((List<string>)comparison.Value).Select(v => Bind(v));
                return $"{column} {(comparison.Op == "in" ? "in" : "not in")} ({string.Join(", ", values)})";
            case "like" when dialect.Name == "sqlite":
                // SQLite's LIKE ignores case; GLOB does not.
                return $"{column} glob {Bind(Glob((string)comparison.Value))}";
            case "ilike" when dialect.Name == "sqlite":
                return $"{column} like {Bind(comparison.Value)}";
            case "like" or "ilike":
                return $"{column} {comparison.Op} {Bind(comparison.Value)} escape ''";
            default:
                return $"{column} {comparison.Op} {Bind(comparison.Value)}";
        }
    }

    /// <summary>The value at a key of a column that holds a JSON object, as text; null when there is none.</summary>
    public string JsonText(string column, string key) => dialect.Name == "postgresql"
        ? $"({column}::jsonb ->> {Bind(key)})"
        : $"(select case j.type when 'true' then 'true' when 'false' then 'false' else cast(j.value as text) end from json_each({column}) j where j.key = {Bind(key)})";

    /// <summary>Text ordered by code point on every database.</summary>
    public string ByCodePoint(string column) => dialect.Name == "postgresql" ? column + " collate \"C\"" : column;

    private string Join(IReadOnlyList<Filter> parts, string word, string none) =>
        parts.Count == 0 ? none : "(" + string.Join(word, parts.Select(Where)) + ")";

    private static string Glob(string like)
    {
        var glob = new StringBuilder(like.Length);
        foreach (var c in like)
        {
            _ = c switch
            {
                '%' => glob.Append('*'),
                '_' => glob.Append('?'),
                '*' or '?' or '[' => glob.Append('[').Append(c).Append(']'),
                _ => glob.Append(c),
            };
        }

        return glob.ToString();
    }
}
