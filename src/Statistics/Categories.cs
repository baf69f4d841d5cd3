using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Statistics;

/// <summary>Counts texts.</summary>
public static class Categories
{
    private const int CacheBits = 10;

    /// <summary>How often each text occurs, compared by their characters; null counts as missing.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="missing">How many of them are null.</param>
    public static Dictionary<string, long> Count(ReadOnlySpan<string?> values, out long missing)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        List<long> counts = [];
        missing = Count(values, places, counts);
        var result = new Dictionary<string, long>(places.Count, StringComparer.Ordinal);
        foreach (var (text, place) in places) result[text] = counts[place];
        return result;
    }

    // Few texts make up most rows. The last one seen for each of 1,024 cheap hashes is remembered, which spares the hash over all characters.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Count(ReadOnlySpan<string?> values, Dictionary<string, int> places, List<long> counts)
    {
        var texts = new string?[1 << CacheBits];
        var held = new int[1 << CacheBits];
        var seen = CollectionsMarshal.AsSpan(counts);
        long missing = 0;
        foreach (var text in values)
        {
            if (text is null)
            {
                missing++;
                continue;
            }
            var hash = Hash(text);
            if (texts[hash] is not { } last || !(ReferenceEquals(last, text) || string.Equals(last, text)))
            {
                ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, text, out var known);
                if (!known)
                {
                    place = counts.Count;
                    counts.Add(0);
                    seen = CollectionsMarshal.AsSpan(counts);
                }
                texts[hash] = text;
                held[hash] = place;
            }
            seen[held[hash]]++;
        }
        return missing;
    }

    // The length, the first four and the last four characters.
    private static int Hash(string text)
    {
        ref var start = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(text.AsSpan()));
        ulong first, last;
        if (text.Length >= 4)
        {
            first = Unsafe.ReadUnaligned<ulong>(ref start);
            last = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, 2 * (text.Length - 4)));
        }
        else
        {
            // A string ends with a character 0, which belongs to it.
            first = Unsafe.ReadUnaligned<uint>(ref start);
            last = text.Length < 3 ? 0ul : text[2];
            if (text.Length == 0) first = 0;
        }
        return (int)(((first + 31 * last + (ulong)text.Length) * 0x9E3779B97F4A7C15) >> (64 - CacheBits));
    }
}
