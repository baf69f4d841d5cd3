using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sequential;

/// <summary>One side of a block that is still open.</summary>
/// <param name="Count">Values.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Squares">Sum of squared deviations from it.</param>
public sealed record BlockSide(long Count, double Mean, double Squares);

/// <summary>All of a <see cref="StratifiedMean"/>.</summary>
/// <param name="Tolerance">Difference that is accepted.</param>
/// <param name="Margin">Difference to exclude.</param>
/// <param name="Rho">Scale of the mixture; 0 before the first block with any variance.</param>
/// <param name="Sum">S: weighted sum of differences.</param>
/// <param name="Variance">V: its variance.</param>
/// <param name="Weight">H: sum of the weights.</param>
/// <param name="BlockWeight">Share of traffic of the open block.</param>
/// <param name="Candidate">Its candidate side.</param>
/// <param name="Stable">Its other side.</param>
/// <param name="Pairs">The open block of pairs.</param>
/// <param name="CandidateTotal">Values of the candidate so far and their sum.</param>
/// <param name="StableTotal">The same of the other side.</param>
/// <param name="PeakLogHarm">Largest ln E for harm so far.</param>
/// <param name="PeakLogSafe">Largest ln E for safety so far.</param>
public sealed record StratifiedMeanState(
    double Tolerance, double Margin, double Rho, double Sum, double Variance, double Weight, double BlockWeight, BlockSide Candidate, BlockSide Stable, BlockSide Pairs,
    BlockSide CandidateTotal, BlockSide StableTotal, double PeakLogHarm, double PeakLogSafe);

/// <summary>
/// Difference of two means, candidate less stable, judged at every look, with one share of the traffic after another: values are compared within
/// short blocks only, as means pooled over a ramp differ by when they were taken (Simpson). Of a block S grows by h d (d the difference of its means,
/// h = nc ns / (nc + ns)) and V by h^2 (vc/nc + vs/ns), at least by what one value could turn; pairs (both sides answered one request) count as h = n, d the mean difference. A block of a split
/// is closed at 10 values on the smaller side, of pairs at 20: sizes do not depend on values. The first block that varies sets the mixture's scale and
/// is not counted. Larger is worse. Asymptotic: nothing is concluded below 100 values on each side.
/// Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 2021; Waudby-Smith et al. 2021; Bibaut, Kallus and Lindon 2022.
/// </summary>
public sealed class StratifiedMean
{
    private const long SplitBlock = 10;
    private const long PairBlock = 20;
    private const long BurnIn = 100;

    // The mixture is tightest when the weights have come to 500: about 500 values of a small candidate side, or 500 pairs.
    private const double Aim = 500;

    private double _rho;
    private double _sum;
    private double _variance;
    private double _weight;
    private double _blockWeight = double.NaN;
    private Side _candidate;
    private Side _stable;
    private Side _pairs;
    private Side _candidateTotal;
    private Side _stableTotal;

    /// <summary>Starts without data.</summary>
    /// <param name="tolerance">Difference that is still accepted. Default 0: no worse at all.</param>
    /// <param name="margin">Difference that must be excluded before an advance, at least the tolerance.</param>
    public StratifiedMean(double tolerance = 0, double margin = 0)
    {
        if (!double.IsFinite(tolerance)) throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "The tolerance must be a number.");
        if (!(margin >= tolerance) || !double.IsFinite(margin)) throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be a number, at least the tolerance.");
        (Tolerance, Margin) = (tolerance, margin);
    }

    /// <summary>Goes on from a stored state.</summary>
    public StratifiedMean(StratifiedMeanState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Tolerance, state.Margin)
    {
        (_rho, _sum, _variance, _weight, _blockWeight) = (state.Rho, state.Sum, state.Variance, state.Weight, state.BlockWeight == 0 ? double.NaN : state.BlockWeight);
        (_candidate, _stable, _pairs, _candidateTotal, _stableTotal) = (new(state.Candidate), new(state.Stable), new(state.Pairs), new(state.CandidateTotal), new(state.StableTotal));
        (PeakLogHarm, PeakLogSafe) = (state.PeakLogHarm, state.PeakLogSafe);
    }

    /// <summary>Difference that is accepted.</summary>
    public double Tolerance { get; }

    /// <summary>Difference to exclude.</summary>
    public double Margin { get; }

    /// <summary>Values of the candidate.</summary>
    public long CandidateCount => _candidateTotal.Count;

    /// <summary>Values of the other side.</summary>
    public long StableCount => _stableTotal.Count;

    /// <summary>The candidate's plain mean, NaN without values; to look at, not to compare.</summary>
    public double CandidateMean => _candidateTotal.Count == 0 ? double.NaN : _candidateTotal.Mean;

    /// <summary>The other side's plain mean.</summary>
    public double StableMean => _stableTotal.Count == 0 ? double.NaN : _stableTotal.Mean;

    /// <summary>The difference over all closed blocks, S / H; NaN without any.</summary>
    public double Difference => _weight > 0 ? _sum / _weight : double.NaN;

    /// <summary>Whether there are values enough for the asymptotics.</summary>
    public bool IsRipe => _weight > 0 && CandidateCount >= BurnIn && StableCount >= BurnIn;

    /// <summary>ln E for "the difference is above the tolerance"; 0 at the start.</summary>
    public double LogHarm => IsRipe ? LogE(_sum - Tolerance * _weight) : 0;

    /// <summary>ln E for "the difference is below the margin"; 0 at the start.</summary>
    public double LogSafe => IsRipe ? LogE(Margin * _weight - _sum) : 0;

    /// <summary>Largest <see cref="LogHarm"/> so far, &gt;= 0.</summary>
    public double PeakLogHarm { get; private set; }

    /// <summary>Largest <see cref="LogSafe"/> so far, &gt;= 0.</summary>
    public double PeakLogSafe { get; private set; }

    /// <summary>Everything, for storing.</summary>
    public StratifiedMeanState State => new(
        Tolerance, Margin, _rho, _sum, _variance, _weight, double.IsNaN(_blockWeight) ? 0 : _blockWeight, _candidate.State, _stable.State, _pairs.State, _candidateTotal.State, _stableTotal.State,
        PeakLogHarm, PeakLogSafe);

    /// <summary>The interval that holds the difference at every look at once: (S -+ sqrt((V + rho) ln((V + rho) / (rho alpha^2)))) / H. Infinite before it is ripe.</summary>
    /// <param name="alpha">Chance of ever being wrong, in (0, 1). Default 0.05.</param>
    public (double Low, double High) Interval(double alpha = 0.05)
    {
        ConfidenceSequence.CheckAlpha(alpha);
        if (!IsRipe) return (double.NegativeInfinity, double.PositiveInfinity);
        var total = _variance + _rho;
        var reach = Math.Sqrt(total * Math.Log(total / (_rho * alpha * alpha)));
        return ((_sum - reach) / _weight, (_sum + reach) / _weight);
    }

    /// <summary>One value while traffic is split.</summary>
    /// <param name="weight">The chance in (0, 1) that this request went to the candidate; at 0 and 1 there is nothing to compare.</param>
    /// <param name="fromCandidate">Whether the value is the candidate's.</param>
    /// <param name="value">Any number; larger is worse. NaN and infinities are refused.</param>
    public void Observe(double weight, bool fromCandidate, double value)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "The value must be finite.");
        if (!(weight >= 0 && weight <= 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "The share of the candidate must lie in [0, 1].");
        if (weight is 0 or 1) return;
        if (weight != _blockWeight) (_candidate, _stable, _blockWeight) = (default, default, weight);
        if (fromCandidate)
        {
            _candidate.Add(value);
            _candidateTotal.Add(value);
        }
        else
        {
            _stable.Add(value);
            _stableTotal.Add(value);
        }
        if (Math.Min(_candidate.Count, _stable.Count) < SplitBlock) return;
        double nc = _candidate.Count, ns = _stable.Count, h = nc * ns / (nc + ns);
        Close(_candidate.Mean - _stable.Mean, h, h * h * (_candidate.Variance / nc + _stable.Variance / ns), h / Math.Min(nc, ns));
        (_candidate, _stable) = (default, default);
    }

    /// <summary>The values of both sides for one request.</summary>
    public void ObservePair(double candidate, double stable)
    {
        if (!double.IsFinite(candidate)) throw new ArgumentOutOfRangeException(nameof(candidate), candidate, "The value must be finite.");
        if (!double.IsFinite(stable)) throw new ArgumentOutOfRangeException(nameof(stable), stable, "The value must be finite.");
        _candidateTotal.Add(candidate);
        _stableTotal.Add(stable);
        _pairs.Add(candidate - stable);
        if (_pairs.Count < PairBlock) return;
        Close(_pairs.Mean, _pairs.Count, _pairs.Count * _pairs.Variance, 1);
        _pairs = default;
    }

    // Values that are all alike still leave the doubt of one more that is not: the variance is never below that of the difference by one value's weight.
    private void Close(double difference, double weight, double variance, double one)
    {
        variance = Math.Max(variance, difference * one * difference * one);
        if (_rho == 0)
        {
            // With equal values on both sides there is no scale, and no difference in doubt.
            if (variance > 0) _rho = Aim / weight * variance / Shape(0.01);
            return;
        }
        _sum += weight * difference;
        _variance += variance;
        _weight += weight;
        if (!IsRipe) return;
        PeakLogHarm = Math.Max(PeakLogHarm, LogHarm);
        PeakLogSafe = Math.Max(PeakLogSafe, LogSafe);
    }

    // v* / rho of the tightest one-sided bound at v*.
    private static double Shape(double alpha) => 2 * Math.Log(1 / (2 * alpha)) + Math.Log(1 + 2 * Math.Log(1 / (2 * alpha)));

    // The one-sided normal mixture: 2 sqrt(rho / (V + rho)) exp(S^2 / (2 (V + rho))) Phi(S / sqrt(V + rho)).
    private double LogE(double sum)
    {
        var total = _variance + _rho;
        var z = sum / Math.Sqrt(total);
        // Far below, exp(z^2 / 2) Phi(z) is its asymptotic 1 / (|z| sqrt(2 pi)): neither factor can be computed there.
        var tail = z < -6 ? -Math.Log(-z * Math.Sqrt(2 * Math.PI)) : z * z / 2 + Math.Log(Distributions.NormalCdf(z));
        return Math.Log(2) + 0.5 * Math.Log(_rho / total) + tail;
    }

    private struct Side(long count, double mean, double squares)
    {
        public Side(BlockSide state)
            : this(state.Count, state.Mean, state.Squares)
        {
        }

        public long Count { get; private set; } = count;

        public double Mean { get; private set; } = mean;

        public readonly double Variance => Count < 2 ? 0 : squares / (Count - 1);

        public readonly BlockSide State => new(Count, Mean, squares);

        public void Add(double value)
        {
            Count++;
            var gap = value - Mean;
            Mean += gap / Count;
            squares += gap * (value - Mean);
        }
    }
}
