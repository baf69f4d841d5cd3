namespace Holdfast.Storage.Tables;

/// <summary>What the values of a column are.</summary>
public enum ColumnKind
{
    /// <summary>Numbers; NaN is missing.</summary>
    Numeric,

    /// <summary>Texts; null is missing.</summary>
    Text,

    /// <summary>0 or 1; NaN is missing.</summary>
    Boolean,

    /// <summary>Unix milliseconds, UTC; NaN is missing.</summary>
    Time,
}

/// <summary>
/// One column of a table. <see cref="Numbers"/> holds the values of every kind but text (NaN = missing), <see cref="Texts"/>
/// those of text (null = missing); the other array is empty.
/// </summary>
public sealed class Column
{
    /// <summary>A column whose values are numbers: numeric, boolean or time.</summary>
    public Column(string name, double[] numbers, ColumnKind kind = ColumnKind.Numeric)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        ArgumentOutOfRangeException.ThrowIfEqual((int)kind, (int)ColumnKind.Text);
        Name = name;
        Kind = kind;
        Numbers = numbers;
        Texts = [];
    }

    /// <summary>A column of texts.</summary>
    public Column(string name, string?[] texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Name = name;
        Kind = ColumnKind.Text;
        Numbers = [];
        Texts = texts;
    }

    public string Name { get; }

    public ColumnKind Kind { get; }

    public double[] Numbers { get; }

    public string?[] Texts { get; }

    public int Count => Kind == ColumnKind.Text ? Texts.Length : Numbers.Length;

    /// <summary>Whether the value of a row is missing.</summary>
    public bool IsMissing(int row) => Kind == ColumnKind.Text ? Texts[row] is null : double.IsNaN(Numbers[row]);

    /// <summary>How many values are missing.</summary>
    public int MissingCount()
    {
        var missing = 0;
        if (Kind == ColumnKind.Text)
        {
            foreach (var text in Texts)
                missing += text is null ? 1 : 0;
            return missing;
        }

        foreach (var number in Numbers)
            missing += double.IsNaN(number) ? 1 : 0;
        return missing;
    }

    /// <summary>The value of a row as CSV writes it; empty when missing.</summary>
    public string Format(int row)
    {
        if (Kind == ColumnKind.Text)
            return Texts[row] ?? "";
        var value = Numbers[row];
        if (double.IsNaN(value))
            return "";
        return Kind switch
        {
            ColumnKind.Boolean => value == 0 ? "false" : "true",
            ColumnKind.Time => DateTimeOffset.FromUnixTimeMilliseconds((long)value).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFK", System.Globalization.CultureInfo.InvariantCulture).Replace("+00:00", "Z", StringComparison.Ordinal),
            _ => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>Named columns of one length, in memory.</summary>
public sealed class Table
{
    private readonly Dictionary<string, Column> _byName;

    public Table(IReadOnlyList<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Columns = [.. columns];
        Names = [.. columns.Select(c => c.Name)];
        Rows = columns.Count == 0 ? 0 : columns[0].Count;
        if (columns.FirstOrDefault(c => c.Count != Rows) is { } odd)
            throw new ArgumentException($"Column {odd.Name} has {odd.Count} rows, the first column has {Rows}.", nameof(columns));
        _byName = columns.ToDictionary(c => c.Name, StringComparer.Ordinal);
    }

    public string[] Names { get; }

    public Column[] Columns { get; }

    public int Rows { get; }

    /// <summary>The column of that name; null when there is none.</summary>
    public Column? Find(string name) => _byName.GetValueOrDefault(name);
}
