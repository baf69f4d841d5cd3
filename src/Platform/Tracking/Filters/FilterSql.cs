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
        var (op, value) = (comparison.Op, comparison.Value);
        if (comparison.Field.AsNumber)
            column = Number(column);
        return op switch
        {
            "present" => $"{column} is not null",
            "in" or "not_in" => $"{column} {(op == "in" ? "in" : "not in")} ({string.Join(", ", Values(value))})",
            "like" => Like(column, (string)value!),
            "not_like" => $"not {Like(column, (string)value!)}",
            "ilike" => ILike(column, value),
            "not_ilike" => $"not {ILike(column, value)}",
            "matches" => Matches(column, value),
            "not_matches" => $"not {Matches(column, value)}",
            "nan" => throw new InvalidOperationException("Each store tests for NaN by itself."),
            _ => $"{column} {op} {Bind(value)}",
        };
    }

    /// <summary>A text column read as a number; null where the text is none.</summary>
    public string Number(string column) => dialect.Name == "sqlite" ? $"number_of({column})" : $"(case when {column} ~ {Bind(NumberText.Pattern)} then cast({column} as double precision) end)";

    private IEnumerable<string> Values(object? list) => list is List<double> numbers ? numbers.Select(n => Bind(n)) : ((List<string>)list!).Select(v => Bind(v));

    // SQLite's LIKE ignores case; GLOB does not.
    private string Like(string column, string pattern) => dialect.Name == "sqlite" ? $"({column} glob {Bind(Glob(pattern))})" : $"({column} like {Bind(pattern)} escape '')";

    private string ILike(string column, object? pattern) => dialect.Name == "sqlite" ? $"({column} like {Bind(pattern)})" : $"({column} ilike {Bind(pattern)} escape '')";

    // PostgreSQL's engine is an automaton, too, for the patterns that have passed the parser.
    private string Matches(string column, object? pattern) => dialect.Name == "sqlite" ? $"matches({column}, {Bind(pattern)})" : $"({column} ~ {Bind(pattern)})";

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
