using System.Buffers;

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
    /// <param name="slots">Slots of the runs that match; the first <paramref name="found"/> count.</param>
    /// <param name="keys">For each key of the order, the value of each run found.</param>
    /// <param name="ids">By slot; they decide between equal keys.</param>
    public static int[] Page(int[] slots, int found, ulong[][] keys, string[] ids, long offset, int limit, Scratch scratch)
    {
        if (offset >= found || limit <= 0)
            return [];
        var needed = (int)Math.Min(offset + limit, found);
        var places = scratch.Rent<int>(found);
        if (needed * 4L < found)
            Least();
        else
            Sorted();
        return Array.ConvertAll(places[(int)offset..needed], place => slots[place]);

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
        void Sorted()
        {
            var first = scratch.Rent<ulong>(found);
            Array.Copy(keys[0], first, found);
            for (var i = 0; i < found; i++)
                places[i] = i;
            Array.Sort(first, places, 0, found);
            for (var i = 0; i < found;)
            {
                var end = i + 1;
                while (end < found && first[end] == first[i])
                    end++;
                if (end - i > 1)
                    places.AsSpan(i, end - i).Sort(Compare);
                i = end;
            }
        }

        // A heap of the least so far, with the greatest of them on top.
        void Least()
        {
            var heap = new PriorityQueue<int, int>(needed + 1, Comparer<int>.Create((a, b) => Compare(b, a)));
            for (var i = 0; i < found; i++)
            {
                if (heap.Count < needed)
                    heap.Enqueue(i, i);
                else if (Compare(i, heap.Peek()) < 0)
                    heap.EnqueueDequeue(i, i);
            }

            var n = 0;
            foreach (var (place, _) in heap.UnorderedItems)
                places[n++] = place;
            places.AsSpan(0, n).Sort(Compare);
        }
    }
}

/// <summary>Arrays for the time of one search; they come from a pool, because a hundred thousand of anything is garbage that costs.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly List<Action> _back = [];

    /// <summary>An array of at least that length, with whatever was in it.</summary>
    public T[] Rent<T>(int length)
    {
        var array = ArrayPool<T>.Shared.Rent(length);
        _back.Add(() => ArrayPool<T>.Shared.Return(array));
        return array;
    }

    public void Dispose() => _back.ForEach(give => give());
}
