namespace Holdfast.Statistics.Sequential;

/// <summary>All of an <see cref="EcdfBand"/>.</summary>
/// <param name="Edges">Cut points, ascending.</param>
/// <param name="Reference">The reference's distribution function at the edges.</param>
/// <param name="Allowance">Tolerated distance and the reference's own error together.</param>
/// <param name="Alpha">Error chance over all looks.</param>
/// <param name="Counts">Values up to each edge and above the one before; the last entry counts those above all edges.</param>
/// <param name="Distance">Distance at the last epoch; null before the first.</param>
/// <param name="Excess">Largest distance beyond all allowances at an epoch so far; null before the first.</param>
public sealed record EcdfBandState(
    IReadOnlyList<double> Edges, IReadOnlyList<double> Reference, double Allowance, double Alpha, IReadOnlyList<long> Counts, double? Distance, double? Excess);

/// <summary>
/// Watches the whole distribution function of a stream against a frozen reference at the epochs t = 2, 4, 8, ... values: a change if
/// D = max |F_t - F_ref| over up to 256 reference quantiles exceeds tolerance + the reference's DKW error + the stream's DKW band of the epoch. Half of alpha
/// pays for the reference, half for all epochs together; the chance of ever alarming while the true distance is within the tolerance is at most alpha.
/// The simplest valid monitor, with a picture (the band) that people can read; slower than <see cref="HistogramBet"/>, because it looks only when the
/// stream has doubled. Infinite values count at their end; NaN is ignored (missing values are tested apart). A constant reference leaves one edge.
/// Massart, Annals of Probability 18 (1990).
/// </summary>
public sealed class EcdfBand
{
    private const int MostEdges = 256;

    private readonly double[] _edges;
    private readonly double[] _reference;
    private readonly long[] _counts;
    private readonly double _alpha;

    /// <summary>Starts without values.</summary>
    /// <param name="reference">Reference values; NaN and infinite ones are left out, and at least one must remain.</param>
    /// <param name="tolerance">Distance of the true distribution functions that is still accepted, in [0, 1). Default 0.05.</param>
    /// <param name="alpha">Chance of ever alarming wrongly, in (0, 1). Default 0.05.</param>
    public EcdfBand(ReadOnlySpan<double> reference, double tolerance = 0.05, double alpha = 0.05)
    {
        ConfidenceSequence.CheckAlpha(alpha);
        if (!(tolerance is >= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "The tolerance must lie in [0, 1).");
        var sorted = Samples.SortedFinite(reference);
        if (sorted.Length == 0) throw new ArgumentException("The reference has no values.", nameof(reference));
        (_edges, _reference) = Cuts(sorted);
        _counts = new long[_edges.Length + 1];
        _alpha = alpha / 2;
        Allowance = tolerance + Math.Sqrt(Math.Log(2 / _alpha) / (2.0 * sorted.Length));
    }

    /// <summary>Goes on from a stored state.</summary>
    public EcdfBand(EcdfBandState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Reference.Count != state.Edges.Count || state.Counts.Count != state.Edges.Count + 1) throw new ArgumentException("Edges, reference and counts do not fit each other.", nameof(state));
        ConfidenceSequence.CheckAlpha(state.Alpha);
        (_edges, _reference, _counts) = ([.. state.Edges], [.. state.Reference], [.. state.Counts]);
        (_alpha, Allowance) = (state.Alpha / 2, state.Allowance);
        (Distance, Excess) = (state.Distance ?? double.NaN, state.Excess ?? double.NegativeInfinity);
        foreach (var count in _counts) Count += count;
    }

    /// <summary>Values seen.</summary>
    public long Count { get; private set; }

    /// <summary>Tolerated distance and the reference's own error together.</summary>
    public double Allowance { get; }

    /// <summary>D at the last epoch, in [0, 1]; NaN before the first.</summary>
    public double Distance { get; private set; } = double.NaN;

    /// <summary>Largest distance beyond all allowances at an epoch so far; above 0 the reference is rejected. -infinity before the first epoch.</summary>
    public double Excess { get; private set; } = double.NegativeInfinity;

    /// <summary>Whether the stream was found to differ, at any epoch so far.</summary>
    public bool Rejected => Excess > 0;

    /// <summary>Everything, for storing.</summary>
    public EcdfBandState State => new([.. _edges], [.. _reference], Allowance, 2 * _alpha, [.. _counts], Count > 1 ? Distance : null, Count > 1 ? Excess : null);

    /// <summary>One value. True if it completed an epoch that finds a difference.</summary>
    public bool Observe(double value)
    {
        if (double.IsNaN(value)) return false;
        var at = Array.BinarySearch(_edges, value);
        _counts[at < 0 ? ~at : at]++;
        Count++;
        if (!ConfidenceSequence.IsEpoch(Count)) return false;
        Distance = Largest();
        var excess = Distance - Allowance - ConfidenceSequence.EcdfAtEpoch(Count, _alpha);
        Excess = Math.Max(Excess, excess);
        return excess > 0;
    }

    private double Largest()
    {
        long below = 0;
        double largest = 0;
        for (var i = 0; i < _edges.Length; i++)
        {
            below += _counts[i];
            largest = Math.Max(largest, Math.Abs((double)below / Count - _reference[i]));
        }
        return largest;
    }

    private static (double[] Edges, double[] Reference) Cuts(double[] sorted)
    {
        var (edges, reference) = (new List<double>(), new List<double>());
        var cuts = Math.Min(MostEdges, sorted.Length);
        var upTo = 0;
        for (var k = 1; k <= cuts; k++)
        {
            var edge = sorted[(int)((long)k * sorted.Length / cuts) - 1];
            if (edges.Count > 0 && edges[^1] == edge) continue;
            while (upTo < sorted.Length && sorted[upTo] <= edge) upTo++;
            edges.Add(edge);
            reference.Add((double)upTo / sorted.Length);
        }
        return ([.. edges], [.. reference]);
    }
}
