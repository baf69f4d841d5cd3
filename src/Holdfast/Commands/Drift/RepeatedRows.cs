using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Holdfast.Statistics;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>Rows that repeat an earlier row of their file, and the rows looked at.</summary>
internal sealed record RepeatedRows(long Reference, long ReferenceRows, long Current, long CurrentRows)
{
    /// <summary>Not looked at.</summary>
    public static RepeatedRows Unknown { get; } = new(0, 0, 0, 0);

    /// <summary>The same with both shares of repeated rows moved, as far as that is possible.</summary>
    public RepeatedRows Moved(double reference, double current) => this with
    {
        Reference = Math.Clamp(Reference + (long)Math.Round(reference * ReferenceRows), 0, ReferenceRows),
        Current = Math.Clamp(Current + (long)Math.Round(current * CurrentRows), 0, CurrentRows),
    };

    /// <summary>How many different rows stand once, twice, … in the file.</summary>
    public static Dictionary<long, long> Times(ulong[] hashes)
    {
        RadixSort.Sort(hashes);
        var times = new Dictionary<long, long>();
        for (int start = 0, end; start < hashes.Length; start = end)
        {
            end = start + 1;
            while (end < hashes.Length && hashes[end] == hashes[start])
                end++;
            times[end - start] = times.GetValueOrDefault(end - start) + 1;
        }

        return times;
    }

    /// <summary>
    /// Repeated rows to be expected among <paramref name="depth"/> rows drawn from the file: depth - sum over different rows of 1 - (1 - depth / rows)^times
    /// (rarefaction, Hurlbert 1971). The more rows, the more of them are equal by chance, so files of different sizes are compared at the same depth.
    /// </summary>
    public static long Expected(IReadOnlyDictionary<long, long> times, long depth) => Expected(times.Select(t => (t.Key, (double)t.Value)), depth);

    /// <inheritdoc cref="Expected(IReadOnlyDictionary{long, long}, long)"/>
    public static long Expected(IEnumerable<(long Count, double Different)> times, long depth)
    {
        double rows = 0, distinct = 0;
        var all = times.ToList();
        foreach (var (count, different) in all)
            rows += count * different;
        foreach (var (count, different) in all)
            distinct += different * (1 - Math.Pow(1 - (depth / rows), count));
        return Math.Clamp((long)Math.Round(depth - distinct), 0, depth);
    }

    /// <summary>One hash a row, over all columns.</summary>
    public static ulong[] Hashes(Table table)
    {
        // Blocks of rows: a row's hash stays in the cache while the columns pass.
        const int Block = 1 << 13;
        var hashes = new ulong[table.Rows];
        Parallel.For(0, (table.Rows + Block - 1) / Block, block =>
        {
            var rows = hashes.AsSpan(block * Block, Math.Min(Block, table.Rows - (block * Block)));
            foreach (var column in table.Columns)
                Add(column, block * Block, rows);
        });
        return hashes;
    }

    private static void Add(Column column, int start, Span<ulong> hashes)
    {
        if (column.Kind == ColumnKind.Text)
        {
            for (var i = 0; i < hashes.Length; i++)
                hashes[i] = Mix(hashes[i], column.Texts[start + i]);
            return;
        }

        for (var i = 0; i < hashes.Length; i++)
        {
            // A multiplication and a shift: rows that differ in one bit of one value differ in the hash.
            var mixed = (hashes[i] ^ BitConverter.DoubleToUInt64Bits(column.Numbers[start + i])) * 0x9E3779B97F4A7C15;
            hashes[i] = mixed ^ (mixed >> 32);
        }
    }

    // Short texts, which most categories are: four overlapping words hold all of their characters.
    private static ulong Mix(ulong hash, string? text)
    {
        if (text is null)
            return Fold(hash ^ 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93);
        var words = MemoryMarshal.AsBytes(text.AsSpan());
        if (text.Length is < 4 or > 16)
            return XxHash3.HashToUInt64(words, (long)hash);
        var half = Math.Min(8, words.Length - 8);
        var first = BinaryPrimitives.ReadUInt64LittleEndian(words) ^ ((ulong)text.Length << 56);
        var second = BinaryPrimitives.ReadUInt64LittleEndian(words[half..]);
        var third = BinaryPrimitives.ReadUInt64LittleEndian(words[(words.Length - 8 - half)..]);
        var last = BinaryPrimitives.ReadUInt64LittleEndian(words[^8..]);
        return Fold(Fold(hash ^ first, second ^ 0xE7037ED1A0B428DB) ^ third, last ^ 0x8EBC6AF09C88C6E3);
    }

    // Both halves of the product of two words that no text makes 0 on purpose.
    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a | 1, b, out var low);
        return high ^ low ^ (a >> 1);
    }
}
