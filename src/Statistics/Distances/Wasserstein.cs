namespace Holdfast.Statistics.Distances;

/// <summary>
/// Wasserstein-1 (earth mover's) distance, the integral of |F(x) - G(x)| dx, in the unit of the feature, &gt;= 0.
/// The samples must be ascending and finite (<see cref="Samples.SortedFinite"/>). NaN if one is empty.
/// </summary>
public static class Wasserstein
{
    /// <summary>The distance, exact, O(n + m).</summary>
    public static double Distance(ReadOnlySpan<double> sortedA, ReadOnlySpan<double> sortedB) =>
        sortedA.Length == 0 || sortedB.Length == 0 ? double.NaN : SampleMerge.Of(sortedA, sortedB).Area;

    /// <summary>
    /// The distance divided by the reference's standard deviation (divisor n): a shift of the mean by one sd gives 1. For a constant reference: 0 if
    /// nothing moved, else +infinity. One outlier can dominate it; see <see cref="NormalisedByIqr"/>.
    /// </summary>
    public static double NormalisedBySd(ReadOnlySpan<double> sortedReference, ReadOnlySpan<double> sortedCurrent) =>
        Divide(Distance(sortedReference, sortedCurrent), Samples.MeanSd(sortedReference).Sd);

    /// <summary>The distance divided by the reference's interquartile range / 1.349 (the sd of a normal law with that range): robust against outliers of the reference.</summary>
    public static double NormalisedByIqr(ReadOnlySpan<double> sortedReference, ReadOnlySpan<double> sortedCurrent) =>
        Divide(Distance(sortedReference, sortedCurrent), (Samples.Quantile(sortedReference, 0.75) - Samples.Quantile(sortedReference, 0.25)) / 1.349);

    private static double Divide(double distance, double scale) => scale > 0 || double.IsNaN(distance) || double.IsNaN(scale) ? distance / scale : distance == 0 ? 0 : double.PositiveInfinity;
}
