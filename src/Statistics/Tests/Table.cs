using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests;

/// <summary>A 2 x K table without empty columns, its rarest columns pooled if wanted.</summary>
internal sealed class Table
{
    private readonly double[] _top;
    private readonly double[] _bottom;
    private readonly double _n;
    private readonly double _m;
    private readonly int _pooled;

    private Table(double[] top, double[] bottom, double n, double m, int pooled)
    {
        _top = top;
        _bottom = bottom;
        _n = n;
        _m = m;
        _pooled = pooled;
    }

    public static Table Build(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, bool pool)
    {
        var counts = BinCounts.Check(reference, current);
        var columns = new List<(double Top, double Bottom)>(counts.Bins);
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] + current[i] > 0) columns.Add((reference[i], current[i]));
        }
        var pooled = pool && counts.N > 0 && counts.M > 0 ? Pool(columns, Math.Min(counts.N, counts.M) / ((double)counts.N + counts.M)) : 0;
        var top = new double[columns.Count];
        var bottom = new double[columns.Count];
        for (var i = 0; i < top.Length; i++) (top[i], bottom[i]) = columns[i];
        return new Table(top, bottom, counts.N, counts.M, pooled);
    }

    // Merge the two rarest columns until Cochran's rule holds.
    private static int Pool(List<(double Top, double Bottom)> columns, double smallerShare)
    {
        // Equal totals in a fixed scrambled order: categories often stand in the order of the reference's counts, and pooling along it would join
        // those that the reference lacks and so make a difference where there is none.
        var keys = new (double Total, ulong Scrambled)[columns.Count];
        for (var i = 0; i < keys.Length; i++) keys[i] = (-columns[i].Top - columns[i].Bottom, (ulong)(i + 1) * 0x9E3779B97F4A7C15 ^ ((ulong)(i + 1) * 0xBF58476D1CE4E5B9 >> 17));
        var items = columns.ToArray();
        Array.Sort(keys, items);
        columns.Clear();
        columns.AddRange(items);
        var merged = 0;
        while (columns.Count > 2)
        {
            if (Carries(columns, smallerShare)) break;
            var last = columns[^1];
            columns.RemoveAt(columns.Count - 1);
            var pooled = (Top: columns[^1].Top + last.Top, Bottom: columns[^1].Bottom + last.Bottom);
            columns.RemoveAt(columns.Count - 1);
            var place = columns.Count;
            while (place > 0 && columns[place - 1].Top + columns[place - 1].Bottom < pooled.Top + pooled.Bottom) place--;
            columns.Insert(place, pooled);
            merged++;
        }
        return merged == 0 ? 0 : merged + 1;
    }

    // Cochran's rule: every expected count at least 1, four of five at least 5.
    private static bool Carries(IEnumerable<(double Top, double Bottom)> columns, double smallerShare)
    {
        int thin = 0, tiny = 0, all = 0;
        foreach (var (top, bottom) in columns)
        {
            var expected = (top + bottom) * smallerShare;
            if (expected < 5) thin++;
            if (expected < 1) tiny++;
            all++;
        }
        return tiny == 0 && thin * 5 <= all;
    }

    public bool CarriesChiSquared => Carries(Enumerable.Range(0, _top.Length).Select(i => (_top[i], _bottom[i])), Math.Min(_n, _m) / (_n + _m));

    public (long A, long B, long C, long D) TwoByTwo => ((long)_top[0], (long)_top[1], (long)_bottom[0], (long)_bottom[1]);

    public double Pearson(bool yates)
    {
        if (!Defined) return double.NaN;
        double total = 0;
        var correct = yates && _top.Length == 2;
        for (var i = 0; i < _top.Length; i++)
        {
            var column = _top[i] + _bottom[i];
            double e1 = _n * column / (_n + _m), e2 = _m * column / (_n + _m), gap = Math.Abs(_top[i] - e1);
            if (correct) gap -= Math.Min(0.5, gap);
            total += gap * gap / e1 + gap * gap / e2;
        }
        return total;
    }

    public double LikelihoodRatio()
    {
        if (!Defined) return double.NaN;
        double total = 0;
        for (var i = 0; i < _top.Length; i++)
        {
            var column = _top[i] + _bottom[i];
            if (_top[i] > 0) total += _top[i] * Math.Log(_top[i] * (_n + _m) / (_n * column));
            if (_bottom[i] > 0) total += _bottom[i] * Math.Log(_bottom[i] * (_n + _m) / (_m * column));
        }
        return Math.Max(0, 2 * total);
    }

    public double MinExpected
    {
        get
        {
            var smallest = double.PositiveInfinity;
            for (var i = 0; i < _top.Length; i++) smallest = Math.Min(smallest, (_top[i] + _bottom[i]) * Math.Min(_n, _m) / (_n + _m));
            return smallest;
        }
    }

    public bool Defined => _top.Length > 1 && _n > 0 && _m > 0;

    public int Columns => _top.Length;

    public ChiSquaredResult Result(double statistic) => Result(statistic, Distributions.ChiSquaredSf(statistic, _top.Length - 1));

    public ChiSquaredResult Result(double statistic, double pValue)
    {
        if (!Defined) return new ChiSquaredResult(double.NaN, 1, 0, 0, 0, 0, 0);
        var pearson = Pearson(yates: false);
        return new ChiSquaredResult(statistic, pValue, _top.Length - 1, Math.Sqrt(pearson / (_n + _m)), CorrectedV(pearson), MinExpected, _pooled);
    }

    private double CorrectedV(double pearson)
    {
        double total = _n + _m, columns = _top.Length, rows = 2;
        if (total < 3) return 0;
        columns -= (columns - 1) * (columns - 1) / (total - 1);
        rows -= 1 / (total - 1);
        var square = Math.Max(0, pearson / total - (_top.Length - 1) / (total - 1));
        return square == 0 ? 0 : Math.Min(1, Math.Sqrt(square / (Math.Min(columns, rows) - 1)));
    }

    /// <summary>P(X2 at least as observed | the margins), from seeded tables with the same margins: (1 + hits) / (1 + draws).</summary>
    public double MonteCarlo(int draws, int seed)
    {
        if (!Defined) return 1;
        var margins = new FixedMargins([.. Enumerable.Range(0, _top.Length).Select(i => (long)(_top[i] + _bottom[i]))], (long)_n, seed);
        // X2 = N^2 / (nm) sum (top - E)^2 / column: the sum alone decides. The slack keeps tables equal to the observed one on its side.
        var bound = Spread(margins.Columns, [.. _top.Select(x => (long)x)]) * (1 - 1e-9);
        var first = new long[_top.Length];
        var hits = 0;
        for (var draw = 0; draw < draws; draw++)
        {
            margins.Draw(first);
            if (Spread(margins.Columns, first) >= bound) hits++;
        }
        return (1.0 + hits) / (1 + draws);
    }

    private double Spread(long[] columns, long[] first)
    {
        double total = 0, share = _n / (_n + _m);
        for (var i = 0; i < columns.Length; i++)
        {
            var gap = first[i] - share * columns[i];
            total += gap * gap / columns[i];
        }
        return total;
    }
}
