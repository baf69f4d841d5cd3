namespace Holdfast.Statistics.Distances;

/// <summary>Totals of two rows of bin counts.</summary>
/// <param name="N">Sum of the reference.</param>
/// <param name="M">Sum of the current window.</param>
/// <param name="Bins">Bins that are not empty on both sides.</param>
internal readonly record struct BinCounts(long N, long M, int Bins)
{
    public static BinCounts Check(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        if (reference.Length != current.Length)
            throw new ArgumentException($"The reference has {reference.Length} bins and the current window {current.Length}: they must be counted in the same bins.", nameof(current));
        long n = 0, m = 0;
        var bins = 0;
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] < 0 || current[i] < 0) throw new ArgumentOutOfRangeException(nameof(current), $"The count of bin {i} is negative.");
            n += reference[i];
            m += current[i];
            if (reference[i] + current[i] > 0) bins++;
        }
        return new BinCounts(n, m, bins);
    }
}
