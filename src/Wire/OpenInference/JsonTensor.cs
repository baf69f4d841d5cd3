using System.Globalization;
using System.Text.Json;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference;

/// <summary>The values of a tensor as JSON writes them.</summary>
internal static class JsonTensor
{
    public static void Read(ReadOnlySpan<byte> data, InferRequest request, string name, string datatype, TensorShape shape)
    {
        // An element takes two bytes at least: a few bytes of shape must not make us reserve megabytes.
        if (data.Length < 2L * shape.Count)
            throw shape.Wrong(name, "the data has fewer elements");
        if (datatype == "BYTES")
        {
            var texts = new string?[shape.Count];
            Fill(data, name, shape, (ref Utf8JsonReader json, int i) => texts[i] = Text(ref json, name));
            shape.Put(request, name, texts);
            return;
        }

        var range = Ranges.GetValueOrDefault(datatype) ?? throw TensorShape.Refused(
            $"The input '{name}' has the datatype '{datatype}'.",
            datatype is "FP16" or "BF16" ? "It has no form in JSON; send FP32, or the tensor as bytes." : $"Use one of {string.Join(", ", Ranges.Keys)}, BYTES.");
        var numbers = new double[shape.Count];
        if (shape.Count == 1 && datatype == "FP64" && One(data, out numbers[0]))
        {
            shape.Put(request, name, numbers);
            return;
        }

        Fill(data, name, shape, (ref Utf8JsonReader json, int i) => numbers[i] = Number(ref json, name, datatype, range));
        shape.Put(request, name, numbers);
    }

    private delegate void Take(ref Utf8JsonReader json, int index);

    /// <summary>The commonest tensor: <c>[1.5]</c>.</summary>
    private static bool One(ReadOnlySpan<byte> data, out double value)
    {
        value = 0;
        return data is [(byte)'[', .., (byte)']'] && System.Buffers.Text.Utf8Parser.TryParse(data[1..^1], out value, out var used) && used == data.Length - 2 && double.IsFinite(value);
    }

    /// <summary>Walks the elements in row-major order, flat or nested; nesting must follow the shape.</summary>
    private static void Fill(ReadOnlySpan<byte> data, string name, TensorShape shape, Take take)
    {
        var json = new Utf8JsonReader(data);
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw TensorShape.Refused($"The data of '{name}' is not an array.", "Send \"data\": [1.5, 2.5].");
        var (count, depth, inner) = (0, 1, 0);
        int? leaves = null;
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.StartArray)
            {
                depth++;
                inner = 0;
            }
            else if (json.TokenType == JsonTokenType.EndArray)
            {
                if (--depth == 0)
                    break;
                if (inner > shape.Width)
                    throw shape.Wrong(name, $"an inner array has more than {(shape.Width == 1 ? "one element" : $"{shape.Width} elements")}");
                if (inner > 0 && inner < shape.Width)
                    throw shape.Wrong(name, $"an inner array has {inner} elements");
                inner = 0;
            }
            else
            {
                if ((leaves ??= depth) != depth || (depth > 1 && depth != shape.Rank))
                    throw shape.Wrong(name, "the nesting is another");
                if (count < shape.Count)
                    take(ref json, count);
                count++;
                inner++;
            }
        }

        if (count != shape.Count)
            throw shape.Wrong(name, $"the data has {count} elements");
    }

    private static double Number(ref Utf8JsonReader json, string name, string datatype, Range range)
    {
        double value;
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                return double.NaN;
            case JsonTokenType.True or JsonTokenType.False:
                return json.GetBoolean() ? 1 : 0;
            case JsonTokenType.Number:
                value = json.GetDouble();
                break;
            case JsonTokenType.String when json.GetString() is "NaN" or "Infinity" or "-Infinity":
                value = double.Parse(json.GetString()!, CultureInfo.InvariantCulture);
                if (range.Whole && double.IsNaN(value))
                    return value;
                break;
            default:
                throw TensorShape.Refused($"The input '{name}' is {datatype}, but an element is {json.TokenType.ToString().ToLowerInvariant()} '{(json.TokenType == JsonTokenType.String ? json.GetString() : "")}'.", "Send numbers, or the datatype BYTES.");
        }

        return !range.Whole || (value == Math.Floor(value) && value >= range.Low && value <= range.High)
            ? value
            : throw TensorShape.Refused($"The input '{name}' is {datatype}, which {value.ToString(CultureInfo.InvariantCulture)} is not.", "Send whole numbers in its range, or FP64.");
    }

    private static string? Text(ref Utf8JsonReader json, string name) => json.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => json.GetString(),
        _ => throw TensorShape.Refused($"The input '{name}' is BYTES, but an element is not a text.", "Send texts, or a numeric datatype."),
    };

    private sealed record Range(bool Whole, double Low, double High);

    private static readonly Dictionary<string, Range> Ranges = new(StringComparer.Ordinal)
    {
        ["BOOL"] = new(true, 0, 1),
        ["UINT8"] = new(true, 0, byte.MaxValue),
        ["UINT16"] = new(true, 0, ushort.MaxValue),
        ["UINT32"] = new(true, 0, uint.MaxValue),
        ["UINT64"] = new(true, 0, ulong.MaxValue),
        ["INT8"] = new(true, sbyte.MinValue, sbyte.MaxValue),
        ["INT16"] = new(true, short.MinValue, short.MaxValue),
        ["INT32"] = new(true, int.MinValue, int.MaxValue),
        ["INT64"] = new(true, long.MinValue, long.MaxValue),
        ["FP32"] = new(false, 0, 0),
        ["FP64"] = new(false, 0, 0),
    };
}
