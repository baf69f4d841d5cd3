using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Writes the stored form of a sketch: a version byte, little-endian fields, and four bytes of checksum, so that damage is found and not read as data.
/// </summary>
internal sealed class SketchWriter
{
    private byte[] _bytes = new byte[64];
    private int _length;

    public SketchWriter(byte version) => Byte(version);

    public void Byte(byte value) => Room(1)[0] = value;

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Room(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    public void Double(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);

    public void Bytes(ReadOnlySpan<byte> values) => values.CopyTo(Room(values.Length));

    public void Doubles(ReadOnlySpan<double> values)
    {
        foreach (var value in values) Double(value);
    }

    public void Int64s(ReadOnlySpan<long> values)
    {
        foreach (var value in values) Int64(value);
    }

    /// <summary>UTF-8 after its length in seven-bit groups, as <see cref="BinaryWriter"/> writes text.</summary>
    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        var rest = (uint)length;
        for (; rest >= 0x80; rest >>= 7) Byte((byte)(rest | 0x80));
        Byte((byte)rest);
        Encoding.UTF8.GetBytes(value, Room(length));
    }

    /// <summary>Everything written, with its checksum.</summary>
    public byte[] Finish()
    {
        var checksum = Hash.Checksum(_bytes.AsSpan(0, _length));
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), checksum);
        return _bytes.AsSpan(0, _length).ToArray();
    }

    private Span<byte> Room(int count)
    {
        if (_length + count > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_length + count, 2 * _bytes.Length));
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
