using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Serving;

/// <summary>Rows that come as objects, one a row, turned into columns: all names of all rows, what a row lacks is missing.</summary>
public static class RowObjects
{
    /// <summary>A request of these rows. A column whose values are numbers, booleans or null is one of numbers, else all of it must be texts.</summary>
    /// <exception cref="HoldfastException">No rows, or a column that mixes texts and numbers, or holds lists; all faults at once.</exception>
    public static InferRequest Request(IReadOnlyList<IReadOnlyDictionary<string, JsonElement>> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var request = new InferRequest();
        var faults = new List<Fault>();
        foreach (var name in rows.SelectMany(r => r.Keys).Distinct(StringComparer.Ordinal))
        {
            var values = rows.Select(r => r.TryGetValue(name, out var value) ? value : default).ToArray();
            var isText = values.Any(v => v.ValueKind == JsonValueKind.String);
            if (Array.FindIndex(values, v => isText ? v.ValueKind is not (JsonValueKind.String or JsonValueKind.Null or JsonValueKind.Undefined) : v.ValueKind is JsonValueKind.Object or JsonValueKind.Array) is >= 0 and var odd)
                faults.Add(new Fault($"rows[{odd}].{name}", $"is {values[odd].GetRawText()}, {(isText ? "and another row has a text there" : "not a number, text or boolean")}", "Send one kind of value for a feature."));
            else if (isText)
                request.Add(name, Array.ConvertAll(values, v => v.ValueKind == JsonValueKind.String ? v.GetString() : null));
            else
                request.Add(name, Array.ConvertAll(values, Number));
        }

        if (faults.Count > 0)
            throw new HoldfastException("The rows cannot be read.", faults);
        return request.Rows > 0 ? request : throw new HoldfastException(ErrorCode.InvalidArgument, "The request has no rows.", "Send {\"rows\": [{\"income\": 1200, \"purpose\": \"car\"}]}.");
    }

    private static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => double.NaN,
    };
}
