using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving.Backends;
using Holdfast.Storage.Tables;

namespace Holdfast.Examples;

/// <summary>The columns of a table that a model reads, and its label.</summary>
internal sealed class ExampleData
{
    private readonly Table _table;
    private readonly Column[] _columns;
    private readonly IReadOnlyList<SignatureField> _fields;

    public ExampleData(Table table, IReadOnlyList<SignatureField> fields, string label, string origin)
    {
        _table = table;
        _fields = fields;
        var faults = new List<Fault>();
        _columns = [.. fields.Select(f => Find(table, f.Name, origin, faults)!)];
        var labels = Find(table, label, origin, faults);
        if (labels is not null && faults.Count == 0)
            faults.AddRange(fields.Zip(_columns).Where(p => (p.First.Datatype == "BYTES") != (p.Second.Kind == ColumnKind.Text)).Select(p => new Fault(p.First.Name, $"is {p.Second.Kind} in {origin}, but {p.First.Datatype} for the model", "Name text columns with --categorical.")));
        if (faults.Count > 0)
            throw new HoldfastException($"{origin} does not fit: {string.Join("; ", faults.Select(f => $"{f.Field} {f.Message}"))}.", faults);
        Labels = [.. Enumerable.Range(0, table.Rows).Select(row => IsPositive(labels!, row, origin))];
    }

    public int Rows => _table.Rows;

    public bool[] Labels { get; }

    /// <summary>Row numbers from the oldest to the newest event; the file's order where there is no event time.</summary>
    public int[] ByTime()
    {
        var order = Enumerable.Range(0, Rows);
        return _table.Find("event_time") is { Kind: ColumnKind.Time or ColumnKind.Numeric } time ? [.. order.OrderBy(row => time.Numbers[row])] : [.. order];
    }

    /// <summary>The chosen rows as a backend takes them.</summary>
    public FeatureRows ToRows(int[] rows)
    {
        var given = FeatureRows.For(new Signature(_fields, []), rows.Length);
        for (var i = 0; i < _columns.Length; i++)
        {
            var texts = given.Texts(i);
            for (var k = 0; k < rows.Length; k++)
            {
                if (texts is not null)
                    texts[k] = _columns[i].Texts[rows[k]];
                else
                    given.Numbers(i)[k] = _columns[i].Numbers[rows[k]];
            }
        }

        return given;
    }

    /// <summary>A row as the trainer takes it: texts as one-hot columns, in the order in which the backend expands them.</summary>
    public float[] Vector(int row)
    {
        var vector = new List<float>();
        for (var i = 0; i < _columns.Length; i++)
        {
            if (_fields[i].Categories is { } categories)
                vector.AddRange(categories.Select(c => c == _columns[i].Texts[row] ? 1f : 0f));
            else
                vector.Add((float)_columns[i].Numbers[row]);
        }

        return [.. vector];
    }

    private static bool IsPositive(Column labels, int row, string origin)
    {
        var text = labels.Kind == ColumnKind.Text ? labels.Texts[row] : labels.Numbers[row].ToString(CultureInfo.InvariantCulture);
        return text switch
        {
            "1" or "true" => true,
            "0" or "false" => false,
            _ => throw new HoldfastException(ErrorCode.InvalidArgument, $"{origin}, row {row + 1}: the label {labels.Name} is '{text}'.", "A label is 0 or 1."),
        };
    }

    private static Column? Find(Table table, string name, string origin, List<Fault> faults)
    {
        var found = table.Find(name);
        if (found is null)
            faults.Add(new Fault(name, $"is no column of {origin}", $"It has {string.Join(", ", table.Names)}."));
        return found;
    }
}
