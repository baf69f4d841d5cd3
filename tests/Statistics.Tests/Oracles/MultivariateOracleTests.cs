using System.Text.Json;
using Holdfast.Statistics.Multivariate;
using static Holdfast.Statistics.Tests.Oracles.Oracle;

namespace Holdfast.Statistics.Tests.Oracles;

public sealed class MultivariateOracleTests
{
    public static TheoryData<string> Sets => TwoSampleOracleTests.Sets;

    [Theory, MemberData(nameof(Sets))]
    public void Maximum_mean_discrepancy_agrees(string set)
    {
        var expected = Expected(set).GetProperty("mmd");
        var (reference, current) = Standardised(set, expected);
        // "First 800 complete rows of each, standardised over all rows."
        (reference, current) = (First(reference, 800), First(current, 800));
        Assert.Equal(expected.GetProperty("n")[0].GetInt32(), reference.Rows);
        var sigma = RbfKernel.MedianSigma(reference);
        Close(expected.GetProperty("sigma").GetDouble(), sigma, 1e-9, set + " sigma");
        var result = Mmd.Test(reference, current, 500, sigma: sigma);
        Assert.Equal(expected.GetProperty("mmd2_unbiased").GetDouble(), result.Squared, 1e-9 * Math.Max(1e-3, Math.Abs(result.Squared)));
        Close(expected.GetProperty("mmd2_biased").GetDouble(), result.Biased, 1e-9, set + " biased");
        CheckNull(expected, result, set);
    }

    [Theory, MemberData(nameof(Sets))]
    public void Classifier_two_sample_test_agrees(string set)
    {
        var expected = Expected(set).GetProperty("c2st");
        var (reference, current) = Standardised(set, expected);
        var result = ClassifierTwoSample.Split(reference, current, new ClassifierOptions { Model = ClassifierModel.Linear, Balanced = false });
        Assert.Equal(expected.GetProperty("auc").GetDouble(), result.Auc, 1e-4);
        Assert.Equal(expected.GetProperty("accuracy").GetDouble(), result.Accuracy, 1e-9);
        Assert.Equal((expected.GetProperty("n_test")[0].GetInt32(), expected.GetProperty("n_test")[1].GetInt32()), (result.HeldOutReference, result.HeldOutCurrent));
        var z = expected.GetProperty("z_under_null").GetDouble();
        Assert.Equal(z, result.Test.Statistic, 1e-4 * z / (expected.GetProperty("auc").GetDouble() - 0.5));
        // The oracle standardises over all reference rows, the test over the complete ones: its unit is a little other where rows have gaps.
        var unit = Standardisation.FromReference(reference);
        // The oracle's optimiser stops on the loss (relative 2e-9), where the coefficients of tied columns are good to 1 % of the largest only; ours end at
        // gradient 0, which ClassifierTests checks.
        var coefficients = expected.GetProperty("coef").EnumerateArray().Select(x => Math.Abs(x.GetDouble())).ToArray();
        for (var c = 0; c < coefficients.Length; c++) Assert.Equal(coefficients[c], result.Coefficients[c] / unit.Sd[c], 0.01 * coefficients.Max());
    }

    // Other random permutations: agreement within Monte-Carlo error only (four standard errors, of 500 against 500).
    private static void CheckNull(JsonElement expected, MmdResult result, string set)
    {
        var p = expected.GetProperty("perm_p_500").GetDouble();
        Assert.True(Math.Abs(p - result.PValue) <= 4 * Math.Sqrt(2 * p * (1 - p) / 500), $"{set} p: expected about {p}, got {result.PValue}");
        var (mean, sd) = Samples.MeanSd(result.Null);
        var expectedSd = expected.GetProperty("perm_null_sd").GetDouble();
        Assert.True(Math.Abs(expected.GetProperty("perm_null_mean").GetDouble() - mean) <= 4 * expectedSd * Math.Sqrt(2.0 / 500), $"{set} null mean {mean}");
        Assert.True(Math.Abs(sd / expectedSd - 1) <= 0.3, $"{set} null sd {sd}, expected about {expectedSd}");
        Assert.True(Math.Abs(result.Critical() / expected.GetProperty("perm_null_q95").GetDouble() - 1) <= 0.3, $"{set} null q95 {result.Critical()}");
    }

    private static (Matrix Reference, Matrix Current) Standardised(string set, JsonElement expected)
    {
        string[] features = [.. expected.GetProperty("features").EnumerateArray().Select(x => x.GetString()!)];
        Matrix Read(string file)
        {
            var columns = Columns(file);
            return Matrix.FromColumns([.. features.Select(f => Numbers(columns[f]))]);
        }
        Matrix reference = Read(set + ".ref.csv"), current = Read(set + ".cur.csv");
        var standardisation = Standardisation.FromReference(reference);
        return (standardisation.Apply(reference).CompleteRows(), standardisation.Apply(current).CompleteRows());
    }

    private static Matrix First(Matrix rows, int most) => rows.SelectRows([.. Enumerable.Range(0, Math.Min(rows.Rows, most))]);
}
