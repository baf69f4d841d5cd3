namespace Holdfast.Statistics.Tests;

/// <summary>Whether the share of missing values changed: a test of its own, never part of the comparison of the values that are there.</summary>
/// <param name="ReferenceShare">Missing share of the reference, in [0, 1]; NaN without rows.</param>
/// <param name="CurrentShare">Missing share of the window, in [0, 1]; NaN without rows.</param>
/// <param name="Low">Lower limit of current minus reference (Newcombe), in [-1, 1].</param>
/// <param name="High">Upper limit of current minus reference.</param>
/// <param name="PValue">Two-sided; 1 without rows.</param>
/// <param name="Method"><see cref="CategoricalMethod.ChiSquared"/> (equal to the z-test of two shares) or, with an expected count below 5, <see cref="CategoricalMethod.Fisher"/>.</param>
public readonly record struct MissingTest(double ReferenceShare, double CurrentShare, double Low, double High, double PValue, CategoricalMethod Method)
{
    /// <summary>Compares the missing shares of a reference and a window.</summary>
    /// <param name="referenceMissing">Missing values of the reference.</param>
    /// <param name="referenceRows">All rows of the reference.</param>
    /// <param name="currentMissing">Missing values of the window.</param>
    /// <param name="currentRows">All rows of the window.</param>
    /// <param name="level">Confidence of the interval, in (0, 1). Default 0.95.</param>
    public static MissingTest Compare(long referenceMissing, long referenceRows, long currentMissing, long currentRows, double level = 0.95)
    {
        var (low, high) = TwoProportion.DifferenceInterval(referenceMissing, referenceRows, currentMissing, currentRows, level);
        var (result, method) = CategoricalTest.TwoSample([referenceMissing, referenceRows - referenceMissing], [currentMissing, currentRows - currentMissing]);
        return new MissingTest(
            referenceRows == 0 ? double.NaN : (double)referenceMissing / referenceRows, currentRows == 0 ? double.NaN : (double)currentMissing / currentRows,
            low, high, result.PValue, method);
    }
}
