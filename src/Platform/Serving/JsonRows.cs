using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Serving;

/// <summary>
/// Rows and columns of JSON as the columns of a request. An input of the endpoint has the type of its signature; any other column is
/// texts when one of its values is a text. null and "NaN" are missing. All faults are told at once.
/// </summary>
public sealed class JsonRows(ServedModel served)
{
    private const int MostFaults = 20;
    private readonly List<Fault> _faults = [];

    /// <summary>What has been gathered.</summary>
    public InferRequest Request { get; } = new();

    /// <summary>Takes a list of rows: objects by name, arrays or single values in the order of the signature.</summary>
    public void AddRows(JsonElement rows, string where)
    {
        ArgumentException.ThrowIfNullOrEmpty(where);
        if (rows.ValueKind != JsonValueKind.Array)
            throw Refused($"'{where}' is not a list.", "Send a list of rows, such as [{\"income\": 41000}].");
        AddRows(rows.EnumerateArray().ToArray(), where);
    }

    /// <summary>Takes rows: objects by name, arrays or single values in the order of the signature.</summary>
    public void AddRows(JsonElement[] list, string where)
    {
        ArgumentNullException.ThrowIfNull(list);
        if (list.Length == 0)
            throw Refused($"'{where}' is empty.", "Send at least one row.");
        if (Array.TrueForAll(list, r => r.ValueKind == JsonValueKind.Object))
            AddObjects(list);
        else if (Array.TrueForAll(list, r => r.ValueKind == JsonValueKind.Array))
            AddInOrder([.. list.Select(r => r.EnumerateArray().ToArray())], where);
        else if (Array.TrueForAll(list, r => r.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)))
            AddInOrder(Array.ConvertAll(list, r => new[] { r }), where);
        else
            throw Refused($"'{where}' mixes objects, lists and single values.", "Send rows of one form.");
    }

    /// <summary>Takes rows whose values stand in the order of <paramref name="names"/>.</summary>
    public void AddRows(IReadOnlyList<string> names, IReadOnlyList<JsonElement[]> rows, string where)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(rows);
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length != names.Count)
                Fault($"{where}[{i}]", $"has {rows[i].Length} values, there are {names.Count} columns.");
        }

        Done();
        for (var c = 0; c < names.Count; c++)
            Add(names[c], [.. rows.Select(r => r[c])]);
    }

    /// <summary>Takes columns by name; a single value is one row.</summary>
    public void AddColumns(JsonElement columns)
    {
        foreach (var column in columns.EnumerateObject())
        {
            JsonElement[] values = column.Value.ValueKind == JsonValueKind.Array ? [.. column.Value.EnumerateArray().Select(Inner)] : [column.Value];
            Add(column.Name, values);
        }
    }

    /// <summary>Takes a column.</summary>
    public void Add(string name, JsonElement[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var declared = served.Inputs.FirstOrDefault(i => i.Name == name);
        if (declared?.Datatype == "BYTES" || (declared is null && Array.Exists(values, v => v.ValueKind == JsonValueKind.String && !IsNumber(v))))
        {
            var texts = new string?[values.Length];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = Text(name, i, values[i]);
            Request.Add(name, texts);
        }
        else
        {
            var numbers = new double[values.Length];
            for (var i = 0; i < numbers.Length; i++)
                numbers[i] = Number(name, i, values[i]);
            Request.Add(name, numbers);
        }
    }

    /// <summary>Throws when anything was wrong.</summary>
    public InferRequest Done() => _faults.Count == 0 ? Request : throw new HoldfastException("The rows do not fit.", _faults);

    private void AddObjects(JsonElement[] rows)
    {
        var columns = new Dictionary<string, JsonElement[]>(StringComparer.Ordinal);
        for (var i = 0; i < rows.Length; i++)
        {
            foreach (var value in rows[i].EnumerateObject())
            {
                if (!columns.TryGetValue(value.Name, out var column))
                    columns.Add(value.Name, column = new JsonElement[rows.Length]);
                column[i] = value.Value;
            }
        }

        if (columns.Count == 0)
            throw Refused("The rows have no values.", "Send objects such as {\"income\": 41000}.");
        foreach (var (name, values) in columns)
            Add(name, values);
    }

    private void AddInOrder(JsonElement[][] rows, string where)
    {
        if (rows[0].Length == served.Inputs.Count)
        {
            AddRows([.. served.Inputs.Select(i => i.Name)], rows, where);
            return;
        }

        throw Refused(
            $"A row of '{where}' has {rows[0].Length} values without names; the endpoint '{served.Name}' takes {served.Inputs.Count}: {string.Join(", ", served.Inputs.Select(i => i.Name))}.",
            "Send one value for each input in this order, or objects by name.");
    }

    // A column of a tensor [n, 1].
    private static JsonElement Inner(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 ? value[0] : value;

    private static bool IsNumber(JsonElement text) => text.GetString() is "NaN" or "Infinity" or "-Infinity";

    private double Number(string name, int row, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return value.GetDouble();
            case JsonValueKind.True:
                return 1;
            case JsonValueKind.False:
                return 0;
            case JsonValueKind.Null or JsonValueKind.Undefined:
                return double.NaN;
            case JsonValueKind.String when IsNumber(value):
                return double.Parse(value.GetString()!, CultureInfo.InvariantCulture);
            default:
                Fault(name, $"is a number; row {row} has {Short(value)}.");
                return double.NaN;
        }
    }

    private string? Text(string name, int row, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            Fault(name, $"is a text (BYTES); row {row} has {Short(value)}.");
        return null;
    }

    private void Fault(string field, string message)
    {
        if (_faults.Count < MostFaults)
            _faults.Add(new Fault(field, message));
    }

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 40 } text ? text[..40] + "…" : value.GetRawText();

    private static HoldfastException Refused(string message, string hint) => new(ErrorCode.InvalidArgument, message, hint);
}
