namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="HedgedBettingMean"/>.</summary>
/// <param name="Alpha">Error chance over all looks.</param>
/// <param name="Cells">Cells of the grid over [0, 1].</param>
/// <param name="Count">Values seen.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="Squares">Sum of squared deviations from the predictable mean.</param>
/// <param name="First">First grid point that is still possible.</param>
/// <param name="Above">Capital of the bets on a larger mean, from the first possible point to the last.</param>
/// <param name="Below">Capital of the bets on a smaller mean, likewise.</param>
public sealed record HedgedBettingState(
    double Alpha, int Cells, long Count, double Sum, double Squares, int First, IReadOnlyList<double> Above, IReadOnlyList<double> Below);

/// <summary>
/// Confidence sequence for the mean of values in [0, 1] by hedged betting: against each candidate mean m one bets on "larger" and on "smaller",
/// K+ = prod(1 + l (x - m)), K- = prod(1 - l (x - m)), l = sqrt(2 ln(2/alpha) / (s2 t ln(1 + t))) from the past only, at most 1/(2m) and 1/(2(1 - m)); m is
/// excluded for good when one capital reaches 2/alpha. Its width follows the variance: narrow for rare events in samples of some hundred.
/// K+ falls and K- rises with m, so the excluded means lie at the ends, and a grid point's exclusion holds for all beyond it: the grid costs width
/// (at most one cell on each side), never coverage. Work and memory are proportional to the cells that are still possible.
/// Waudby-Smith and Ramdas, JRSS B 2024, theorem 3.
/// </summary>
public sealed class HedgedBettingMean
{
    private readonly double[] _above;
    private readonly double[] _below;
    private readonly double _limit;
    private int _first;
    private int _last;
    private double _sum;
    private double _squares;

    /// <summary>Starts without data: [0, 1].</summary>
    /// <param name="alpha">Error chance over all looks, in (0, 1). Default 0.05.</param>
    /// <param name="cells">Cells of the grid, 2 to 1,000,000; the limits are multiples of 1/cells. Default 1000.</param>
    public HedgedBettingMean(double alpha = 0.05, int cells = 1000)
    {
        ConfidenceSequence.CheckAlpha(alpha);
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cells, 1_000_000);
        (Alpha, Cells, _limit, _last) = (alpha, cells, 2 / alpha, cells);
        _above = new double[cells + 1];
        _below = new double[cells + 1];
        Array.Fill(_above, 1);
        Array.Fill(_below, 1);
    }

    /// <summary>Goes on from a stored state.</summary>
    public HedgedBettingMean(HedgedBettingState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Alpha, state.Cells)
    {
        if (state.First < 0 || state.Above.Count != state.Below.Count || state.First + state.Above.Count > Cells + 1) throw new ArgumentException("The capitals do not fit the grid.", nameof(state));
        (Count, _sum, _squares, _first, _last) = (state.Count, state.Sum, state.Squares, state.First, state.First + state.Above.Count - 1);
        for (var i = 0; i < state.Above.Count; i++) (_above[_first + i], _below[_first + i]) = (state.Above[i], state.Below[i]);
    }

    /// <summary>Error chance over all looks.</summary>
    public double Alpha { get; }

    /// <summary>Cells of the grid over [0, 1].</summary>
    public int Cells { get; }

    /// <summary>Values seen.</summary>
    public long Count { get; private set; }

    /// <summary>Mean so far; NaN without data.</summary>
    public double Mean => Count == 0 ? double.NaN : _sum / Count;

    /// <summary>Lower limit of the mean: the largest grid point that is excluded from below, 0 if none. It never falls.</summary>
    public double Lower => Math.Max(0, (_first - 1.0) / Cells);

    /// <summary>Upper limit of the mean: the smallest grid point that is excluded from above, 1 if none. It never rises.</summary>
    public double Upper => Math.Min(1, (_last + 1.0) / Cells);

    /// <summary>Everything, for storing.</summary>
    public HedgedBettingState State => new(Alpha, Cells, Count, _sum, _squares, _first, _above[_first..(_last + 1)], _below[_first..(_last + 1)]);

    /// <summary>One value; values outside [0, 1] and NaN are refused (clipping would bias the mean).</summary>
    public void Observe(double value)
    {
        ConfidenceSequence.CheckUnit(value);
        var variance = (0.25 + _squares) / (Count + 1);
        Count++;
        Bet(value, EmpiricalBernstein.Stake(variance, Count, Alpha));
        while (_first <= _last && _above[_first] >= _limit) _first++;
        while (_last >= _first && _below[_last] >= _limit) _last--;
        _sum += value;
        var after = (0.5 + _sum) / (Count + 1);
        _squares += (value - after) * (value - after);
    }

    private void Bet(double value, double stake)
    {
        for (var i = _first; i <= _last; i++)
        {
            var m = (double)i / Cells;
            _above[i] *= 1 + Math.Min(stake, 0.5 / m) * (value - m);
            _below[i] *= 1 - Math.Min(stake, 0.5 / (1 - m)) * (value - m);
        }
    }
}
