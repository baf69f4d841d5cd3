using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Quality;

/// <summary>What is known about one feature in the reference and in the window.</summary>
/// <param name="Name">The feature.</param>
/// <param name="Psi">Its PSI over the reference bins.</param>
/// <param name="Ks">Its KS test, or <see cref="TestResult.Undefined"/> for categories.</param>
public sealed record FeatureEvidence(string Name, PsiResult Psi, TestResult Ks)
{
    /// <summary>Sample of reference values (numeric features), any order.</summary>
    public double[] ReferenceSample { get; init; } = [];

    /// <summary>Sample of the window's values in order of arrival: the order shows frozen and half-changed windows.</summary>
    public double[] CurrentSample { get; init; } = [];

    /// <summary>Reference counts by category (categorical features).</summary>
    public IReadOnlyDictionary<string, long>? ReferenceCategories { get; init; }

    /// <summary>Window counts by category.</summary>
    public IReadOnlyDictionary<string, long>? CurrentCategories { get; init; }

    /// <summary>Rows in the reference, missing included.</summary>
    public long ReferenceTotal { get; init; }

    /// <summary>Rows without a value in the reference.</summary>
    public long ReferenceMissing { get; init; }

    /// <summary>Rows in the window, missing included.</summary>
    public long CurrentTotal { get; init; }

    /// <summary>Rows without a value in the window.</summary>
    public long CurrentMissing { get; init; }

    /// <summary>The upstream source, if known: several faults with one source are one incident.</summary>
    public string? Source { get; init; }

    /// <summary>Weight of the feature in the model, &gt;= 0. Default 1. Ranks the features by importance times effect.</summary>
    public double Importance { get; init; } = 1;

    /// <summary>True for a column of times, which always move on: only a stop is looked for.</summary>
    public bool IsTime { get; init; }

    /// <summary>True for a feature of categories.</summary>
    public bool IsCategorical => CurrentCategories is not null || ReferenceCategories is not null;

    /// <summary>Evidence from two numeric samples in order of arrival; NaN and infinities count as missing.</summary>
    /// <param name="name">The feature.</param>
    /// <param name="reference">Reference values.</param>
    /// <param name="current">Values of the window.</param>
    /// <param name="level">Confidence of the PSI interval; with K features read together 1 - 0.05 / K. Default 0.95.</param>
    public static FeatureEvidence OfNumbers(string name, double[] reference, double[] current, double level = 0.95)
    {
        double[] before = Samples.SortedFinite(reference), after = Samples.SortedFinite(current);
        var bins = ReferenceBins.FromSortedNumeric(before);
        return new FeatureEvidence(name, Distances.Psi.Compare(bins.CountsOfSorted(before), bins.CountsOfSorted(after), level), KolmogorovSmirnov.TwoSampleSorted(before, after))
        {
            ReferenceSample = Samples.Finite(reference),
            CurrentSample = Samples.Finite(current),
            ReferenceTotal = reference.Length,
            ReferenceMissing = reference.Length - before.Length,
            CurrentTotal = current.Length,
            CurrentMissing = current.Length - after.Length,
        };
    }

    /// <summary>Evidence from two samples of categories; null counts as missing.</summary>
    /// <param name="name">The feature.</param>
    /// <param name="reference">Reference values.</param>
    /// <param name="current">Values of the window.</param>
    /// <param name="level">Confidence of the PSI interval; with K features read together 1 - 0.05 / K. Default 0.95.</param>
    public static FeatureEvidence OfCategories(string name, IReadOnlyList<string?> reference, IReadOnlyList<string?> current, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        var (before, after) = (Counts(reference), Counts(current));
        var bins = ReferenceBins.FromCategories(before);
        return new FeatureEvidence(name, Distances.Psi.Compare(bins.ReferenceCounts, bins.CountsOf(after), level), TestResult.Undefined)
        {
            ReferenceCategories = before,
            CurrentCategories = after,
            ReferenceTotal = reference.Count,
            ReferenceMissing = reference.Count - before.Values.Sum(),
            CurrentTotal = current.Count,
            CurrentMissing = current.Count - after.Values.Sum(),
        };
    }

    private static Dictionary<string, long> Counts(IReadOnlyList<string?> values)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            if (value is not null) counts[value] = counts.GetValueOrDefault(value) + 1;
        }
        return counts;
    }

    /// <summary>Evidence from two profiles over the same bins.</summary>
    public static FeatureEvidence FromProfiles(string name, FeatureProfile reference, FeatureProfile current, string? source = null, double importance = 1)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        var categorical = reference.Bins.IsCategorical;
        var (before, after) = (reference.Sample(), current.Sample());
        return new FeatureEvidence(name, Distances.Psi.Compare(reference.Counts, current.Counts), categorical ? TestResult.Undefined : KolmogorovSmirnov.TwoSample(before, after))
        {
            ReferenceSample = before,
            CurrentSample = after,
            ReferenceCategories = categorical ? reference.Categories.Counts() : null,
            CurrentCategories = categorical ? current.Categories.Counts() : null,
            ReferenceTotal = reference.Total,
            ReferenceMissing = reference.Missing,
            CurrentTotal = current.Total,
            CurrentMissing = current.Missing,
            Source = source,
            Importance = importance,
        };
    }
}
