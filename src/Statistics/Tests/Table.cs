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
        columns.Sort((x, y) => (y.Top + y.Bottom).CompareTo(x.Top + x.Bottom));
        var merged = 0;
        while (columns.Count > 2)
        {
            int thin = 0, tiny = 0;
            foreach (var (top, bottom) in columns)
            {
                var expected = (top + bottom) * smallerShare;
                if (expected < 5) thin++;
                if (expected < 1) tiny++;
            }
            if (tiny == 0 && thin * 5 <= columns.Count) break;
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

    private bool Defined => _top.Length > 1 && _n > 0 && _m > 0;

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

    public ChiSquaredResult Result(double statistic)
    {
        if (!Defined) return new ChiSquaredResult(double.NaN, 1, 0, 0, 0, 0);
        var smallest = double.PositiveInfinity;
        for (var i = 0; i < _top.Length; i++) smallest = Math.Min(smallest, (_top[i] + _bottom[i]) * Math.Min(_n, _m) / (_n + _m));
        var degrees = _top.Length - 1;
        var effect = Math.Sqrt(Pearson(yates: false) / (_n + _m));
        return new ChiSquaredResult(statistic, Distributions.ChiSquaredSf(statistic, degrees), degrees, effect, smallest, _pooled);
    }
}
