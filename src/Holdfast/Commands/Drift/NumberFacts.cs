namespace Holdfast.Commands.Drift;

/// <summary>What a row of numbers shows at a glance.</summary>
internal static class NumberFacts
{
    /// <summary>Whole numbers, each larger than the one before; missing values refuse it.</summary>
    public static bool IsCounter(ReadOnlySpan<double> values, double before = double.NegativeInfinity)
    {
        foreach (var value in values)
        {
            if (!(value > before) || value != Math.Floor(value) || double.IsInfinity(value))
                return false;
            before = value;
        }

        return true;
    }

    /// <summary>Different values of an ascending array.</summary>
    public static int Distinct(ReadOnlySpan<double> sorted)
    {
        var distinct = sorted.Length == 0 ? 0 : 1;
        for (var i = 1; i < sorted.Length; i++)
            distinct += sorted[i] == sorted[i - 1] ? 0 : 1;
        return distinct;
    }

    /// <summary>How many values of an ascending array are at most <paramref name="bound"/>.</summary>
    public static int AtMost(ReadOnlySpan<double> sorted, double bound)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] <= bound)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
