using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;

namespace Holdfast.Commands.Drift;

/// <summary>
/// How far the figures of a column may lie from those of all values, and what they would be at either end. Each bound is the largest distance from the true
/// figure, with 98 % confidence (99 % for each file's sketch); 0 where nothing was lost.
/// </summary>
/// <param name="Psi">Of the PSI, raw and corrected: of the effect.</param>
/// <param name="Ks">Of the Kolmogorov-Smirnov distance; null for categories.</param>
/// <param name="JensenShannon">Of the Jensen-Shannon distance.</param>
/// <param name="Wasserstein">Of the Wasserstein distance; null for categories.</param>
/// <param name="Hellinger">Of the Hellinger distance.</param>
/// <param name="Chi">Of the chi-squared statistic.</param>
/// <param name="Near">The column as if the two files were as close as the bounds allow.</param>
/// <param name="Far">The column as if they were as far apart.</param>
internal sealed record Approximation(double Psi, double? Ks, double JensenShannon, double? Wasserstein, double Hellinger, double Chi, ApproximationEnd Near, ApproximationEnd Far)
{
    /// <summary>Of the p-value, after its correction for the number of columns.</summary>
    public double P { get; init; }

    /// <summary>Nothing was lost.</summary>
    public static Approximation None(MeasuredFeature feature)
    {
        var end = new ApproximationEnd(feature.Psi, feature.Evidence.Ks, feature.P);
        return new Approximation(0, feature.Ks is null ? null : 0, 0, feature.Wasserstein is null ? null : 0, 0, 0, end, end);
    }

    /// <summary>The bounds of a comparison of counts.</summary>
    public static Approximation Of(DistanceBounds bounds, ChiSquaredResult chi, WeightedComparison? numbers)
    {
        double PChi(double statistic) => chi.DegreesOfFreedom < 1 ? 1 : Distributions.ChiSquaredSf(statistic, chi.DegreesOfFreedom);
        return new Approximation(
            bounds.PsiError, numbers?.KsError, bounds.JensenShannonError, numbers?.WassersteinError, bounds.HellingerError,
            double.IsNaN(chi.Statistic) ? 0 : Math.Max(Math.Abs(bounds.ChiFar - chi.Statistic), Math.Abs(chi.Statistic - bounds.ChiNear)),
            new ApproximationEnd(bounds.PsiNear, numbers?.KsNear ?? TestResult.Undefined, numbers?.KsNear.PValue ?? PChi(bounds.ChiNear)),
            new ApproximationEnd(bounds.PsiFar, numbers?.KsFar ?? TestResult.Undefined, numbers?.KsFar.PValue ?? PChi(bounds.ChiFar)));
    }
}

/// <summary>What decides, at one end of the bounds.</summary>
/// <param name="P">The p-value of the test that fits the type.</param>
internal sealed record ApproximationEnd(PsiResult Psi, TestResult Ks, double P)
{
    /// <summary>The column as it would be judged there.</summary>
    public MeasuredFeature Of(MeasuredFeature feature) => feature with { Psi = Psi, P = P, Evidence = feature.Evidence with { Psi = Psi, Ks = Ks } };
}
