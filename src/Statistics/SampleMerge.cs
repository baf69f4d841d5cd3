using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Statistics;

/// <summary>What lies between the empirical distribution functions of two ascending finite samples; both must have a value. None of it needs a whole merge.</summary>
internal static class SampleMerge
{
    private const int Cells = 1024;
    private const int Direct = 48;

    /// <summary>
    /// max |i m - j n| over all values, i and j being the values of each sample up to there: D n m in integers, so that equal distances compare equal.
    /// Exact. Between two places whose heights are known the height cannot rise by more than what lies between them: only the stretches that could hold
    /// the maximum are looked into, usually a few.
    /// </summary>
    public static long Crossings(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var search = new Search(a, b);
        Place end = new(a.Length, b.Length);
        if (a.Length < 8 * Cells)
        {
            search.Look(default, end);
            return search.Best;
        }
        // First a grid over all: the higher the best so far, the less is left to look into.
        var above = new Place[Cells];
        var below = new Place[Cells];
        for (var k = 1; k < Cells; k++) (below[k], above[k]) = search.At(a[(int)((long)a.Length * k / Cells)], default, end);
        for (var k = 0; k < Cells; k++) search.Look(above[k], k + 1 < Cells ? below[k + 1] : end);
        return search.Best;
    }

    /// <summary>The area between the distribution functions, Wasserstein-1: as the area between the quantile functions, which are steps of known width. O(n + m).</summary>
    public static double Area(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        a.Length == b.Length ? Gaps(a, b) / a.Length : a.Length > b.Length ? Steps(a, b) : Steps(b, a);

    /// <summary>Whether both samples together have fewer different values than half of their number.</summary>
    public static bool IsTied(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        int inA = Different(a), inB = Different(b), half = (int)(((long)a.Length + b.Length + 1) / 2);
        if (Math.Max(inA, inB) >= half) return false;
        if ((long)inA + inB < half) return true;
        int i = 0, j = 0, found = 0;
        while (i < a.Length && j < b.Length)
        {
            double x = a[i], y = b[j];
            if (x <= y)
            {
                inA--;
                i += Samples.RunAt(a[i..], x);
            }
            if (y <= x)
            {
                inB--;
                j += Samples.RunAt(b[j..], y);
            }
            found++;
            // What is left can add no less than the richer side and no more than both.
            if (found + Math.Max(inA, inB) >= half) return false;
            if ((long)found + inA + inB < half) return true;
        }
        return found + inA + inB < half;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Gaps(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ReadOnlySpan<Vector<double>> wideA = MemoryMarshal.Cast<double, Vector<double>>(a), wideB = MemoryMarshal.Cast<double, Vector<double>>(b);
        Vector<double> even = Vector<double>.Zero, odd = Vector<double>.Zero;
        var i = 0;
        for (; i + 1 < wideA.Length; i += 2)
        {
            even += Vector.Abs(wideA[i] - wideB[i]);
            odd += Vector.Abs(wideA[i + 1] - wideB[i + 1]);
        }
        var sum = Vector.Sum(even + odd);
        for (i *= Vector<double>.Count; i < a.Length; i++) sum += Math.Abs(a[i] - b[i]);
        return sum;
    }

    // In units of 1 / (n m) a value of the longer sample is m wide and one of the shorter n: it lies beside one or two of those.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Steps(ReadOnlySpan<double> longer, ReadOnlySpan<double> shorter)
    {
        ref var other = ref MemoryMarshal.GetReference(shorter);
        long n = longer.Length, m = shorter.Length, left = n, last = m - 1, j = 0;
        double area = 0;
        foreach (var x in longer)
        {
            var here = Math.Min(m, left);
            var next = Math.Min(j + 1, last);
            area += here * Math.Abs(x - Unsafe.Add(ref other, (nint)j)) + (m - here) * Math.Abs(x - Unsafe.Add(ref other, (nint)next));
            left -= m;
            var over = left <= 0;
            j = over ? next : j;
            left += over ? n : 0;
        }
        return area / ((double)n * m);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Different(ReadOnlySpan<double> sorted)
    {
        var before = MemoryMarshal.Cast<double, Vector<double>>(sorted[..^1]);
        var same = Vector<long>.Zero;
        ref var start = ref MemoryMarshal.GetReference(sorted);
        for (var k = 0; k < before.Length; k++)
            same -= Vector.Equals(before[k], Vector.LoadUnsafe(ref start, (nuint)(k * Vector<double>.Count + 1)));
        var different = sorted.Length - (int)Vector.Sum(same);
        for (var i = before.Length * Vector<double>.Count + 1; i < sorted.Length; i++) different -= sorted[i] == sorted[i - 1] ? 1 : 0;
        return different;
    }

    /// <summary>How many values of each sample lie before a place.</summary>
    private readonly record struct Place(int A, int B);

    private ref struct Search(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        private readonly ReadOnlySpan<double> _a = a;
        private readonly ReadOnlySpan<double> _b = b;

        public long Best { get; private set; }

        /// <summary>The places before and behind all values equal to x, between two places, and their heights.</summary>
        public (Place Below, Place Above) At(double x, Place from, Place to)
        {
            // Below x are those up to the next smaller number.
            var under = Math.BitDecrement(x);
            ReadOnlySpan<double> a = _a[from.A..to.A], b = _b[from.B..to.B];
            Place below = new(from.A + Samples.EndOf(a, under), from.B + Samples.EndOf(b, under));
            Place above = new(below.A + Samples.RunAt(_a[below.A..to.A], x), below.B + Samples.RunAt(_b[below.B..to.B], x));
            Best = Math.Max(Best, Math.Max(Math.Abs(Height(below)), Math.Abs(Height(above))));
            return (below, above);
        }

        /// <summary>Looks for a greater height between two places.</summary>
        public void Look(Place from, Place to)
        {
            while (true)
            {
                int inA = to.A - from.A, inB = to.B - from.B;
                if (inA + inB <= 0) return;
                if (Math.Max(Height(new(to.A, from.B)), -Height(new(from.A, to.B))) <= Best) return;
                if (inA + inB <= Direct)
                {
                    Walk(from, to);
                    return;
                }
                var (below, above) = At(inA >= inB ? _a[from.A + inA / 2] : _b[from.B + inB / 2], from, to);
                Look(from, below);
                from = above;
            }
        }

        private readonly long Height(Place at) => at.A * (long)_b.Length - at.B * (long)_a.Length;

        private void Walk(Place from, Place to)
        {
            var (i, j) = from;
            while (i < to.A || j < to.B)
            {
                var x = j == to.B || (i < to.A && _a[i] <= _b[j]) ? _a[i] : _b[j];
                while (i < to.A && _a[i] <= x) i++;
                while (j < to.B && _b[j] <= x) j++;
                Best = Math.Max(Best, Math.Abs(Height(new(i, j))));
            }
        }
    }
}
