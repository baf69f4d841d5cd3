using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="HistogramBet"/>.</summary>
/// <param name="Low">Smallest bin shares under the hypothesis.</param>
/// <param name="High">Largest bin shares under the hypothesis.</param>
/// <param name="Counts">Values seen in each bin.</param>
/// <param name="Basis">The counts that the bet of the moment was made from.</param>
/// <param name="LogE">ln E.</param>
/// <param name="PeakLogE">Largest ln E so far.</param>
/// <param name="Memory">Rows after which counts are halved; 0 for never.</param>
public sealed record HistogramBetState(
    IReadOnlyList<double> Low, IReadOnlyList<double> High, IReadOnlyList<long> Counts, IReadOnlyList<long> Basis, double LogE, double PeakLogE, long Memory = 0);

/// <summary>
/// Watches one feature row by row against a frozen reference, at every look. H0 is composite: each bin share lies within what the finite reference and a
/// tolerated change allow, so a long stream does not alarm merely because the reference has finitely many rows. The bet is the Krichevsky-Trofimov
/// estimate f of the shares, divided by its reverse information projection on H0 (which makes f / p* an e-variable for a convex H0; Gruenwald, de Heide
/// and Koolen, JRSS B 2024). E &gt;= 1/alpha rejects.
/// </summary>
public sealed class HistogramBet
{
    private readonly double[] _low;
    private readonly double[] _high;
    private readonly long[] _counts;
    private readonly long[] _basis;
    private readonly double[] _log;
    private readonly long _memory;
    private long _total;
    private long _refresh;

    /// <summary>Starts with E = 1.</summary>
    /// <param name="reference">Reference counts in each bin, at least one row and two bins.</param>
    /// <param name="tolerance">Tolerated relative change of each bin's share, in [0, 1). Default 0.1.</param>
    /// <param name="confidence">
    /// Chance that all true reference shares lie in their Wilson intervals (Bonferroni over bins). Default 0.99: a false rejection then has at most about
    /// alpha + 0.01.
    /// </param>
    /// <param name="memory">
    /// 0 (default): the bet is learned from all rows, best for "does it differ at all". Otherwise the counts are halved whenever they reach this many rows, at
    /// least 64: the bet follows a late change, best as the source of an <see cref="EDetector"/>.
    /// </param>
    public HistogramBet(ReadOnlySpan<long> reference, double tolerance = 0.1, double confidence = 0.99, long memory = 0)
        : this(reference.Length)
    {
        if (memory != 0) ArgumentOutOfRangeException.ThrowIfLessThan(memory, 64);
        if (!(confidence is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must lie between 0 and 1.");
        _memory = memory;
        if (!(tolerance >= 0 && tolerance < 1)) throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "The tolerance must lie in [0, 1).");
        long n = 0;
        foreach (var count in reference) n += count;
        if (n < 1) throw new ArgumentException("The reference has no rows.", nameof(reference));
        var z = Distributions.NormalQuantile(1 - (1 - confidence) / (2 * reference.Length));
        for (var i = 0; i < reference.Length; i++)
        {
            var (low, high) = Wilson((double)reference[i] / n, n, z);
            _low[i] = low * (1 - tolerance);
            _high[i] = Math.Min(1, high * (1 + tolerance));
        }
        Project();
    }

    /// <summary>Goes on from a stored state; the bet is recomputed, so the evidence continues as if never stopped.</summary>
    public HistogramBet(HistogramBetState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Counts.Count)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            (_low[i], _high[i], _counts[i], _basis[i]) = (state.Low[i], state.High[i], state.Counts[i], state.Basis[i]);
            _total += _counts[i];
        }
        (LogE, PeakLogE, _memory) = (state.LogE, state.PeakLogE, state.Memory);
        Project();
        _refresh = RefreshAfter(_total);
    }

    private HistogramBet(int bins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 2);
        _low = new double[bins];
        _high = new double[bins];
        _counts = new long[bins];
        _basis = new long[bins];
        _log = new double[bins];
    }

    /// <summary>ln E against "within tolerance of the reference"; 0 at the start.</summary>
    public double LogE { get; private set; }

    /// <summary>Largest <see cref="LogE"/> so far, &gt;= 0; the always-valid p-value is exp(-PeakLogE).</summary>
    public double PeakLogE { get; private set; }

    /// <summary>Everything, for storing.</summary>
    public HistogramBetState State => new([.. _low], [.. _high], [.. _counts], [.. _basis], LogE, PeakLogE, _memory);

    /// <summary>One value's bin (missing, -1, is ignored). Returns ln e of this step, to feed an <see cref="EDetector"/>.</summary>
    public double Observe(int bin)
    {
        if (bin < 0) return 0;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bin, _counts.Length);
        var step = _log[bin];
        LogE += step;
        PeakLogE = Math.Max(PeakLogE, LogE);
        _counts[bin]++;
        _total++;
        if (_total == _memory) Halve();
        else if (_total < _refresh) return step;
        _counts.CopyTo(_basis, 0);
        Project();
        _refresh = RefreshAfter(_total);
        return step;
    }

    private void Halve()
    {
        _total = 0;
        for (var i = 0; i < _counts.Length; i++) _total += _counts[i] /= 2;
    }

    // Reverse information projection of f on {low <= p <= high, sum p = 1}: p = clip(f / mu), mu by bisection.
    private void Project()
    {
        var bins = _counts.Length;
        Span<double> shares = bins <= 256 ? stackalloc double[bins] : new double[bins];
        long total = 0;
        foreach (var count in _basis) total += count;
        for (var i = 0; i < bins; i++) shares[i] = (_basis[i] + 0.5) / (total + 0.5 * bins);
        double small = 0, large = double.MaxValue; // of 1 / mu
        var factor = 1.0;
        for (var step = 0; step < 100; step++)
        {
            double sum = 0;
            for (var i = 0; i < bins; i++) sum += Math.Clamp(shares[i] * factor, _low[i], _high[i]);
            if (Math.Abs(sum - 1) < 1e-14) break;
            if (sum < 1) small = factor; else large = factor;
            factor = large == double.MaxValue ? factor * 2 : 0.5 * (small + large);
        }
        for (var i = 0; i < bins; i++) _log[i] = Math.Log(shares[i] / Math.Clamp(shares[i] * factor, _low[i], _high[i]));
    }

    // A function of the count alone, so that a restored bet refreshes at the same rows.
    private static long RefreshAfter(long total) => total < 64 ? total + 1 : (total / 16 + 1) * 16;

    private static (double Low, double High) Wilson(double p, long n, double z)
    {
        var square = z * z;
        var centre = (p + square / (2 * n)) / (1 + square / n);
        var reach = z / (1 + square / n) * Math.Sqrt(p * (1 - p) / n + square / (4.0 * n * n));
        return (Math.Max(0, centre - reach), Math.Min(1, centre + reach));
    }
}
