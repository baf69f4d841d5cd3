namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="BettingTwoSample"/>.</summary>
/// <param name="Memory">Most pairs that the witness is learned from.</param>
/// <param name="X">The remembered values of the first stream, oldest first.</param>
/// <param name="Y">The remembered values of the second stream.</param>
/// <param name="Count">Pairs seen.</param>
/// <param name="Cut">The witness: values up to it count.</param>
/// <param name="Sign">+1 if the first stream had more values up to the cut, -1 if fewer, 0 without a witness.</param>
/// <param name="Bet">Stake on the next pair.</param>
/// <param name="Curvature">Sum of squared gradients of the online Newton step.</param>
/// <param name="LogE">ln E.</param>
/// <param name="PeakLogE">Largest ln E so far.</param>
public sealed record BettingTwoSampleState(
    int Memory, IReadOnlyList<double> X, IReadOnlyList<double> Y, long Count, double Cut, int Sign, double Bet, double Curvature, double LogE, double PeakLogE);

/// <summary>
/// Do two live streams have one distribution? Of each pair (x, y) one bets that x lies below a cut rather than y: wealth W = W (1 + l g),
/// g = f(x) - f(y) in {-1, 0, 1}, with f the Kolmogorov-Smirnov witness of the pairs before (where their distribution functions were farthest apart) and l
/// by online Newton steps, |l| &lt;= 1/2. W &gt;= 1/alpha rejects at any look. Valid if x and y of each pair have the same law given the past, which may drift in
/// both alike; x and y of a pair may depend on each other if they are exchangeable. For a frozen reference use <see cref="HistogramBet"/>.
/// Any finite values; NaN is refused. Shekhar and Ramdas, IEEE Transactions on Information Theory 70 (2024).
/// </summary>
public sealed class BettingTwoSample
{
    private static readonly double NewtonRate = 2 / (2 - Math.Log(3));

    private readonly double[] _x;
    private readonly double[] _y;
    private readonly double[] _sortedX;
    private readonly double[] _sortedY;
    private double _cut;
    private int _sign;
    private double _bet;
    private double _curvature = 1;

    /// <summary>Starts with E = 1.</summary>
    /// <param name="memory">Most recent pairs that the witness is learned from, at least 2. Default 1000: a cut needs no more, and a late change is found sooner.</param>
    public BettingTwoSample(int memory = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(memory, 2);
        (_x, _y, _sortedX, _sortedY) = (new double[memory], new double[memory], new double[memory], new double[memory]);
    }

    /// <summary>Goes on from a stored state.</summary>
    public BettingTwoSample(BettingTwoSampleState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Memory)
    {
        var held = (int)Math.Min(state.Count, state.Memory);
        if (state.X.Count != held || state.Y.Count != held) throw new ArgumentException($"The state must hold {held} pairs.", nameof(state));
        (Count, _cut, _sign, _bet, _curvature) = (state.Count, state.Cut, state.Sign, state.Bet, state.Curvature);
        (LogE, PeakLogE) = (state.LogE, state.PeakLogE);
        for (var i = 0; i < held; i++)
        {
            var place = Place(Count - held + i);
            (_x[place], _y[place]) = (state.X[i], state.Y[i]);
        }
    }

    /// <summary>Pairs seen.</summary>
    public long Count { get; private set; }

    /// <summary>ln E against "one distribution"; 0 at the start.</summary>
    public double LogE { get; private set; }

    /// <summary>Largest <see cref="LogE"/> so far, &gt;= 0.</summary>
    public double PeakLogE { get; private set; }

    /// <summary>The always-valid p-value, exp(-PeakLogE), in (0, 1].</summary>
    public double PValue => Math.Exp(-PeakLogE);

    /// <summary>Everything, for storing.</summary>
    public BettingTwoSampleState State => new(_x.Length, Remembered(_x), Remembered(_y), Count, _cut, _sign, _bet, _curvature, LogE, PeakLogE);

    /// <summary>One pair.</summary>
    public void Observe(double x, double y)
    {
        if (!double.IsFinite(x)) throw new ArgumentOutOfRangeException(nameof(x), x, "The value must be finite.");
        if (!double.IsFinite(y)) throw new ArgumentOutOfRangeException(nameof(y), y, "The value must be finite.");
        Settle(_sign * ((x <= _cut ? 1 : 0) - (y <= _cut ? 1 : 0)));
        var place = Place(Count);
        (_x[place], _y[place]) = (x, y);
        Count++;
        if (IsLearned(Count)) Learn();
    }

    private void Settle(int payoff)
    {
        if (payoff == 0) return; // no gain, no gradient
        LogE += Math.Log(1 + _bet * payoff);
        PeakLogE = Math.Max(PeakLogE, LogE);
        var gradient = -payoff / (1 + _bet * payoff);
        _curvature += gradient * gradient;
        _bet = Math.Clamp(_bet - NewtonRate * gradient / _curvature, -0.5, 0.5);
    }

    private int Place(long index) => (int)(index % _x.Length);

    private double[] Remembered(double[] ring)
    {
        var values = new double[(int)Math.Min(Count, ring.Length)];
        for (var i = 0; i < values.Length; i++) values[i] = ring[Place(Count - values.Length + i)];
        return values;
    }

    // Each time at first, then every 16th part of the pairs, at most every 64: a function of the count, so that a restored test learns at the same pairs.
    private static bool IsLearned(long count) => count <= 64 || count % Math.Min(64, (1L << (int)long.Log2(count)) / 16) == 0;

    private void Learn()
    {
        var held = (int)Math.Min(Count, _x.Length);
        Span<double> x = _sortedX.AsSpan(0, held), y = _sortedY.AsSpan(0, held);
        _x.AsSpan(0, held).CopyTo(x);
        _y.AsSpan(0, held).CopyTo(y);
        x.Sort();
        y.Sort();
        int i = 0, j = 0, best = 0;
        while (i < held && j < held)
        {
            var value = Math.Min(x[i], y[j]);
            while (i < held && x[i] == value) i++;
            while (j < held && y[j] == value) j++;
            if (Math.Abs(i - j) <= Math.Abs(best)) continue;
            (best, _cut) = (i - j, value);
        }
        _sign = Math.Sign(best);
    }
}
