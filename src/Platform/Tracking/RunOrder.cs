namespace Holdfast.Tracking;

/// <summary>Values as whole numbers whose ascending order is the one wanted: numbers, then NaN, then what is missing.</summary>
internal static class SortKey
{
    public const ulong Missing = ulong.MaxValue;
    private const ulong NotANumber = ulong.MaxValue - 1;
    private const long MissingBits = 0x7FF8_0000_0000_BEEF;

    /// <summary>A NaN that no computation gives.</summary>
    public static double MissingNumber { get; } = BitConverter.Int64BitsToDouble(MissingBits);

    public static bool IsMissing(double value) => BitConverter.DoubleToInt64Bits(value) == MissingBits;

    public static ulong Of(double value, bool descending = false)
    {
        if (double.IsNaN(value))
            return IsMissing(value) ? Missing : NotANumber;
        // Adding zero makes one of both zeros.
        var bits = BitConverter.DoubleToInt64Bits(value + 0.0);
        var key = bits < 0 ? ~(ulong)bits : (ulong)bits | 0x8000_0000_0000_0000;
        return descending ? ~key : key;
    }
}

/// <summary>The page of a sorted list, without sorting the rest of it.</summary>
internal static class RunOrder
{
    /// <param name="found">Slots of the runs that match.</param>
    /// <param name="keys">For each key of the order, the value of each run found.</param>
    /// <param name="ids">By slot; they decide between equal keys.</param>
    public static int[] Page(ReadOnlySpan<int> found, ulong[][] keys, string[] ids, long offset, int limit)
    {
        if (offset >= found.Length || limit <= 0)
            return [];
        var needed = (int)Math.Min(offset + limit, found.Length);
        var slots = found.ToArray();
        var places = needed * 4L < found.Length ? Least(found.Length, needed) : Sorted(found.Length);
        return [.. places.Skip((int)offset).Take(needed - (int)offset).Select(place => slots[place])];

        int Compare(int a, int b)
        {
            foreach (var key in keys)
            {
                if (key[a] != key[b])
                    return key[a] < key[b] ? -1 : 1;
            }

            return string.CompareOrdinal(ids[slots[a]], ids[slots[b]]);
        }

        // By the first key, which is quick; then the stretches in which it is equal.
        int[] Sorted(int count)
        {
            var places = Enumerable.Range(0, count).ToArray();
            var first = (ulong[])keys[0].Clone();
            Array.Sort(first, places);
            for (var i = 0; i < count;)
            {
                var end = i + 1;
                while (end < count && first[end] == first[i])
                    end++;
                if (end - i > 1)
                    places.AsSpan(i, end - i).Sort(Compare);
                i = end;
            }

            return places;
        }

        // A heap of the least so far, with the greatest of them on top.
        int[] Least(int count, int wanted)
        {
            var heap = new PriorityQueue<int, int>(wanted + 1, Comparer<int>.Create((a, b) => Compare(b, a)));
            for (var i = 0; i < count; i++)
            {
                if (heap.Count < wanted)
                    heap.Enqueue(i, i);
                else if (Compare(i, heap.Peek()) < 0)
                    heap.EnqueueDequeue(i, i);
            }

            var places = heap.UnorderedItems.Select(x => x.Element).ToArray();
            Array.Sort(places, Compare);
            return places;
        }
    }
}
