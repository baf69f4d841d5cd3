namespace Holdfast.Statistics.Quality;

/// <summary>Single values that carry mass, and runs of them.</summary>
internal static class Atoms
{
    /// <summary>The most frequent value and its share in [0, 1]; NaN and 0 if empty.</summary>
    public static (double Value, double Share) Largest(double[] sample)
    {
        var all = Above(sample, 0);
        return all.Count == 0 ? (double.NaN, 0) : all[0];
    }

    /// <summary>Share of the sample equal to the value; 0 if empty.</summary>
    public static double Share(double[] sample, double value)
    {
        var count = 0;
        foreach (var x in sample)
        {
            if (x == value) count++;
        }
        return sample.Length == 0 ? 0 : (double)count / sample.Length;
    }

    /// <summary>All values with at least the given share, most frequent first.</summary>
    public static List<(double Value, double Share)> Above(double[] sample, double share)
    {
        var sorted = Samples.SortedFinite(sample);
        var result = new List<(double Value, double Share)>();
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start]) end++;
            var mass = (double)(end - start) / sorted.Length;
            if (mass >= share) result.Add((sorted[start], mass));
        }
        result.Sort((x, y) => x.Share != y.Share ? y.Share.CompareTo(x.Share) : x.Value.CompareTo(y.Value));
        return result;
    }

    /// <summary>Start and length of the longest run of equal values; (0, 0) if empty.</summary>
    public static (int Start, int Length) LongestRun(double[] sample)
    {
        (int Start, int Length) best = (0, 0);
        for (int start = 0, end; start < sample.Length; start = end)
        {
            end = start + 1;
            while (end < sample.Length && sample[end] == sample[start]) end++;
            if (end - start > best.Length) best = (start, end - start);
        }
        return best;
    }

    /// <summary>Share of values that need more than the given number of decimals.</summary>
    public static double FinerThan(double[] sample, int decimals)
    {
        var count = 0;
        foreach (var x in sample)
        {
            if (IsFinerThan(x, decimals)) count++;
        }
        return sample.Length == 0 ? 0 : (double)count / sample.Length;
    }

    /// <summary>A finite value that needs more than the given number of decimals.</summary>
    public static bool IsFinerThan(double x, int decimals) => Math.Abs(x - Math.Round(x, decimals)) > 1e-9 * Math.Max(1, Math.Abs(x));
}
