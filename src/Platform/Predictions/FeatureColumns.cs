using System.Text.Json;

namespace Holdfast.Predictions;

/// <summary>
/// The columns that the features of a part take, and the <em>shape</em> of a row: which features it had, in which order, and
/// whether a value that stands as text was a number. With it a row reads back exactly as it was logged.
/// </summary>
internal sealed class FeatureColumns
{
    private readonly List<FeatureColumn> _columns = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    // DuckDB's names know no case.
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);
    private int[] _lastCodes = [];
    private string _lastShape = "[]";

    public IReadOnlyList<FeatureColumn> All => _columns;

    public int Count => _columns.Count;

    public void See(PredictionEntry entry)
    {
        foreach (var feature in entry.Features)
        {
            if (!_index.TryGetValue(feature.Name, out var i))
                _index[feature.Name] = i = Add(feature.Name);
            if (!feature.IsMissing)
                _columns[i].See(feature.Text is not null);
        }
    }

    public int IndexOf(string name) => _index[name];

    public string Shape(IReadOnlyList<FeatureValue> features)
    {
        var same = features.Count == _lastCodes.Length;
        var codes = same ? _lastCodes : new int[features.Count];
        for (var f = 0; f < features.Count; f++)
        {
            var column = _index[features[f].Name];
            var code = (2 * column) + (features[f].Text is not null || (features[f].IsMissing && _columns[column].IsText) ? 1 : 0);
            if (same && codes[f] == code)
                continue;
            if (same)
                (same, codes) = (false, [.. codes]);
            codes[f] = code;
        }

        if (same)
            return _lastShape;
        _lastCodes = codes;
        return _lastShape = JsonSerializer.Serialize(codes.Select(code => Item(_columns[code / 2], (code & 1) == 1)));
    }

    /// <summary>Reads a shape.</summary>
    public static IReadOnlyList<ShapeItem> Parse(string shape)
    {
        using var document = JsonDocument.Parse(shape);
        return [.. document.RootElement.EnumerateArray().Select(e =>
        {
            var coded = e.ValueKind == JsonValueKind.Array ? e[0].GetString()! : e.GetString()!;
            return new ShapeItem(string.Intern(e.ValueKind == JsonValueKind.Array ? e[1].GetString()! : coded[1..]), coded[1..], coded[0] == 't');
        })];
    }

    private static object Item(FeatureColumn column, bool text)
    {
        var coded = (text ? "t" : "n") + column.Column;
        return column.Column == column.Name ? coded : new[] { coded, column.Name };
    }

    private int Add(string name)
    {
        var plain = string.Concat(name.Select(c => char.IsControl(c) ? '_' : c));
        var column = plain;
        for (var n = 2; !_taken.Add(column); n++)
            column = $"{plain}_{n}";
        _columns.Add(new FeatureColumn(name, column));
        return _columns.Count - 1;
    }
}

/// <summary>A feature as one item of a shape.</summary>
internal readonly record struct ShapeItem(string Name, string Column, bool IsText);

/// <summary>The column of a feature: numbers as long as it holds nothing else, else text.</summary>
internal sealed class FeatureColumn(string name, string column)
{
    public string Name => name;

    public string Column => column;

    public bool IsText { get; private set; }

    public void See(bool text) => IsText |= text;
}
