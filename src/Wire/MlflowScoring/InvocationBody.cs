using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Serving;

namespace Holdfast.Wire.MlflowScoring;

/// <summary>The JSON body of an invocation: exactly one of four forms, and parameters.</summary>
internal static class InvocationBody
{
    private static readonly string[] _forms = ["dataframe_split", "dataframe_records", "instances", "inputs"];
    private static readonly string[] _unwrapped = ["messages", "prompt", "input"];

    public static InferRequest Read(JsonElement body, ServedModel served)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw Refused("The body is not an object.");
        var given = _forms.Where(f => body.TryGetProperty(f, out _)).ToList();
        if (given.Count == 0 && _unwrapped.FirstOrDefault(u => body.TryGetProperty(u, out _)) is { } unwrapped)
            throw Refused($"The body is for a language model ('{unwrapped}'); the endpoint '{served.Name}' answers rows of features.");
        if (given.Count != 1)
            throw Refused(given.Count == 0 ? "The body has none of the forms of an invocation." : $"The body has {string.Join(" and ", given)} at once.");
        var rows = new JsonRows(served);
        var value = body.GetProperty(given[0]);
        switch (given[0])
        {
            case "dataframe_split":
                Split(value, rows);
                break;
            case "inputs" when value.ValueKind == JsonValueKind.Object:
                rows.AddColumns(value);
                break;
            default:
                rows.AddRows(value, given[0]);
                break;
        }

        var request = rows.Done();
        if (body.TryGetProperty("params", out var parameters))
            Parameters(parameters, request);
        return request;
    }

    private static void Split(JsonElement split, JsonRows rows)
    {
        if (split.ValueKind != JsonValueKind.Object || !split.TryGetProperty("columns", out var columns) || columns.ValueKind != JsonValueKind.Array
            || !split.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array)
            throw Refused("'dataframe_split' has not 'columns' and 'data' as lists.");
        var lists = data.EnumerateArray().ToArray();
        var odd = Array.FindIndex(lists, r => r.ValueKind != JsonValueKind.Array);
        if (odd >= 0)
            throw Refused($"'dataframe_split.data[{odd}]' is not a list.");
        if (lists.Length == 0)
            throw Refused("'dataframe_split.data' is empty.");
        rows.AddRows([.. columns.EnumerateArray().Select(c => c.ToString())], Array.ConvertAll(lists, r => r.EnumerateArray().ToArray()), "dataframe_split.data");
    }

    private static void Parameters(JsonElement parameters, InferRequest request)
    {
        if (parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            throw Refused("'params' is not an object.");
        if (parameters.ValueKind == JsonValueKind.Null)
            return;
        if (parameters.TryGetProperty("key", out var key) && key.ValueKind != JsonValueKind.Null)
            request.Key = key.ToString();
        if (parameters.TryGetProperty("event_time", out var at) && at.ValueKind != JsonValueKind.Null)
            request.EventTime = at.ValueKind == JsonValueKind.Number ? EventTimes.FromUnixMilliseconds(at.GetDouble()) : EventTimes.Parse(Convert.ToString(at, CultureInfo.InvariantCulture));
    }

    private static HoldfastException Refused(string message) =>
        new(ErrorCode.InvalidArgument, message, $"Send an object with exactly one of {string.Join(", ", _forms)}, and params if you like.");
}
