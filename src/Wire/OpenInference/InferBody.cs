using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Serving;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.OpenInference;

/// <summary>A parsed infer request.</summary>
/// <param name="Outputs">The outputs that were asked for; null = all.</param>
internal sealed record ParsedInfer(InferRequest Request, IReadOnlyList<string>? Outputs);

/// <summary>Reads the body of an infer request straight from the bytes into columns: no tree, no strings but the values.</summary>
internal static class InferBody
{
    public static async ValueTask<ParsedInfer> Read(HttpRequest request, CancellationToken ct)
    {
        if (request.Headers.ContainsKey("Inference-Header-Content-Length"))
            throw new HoldfastException(ErrorCode.Unsupported, "Binary tensor data is not supported.", "Send the tensors as JSON in 'data'; GET /v2 lists the extensions.");
        var reader = request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            if (!read.IsCompleted)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            try
            {
                return Parse(read.Buffer);
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    /// <summary>Parses a whole body.</summary>
    public static ParsedInfer Parse(ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
            return Parse(body.FirstSpan);
        var rented = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(rented);
            return Parse(rented.AsSpan(0, (int)body.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Parses a whole body.</summary>
    public static ParsedInfer Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 16 });
            return Parse(ref json, body);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not an infer request: {e.Message}", "Send {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}, ...]}.", e);
        }
    }

    private static ParsedInfer Parse(ref Utf8JsonReader json, ReadOnlySpan<byte> body)
    {
        var request = new InferRequest();
        List<string>? outputs = null;
        var inputs = false;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("it is not an object.");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("inputs"u8))
            {
                inputs = true;
                Begin(ref json, JsonTokenType.StartArray, "inputs");
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                    TensorReader.Read(ref json, body, request);
            }
            else if (json.ValueTextEquals("id"u8))
            {
                json.Read();
                request.Id = json.TokenType == JsonTokenType.Null ? null : json.GetString();
            }
            else if (json.ValueTextEquals("parameters"u8))
            {
                json.Read();
                if (json.TokenType != JsonTokenType.Null)
                    Parameters(ref json, request);
            }
            else if (json.ValueTextEquals("outputs"u8))
            {
                json.Read();
                if (json.TokenType != JsonTokenType.Null)
                    outputs = Outputs(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        if (json.Read())
            throw new JsonException("something follows after its end.");
        if (!inputs || request.Rows < 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, "The request has no inputs.", "Send {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}, ...]}.");
        return new ParsedInfer(request, outputs);
    }

    private static void Parameters(ref Utf8JsonReader json, InferRequest request)
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("'parameters' is not an object.");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("key"u8))
            {
                json.Read();
                request.Key = Text(ref json);
            }
            else if (json.ValueTextEquals("event_time"u8))
            {
                json.Read();
                request.EventTime = json.TokenType == JsonTokenType.Number ? EventTimes.FromUnixMilliseconds(json.GetDouble()) : EventTimes.Parse(Text(ref json));
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
    }

    private static List<string> Outputs(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("'outputs' is not an array.");
        var names = new List<string>();
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isName = json.ValueTextEquals("name"u8);
                json.Read();
                if (isName)
                    names.Add(Known(json.GetString()));
                else
                    json.Skip();
            }
        }

        return names;
    }

    private static string Known(string? output) => output is "score" or "prediction" or "prediction_id"
        ? output
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"There is no output '{output}'.", "The outputs are score, prediction and prediction_id.");

    private static string? Text(ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => json.GetString(),
        JsonTokenType.Number => json.TryGetInt64(out var whole) ? whole.ToString(CultureInfo.InvariantCulture) : json.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => throw new JsonException("a parameter is a text, a number or a boolean."),
    };

    private static void Begin(ref Utf8JsonReader json, JsonTokenType token, string name)
    {
        if (!json.Read() || json.TokenType != token)
            throw new JsonException($"'{name}' is not an array.");
    }
}
