using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Comparison;

/// <summary>Everything between two rows of category counts.</summary>
/// <param name="Psi">Population stability index, with interval and p.</param>
/// <param name="JensenShannon">Jensen-Shannon distance, base 2, in [0, 1].</param>
/// <param name="Hellinger">Hellinger distance, in [0, 1].</param>
/// <param name="Test">The test that suits the counts, with Cramer's V.</param>
/// <param name="Method">Which one that was.</param>
/// <param name="G">Likelihood-ratio test, thin categories pooled.</param>
/// <param name="Missing">Test of the missing share.</param>
/// <param name="Verdict">What follows, by PSI.</param>
public sealed record CategoricalComparison(
    PsiResult Psi, double JensenShannon, double Hellinger, ChiSquaredResult Test, CategoricalMethod Method, ChiSquaredResult G, MissingTest Missing, DriftVerdict Verdict)
{
    /// <summary>Compares two samples in any order; null counts as missing.</summary>
    /// <param name="reference">Texts of the reference.</param>
    /// <param name="current">Texts of the window.</param>
    /// <param name="bins">Bins kept from the reference; null to make them from it (<see cref="ReferenceBins.FromCategories"/>).</param>
    /// <param name="tolerated">Tolerated PSI. Default 0.1.</param>
    /// <param name="significant">PSI from which drift is significant. Default 0.25.</param>
    /// <param name="level">Confidence of the interval. Default 0.95.</param>
    public static CategoricalComparison Of(
        ReadOnlySpan<string?> reference, ReadOnlySpan<string?> current, ReferenceBins? bins = null, double tolerated = 0.1, double significant = 0.25, double level = 0.95)
    {
        Dictionary<string, long> before = Categories.Count(reference, out var missingBefore), after = Categories.Count(current, out var missingAfter);
        bins ??= ReferenceBins.FromCategories(before);
        return Of(bins.CountsOf(before), bins.CountsOf(after), missingBefore, missingAfter, tolerated, significant, level);
    }

    /// <summary>Compares counts in the same categories, missing values counted apart.</summary>
    /// <param name="reference">Counts of the reference, one a category.</param>
    /// <param name="current">Counts of the window in the same categories; a new category has a reference count of 0.</param>
    /// <param name="referenceMissing">Missing values of the reference.</param>
    /// <param name="currentMissing">Missing values of the window.</param>
    /// <param name="tolerated">Tolerated PSI. Default 0.1.</param>
    /// <param name="significant">PSI from which drift is significant. Default 0.25.</param>
    /// <param name="level">Confidence of the interval. Default 0.95.</param>
    public static CategoricalComparison Of(
        ReadOnlySpan<long> reference, ReadOnlySpan<long> current, long referenceMissing = 0, long currentMissing = 0, double tolerated = 0.1, double significant = 0.25, double level = 0.95)
    {
        var counts = BinCounts.Check(reference, current);
        var (test, method) = CategoricalTest.TwoSample(reference, current);
        return new CategoricalComparison(
            Distances.Psi.Compare(reference, current, level), Distances.JensenShannon.Distance(reference, current), Distances.Hellinger.Distance(reference, current),
            test, method, GTest.TwoSample(reference, current),
            MissingTest.Compare(referenceMissing, counts.N + referenceMissing, currentMissing, counts.M + currentMissing, level),
            DriftVerdict.FromCounts(reference, current, tolerated, significant, level));
    }
}
