using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Serving;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Wire.OpenInference;

/// <summary>An output that was asked for.</summary>
/// <param name="Binary">Whether it is wanted as bytes; null = as the request says for all.</param>
internal readonly record struct WantedOutput(string Name, bool? Binary);

/// <summary>A parsed infer request.</summary>
/// <param name="Outputs">The outputs that were asked for; null = all.</param>
/// <param name="Binary">Whether outputs are wanted as bytes that do not say otherwise.</param>
internal sealed record ParsedInfer(InferRequest Request, IReadOnlyList<WantedOutput>? Outputs, bool Binary)
{
    /// <summary>Whether an output is wanted, and as bytes.</summary>
    public (bool Wanted, bool Binary) Of(string output)
    {
        if (Outputs is null)
            return (true, Binary);
        foreach (var wanted in Outputs)
        {
            if (wanted.Name == output)
                return (true, wanted.Binary ?? Binary);
        }

        return (false, false);
    }

    /// <summary>The output's name, if there is one of that name.</summary>
    public static string Known(string? output) => output is "score" or "prediction" or "prediction_id"
        ? output
        : throw new HoldfastException(ErrorCode.InvalidArgument, $"There is no output '{output}'.", "The outputs are score, prediction and prediction_id.");
}

/// <summary>Reads the body of an infer request straight from the bytes into columns: no tree, no strings but the values.</summary>
internal static class InferBody
{
    /// <summary>Says how many bytes of the body are JSON; the rest are tensors.</summary>
    public const string LengthHeader = "Inference-Header-Content-Length";

    /// <param name="known">Names that the inputs probably have, in their order.</param>
    public static async ValueTask<ParsedInfer> Read(HttpRequest request, IReadOnlyList<string> known, CancellationToken ct)
    {
        long? jsonLength = null;
        if (request.Headers.TryGetValue(LengthHeader, out var header) && header.Count > 0)
        {
            jsonLength = long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                ? length
                : throw new HoldfastException(ErrorCode.InvalidArgument, $"The header {LengthHeader} is '{header}'.", "Send the number of bytes of the JSON part of the body.");
        }

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
                return Parse(read.Buffer, jsonLength, known);
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    /// <summary>Parses a whole body.</summary>
    public static ParsedInfer Parse(ReadOnlySequence<byte> body, long? jsonLength, IReadOnlyList<string> known)
    {
        if (body.IsSingleSegment)
            return Parse(body.FirstSpan, jsonLength, known);
        var rented = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(rented);
            return Parse(rented.AsSpan(0, (int)body.Length), jsonLength, known);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Parses a whole body.</summary>
    public static ParsedInfer Parse(ReadOnlySpan<byte> body, long? jsonLength, IReadOnlyList<string> known)
    {
        if (jsonLength > body.Length)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The header {LengthHeader} says {jsonLength:N0} bytes of JSON, the body has {body.Length:N0} bytes.", "Send the number of bytes of the JSON part of the body.");
        var split = (int)(jsonLength ?? body.Length);
        var text = body[..split];
        var raw = body[split..];
        ParsedInfer parsed;
        try
        {
            var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 16 });
            parsed = Parse(ref json, text, ref raw, known);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"The body is not an infer request: {e.Message}", "Send {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}, ...]}.", e);
        }

        return raw.IsEmpty
            ? parsed
            : throw new HoldfastException(ErrorCode.InvalidArgument, $"{raw.Length:N0} bytes are left behind the JSON and its tensors.", "The binary_data_size of the inputs must add up to what follows the JSON.");
    }

    private static ParsedInfer Parse(ref Utf8JsonReader json, ReadOnlySpan<byte> body, ref ReadOnlySpan<byte> raw, IReadOnlyList<string> known)
    {
        var request = new InferRequest();
        List<WantedOutput>? outputs = null;
        var inputs = false;
        var binary = false;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("it is not an object.");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("inputs"u8))
            {
                inputs = true;
                Begin(ref json, JsonTokenType.StartArray, "inputs");
                var i = 0;
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    TensorReader.Read(ref json, body, ref raw, request, i < known.Count ? known[i] : null);
                    i++;
                }
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
                    binary = Parameters(ref json, request);
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
        return new ParsedInfer(request, outputs, binary);
    }

    /// <summary>Reads the parameters; the result says whether all outputs are wanted as bytes.</summary>
    private static bool Parameters(ref Utf8JsonReader json, InferRequest request)
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("'parameters' is not an object.");
        var binary = false;
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
            else if (json.ValueTextEquals("explain"u8))
            {
                json.Read();
                request.Explain = json.GetBoolean();
            }
            else if (json.ValueTextEquals("binary_data_output"u8))
            {
                json.Read();
                binary = json.GetBoolean();
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        return binary;
    }

    private static List<WantedOutput> Outputs(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("'outputs' is not an array.");
        var wanted = new List<WantedOutput>();
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            string? name = null;
            bool? binary = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("name"u8))
                {
                    json.Read();
                    name = ParsedInfer.Known(json.GetString());
                }
                else if (json.ValueTextEquals("parameters"u8))
                {
                    json.Read();
                    binary = Binary(ref json);
                }
                else
                {
                    json.Read();
                    json.Skip();
                }
            }

            wanted.Add(new WantedOutput(name ?? ParsedInfer.Known(name), binary));
        }

        return wanted;
    }

    private static bool? Binary(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
            return null;
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("'parameters' is not an object.");
        bool? binary = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var own = json.ValueTextEquals("binary_data"u8);
            json.Read();
            if (own)
                binary = json.GetBoolean();
            else
                json.Skip();
        }

        return binary;
    }

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
