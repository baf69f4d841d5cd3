using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Holdfast.Statistics;

/// <summary>What one merge of two ascending finite samples gives: everything between two empirical distribution functions that needs no ranks.</summary>
/// <param name="Crossings">max |i m - j n| over all values, after all equal ones were consumed: D n m in integers, so that equal distances compare equal.</param>
/// <param name="Area">The area between the distribution functions: Wasserstein-1.</param>
/// <param name="Distinct">Different values in both samples together.</param>
internal readonly record struct SampleMerge(long Crossings, double Area, int Distinct)
{
    /// <summary>Merges; both samples must have a value.</summary>
    public static SampleMerge Of(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        ref var first = ref MemoryMarshal.GetReference(a);
        ref var second = ref MemoryMarshal.GetReference(b);
        long n = a.Length, m = b.Length, height = 0, best = 0;
        double x = first, y = second, area = 0, previous;
        int i = 0, j = 0, distinct = 1;
        // No branch depends on the data: which side is next is a coin toss that no predictor learns. Between equal values the gap is 0, so that an
        // unfinished tie adds nothing to the area and is left out of the maximum.
        while (true)
        {
            var fromFirst = x <= y;
            var step = fromFirst ? 1 : 0;
            previous = double.MinNative(x, y);
            i += step;
            j += 1 - step;
            height += fromFirst ? m : -n;
            if (i == n || j == m) break;
            x = Unsafe.Add(ref first, i);
            y = Unsafe.Add(ref second, j);
            var gap = double.MinNative(x, y) - previous;
            var distance = Math.Abs(height);
            area += distance * gap;
            best = Math.Max(best, gap > 0 ? distance : 0);
            distinct += gap > 0 ? 1 : 0;
        }
        var rest = i == n ? b[j..] : a[i..];
        var back = i == n ? n : m;
        var left = Math.Abs(height);
        foreach (var value in rest)
        {
            if (value > previous)
            {
                best = Math.Max(best, left);
                distinct++;
            }
            area += left * (value - previous);
            previous = value;
            left -= back;
        }
        return new SampleMerge(best, area / ((double)n * m), distinct);
    }
}
