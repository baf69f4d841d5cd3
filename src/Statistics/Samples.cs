using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Statistics;

/// <summary>Small operations on plain samples. NaN and infinite values count as missing.</summary>
public static class Samples
{
    /// <summary>The finite values of the sample, ascending, in a new array.</summary>
    public static double[] SortedFinite(ReadOnlySpan<double> values)
    {
        var result = Finite(values);
        RadixSort.Sort(result);
        return result;
    }

    /// <summary>The finite values of the sample, ascending, in the first part of <paramref name="room"/>, which must be as long as the sample.</summary>
    internal static ReadOnlySpan<double> SortFinite(ReadOnlySpan<double> values, Span<double> room)
    {
        var kept = room[..Finite(values, room)];
        RadixSort.Sort(kept);
        return kept;
    }

    /// <summary>The finite values of the sample in their order, in a new array.</summary>
    public static double[] Finite(ReadOnlySpan<double> values)
    {
        var count = CountFinite(values);
        if (count == values.Length) return values.ToArray();
        var result = GC.AllocateUninitializedArray<double>(count);
        Pick(values, result);
        return result;
    }

    private static int Finite(ReadOnlySpan<double> values, Span<double> room)
    {
        var count = CountFinite(values);
        if (count == values.Length) values.CopyTo(room); else Pick(values, room[..count]);
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pick(ReadOnlySpan<double> values, Span<double> finite)
    {
        var count = 0;
        foreach (var value in values)
        {
            if (count == finite.Length) return;
            // Written whether it counts or not: no branch to mispredict where missing values are strewn in.
            finite[count] = value;
            count += double.IsFinite(value) ? 1 : 0;
        }
    }

    /// <summary>How many values of the sample are finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int CountFinite(ReadOnlySpan<double> values)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(values);
        var inside = Vector<long>.Zero;
        // x - x is 0 for a finite value and NaN for every other.
        foreach (var v in wide) inside += Vector.Equals(v - v, Vector<double>.Zero);
        var count = (int)-Vector.Sum(inside);
        foreach (var value in values[(wide.Length * Vector<double>.Count)..])
        {
            if (double.IsFinite(value)) count++;
        }
        return count;
    }

    /// <summary>The quantile at <paramref name="share"/> in [0, 1] of an ascending sample, linear interpolation at h = (n - 1) share (numpy's default). NaN if empty.</summary>
    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.Length == 0 || double.IsNaN(share)) return double.NaN;
        var position = (sorted.Length - 1) * Math.Clamp(share, 0, 1);
        var index = (int)Math.Floor(position);
        if (index >= sorted.Length - 1) return sorted[^1];
        var fraction = position - index;
        double low = sorted[index], high = sorted[index + 1];
        // numpy's form: exact at both ends and monotone.
        return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
    }

    /// <summary>How many values of an ascending sample are at most <paramref name="value"/>: the place behind its last occurrence. O(log n).</summary>
    public static int EndOf(ReadOnlySpan<double> sorted, double value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] <= value) low = middle + 1; else high = middle;
        }
        return low;
    }

    // How many values at the beginning of an ascending sample, none below `value`, equal it. O(log of that).
    internal static int RunAt(ReadOnlySpan<double> sorted, double value)
    {
        if (sorted.Length == 0 || sorted[0] != value) return 0;
        var reach = 1;
        while (reach < sorted.Length && sorted[reach] == value) reach *= 2;
        return reach / 2 + EndOf(sorted[(reach / 2)..Math.Min(reach, sorted.Length)], value);
    }

    /// <summary>
    /// Mean and standard deviation (divisor n); NaN if empty or if a value is not finite. Two passes, the second about the first one's mean with what that mean is
    /// off taken out again, each summed in blocks and the blocks with compensation (Neumaier): the error does not grow with the number of values.
    /// </summary>
    public static (double Mean, double Sd) MeanSd(ReadOnlySpan<double> values)
    {
        if (values.Length == 0) return (double.NaN, double.NaN);
        var mean = Deviations(values, 0).Sum / values.Length;
        var (off, squares) = Deviations(values, mean);
        off /= values.Length;
        squares /= values.Length;
        // What is left of equal values is rounding: their sd is 0, not the smallest number that divides to nonsense.
        var variance = squares - off * off;
        return (mean + off, variance <= 1e-9 * squares ? 0 : Math.Sqrt(variance));
    }

    // Sum of v - about and of its square.
    private static (double Sum, double Squares) Deviations(ReadOnlySpan<double> values, double about)
    {
        const int Block = 4096;
        CompensatedSum sum = default, squares = default;
        for (; values.Length > 0; values = values[Math.Min(values.Length, Block)..])
        {
            var block = values[..Math.Min(values.Length, Block)];
            var wide = MemoryMarshal.Cast<double, Vector<double>>(block);
            var centre = new Vector<double>(about);
            Vector<double> a = Vector<double>.Zero, b = Vector<double>.Zero;
            foreach (var v in wide)
            {
                var d = v - centre;
                a += d;
                b += d * d;
            }
            double rest = 0, restSquares = 0;
            foreach (var v in block[(wide.Length * Vector<double>.Count)..])
            {
                rest += v - about;
                restSquares += (v - about) * (v - about);
            }
            sum.Add(Vector.Sum(a) + rest);
            squares.Add(Vector.Sum(b) + restSquares);
        }
        return (sum.Value, squares.Value);
    }

    private struct CompensatedSum
    {
        private double _sum;
        private double _lost;

        public readonly double Value => _sum + _lost;

        public void Add(double value)
        {
            var next = _sum + value;
            _lost += Math.Abs(_sum) >= Math.Abs(value) ? _sum - next + value : value - next + _sum;
            _sum = next;
        }
    }
}
