using System.Globalization;
using System.Text.Json;
using Holdfast.Serving;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.OpenInference;

/// <summary>Writes the answer to an infer request.</summary>
internal static class InferReply
{
    private static readonly JsonWriterOptions _options = new() { SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    public static async Task Write(HttpResponse response, string model, ParsedInfer parsed, InferAnswer answer, CancellationToken ct)
    {
        response.ContentType = "application/json";
        Write(response, model, parsed, answer);
        await response.BodyWriter.FlushAsync(ct);
    }

    private static void Write(HttpResponse response, string model, ParsedInfer parsed, InferAnswer answer)
    {
        // Synchronous from here to the last byte, so the writer is this thread's alone.
        var json = _writer ??= new Utf8JsonWriter(Stream.Null, _options);
        json.Reset(response.BodyWriter);
        var rows = answer.Ids.Length;
        json.WriteStartObject();
        json.WriteString("model_name"u8, model);
        if (answer.Version >= 0)
            json.WriteString("model_version"u8, answer.Version.ToString(CultureInfo.InvariantCulture));
        if (parsed.Request.Id is { } id)
            json.WriteString("id"u8, id);
        json.WriteStartObject("parameters"u8);
        json.WriteString("variant"u8, answer.Role);
        json.WriteString("model"u8, answer.Model);
        if (rows == 1)
            json.WriteString("prediction_id"u8, answer.Ids[0]);
        json.WriteEndObject();
        json.WriteStartArray("outputs"u8);
        if (Wanted(parsed, "score"))
        {
            Begin(json, "score"u8, "FP64"u8, rows);
            foreach (var outcome in answer.Outcomes)
            {
                if (double.IsFinite(outcome.Score))
                    json.WriteNumberValue(outcome.Score);
                else
                    json.WriteNullValue();
            }

            End(json);
        }

        if (Wanted(parsed, "prediction"))
        {
            Begin(json, "prediction"u8, "BYTES"u8, rows);
            foreach (var outcome in answer.Outcomes)
                json.WriteStringValue(outcome.Prediction);
            End(json);
        }

        // Without them no label could find its row, so they come even when only other outputs are asked for.
        if (rows > 1)
        {
            Begin(json, "prediction_id"u8, "BYTES"u8, rows);
            foreach (var row in answer.Ids)
                json.WriteStringValue(row);
            End(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        json.Reset(Stream.Null);
    }

    private static bool Wanted(ParsedInfer parsed, string output) => parsed.Outputs is null || parsed.Outputs.Contains(output);

    private static void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> datatype, int rows)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("datatype"u8, datatype);
        json.WriteStartArray("shape"u8);
        json.WriteNumberValue(rows);
        json.WriteEndArray();
        json.WriteStartArray("data"u8);
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
