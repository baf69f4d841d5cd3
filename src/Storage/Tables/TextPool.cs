using System.Runtime.CompilerServices;
using System.Text;

namespace Holdfast.Storage.Tables;

/// <summary>The texts of a column that occur again and again, found by their bytes. Not safe for several threads.</summary>
internal sealed unsafe class TextPool
{
    private const int Most = 4_096;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private Entry[] _entries = new Entry[64];
    private int _count;

    /// <summary>The text of these bytes, eight readable bytes behind them. Throws <see cref="DecoderFallbackException"/> where they are not UTF-8.</summary>
    public string Of(byte* start, int length)
    {
        // Up to 16 bytes, the first eight and the last eight are all of them.
        var first = Unsafe.ReadUnaligned<ulong>(start);
        var last = length > 8 ? Unsafe.ReadUnaligned<ulong>(start + length - 8) : 0;
        if (length < 8)
            first &= (1UL << (8 * length)) - 1;
        var slot = Slot(first, last, length);
        while (true)
        {
            ref var entry = ref _entries[slot];
            if (entry.Text is null)
                return Add(ref entry, first, last, start, length);
            if (entry.First == first && entry.Last == last && entry.Length == length && (length <= 16 || entry.Bytes.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(start, length))))
                return entry.Text;
            slot = (slot + 1) & (_entries.Length - 1);
        }
    }

    private int Slot(ulong first, ulong last, int length) =>
        (int)((((first * 0x9E3779B97F4A7C15) ^ (last * 0xC2B2AE3D27D4EB4F)) + ((ulong)length * 0x165667B19E3779F9)) >> 40) & (_entries.Length - 1);

    private string Add(ref Entry entry, ulong first, ulong last, byte* start, int length)
    {
        var text = Strict.GetString(start, length);
        if (_count == Most)
            return text;
        entry = new Entry(first, last, length, text, length <= 16 ? null : new ReadOnlySpan<byte>(start, length).ToArray());
        // A quarter full at most: hardly ever does a search take a second look.
        if (++_count > _entries.Length / 4)
            Grow();
        return text;
    }

    private void Grow()
    {
        var before = _entries;
        _entries = new Entry[2 * before.Length];
        foreach (var entry in before)
        {
            if (entry.Text is null)
                continue;
            var slot = Slot(entry.First, entry.Last, entry.Length);
            while (_entries[slot].Text is not null)
                slot = (slot + 1) & (_entries.Length - 1);
            _entries[slot] = entry;
        }
    }

    private readonly record struct Entry(ulong First, ulong Last, int Length, string? Text, byte[]? Bytes);
}
