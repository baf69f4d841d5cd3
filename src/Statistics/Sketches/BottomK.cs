using System.Runtime.CompilerServices;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// Which k of a stream's items are sampled: those whose keys have the smallest hashes ("bottom-k"; Cohen and Kaplan 2007). Depends only on the set of
/// items, so adding and merging in any order give the same sample. A max-heap over numbered slots; what lies in the slots is the owner's.
/// </summary>
internal sealed class BottomK
{
    private Entry[] _heap;
    private readonly Comparison<int> _tie;
    private ulong _threshold; // nothing with a greater rank is taken

    /// <param name="capacity">Items kept; 0 keeps none.</param>
    /// <param name="seed">Seed of the hash.</param>
    /// <param name="tie">Orders two slots of the same key, so that even then no order of adding matters.</param>
    public BottomK(int capacity, ulong seed, Comparison<int> tie)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
        Seed = seed;
        _tie = tie;
        _heap = new Entry[Math.Min(capacity, 256)];
        _threshold = capacity == 0 ? 0 : ulong.MaxValue;
    }

    public int Capacity { get; }

    public ulong Seed { get; }

    public int Count { get; private set; }

    /// <summary>The slot to write an item into before it is offered; never more than <see cref="Capacity"/>.</summary>
    public int Spare { get; private set; }

    /// <summary>False if an item of this key is surely not taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Passes(ulong key) => Hash.Mix(key ^ Seed) <= _threshold;

    /// <summary>Offers the item in the spare slot.</summary>
    public void Offer(ulong key)
    {
        var entry = new Entry(Hash.Mix(key ^ Seed), key, Spare);
        if (Count < Capacity)
        {
            if (Count == _heap.Length) Array.Resize(ref _heap, (int)Math.Min(Capacity, 2L * Count));
            _heap[Count] = entry;
            Up(Count++);
            Spare = Count;
        }
        else if (Capacity > 0 && Compare(entry, _heap[0]) < 0)
        {
            Spare = _heap[0].Slot;
            _heap[0] = entry;
            Down(0);
        }
        if (Capacity > 0 && Count == Capacity) _threshold = _heap[0].Rank;
    }

    /// <summary>The sampled keys and slots in order of their ranks.</summary>
    public Entry[] ByRank()
    {
        var entries = _heap[..Count];
        Array.Sort(entries, Compare);
        return entries;
    }

    /// <summary>The sampled keys and slots ascending by key: in order of arrival if the keys are positions.</summary>
    public Entry[] ByKey()
    {
        var entries = ByRank();
        var keys = new ulong[entries.Length];
        for (var i = 0; i < keys.Length; i++) keys[i] = entries[i].Key;
        Array.Sort(keys, entries);
        return entries;
    }

    private int Compare(Entry a, Entry b)
    {
        var byRank = a.Rank.CompareTo(b.Rank);
        return byRank != 0 || a.Slot == b.Slot ? byRank : _tie(a.Slot, b.Slot);
    }

    private void Up(int child)
    {
        var item = _heap[child];
        while (child > 0)
        {
            var parent = (child - 1) / 2;
            if (Compare(item, _heap[parent]) <= 0) break;
            _heap[child] = _heap[parent];
            child = parent;
        }
        _heap[child] = item;
    }

    private void Down(int parent)
    {
        var item = _heap[parent];
        while (true)
        {
            var child = 2 * parent + 1;
            if (child >= Count) break;
            if (child + 1 < Count && Compare(_heap[child + 1], _heap[child]) > 0) child++;
            if (Compare(item, _heap[child]) >= 0) break;
            _heap[parent] = _heap[child];
            parent = child;
        }
        _heap[parent] = item;
    }

    internal readonly record struct Entry(ulong Rank, ulong Key, int Slot);
}
