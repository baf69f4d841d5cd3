using Holdfast.Predictions;

namespace Holdfast.Rollout;

/// <summary>
/// Which units have been counted. A keyed unit is remembered for the whole rollout, up to a limit (beyond it new ones are left out); the
/// rows of one request without a key are one unit, and are remembered for as long as that request's rows arrive.
/// </summary>
internal sealed class UnitMemory(int most, ulong[] keyed)
{
    private readonly HashSet<ulong> _keyed = [.. keyed];
    private readonly RecentUnits _recent = new();

    public ulong[] Keyed => [.. _keyed.Order()];

    public bool IsNew(PredictionEntry entry) => entry.HasKey ? _keyed.Count < most && _keyed.Add(entry.Unit) : _recent.Add(entry.Unit);
}

/// <summary>
/// The same in bounded memory for figures, to which every unit counts and not only those with a bad event: one bit for each of 2^17 buckets of units. A
/// unit whose bucket is taken is left out, which has nothing to do with its value; some 80,000 units are counted in all.
/// </summary>
internal sealed class UnitSieve(byte[]? bits)
{
    private const int Bytes = 1 << 14;
    private readonly byte[] _bits = bits ?? new byte[Bytes];
    private readonly RecentUnits _recent = new();

    public byte[] Bits => [.. _bits];

    public bool IsNew(PredictionEntry entry)
    {
        if (!entry.HasKey)
            return _recent.Add(entry.Unit);
        // The high bits decide on the side; those below do not tell which one it is.
        var place = (int)(entry.Unit & ((Bytes * 8) - 1));
        var mask = (byte)(1 << (place & 7));
        var isNew = (_bits[place >> 3] & mask) == 0;
        _bits[place >> 3] |= mask;
        return isNew;
    }
}

internal sealed class RecentUnits
{
    private const int Requests = 64;
    private readonly Queue<ulong> _recent = new(Requests);

    public bool Add(ulong unit)
    {
        if (_recent.Contains(unit))
            return false;
        if (_recent.Count == Requests)
            _recent.Dequeue();
        _recent.Enqueue(unit);
        return true;
    }
}
