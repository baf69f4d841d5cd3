using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Statistics.Sketches;

/// <summary>Reads what <see cref="SketchWriter"/> wrote. Whatever is wrong with the bytes is a <see cref="FormatException"/> naming the sketch.</summary>
internal ref struct SketchReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly string _what;
    private int _at;

    /// <param name="bytes">The stored bytes.</param>
    /// <param name="what">What they should be, for the message: "KLL sketch".</param>
    /// <param name="newest">The version that this release writes.</param>
    /// <param name="plain">Versions up to this one have no checksum.</param>
    public SketchReader(ReadOnlySpan<byte> bytes, string what, byte newest, byte plain = 0)
    {
        _what = what;
        if (bytes.Length == 0) throw new FormatException($"The bytes are not a whole {what}: there are none.");
        Version = bytes[0];
        if (Version == 0 || Version > newest) throw new FormatException($"A {what} of version {Version} cannot be read; this release reads up to version {newest}.");
        _bytes = Version <= plain ? bytes : Checked(bytes, what);
        _at = 1;
    }

    /// <summary>The version byte.</summary>
    public byte Version { get; }

    public byte Byte() => Take(1)[0];

    public bool Bool()
    {
        var value = Byte();
        Require(value <= 1, "a flag is neither 0 nor 1");
        return value == 1;
    }

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    /// <summary>A count of rows or values: not negative.</summary>
    public long Count()
    {
        var value = Int64();
        Require(value >= 0, "a count is negative");
        return value;
    }

    /// <summary>The number of items that follow, each at least <paramref name="size"/> bytes: checked before anything is allocated for them.</summary>
    public int Length(int size)
    {
        var value = Int32();
        Require(value >= 0 && (long)value * size <= _bytes.Length - _at, "a length does not fit");
        return value;
    }

    public void Doubles(Span<double> values)
    {
        foreach (ref var value in values) value = Double();
    }

    public void Counts(Span<long> values)
    {
        foreach (ref var value in values) value = Count();
    }

    public string Text()
    {
        var length = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = Byte();
            Require(shift < 28 || part < 8, "a text is too long");
            length |= (part & 0x7F) << shift;
            if (part < 0x80) break;
        }
        return Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Throws when <paramref name="holds"/> is false.</summary>
    public readonly void Require(bool holds, string otherwise)
    {
        if (!holds) throw new FormatException($"The bytes are not a whole {_what}: {otherwise}.");
    }

    /// <summary>Throws when bytes are left over.</summary>
    public readonly void End() => Require(_at == _bytes.Length, $"{_bytes.Length - _at} bytes are left over");

    private static ReadOnlySpan<byte> Checked(ReadOnlySpan<byte> bytes, string what)
    {
        if (bytes.Length < 5 || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) != Hash.Checksum(bytes[..^4]))
            throw new FormatException($"The bytes are not a whole {what}: the checksum does not fit.");
        return bytes[..^4];
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        Require(count >= 0 && count <= _bytes.Length - _at, "they end too early");
        _at += count;
        return _bytes.Slice(_at - count, count);
    }
}
