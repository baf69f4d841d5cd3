using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;

namespace Holdfast.Client;

/// <summary>One answer of an endpoint.</summary>
/// <param name="PredictionId">Under which it is logged; labels name it.</param>
/// <param name="Score">Probability of the positive class, or the predicted value.</param>
/// <param name="Value">The predicted class or value, as text.</param>
/// <param name="Variant">Who answered: <c>primary</c>, <c>candidate</c> or <c>fallback</c>.</param>
/// <param name="ModelVersion">The version that answered, as the server names it; null for rules.</param>
public sealed record Prediction(string PredictionId, double Score, string Value, string Variant, string? ModelVersion);

/// <summary>Predictions over the Open Inference Protocol, and the labels that arrive later.</summary>
public sealed class EndpointsClient
{
    private readonly Transport _transport;

    internal EndpointsClient(Transport transport) => _transport = transport;

    /// <summary>Asks for one prediction.</summary>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="features">By name: numbers, texts and booleans; leave out (or null) what is not known.</param>
    /// <param name="key">Who or what it is about: the same key stays with the same variant.</param>
    /// <param name="eventTime">When it happens, on endpoints with an event clock.</param>
    /// <param name="ct">Ends the request.</param>
    public async Task<Prediction> Infer(string endpoint, IReadOnlyDictionary<string, object?> features, string? key = null, DateTimeOffset? eventTime = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        var inputs = new JsonArray();
        foreach (var (name, value) in features)
        {
            if (value is not null)
                inputs.Add(Tensor(name, value));
        }

        var request = new JsonObject { ["inputs"] = inputs };
        var parameters = new JsonObject();
        if (key is not null)
            parameters["key"] = key;
        if (eventTime is { } at)
            parameters["event_time"] = at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffK", CultureInfo.InvariantCulture);
        if (parameters.Count > 0)
            request["parameters"] = parameters;
        var answer = await _transport.Post<JsonElement>($"/v2/models/{Query.Part(endpoint)}/infer", request, ct);
        var stated = answer.GetProperty("parameters");
        return new Prediction(
            Text(stated, "prediction_id") ?? "",
            Output(answer, "score") is { ValueKind: JsonValueKind.Number } score ? score.GetDouble() : double.NaN,
            Output(answer, "prediction")?.ToString() ?? "",
            Text(stated, "variant") ?? "",
            Text(stated, "model_version") ?? Text(answer, "model_version"));
    }

    /// <summary>Sends labels of earlier predictions.</summary>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="labels">Prediction id and true value.</param>
    /// <param name="ct">Ends the request.</param>
    /// <returns>How many joined a prediction, wait for one, or name none.</returns>
    public Task<LabelsAnswer> AddLabels(string endpoint, IReadOnlyList<(string PredictionId, string Value)> labels, CancellationToken ct = default) =>
        _transport.Post<LabelsAnswer>(
            $"/api/v1/endpoints/{Query.Part(endpoint)}/labels",
            new LabelsRequest([.. labels.Select(l => new LabelBody(l.PredictionId, JsonSerializer.SerializeToElement(l.Value)))], Value: JsonSerializer.SerializeToElement<string?>(null)), ct);

    private static JsonObject Tensor(string name, object value)
    {
        var (datatype, data) = value switch
        {
            bool b => ("BOOL", JsonValue.Create(b)),
            string s => ("BYTES", JsonValue.Create(s)),
            sbyte or short or int or long or byte or ushort or uint => ("INT64", JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture))),
            float or double or decimal => ("FP64", JsonValue.Create(Convert.ToDouble(value, CultureInfo.InvariantCulture))),
            _ => throw new ArgumentException($"The feature '{name}' is a {value.GetType().Name}; use numbers, texts and booleans.", nameof(value)),
        };
        return new JsonObject { ["name"] = name, ["shape"] = new JsonArray(1), ["datatype"] = datatype, ["data"] = new JsonArray(data) };
    }

    private static JsonElement? Output(JsonElement answer, string name)
    {
        foreach (var output in answer.GetProperty("outputs").EnumerateArray())
        {
            if (output.GetProperty("name").GetString() == name && output.GetProperty("data") is { ValueKind: JsonValueKind.Array } data && data.GetArrayLength() > 0)
                return data[0];
        }

        return null;
    }

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value.ToString() : null;
}
