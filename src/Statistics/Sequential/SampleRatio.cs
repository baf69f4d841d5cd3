namespace Holdfast.Statistics.Sequential;

/// <summary>All of a <see cref="SampleRatio"/>.</summary>
/// <param name="Counts">Requests routed to each arm.</param>
/// <param name="Expected">Sum of the weights of each arm.</param>
/// <param name="LogE">ln E.</param>
/// <param name="PeakLogE">Largest ln E so far.</param>
public sealed record SampleRatioState(IReadOnlyList<long> Counts, IReadOnlyList<double> Expected, double LogE, double PeakLogE);

/// <summary>
/// Checks that requests were routed by the declared weights, at every look (sample-ratio mismatch). E-process against H0 "arm i gets this request with
/// chance w_i": the bet tilts each weight by the arm's past counts over its past expectation, with a prior of 100 requests, so changing weights are
/// allowed. A mismatch makes every comparison of the arms invalid. After Lindon and Malek, NeurIPS 2022.
/// </summary>
public sealed class SampleRatio
{
    private const double Prior = 100;

    private readonly long[] _counts;
    private readonly double[] _expected;
    private readonly double[] _tilt;

    /// <summary>Starts with E = 1 for <paramref name="arms"/> &gt;= 2 arms.</summary>
    public SampleRatio(int arms)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(arms, 2);
        _counts = new long[arms];
        _expected = new double[arms];
        _tilt = new double[arms];
    }

    /// <summary>Goes on from a stored state.</summary>
    public SampleRatio(SampleRatioState state)
        : this((state ?? throw new ArgumentNullException(nameof(state))).Counts.Count)
    {
        for (var i = 0; i < _counts.Length; i++) (_counts[i], _expected[i]) = (state.Counts[i], state.Expected[i]);
        (LogE, PeakLogE) = (state.LogE, state.PeakLogE);
    }

    /// <summary>ln E against "routed as declared"; 0 at the start.</summary>
    public double LogE { get; private set; }

    /// <summary>Largest <see cref="LogE"/> so far, &gt;= 0.</summary>
    public double PeakLogE { get; private set; }

    /// <summary>The always-valid p-value, exp(-PeakLogE), in (0, 1].</summary>
    public double PValue => Math.Exp(-PeakLogE);

    /// <summary>Requests routed to each arm.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>Everything, for storing.</summary>
    public SampleRatioState State => new([.. _counts], [.. _expected], LogE, PeakLogE);

    /// <summary>One request: the weights that held for it (in [0, 1], summing to 1) and the arm it went to. A request to an arm of weight 0 gives E = infinity.</summary>
    public void Observe(ReadOnlySpan<double> weights, int arm)
    {
        if (weights.Length != _counts.Length) throw new ArgumentException($"{weights.Length} weights for {_counts.Length} arms.", nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNegative(arm);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(arm, _counts.Length);
        double sum = 0, total = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            if (!(weights[i] >= 0)) throw new ArgumentOutOfRangeException(nameof(weights), weights[i], $"Weight {i} is negative or not a number.");
            _tilt[i] = weights[i] * (Prior + _counts[i]) / (Prior + _expected[i]);
            sum += weights[i];
            total += _tilt[i];
        }
        if (Math.Abs(sum - 1) > 1e-9) throw new ArgumentException($"The weights add up to {sum}, not 1.", nameof(weights));
        LogE = weights[arm] == 0 ? double.PositiveInfinity : LogE + Math.Log(_tilt[arm] / total / weights[arm]);
        PeakLogE = Math.Max(PeakLogE, LogE);
        _counts[arm]++;
        for (var i = 0; i < _counts.Length; i++) _expected[i] += weights[i];
    }
}
