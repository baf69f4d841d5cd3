using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Serving;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.Scoring;

/// <summary>The answer of V1 and of MLflow's scoring: <c>{"predictions": [...]}</c>, with scores and prediction ids beside them.</summary>
internal static class PredictionsReply
{
    public static async Task Write(HttpResponse response, InferAnswer answer, CancellationToken ct)
    {
        InferHeaders.Tell(response, answer);
        response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(response.BodyWriter))
            Write(json, answer);
        await response.BodyWriter.FlushAsync(ct);
    }

    /// <summary>A prediction as JSON: a number where its text is one.</summary>
    public static void Value(Utf8JsonWriter json, string prediction)
    {
        if (double.TryParse(prediction, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number.ToString("R", CultureInfo.InvariantCulture) == prediction)
            json.WriteRawValue(prediction);
        else
            json.WriteStringValue(prediction);
    }

    private static void Write(Utf8JsonWriter json, InferAnswer answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("predictions"u8);
        foreach (var outcome in answer.Outcomes)
            Value(json, outcome.Prediction);
        json.WriteEndArray();
        json.WriteStartArray("scores"u8);
        foreach (var outcome in answer.Outcomes)
        {
            if (double.IsFinite(outcome.Score))
                json.WriteNumberValue(outcome.Score);
            else
                json.WriteNullValue();
        }

        json.WriteEndArray();
        if (answer.Explanations is { } why)
        {
            json.WritePropertyName("explanations"u8);
            JsonSerializer.Serialize(json, why, HoldfastJson.Options);
        }

        json.WriteStartArray("prediction_ids"u8);
        foreach (var id in answer.Ids)
            json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
