using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Predictions;

/// <summary>The rows of a response.</summary>
internal sealed record ServingAnswers(IReadOnlyList<(double Score, string Prediction)> Rows, string? Model, int Version);

/// <summary>Bodies of foreign model servers: version 2 of the Open Inference Protocol (<c>inputs</c>, <c>outputs</c>) and version 1 (<c>instances</c>, <c>predictions</c>).</summary>
internal static class ServingBody
{
    private const int MostRows = 10_000;
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 32 };

    /// <summary>Features by row.</summary>
    public static IReadOnlyList<IReadOnlyList<FeatureValue>> Rows(byte[] body) => Read(body, "request", root =>
    {
        if (root.TryGetProperty("instances", out var instances))
            return Limited([.. instances.EnumerateArray().Select((instance, _) => Instance(instance))]);
        var columns = root.GetProperty("inputs").EnumerateArray().SelectMany(Columns).ToList();
        var count = columns.Count == 0 ? 0 : columns[0].Values.Count;
        if (columns.Find(c => c.Values.Count != count) is { Name: not null } odd)
            throw new FormatException($"the input '{odd.Name}' has {odd.Values.Count} rows, the first has {count}");
        return Limited([.. Enumerable.Range(0, count).Select(row => (IReadOnlyList<FeatureValue>)[.. columns.Select(c => Feature(c.Name, c.Values[row]))])]);
    });

    /// <summary>Score and answer by row: an output called <c>score</c> or the first numbers are the score, one called <c>prediction</c> or the first output is the answer.</summary>
    public static ServingAnswers Answers(byte[] body) => Read(body, "response", root =>
    {
        var model = root.TryGetProperty("model_name", out var name) ? name.GetString() : null;
        var version = root.TryGetProperty("model_version", out var v) && int.TryParse(v.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        if (root.TryGetProperty("predictions", out var predictions))
            return new ServingAnswers(Limited([.. predictions.EnumerateArray().Select(p => (Score(p), Answer(p)))]), model, version);
        var outputs = root.GetProperty("outputs").EnumerateArray().SelectMany(Columns).ToList();
        if (outputs.Count == 0)
            throw new FormatException("it has no outputs");
        var answer = outputs.Find(o => o.Name is "prediction" or "predict") is { Name: not null } named ? named : outputs[0];
        var score = outputs.Find(o => o.Name == "score") is { Name: not null } scored ? scored
            : outputs.FindLast(o => o.Values.All(x => x.ValueKind is JsonValueKind.Number)) is { Name: not null } numbers ? numbers : answer;
        return new ServingAnswers(Limited([.. answer.Values.Select((a, i) => (i < score.Values.Count ? Score(score.Values[i]) : double.NaN, Answer(a)))]), model, version);
    });

    private static IReadOnlyList<FeatureValue> Instance(JsonElement instance) => instance.ValueKind switch
    {
        JsonValueKind.Object => [.. instance.EnumerateObject().Select(p => Feature(p.Name, p.Value))],
        JsonValueKind.Array => [.. instance.EnumerateArray().Select((value, i) => Feature($"input_{i}", value))],
        _ => [Feature("input_0", instance)],
    };

    // [N] and [N, 1] are one column; [N, F] are F of them, named by their place.
    private static IEnumerable<(string Name, IReadOnlyList<JsonElement> Values)> Columns(JsonElement tensor)
    {
        var name = tensor.GetProperty("name").GetString() ?? "";
        var shape = tensor.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToList();
        if (!tensor.TryGetProperty("data", out var data))
            throw new FormatException($"the tensor '{name}' has no data; binary tensors are not read here");
        var flat = Flat(data).ToList();
        var rows = shape.Count == 0 ? 1 : shape[0];
        var width = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
        if (rows < 0 || width < 1 || rows * width != flat.Count)
            throw new FormatException($"the tensor '{name}' has the shape [{string.Join(", ", shape)}] and {flat.Count} values");
        if (width == 1)
            return [(name, flat)];
        return Enumerable.Range(0, (int)width).Select(i => ($"{name}_{i}", (IReadOnlyList<JsonElement>)[.. Enumerable.Range(0, (int)rows).Select(r => flat[(int)((r * width) + i)])]));
    }

    private static IEnumerable<JsonElement> Flat(JsonElement data) => data.ValueKind == JsonValueKind.Array ? data.EnumerateArray().SelectMany(Flat) : [data];

    private static FeatureValue Feature(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => FeatureValue.Of(name, value.GetDouble()),
        JsonValueKind.True => FeatureValue.Of(name, 1),
        JsonValueKind.False => FeatureValue.Of(name, 0),
        JsonValueKind.String => FeatureValue.Of(name, value.GetString()),
        JsonValueKind.Null => FeatureValue.Of(name, double.NaN),
        _ => FeatureValue.Of(name, value.GetRawText()),
    };

    private static double Score(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.Array when value.GetArrayLength() > 0 => Score(value[value.GetArrayLength() - 1]),
        JsonValueKind.Object when value.TryGetProperty("score", out var score) => Score(score),
        _ => double.NaN,
    };

    private static string Answer(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object when value.TryGetProperty("prediction", out var named) => Answer(named),
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static List<T> Limited<T>(List<T> rows) => rows.Count is > 0 and <= MostRows ? rows : throw new FormatException($"it has {rows.Count:N0} rows; 1 to {MostRows:N0} are taken");

    private static T Read<T>(byte[] body, string what, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(body, _options);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body of the event is no {what} that can be read: {e.Message}", "Send the JSON body of the Open Inference Protocol (inputs, outputs) or of version 1 (instances, predictions).", e);
        }
    }
}
