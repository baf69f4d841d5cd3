using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Holdfast.Statistics.Sketches;

/// <summary>Fixed 64-bit hashes: the same on every machine and in every release, because stored profiles depend on them.</summary>
internal static class Hash
{
    /// <summary>SplitMix64's finaliser (Steele, Lea and Flood 2014): a bijection on 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>FNV-1a over UTF-16 code units, mixed.</summary>
    public static ulong Text(string text, ulong seed)
    {
        var hash = 14695981039346656037UL ^ seed;
        foreach (var unit in text) hash = (hash ^ unit) * 1099511628211UL;
        return Mix(hash);
    }

    /// <summary>A checksum of stored bytes: finds every changed byte but for one chance in 2^32.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var hash = Mix((ulong)bytes.Length);
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        var last = 0UL;
        for (var i = 0; i < bytes.Length; i++) last |= (ulong)bytes[i] << (8 * i);
        return (uint)(Mix(hash ^ last) >> 32);
    }
}
