namespace Holdfast.Statistics.Tests;

/// <summary>The runs of equal values of two ascending samples, in order.</summary>
/// <param name="Sizes">Values of both samples in each run.</param>
/// <param name="First">Those of the first sample.</param>
/// <param name="Joined">Whether the entry joins several runs (after <see cref="Coarse"/>).</param>
internal readonly record struct PooledRuns(long[] Sizes, long[] First, bool[] Joined)
{
    private const int MostRuns = 500;
    private const int Stretches = 100;

    public static PooledRuns Of(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        List<long> sizes = [], first = [];
        int i = 0, j = 0;
        while (i < a.Length || j < b.Length)
        {
            var x = j == b.Length || (i < a.Length && a[i] <= b[j]) ? a[i] : b[j];
            int fromA = Samples.RunAt(a[i..], x), fromB = Samples.RunAt(b[j..], x);
            i += fromA;
            j += fromB;
            sizes.Add(fromA + fromB);
            first.Add(fromA);
        }
        return new PooledRuns([.. sizes], [.. first], new bool[sizes.Count]);
    }

    public static PooledRuns Of(Sketches.WeightedSample a, Sketches.WeightedSample b)
    {
        List<long> sizes = [], first = [];
        int i = 0, j = 0;
        while (i < a.Values.Length || j < b.Values.Length)
        {
            var x = j == b.Values.Length || (i < a.Values.Length && a.Values[i] <= b.Values[j]) ? a.Values[i] : b.Values[j];
            long fromA = 0, fromB = 0;
            if (i < a.Values.Length && a.Values[i] == x) fromA = a.Ends[i] - (i++ == 0 ? 0 : a.Ends[i - 2]);
            if (j < b.Values.Length && b.Values[j] == x) fromB = b.Ends[j] - (j++ == 0 ? 0 : b.Ends[j - 2]);
            sizes.Add(fromA + fromB);
            first.Add(fromA);
        }
        return new PooledRuns([.. sizes], [.. first], new bool[sizes.Count]);
    }

    /// <summary>At most a few hundred entries: beyond 500 runs those with less than half a percent of all values are joined, up to one percent together.</summary>
    public PooledRuns Coarse()
    {
        if (Sizes.Length <= MostRuns) return this;
        List<long> sizes = [], first = [];
        List<bool> joined = [];
        long total = Sizes.Sum(), size = 0, inFirst = 0;
        var runs = 0;
        for (var k = 0; k < Sizes.Length; k++)
        {
            var heavy = Sizes[k] * 2 * Stretches >= total;
            if (heavy) Close();
            size += Sizes[k];
            inFirst += First[k];
            runs++;
            if (heavy || size * Stretches >= total) Close();
        }
        Close();
        return new PooledRuns([.. sizes], [.. first], [.. joined]);

        void Close()
        {
            if (runs > 0)
            {
                sizes.Add(size);
                first.Add(inFirst);
                joined.Add(runs > 1);
            }
            (size, inFirst, runs) = (0, 0, 0);
        }
    }
}
