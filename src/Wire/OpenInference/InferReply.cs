using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
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
        InferHeaders.Tell(response, answer);
        if (AnyBinary(parsed, answer))
        {
            var json = new ArrayBufferWriter<byte>();
            Write(json, model, parsed, answer);
            response.ContentType = "application/octet-stream";
            response.Headers[InferBody.LengthHeader] = json.WrittenCount.ToString(CultureInfo.InvariantCulture);
            response.BodyWriter.Write(json.WrittenSpan);
            WriteBytes(response.BodyWriter, parsed, answer);
        }
        else
        {
            response.ContentType = "application/json";
            Write(response.BodyWriter, model, parsed, answer);
        }

        await response.BodyWriter.FlushAsync(ct);
    }

    private static bool AnyBinary(ParsedInfer parsed, InferAnswer answer) =>
        parsed.Of("score").Binary || parsed.Of("prediction").Binary || (HasIds(parsed, answer) && parsed.Of("prediction_id").Binary);

    // Without them no label could find its row, so they come even when only other outputs are asked for; the id of a single row stands among the parameters.
    private static bool HasIds(ParsedInfer parsed, InferAnswer answer) =>
        answer.Ids.Length > 1 || (parsed.Outputs is not null && parsed.Of("prediction_id").Wanted);

    private static void Write(IBufferWriter<byte> to, string model, ParsedInfer parsed, InferAnswer answer)
    {
        // Synchronous from here to the last byte, so the writer is this thread's alone.
        var json = _writer ??= new Utf8JsonWriter(Stream.Null, _options);
        json.Reset(to);
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
        var score = parsed.Of("score");
        if (score.Wanted)
        {
            Begin(json, "score"u8, "FP64"u8, rows);
            if (score.Binary)
            {
                Size(json, rows * sizeof(double));
            }
            else
            {
                json.WriteStartArray("data"u8);
                foreach (var outcome in answer.Outcomes)
                {
                    if (double.IsFinite(outcome.Score))
                        json.WriteNumberValue(outcome.Score);
                    else
                        json.WriteNullValue();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        var prediction = parsed.Of("prediction");
        if (prediction.Wanted)
            Texts(json, "prediction"u8, rows, prediction.Binary, i => answer.Outcomes[i].Prediction);
        // One JSON document a row: the protocol has no tensors of objects. Null where the fallback answered.
        if (answer.Explanations is { } why)
            Texts(json, "explanation"u8, rows, false, i => JsonSerializer.Serialize(why[i], HoldfastJson.Options));
        if (HasIds(parsed, answer))
            Texts(json, "prediction_id"u8, rows, parsed.Of("prediction_id").Binary, i => answer.Ids[i]);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        json.Reset(Stream.Null);
    }

    private static void WriteBytes(IBufferWriter<byte> to, ParsedInfer parsed, InferAnswer answer)
    {
        if (parsed.Of("score").Binary)
            TensorBytes.Write(to, Array.ConvertAll(answer.Outcomes, o => o.Score));
        if (parsed.Of("prediction").Binary)
        {
            foreach (var outcome in answer.Outcomes)
                TensorBytes.Write(to, outcome.Prediction);
        }

        if (HasIds(parsed, answer) && parsed.Of("prediction_id").Binary)
        {
            foreach (var id in answer.Ids)
                TensorBytes.Write(to, id);
        }
    }

    private static void Texts(Utf8JsonWriter json, ReadOnlySpan<byte> name, int rows, bool binary, Func<int, string> text)
    {
        Begin(json, name, "BYTES"u8, rows);
        if (binary)
        {
            var size = 0;
            for (var i = 0; i < rows; i++)
                size += TensorBytes.Length(text(i));
            Size(json, size);
        }
        else
        {
            json.WriteStartArray("data"u8);
            for (var i = 0; i < rows; i++)
                json.WriteStringValue(text(i));
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> datatype, int rows)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("datatype"u8, datatype);
        json.WriteStartArray("shape"u8);
        json.WriteNumberValue(rows);
        json.WriteEndArray();
    }

    private static void Size(Utf8JsonWriter json, int bytes)
    {
        json.WriteStartObject("parameters"u8);
        json.WriteNumber("binary_data_size"u8, bytes);
        json.WriteEndObject();
    }
}
