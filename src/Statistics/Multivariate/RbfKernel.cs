using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// The Gaussian kernel k(x, y) = exp(-|x - y|^2 / (2 s^2)), in (0, 1], on standardised rows. The bandwidth s has the unit of the rows.
/// </summary>
public static class RbfKernel
{
    /// <summary>
    /// Bandwidth by the median heuristic: s^2 is half the lower median of the squared distances of all pairs of different reference rows, so that
    /// k = exp(-d^2 / median). Taken from the reference alone, it does not move with the window. Median 0 (most rows equal): the mean of the squared
    /// distances instead; all rows equal or fewer than two rows: s = 1.
    /// Gretton et al., Journal of Machine Learning Research 13, 2012.
    /// </summary>
    /// <param name="reference">Finite, standardised rows.</param>
    /// <param name="mostRows">Larger references are thinned to this many rows at even spacing. Default 2,000 (two million pairs): the median of more pairs differs in the third digit only.</param>
    public static double MedianSigma(Matrix reference, int mostRows = 2000)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostRows, 2);
        reference.CheckFinite(nameof(reference));
        var rows = Thinned(reference, mostRows);
        if (rows.Rows < 2) return 1;
        var distances = new double[(long)rows.Rows * (rows.Rows - 1) / 2];
        var next = 0;
        for (var i = 1; i < rows.Rows; i++)
        {
            for (var j = 0; j < i; j++) distances[next++] = SquaredDistance(rows.Row(i), rows.Row(j));
        }
        var median = Select(distances, (distances.Length - 1) / 2);
        if (median > 0) return Math.Sqrt(median / 2);
        var mean = Samples.MeanSd(distances).Mean;
        return mean > 0 ? Math.Sqrt(mean / 2) : 1;
    }

    /// <summary>k(x, y) for two rows of equal length.</summary>
    public static double Value(ReadOnlySpan<double> x, ReadOnlySpan<double> y, double sigma) => Math.Exp(-SquaredDistance(x, y) / (2 * sigma * sigma));

    internal static Matrix Thinned(Matrix rows, int most)
    {
        if (rows.Rows <= most) return rows;
        var kept = new int[most];
        for (var i = 0; i < most; i++) kept[i] = (int)((long)i * rows.Rows / most);
        return rows.SelectRows(kept);
    }

    internal static double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException("Both rows need the same features.", nameof(y));
        ref var a = ref MemoryMarshal.GetReference(x);
        ref var b = ref MemoryMarshal.GetReference(y);
        Vector256<double> sums = default;
        var i = 0;
        for (; i <= x.Length - 4; i += 4)
        {
            var difference = Vector256.LoadUnsafe(ref a, (nuint)i) - Vector256.LoadUnsafe(ref b, (nuint)i);
            sums = Vector256.MultiplyAddEstimate(difference, difference, sums);
        }
        var sum = Vector256.Sum(sums);
        for (; i < x.Length; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
        return sum;
    }

    // Hoare's selection; the array is reordered.
    private static double Select(double[] values, int rank)
    {
        int low = 0, high = values.Length - 1;
        while (low < high)
        {
            var pivot = MedianOfThree(values[low], values[low + (high - low) / 2], values[high]);
            int i = low, j = high;
            while (i <= j)
            {
                while (values[i] < pivot) i++;
                while (values[j] > pivot) j--;
                if (i > j) break;
                (values[i], values[j]) = (values[j], values[i]);
                i++;
                j--;
            }
            if (rank <= j) high = j;
            else if (rank >= i) low = i;
            else break;
        }
        return values[rank];
    }

    private static double MedianOfThree(double a, double b, double c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
