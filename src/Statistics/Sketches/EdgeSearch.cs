using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Sketches;

/// <summary>
/// The bin of a finite value among ascending edges, bin k = (edge[k-1], edge[k]]: the number of edges below the value. Up to 16 edges are compared all
/// at once, without a branch that a random value would mispredict; more by bisection. Immutable.
/// </summary>
internal sealed class EdgeSearch
{
    private const int Linear = 16;
    private readonly double[] _edges;
    private readonly double[] _padded;

    /// <param name="edges">Ascending, without duplicates.</param>
    public EdgeSearch(double[] edges)
    {
        _edges = edges;
        _padded = [];
        if (!Vector256.IsHardwareAccelerated || edges.Length > Linear) return;
        _padded = new double[(edges.Length + 3) / 4 * 4];
        Array.Fill(_padded, double.PositiveInfinity);
        edges.CopyTo(_padded, 0);
    }

    public int Bins => _edges.Length + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int IndexOf(double value)
    {
        var padded = _padded;
        if (padded.Length == 0) return Bisect(value);
        ref var start = ref MemoryMarshal.GetArrayDataReference(padded);
        var values = Vector256.Create(value);
        var below = 0;
        for (var i = 0; i < padded.Length; i += 4)
            below += BitOperations.PopCount(Vector256.LessThan(Vector256.LoadUnsafe(ref start, (nuint)i), values).ExtractMostSignificantBits());
        return below;
    }

    /// <summary>Adds the counts of many finite values.</summary>
    public void Count(ReadOnlySpan<double> values, Span<long> counts)
    {
        if (_padded.Length == 0)
        {
            foreach (var value in values) counts[Bisect(value)]++;
            return;
        }
        // Edge by edge: how many values lie above each, and the bins as differences. No two counters in a bin's way.
        long above = values.Length;
        for (var k = 0; k < _edges.Length; k++)
        {
            var next = Above(values, _edges[k]);
            counts[k] += above - next;
            above = next;
        }
        counts[_edges.Length] += above;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Above(ReadOnlySpan<double> values, double edge)
    {
        ref var start = ref MemoryMarshal.GetReference(values);
        var edges = Vector256.Create(edge);
        Vector256<long> first = Vector256<long>.Zero, second = Vector256<long>.Zero;
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            // A lane that holds is -1.
            first -= Vector256.GreaterThan(Vector256.LoadUnsafe(ref start, (nuint)i), edges).AsInt64();
            second -= Vector256.GreaterThan(Vector256.LoadUnsafe(ref start, (nuint)i + 4), edges).AsInt64();
        }
        var result = Vector256.Sum(first + second);
        for (; i < values.Length; i++) result += values[i] > edge ? 1 : 0;
        return result;
    }

    private int Bisect(double value)
    {
        int low = 0, high = _edges.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_edges[middle] < value) low = middle + 1; else high = middle;
        }
        return low;
    }
}
