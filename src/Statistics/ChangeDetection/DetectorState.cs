using System.Buffers.Binary;

namespace Holdfast.Statistics.ChangeDetection;

/// <summary>The second byte of a saved detector. Numbers are never used again for another kind.</summary>
internal enum DetectorKind : byte
{
    Adwin = 1,
    PageHinkley = 2,
    Ddm = 3,
    Eddm = 4,
    HddmA = 5,
    HddmW = 6,
    Kswin = 7,
    MeanEDetector = 8,
}

/// <summary>Writes a saved detector: version, kind, then fields of 8 bytes, little-endian.</summary>
internal sealed class StateWriter
{
    public const byte Version = 1;

    private readonly List<byte> _bytes = [];

    public StateWriter(DetectorKind kind)
    {
        _bytes.Add(Version);
        _bytes.Add((byte)kind);
    }

    public StateWriter Add(long value)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(field, value);
        _bytes.AddRange(field);
        return this;
    }

    public StateWriter Add(double value) => Add(BitConverter.DoubleToInt64Bits(value));

    public StateWriter Add(bool value) => Add(value ? 1L : 0L);

    public StateWriter Add(ReadOnlySpan<double> values)
    {
        Add((long)values.Length);
        foreach (var value in values) Add(value);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];
}

/// <summary>Reads what a <see cref="StateWriter"/> wrote.</summary>
internal ref struct StateReader
{
    private ReadOnlySpan<byte> _rest;

    public StateReader(ReadOnlySpan<byte> saved)
    {
        if (saved.Length < 2) throw new FormatException("A saved detector has at least 2 bytes.");
        if (saved[0] != StateWriter.Version) throw new FormatException($"The saved detector is of version {saved[0]}; this release reads version {StateWriter.Version}.");
        Kind = (DetectorKind)saved[1];
        _rest = saved[2..];
    }

    public DetectorKind Kind { get; }

    public long Long()
    {
        if (_rest.Length < 8) throw new FormatException("The saved detector is cut off.");
        var value = BinaryPrimitives.ReadInt64LittleEndian(_rest);
        _rest = _rest[8..];
        return value;
    }

    public int Int() => Long() is >= int.MinValue and <= int.MaxValue and var value ? (int)value : throw new FormatException("A field of the saved detector is too large.");

    public double Double() => BitConverter.Int64BitsToDouble(Long());

    public bool Bool() => Long() != 0;

    public double[] Doubles(int most)
    {
        var length = Long();
        if (length < 0 || length > most || length > _rest.Length / 8) throw new FormatException($"A list of {length} values in a saved detector; at most {most} are possible.");
        var values = new double[length];
        for (var i = 0; i < values.Length; i++) values[i] = Double();
        return values;
    }

    public readonly void End()
    {
        if (_rest.Length > 0) throw new FormatException($"{_rest.Length} bytes too many in a saved detector.");
    }
}
