namespace Holdfast.Statistics.Tests;

/// <summary>
/// Random 2 x K tables with the margins of the observed one: what a random re-labelling of all values gives, in O(K) draws instead of O(N).
/// The counts of a column are hypergeometric given the columns before it.
/// </summary>
internal sealed class FixedMargins(long[] columns, long firstRow, int seed)
{
    // Above this variance the hypergeometric law is drawn as a rounded normal one: the error of a probability is below 1e-3 and has no direction.
    private const double NormalVariance = 100;
    private const int OneByOne = 12;

    private readonly Random _random = new(seed);
    private readonly long _total = columns.Sum();
    private double _spare = double.NaN;

    /// <summary>Column totals.</summary>
    public long[] Columns { get; } = columns;

    /// <summary>Fills the first row of a new table.</summary>
    public void Draw(Span<long> first)
    {
        long wanted = firstRow, left = _total;
        for (var k = 0; k < Columns.Length; k++)
        {
            var drawn = wanted == 0 ? 0 : Hypergeometric(left, wanted, Columns[k]);
            first[k] = drawn;
            wanted -= drawn;
            left -= Columns[k];
        }
    }

    // How many of `marked` among `total` fall into a column of `size`.
    private long Hypergeometric(long total, long marked, long size)
    {
        if (size == total) return marked;
        if (size <= OneByOne) return Few(total, marked, size);
        double share = (double)marked / total, mean = size * share;
        var variance = mean * (1 - share) * (total - size) / (total - 1);
        long low = Math.Max(0, size - (total - marked)), high = Math.Min(size, marked);
        if (variance > NormalVariance) return Math.Clamp((long)Math.Round(mean + Math.Sqrt(variance) * Normal()), low, high);
        return FromMode(total, marked, size, low, high);
    }

    private long Few(long total, long marked, long size)
    {
        long drawn = 0;
        for (var i = 0; i < size; i++)
        {
            if (_random.NextDouble() * (total - i) < marked - drawn) drawn++;
        }
        return drawn;
    }

    // Inversion outwards from the mode: about one standard deviation of steps.
    private long FromMode(long total, long marked, long size, long low, long high)
    {
        var mode = Math.Clamp((long)((size + 1.0) * (marked + 1.0) / (total + 2.0)), low, high);
        var rest = total - marked - size;
        double up = Math.Exp(LogChoose(marked, mode) + LogChoose(total - marked, size - mode) - LogChoose(total, size)), down = up;
        var u = _random.NextDouble() - up;
        long above = mode, below = mode;
        while (u > 0 && (above < high || below > low))
        {
            if (above < high)
            {
                up *= (double)(marked - above) * (size - above) / ((above + 1.0) * (rest + above + 1));
                above++;
                u -= up;
                if (u <= 0) return above;
            }
            if (below > low)
            {
                down *= (double)below * (rest + below) / ((marked - below + 1.0) * (size - below + 1));
                below--;
                u -= down;
                if (u <= 0) return below;
            }
        }
        return mode;
    }

    private double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            var kept = _spare;
            _spare = double.NaN;
            return kept;
        }
        var radius = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble()));
        var (sin, cos) = Math.SinCos(2 * Math.PI * _random.NextDouble());
        _spare = radius * sin;
        return radius * cos;
    }

    private static double LogChoose(long n, long k) => LogFactorial(n) - LogFactorial(k) - LogFactorial(n - k);

    private static double LogFactorial(long n) => n < Factorials.Length ? Factorials[n] : Stirling(n);

    private static double Stirling(double n) => (n + 0.5) * Math.Log(n) - n + 0.91893853320467274178 + 1 / (12 * n) - 1 / (360 * n * n * n);

    private static readonly double[] Factorials = BuildFactorials();

    private static double[] BuildFactorials()
    {
        var table = new double[256];
        for (var i = 2; i < table.Length; i++) table[i] = table[i - 1] + Math.Log(i);
        return table;
    }
}
