using System.Text.Json;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// One input tensor of a JSON body. Data may be nested in the shape or flat. JSON has no NaN: null and "NaN" are missing. A tensor
/// without data whose parameter <c>binary_data_size</c> is given has its bytes behind the JSON.
/// </summary>
internal static class TensorReader
{
    /// <summary>Reads a tensor into the request.</summary>
    /// <param name="json">Stands on the tensor's start.</param>
    /// <param name="body">The whole JSON.</param>
    /// <param name="raw">What is left of the bytes behind the JSON; shortened by what this tensor takes.</param>
    /// <param name="known">A name that this tensor may have: spares the text.</param>
    public static void Read(ref Utf8JsonReader json, ReadOnlySpan<byte> body, ref ReadOnlySpan<byte> raw, InferRequest request, string? known)
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("an input is not an object.");
        string? name = null;
        string? datatype = null;
        long[]? dimensions = null;
        long? binary = null;
        var dataFrom = -1;
        var dataUntil = -1;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("name"u8))
            {
                json.Read();
                name = known is not null && json.TokenType == JsonTokenType.String && json.ValueTextEquals(known) ? known : json.GetString();
            }
            else if (json.ValueTextEquals("datatype"u8))
            {
                json.Read();
                datatype = json.TokenType == JsonTokenType.String && json.ValueTextEquals("FP64"u8) ? "FP64" : json.GetString();
            }
            else if (json.ValueTextEquals("shape"u8))
            {
                dimensions = Dimensions(ref json);
            }
            else if (json.ValueTextEquals("data"u8))
            {
                // The members of an object have no order: the data may come before its type. It is read when the rest is known.
                json.Read();
                dataFrom = (int)json.TokenStartIndex;
                json.Skip();
                dataUntil = (int)json.BytesConsumed;
            }
            else if (json.ValueTextEquals("parameters"u8))
            {
                json.Read();
                binary = BinarySize(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        if (string.IsNullOrEmpty(name))
            throw TensorShape.Refused("An input has no name.", "Give every input the name of a feature.");
        if (datatype is null || dimensions is null || (dataFrom < 0 && binary is null))
            throw TensorShape.Refused($"The input '{name}' has no {(datatype is null ? "datatype" : dimensions is null ? "shape" : "data")}.", "Send name, shape, datatype and data.");
        if (dataFrom >= 0 && binary is not null)
            throw TensorShape.Refused($"The input '{name}' has data and binary_data_size.", "Send its values once: as JSON, or as bytes.");
        var shape = TensorShape.Of(name, dimensions);
        if (binary is { } size)
            TensorBytes.Read(Take(ref raw, size, name), request, name, datatype, shape);
        else
            JsonTensor.Read(body[dataFrom..dataUntil], request, name, datatype, shape);
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> raw, long size, string name)
    {
        if (size < 0 || size > raw.Length)
            throw TensorShape.Refused($"The input '{name}' has a binary_data_size of {size:N0} bytes, but {raw.Length:N0} are left behind the JSON.", "Send the header Inference-Header-Content-Length with the length of the JSON, and the tensors behind it in their order.");
        var own = raw[..(int)size];
        raw = raw[(int)size..];
        return own;
    }

    private static long[] Dimensions(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("'shape' is not an array.");
        Span<long> sizes = stackalloc long[8];
        var rank = 0;
        while (json.Read() && json.TokenType == JsonTokenType.Number)
        {
            if (rank == sizes.Length)
                throw new JsonException("'shape' has more than eight dimensions.");
            sizes[rank++] = json.GetInt64();
        }

        return sizes[..rank] is [1] ? TensorShape.One : sizes[..rank].ToArray();
    }

    private static long? BinarySize(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
            return null;
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("'parameters' is not an object.");
        long? size = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isSize = json.ValueTextEquals("binary_data_size"u8);
            json.Read();
            if (isSize)
                size = json.GetInt64();
            else
                json.Skip();
        }

        return size;
    }
}
