namespace Holdfast.Statistics.Sketches;

/// <summary>
/// A uniform sample without replacement of fixed size: the k values whose keys have the smallest hashes ("bottom-k"; Cohen and Kaplan 2007).
/// It depends only on the set of (key, value), so adding and merging in any order give the same sample. A max-heap: O(1) for a value that is not
/// taken, O(log k) else.
/// </summary>
public sealed class Reservoir
{
    private readonly List<Item> _heap;
    private readonly ulong _seed;

    /// <summary>An empty sample.</summary>
    /// <param name="capacity">Values kept, at least 1. 2,000 resolves a KS distance of about 0.04.</param>
    /// <param name="seed">Seed of the hash; samples to be merged need the same one.</param>
    public Reservoir(int capacity, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        _seed = seed;
        _heap = new List<Item>(Math.Min(capacity, 256));
    }

    /// <summary>Most values kept.</summary>
    public int Capacity { get; }

    /// <summary>Values held now.</summary>
    public int Count => _heap.Count;

    internal ulong Seed => _seed;

    /// <summary>Offers a value under a key that is unique in the stream, such as its log position.</summary>
    public void Add(double value, ulong key)
    {
        var item = new Item(Hash.Mix(key ^ _seed), key, value);
        if (_heap.Count < Capacity)
        {
            _heap.Add(item);
            Up(_heap.Count - 1);
        }
        else if (item.CompareTo(_heap[0]) < 0)
        {
            _heap[0] = item;
            Down(0);
        }
    }

    /// <summary>Takes over another sample of the same seed.</summary>
    public void Merge(Reservoir other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._seed != _seed) throw new ArgumentException("Samples with different seeds cannot be merged.", nameof(other));
        foreach (var item in other._heap) Add(item.Value, item.Key);
    }

    /// <summary>The sampled values ascending by key: in order of arrival if the keys are positions.</summary>
    public double[] InKeyOrder()
    {
        var keys = new ulong[_heap.Count];
        var values = new double[_heap.Count];
        for (var i = 0; i < keys.Length; i++) (keys[i], values[i]) = (_heap[i].Key, _heap[i].Value);
        Array.Sort(keys, values);
        return values;
    }

    internal IEnumerable<(ulong Key, double Value)> Items()
    {
        var items = _heap.ToArray();
        Array.Sort(items);
        foreach (var item in items) yield return (item.Key, item.Value);
    }

    private void Up(int child)
    {
        var item = _heap[child];
        while (child > 0)
        {
            var parent = (child - 1) / 2;
            if (item.CompareTo(_heap[parent]) <= 0) break;
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
            if (child >= _heap.Count) break;
            if (child + 1 < _heap.Count && _heap[child + 1].CompareTo(_heap[child]) > 0) child++;
            if (item.CompareTo(_heap[child]) >= 0) break;
            _heap[parent] = _heap[child];
            parent = child;
        }
        _heap[parent] = item;
    }

    private readonly record struct Item(ulong Rank, ulong Key, double Value) : IComparable<Item>
    {
        public int CompareTo(Item other)
        {
            var byRank = Rank.CompareTo(other.Rank);
            return byRank != 0 ? byRank : Value.CompareTo(other.Value);
        }
    }
}
