using Holdfast.Statistics;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Tests;
using KolmogorovSmirnov = Holdfast.Statistics.Tests.KolmogorovSmirnov;

namespace Holdfast.Commands.Drift;

/// <summary>Shares of both files in bins of equal width, for drawing; the outermost bins hold what lies beyond.</summary>
internal sealed record Histogram(double Low, double High, double[] Reference, double[] Current)
{
    private const int Bars = 24;

    /// <summary>From quantiles and distribution functions; null where a file has no values.</summary>
    public static Histogram? Of(long n, long m, Func<double, double> reference, Func<double, double> current, Func<double, long> upToReference, Func<double, long> upToCurrent)
    {
        if (n == 0 || m == 0)
            return null;
        var low = Math.Min(reference(0.005), current(0.005));
        var high = Math.Max(reference(0.995), current(0.995));
        if (!(high > low))
            (low, high) = (low - 0.5, high + 0.5);
        return new Histogram(low, high, Shares(n, upToReference, low, high), Shares(m, upToCurrent, low, high));
    }

    /// <summary>Quantiles 1 to 99 %; empty without values.</summary>
    public static double[] Percentiles(long count, Func<double, double> quantile) => count == 0 ? [] : [.. Enumerable.Range(1, 99).Select(k => quantile(k / 100.0))];

    private static double[] Shares(long count, Func<double, long> upTo, double low, double high)
    {
        var shares = new double[Bars];
        long below = 0;
        for (var i = 0; i < Bars; i++)
        {
            var end = i == Bars - 1 ? count : upTo(low + ((high - low) * (i + 1) / Bars));
            shares[i] = (double)(end - below) / count;
            below = end;
        }

        return shares;
    }
}

/// <summary>All figures of one column.</summary>
internal sealed record MeasuredFeature(string Name, FeatureType Type, ReferenceBins Bins, long[] Reference, long[] Current, PsiResult Psi, FeatureEvidence Evidence)
{
    /// <summary>Kolmogorov-Smirnov on all values; null for categories.</summary>
    public TestResult? Ks { get; init; }

    /// <summary>Wasserstein-1 / standard deviation of the reference; null for categories and where it is not defined.</summary>
    public double? Wasserstein { get; init; }

    /// <summary>Jensen-Shannon distance, base 2.</summary>
    public double JensenShannon { get; init; }

    /// <summary>Hellinger distance.</summary>
    public double Hellinger { get; init; }

    /// <summary>Chi-squared on the bins.</summary>
    public ChiSquaredResult Chi { get; init; }

    /// <summary>The p-value of the test that fits the type, before any correction.</summary>
    public double P { get; init; } = 1;

    /// <summary>The same, corrected for the number of columns (Benjamini-Hochberg).</summary>
    public double AdjustedP { get; init; } = 1;

    /// <summary>The p-value of a change in the share of missing values.</summary>
    public double MissingP { get; init; } = 1;

    /// <summary><c>none</c>, <c>moderate</c> or <c>significant</c>.</summary>
    public string State { get; init; } = "none";

    /// <summary>Both files' shape; null for categories and where a file has no values.</summary>
    public Histogram? Shape { get; init; }

    /// <summary>Quantiles 1 to 99 % of both files; empty for categories.</summary>
    public (double[] Reference, double[] Current) Quantiles { get; init; } = ([], []);

    /// <summary>Values of the current file that are not of the column's type, and one of them.</summary>
    public (long Count, string? Example) Unreadable { get; init; }

    /// <summary>Infinite values in the current file.</summary>
    public long Infinite { get; init; }

    /// <summary>The bounds of the figures; null where they are exact (without <c>--approximate</c>).</summary>
    public Approximation? Approximation { get; init; }

    /// <summary>Whether the values themselves are compared.</summary>
    public bool IsCompared => Type != FeatureType.Time;
}

/// <summary>The reference side of a column, prepared once for any number of windows.</summary>
internal sealed class ReferenceFeature
{
    private readonly string _name;
    private readonly FeatureSide _side;
    private readonly ReferenceBins _bins;
    private readonly long[] _counts;
    private readonly double _distinct;

    public ReferenceFeature(string name, FeatureType type, FeatureSide side)
    {
        _name = name;
        Type = type;
        _side = side;
        _bins = side.Categories is { } categories ? ReferenceBins.FromCategories(categories) : ReferenceBins.FromSortedNumeric(type == FeatureType.Time ? [] : side.Sorted);
        _counts = _bins.ReferenceCounts.ToArray();
        _distinct = side.DistinctShare ?? (type != FeatureType.Time || side.Sorted.Length == 0 ? 0 : (double)NumberFacts.Distinct(side.Sorted) / side.Sorted.Length);
    }

    /// <summary>The column.</summary>
    public string Name => _name;

    /// <summary>What it is compared as.</summary>
    public FeatureType Type { get; }

    /// <summary>Compares a window (or the whole current file) with the reference.</summary>
    public MeasuredFeature Measure(FeatureSide current, double level)
    {
        var counts = _side.Categories is null ? Counts(current.Sorted) : _bins.CountsOf(current.Categories!);
        var psi = Psi.Compare(_counts, counts, level);
        var chi = ChiSquared.TwoSample(_counts, counts);
        var missing = TwoProportion.Test(_side.Missing, _side.Total, current.Missing, current.Total).PValue;
        var measured = new MeasuredFeature(_name, Type, _bins, _counts, counts, psi, Evidence(current, psi, TestResult.Undefined))
        {
            JensenShannon = JensenShannon.Distance(_counts, counts),
            Hellinger = Hellinger.Distance(_counts, counts),
            Chi = chi,
            P = Type == FeatureType.Time ? missing : chi.PValue,
            MissingP = missing,
            Unreadable = current.Unreadable,
            Infinite = current.Infinite,
        };
        return _side.Categories is null && Type != FeatureType.Time ? Numbers(measured, current, psi) : measured;
    }

    private MeasuredFeature Numbers(MeasuredFeature measured, FeatureSide current, PsiResult psi)
    {
        var ks = KolmogorovSmirnov.TwoSampleSorted(_side.Sorted, current.Sorted);
        var distance = Wasserstein.NormalisedBySd(_side.Sorted, current.Sorted);
        return measured with
        {
            Ks = ks,
            P = ks.PValue,
            Wasserstein = double.IsFinite(distance) ? distance : null,
            Evidence = Evidence(current, psi, ks),
            Shape = Histogram.Of(
                _side.Sorted.Length, current.Sorted.Length, k => Samples.Quantile(_side.Sorted, k), k => Samples.Quantile(current.Sorted, k),
                v => NumberFacts.AtMost(_side.Sorted, v), v => NumberFacts.AtMost(current.Sorted, v)),
            Quantiles = (Percentiles(_side.Sorted), Percentiles(current.Sorted)),
        };
    }

    private FeatureEvidence Evidence(FeatureSide current, PsiResult psi, TestResult ks)
    {
        // The length of a text is no quantity that a sender scales, and a time that does not differ from row to row anyway cannot stall.
        var look = Type == FeatureType.Numeric || (Type == FeatureType.Time && _distinct >= 0.5);
        return new FeatureEvidence(_name, psi, ks)
        {
            ReferenceSample = look ? _side.Sample : [],
            CurrentSample = look ? current.Sample : [],
            ReferenceCategories = _side.Categories,
            CurrentCategories = current.Categories,
            ReferenceTotal = _side.Total,
            ReferenceMissing = _side.Missing,
            CurrentTotal = current.Total,
            CurrentMissing = current.Missing,
            IsTime = Type == FeatureType.Time,
        };
    }

    private long[] Counts(double[] sorted)
    {
        var counts = new long[_bins.Count];
        if (Type == FeatureType.Time)
            return counts;
        var below = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var upTo = i < _bins.Edges.Count ? NumberFacts.AtMost(sorted, _bins.Edges[i]) : sorted.Length;
            counts[i] = upTo - below;
            below = upTo;
        }

        return counts;
    }

    private static double[] Percentiles(double[] sorted) => Histogram.Percentiles(sorted.Length, k => Samples.Quantile(sorted, k));
}
