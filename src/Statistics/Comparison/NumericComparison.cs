using System.Buffers;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Comparison;

/// <summary>
/// Everything between two samples of one numeric column that one sort of each gives. NaN and infinities count as missing and are tested apart.
/// </summary>
/// <param name="Ks">Kolmogorov-Smirnov; p by <see cref="KsMethod.Auto"/>.</param>
/// <param name="Wasserstein">Wasserstein-1 in the unit of the column; NaN if a side is empty.</param>
/// <param name="WassersteinNormalised">Wasserstein-1 in robust standard deviations of the reference (<see cref="Distances.Wasserstein.RobustScale"/>); for a constant reference 0 or +infinity.</param>
/// <param name="Psi">Population stability index on the bins, with interval and p.</param>
/// <param name="JensenShannon">Jensen-Shannon distance on the bins, base 2, in [0, 1].</param>
/// <param name="Hellinger">Hellinger distance on the bins, in [0, 1].</param>
/// <param name="ChiSquared">Chi-squared test on the bins, thin ones pooled.</param>
/// <param name="Missing">Test of the missing share.</param>
/// <param name="Verdict">What follows, by PSI.</param>
public sealed record NumericComparison(
    TestResult Ks, double Wasserstein, double WassersteinNormalised, PsiResult Psi, double JensenShannon, double Hellinger, ChiSquaredResult ChiSquared, MissingTest Missing, DriftVerdict Verdict)
{
    /// <summary>Compares two samples in any order. O(n) by <see cref="RadixSort"/>.</summary>
    /// <param name="reference">Reference values; NaN and infinities count as missing.</param>
    /// <param name="current">Values of the window.</param>
    /// <param name="bins">Bins kept from the reference; null to make ten quantile bins from it (<see cref="ReferenceBins.FromNumeric"/>).</param>
    /// <param name="tolerated">Tolerated PSI. Default 0.1.</param>
    /// <param name="significant">PSI from which drift is significant. Default 0.25.</param>
    /// <param name="level">Confidence of the interval. Default 0.95.</param>
    public static NumericComparison Of(
        ReadOnlySpan<double> reference, ReadOnlySpan<double> current, ReferenceBins? bins = null, double tolerated = 0.1, double significant = 0.25, double level = 0.95)
    {
        // Rented: the pages of a new large array cost more than sorting half of it.
        double[] first = ArrayPool<double>.Shared.Rent(reference.Length), second = ArrayPool<double>.Shared.Rent(current.Length);
        try
        {
            ReadOnlySpan<double> a = Samples.SortFinite(reference, first), b = Samples.SortFinite(current, second);
            var missing = MissingTest.Compare(reference.Length - a.Length, reference.Length, current.Length - b.Length, current.Length, level);
            return OfSorted(a, b, missing, bins ?? ReferenceBins.FromSortedNumeric(a), tolerated, significant, level);
        }
        finally
        {
            ArrayPool<double>.Shared.Return(first);
            ArrayPool<double>.Shared.Return(second);
        }
    }

    /// <summary>As <see cref="Of"/>, for samples that are ascending and finite already: O(n + m) for the area between the distributions, little more for the rest.</summary>
    /// <param name="sortedReference">Reference, ascending.</param>
    /// <param name="sortedCurrent">Window, ascending.</param>
    /// <param name="missing">Test of the missing share, made where the missing values were counted.</param>
    /// <param name="bins">Bins of the reference.</param>
    /// <param name="tolerated">Tolerated PSI. Default 0.1.</param>
    /// <param name="significant">PSI from which drift is significant. Default 0.25.</param>
    /// <param name="level">Confidence of the interval. Default 0.95.</param>
    public static NumericComparison OfSorted(
        ReadOnlySpan<double> sortedReference, ReadOnlySpan<double> sortedCurrent, MissingTest missing, ReferenceBins bins, double tolerated = 0.1, double significant = 0.25, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(bins);
        long[] before = bins.CountsOfSorted(sortedReference), after = bins.CountsOfSorted(sortedCurrent);
        var distance = Distances.Wasserstein.Distance(sortedReference, sortedCurrent);
        return new NumericComparison(
            KolmogorovSmirnov.TwoSampleSorted(sortedReference, sortedCurrent),
            distance, Distances.Wasserstein.Divide(distance, Distances.Wasserstein.RobustScale(sortedReference)),
            Distances.Psi.Compare(before, after, level), Distances.JensenShannon.Distance(before, after), Distances.Hellinger.Distance(before, after),
            Tests.ChiSquared.TwoSample(before, after), missing, DriftVerdict.FromCounts(before, after, tolerated, significant, level));
    }
}
