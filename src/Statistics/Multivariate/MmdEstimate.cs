using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Multivariate;

/// <summary>An MMD^2 averaged over independent parts of the data.</summary>
/// <param name="Squared">Unbiased MMD^2; NaN without data.</param>
/// <param name="StandardError">Standard error of it, from the spread of the parts; NaN with fewer than two.</param>
/// <param name="Terms">Number of parts (pairs or blocks).</param>
/// <param name="Sigma">Bandwidth of the kernel.</param>
/// <param name="Test">One-sided z-test of "no difference": statistic z, upper-tail p-value.</param>
public sealed record MmdEstimate(double Squared, double StandardError, int Terms, double Sigma, TestResult Test)
{
    internal static MmdEstimate FromTerms(double[] terms, double sigma)
    {
        var (mean, sd) = Samples.MeanSd(terms);
        var error = terms.Length < 2 ? double.NaN : sd / Math.Sqrt(terms.Length - 1);
        if (!(error > 0)) return new MmdEstimate(mean, error, terms.Length, sigma, TestResult.Undefined);
        var z = mean / error;
        return new MmdEstimate(mean, error, terms.Length, sigma, new TestResult(z, Distributions.NormalSf(z)));
    }
}
