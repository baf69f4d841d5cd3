using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// One input tensor: a feature as a column, shape [n] or [n, 1]. Data may be nested in the shape or flat. JSON has no NaN: null and
/// "NaN" are missing.
/// </summary>
internal static class TensorReader
{
    private const long MaxRows = 1_000_000;

    public static void Read(ref Utf8JsonReader json, ReadOnlySpan<byte> body, InferRequest request)
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("an input is not an object.");
        string? name = null;
        string? datatype = null;
        (long Rows, int Rank)? shape = null;
        var dataFrom = -1;
        var dataUntil = -1;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("name"u8))
            {
                json.Read();
                name = json.GetString();
            }
            else if (json.ValueTextEquals("datatype"u8))
            {
                json.Read();
                datatype = json.GetString();
            }
            else if (json.ValueTextEquals("shape"u8))
            {
                shape = Shape(ref json, name);
            }
            else if (json.ValueTextEquals("data"u8))
            {
                // The members of an object have no order: the data may come before its type. It is read when the rest is known.
                json.Read();
                dataFrom = (int)json.TokenStartIndex;
                json.Skip();
                dataUntil = (int)json.BytesConsumed;
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        if (string.IsNullOrEmpty(name))
            throw Refused("An input has no name.", "Give every input the name of a feature.");
        if (datatype is null || shape is null || dataFrom < 0)
            throw Refused($"The input '{name}' has no {(datatype is null ? "datatype" : shape is null ? "shape" : "data")}.", "Send name, shape, datatype and data.");
        Data(body[dataFrom..dataUntil], request, name, datatype, shape.Value);
    }

    private static (long Rows, int Rank) Shape(ref Utf8JsonReader json, string? name)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("'shape' is not an array.");
        long rows = 1;
        var rank = 0;
        while (json.Read() && json.TokenType == JsonTokenType.Number)
        {
            var size = json.GetInt64();
            if (rank == 0)
                rows = size;
            if (size < 0 || (rank > 0 && size != 1) || rows > MaxRows)
                throw Refused($"The input '{name}' has a shape that is not supported: dimension {rank} is {size}.", $"A feature is a column: shape [n] or [n, 1], n up to {MaxRows:N0}.");
            rank++;
        }

        return rank == 0 ? (1, 1) : (rows, rank);
    }

    private static void Data(ReadOnlySpan<byte> data, InferRequest request, string name, string datatype, (long Rows, int Rank) shape)
    {
        var rows = (int)shape.Rows;
        // An element takes two bytes at least: a few bytes of shape must not make us reserve megabytes.
        if (data.Length < 2 * shape.Rows)
            throw WrongShape(name, shape, "the data has fewer elements");
        if (datatype == "BYTES")
        {
            var texts = new string?[rows];
            Fill(data, name, shape, (ref Utf8JsonReader json, int i) => texts[i] = Text(ref json, name));
            request.Add(name, texts);
            return;
        }

        var range = Ranges.GetValueOrDefault(datatype) ?? throw Refused(
            $"The input '{name}' has the datatype '{datatype}'.",
            datatype is "FP16" or "BF16" ? "It has no form in JSON; send FP32." : $"Use one of {string.Join(", ", Ranges.Keys)}, BYTES.");
        var numbers = new double[rows];
        Fill(data, name, shape, (ref Utf8JsonReader json, int i) => numbers[i] = Number(ref json, name, datatype, range));
        request.Add(name, numbers);
    }

    private delegate void Take(ref Utf8JsonReader json, int index);

    /// <summary>Walks the elements in row-major order, flat or nested; nesting must follow the shape.</summary>
    private static void Fill(ReadOnlySpan<byte> data, string name, (long Rows, int Rank) shape, Take take)
    {
        var json = new Utf8JsonReader(data);
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
            throw Refused($"The data of '{name}' is not an array.", "Send \"data\": [1.5, 2.5].");
        var (count, depth) = (0, 1);
        var inner = 0;
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
                if (inner > 1)
                    throw WrongShape(name, shape, "an inner array has more than one element");
            }
            else
            {
                if ((leaves ??= depth) != depth || (depth > 1 && depth != shape.Rank))
                    throw WrongShape(name, shape, "the nesting is another");
                if (count < shape.Rows)
                    take(ref json, count);
                count++;
                inner++;
            }
        }

        if (count != shape.Rows)
            throw WrongShape(name, shape, $"the data has {count} elements");
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
                throw Refused($"The input '{name}' is {datatype}, but an element is {json.TokenType.ToString().ToLowerInvariant()} '{json.GetString()}'.", "Send numbers, or the datatype BYTES.");
        }

        return !range.Whole || (value == Math.Floor(value) && value >= range.Low && value <= range.High)
            ? value
            : throw Refused($"The input '{name}' is {datatype}, which {value.ToString(CultureInfo.InvariantCulture)} is not.", "Send whole numbers in its range, or FP64.");
    }

    private static string? Text(ref Utf8JsonReader json, string name) => json.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => json.GetString(),
        _ => throw Refused($"The input '{name}' is BYTES, but an element is not a text.", "Send texts, or a numeric datatype."),
    };

    private static HoldfastException WrongShape(string name, (long Rows, int Rank) shape, string why) => Refused(
        $"The data of '{name}' does not have its shape [{shape.Rows}{string.Concat(Enumerable.Repeat(", 1", shape.Rank - 1))}]: {why}.", "Send as many elements as the product of the shape, flat or nested in it.");

    private static HoldfastException Refused(string message, string hint) => new(ErrorCode.InvalidArgument, message, hint);

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
