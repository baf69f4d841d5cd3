using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Holdfast.Serving;

namespace Holdfast.Wire.OpenInference;

/// <summary>
/// Tensors as bytes: little-endian, row-major, without padding; a BOOL is a byte 0 or 1, a text its length (32 bits) and its UTF-8. The
/// same layout behind a REST body and in the raw contents of gRPC.
/// </summary>
internal static class TensorBytes
{
    private static readonly UTF8Encoding _utf8 = new(false, throwOnInvalidBytes: true);

    public static void Read(ReadOnlySpan<byte> bytes, InferRequest request, string name, string datatype, TensorShape shape)
    {
        if (datatype == "BYTES")
        {
            shape.Put(request, name, Texts(bytes, name, shape));
            return;
        }

        var size = Size(datatype);
        if (size == 0)
            throw TensorShape.Refused($"The input '{name}' has the datatype '{datatype}'.", "Use one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES.");
        if (bytes.Length != (long)size * shape.Count)
            throw TensorShape.Refused($"The input '{name}' has {bytes.Length:N0} bytes; {shape.Count:N0} values of {datatype} are {(long)size * shape.Count:N0}.", "Send the product of the shape times the size of a value.");
        var values = new double[shape.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Value(bytes.Slice(i * size, size), datatype, name);
        shape.Put(request, name, values);
    }

    /// <summary>Numbers as FP64.</summary>
    public static void Write(IBufferWriter<byte> to, ReadOnlySpan<double> values)
    {
        var span = to.GetSpan(values.Length * sizeof(double));
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteDoubleLittleEndian(span[(i * sizeof(double))..], values[i]);
        to.Advance(values.Length * sizeof(double));
    }

    /// <summary>Texts, each with its length before it.</summary>
    public static void Write(IBufferWriter<byte> to, string text)
    {
        var span = to.GetSpan(sizeof(uint) + Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = Encoding.UTF8.GetBytes(text, span[sizeof(uint)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span, (uint)length);
        to.Advance(sizeof(uint) + length);
    }

    /// <summary>How many bytes a text takes.</summary>
    public static int Length(string text) => sizeof(uint) + Encoding.UTF8.GetByteCount(text);

    private static int Size(string datatype) => datatype switch
    {
        "BOOL" or "UINT8" or "INT8" => 1,
        "UINT16" or "INT16" or "FP16" or "BF16" => 2,
        "UINT32" or "INT32" or "FP32" => 4,
        "UINT64" or "INT64" or "FP64" => 8,
        _ => 0,
    };

    private static double Value(ReadOnlySpan<byte> at, string datatype, string name) => datatype switch
    {
        "BOOL" => at[0] <= 1 ? at[0] : throw TensorShape.Refused($"The input '{name}' is BOOL, which the byte {at[0]} is not.", "Send 0 or 1."),
        "UINT8" => at[0],
        "INT8" => (sbyte)at[0],
        "UINT16" => BinaryPrimitives.ReadUInt16LittleEndian(at),
        "INT16" => BinaryPrimitives.ReadInt16LittleEndian(at),
        "UINT32" => BinaryPrimitives.ReadUInt32LittleEndian(at),
        "INT32" => BinaryPrimitives.ReadInt32LittleEndian(at),
        "UINT64" => BinaryPrimitives.ReadUInt64LittleEndian(at),
        "INT64" => BinaryPrimitives.ReadInt64LittleEndian(at),
        "FP16" => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
        // The upper half of an FP32.
        "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
        "FP32" => BinaryPrimitives.ReadSingleLittleEndian(at),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(at),
    };

    private static string?[] Texts(ReadOnlySpan<byte> bytes, string name, TensorShape shape)
    {
        if (bytes.Length < (long)sizeof(uint) * shape.Count)
            throw TensorShape.Refused($"The input '{name}' has {bytes.Length:N0} bytes; {shape.Count:N0} texts need {(long)sizeof(uint) * shape.Count:N0} for their lengths alone.", "Write each text as its length (32 bits, little-endian) and its UTF-8.");
        var texts = new string?[shape.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var length = bytes.Length < sizeof(uint) ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            if (length > bytes.Length - sizeof(uint))
                throw TensorShape.Refused($"The text {i} of the input '{name}' ends behind its bytes.", "Write each text as its length (32 bits, little-endian) and its UTF-8.");
            texts[i] = Text(bytes.Slice(sizeof(uint), (int)length), name, i);
            bytes = bytes[(sizeof(uint) + (int)length)..];
        }

        return bytes.IsEmpty ? texts : throw TensorShape.Refused($"The input '{name}' has {bytes.Length:N0} bytes behind its last text.", "Send as many texts as the product of the shape.");
    }

    private static string Text(ReadOnlySpan<byte> bytes, string name, int index)
    {
        try
        {
            return _utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw TensorShape.Refused($"The text {index} of the input '{name}' is not UTF-8.", "Features are texts or numbers.");
        }
    }
}
