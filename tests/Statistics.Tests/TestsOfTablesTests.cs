namespace Holdfast.Statistics.Tests;

public sealed class TestsOfTablesTests
{
    [Fact]
    public void Rare_categories_are_pooled_until_the_counts_carry_the_test()
    {
        var result = ChiSquared.TwoSample([500, 300, 2, 1, 1, 0, 1], [480, 310, 1, 2, 0, 1, 0]);
        Assert.True(result.Pooled >= 4 && result.MinExpected >= 1, result.ToString());
        Assert.True(result.PValue > 0.05);
    }

    [Fact]
    public void A_new_category_is_no_infinity() => Assert.True(double.IsFinite(ChiSquared.TwoSample([100, 100, 0], [80, 80, 40]).Statistic));

    [Fact]
    public void Fisher_agrees_with_the_lady_tasting_tea()
    {
        Assert.Equal(34.0 / 70, Fisher.Exact2x2(3, 1, 1, 3).PValue, 1e-12);
        Assert.Equal(1, Fisher.Exact2x2(0, 0, 3, 4).PValue);
    }

    [Fact]
    public void Shares_are_compared_with_sign_and_bounds()
    {
        var test = TwoProportion.Test(10, 1000, 60, 1000);
        Assert.True(test is { Statistic: > 6, PValue: < 1e-8 });
        Assert.Equal(1, TwoProportion.Test(0, 10, 0, 20).PValue);
        Assert.Equal(1, TwoProportion.Test(0, 0, 1, 20).PValue);
        var (low, high) = TwoProportion.DifferenceInterval(10, 1000, 60, 1000);
        Assert.True(low is > 0.03 and < 0.05 && high is > 0.05 and < 0.07);
        // Newcombe 1998, example (a): 56/70 - 48/80.
        var (l, h) = TwoProportion.DifferenceInterval(48, 80, 56, 70);
        Assert.Equal((0.0524, 0.3339), (Math.Round(l, 4), Math.Round(h, 4)));
    }

    [Fact]
    public void Distribution_functions_and_their_inverses_agree()
    {
        foreach (var p in new[] { 1e-12, 1e-3, 0.05, 0.5, 0.9, 0.999 })
        {
            Assert.Equal(p, Distributions.NormalCdf(Distributions.NormalQuantile(p)), p * 1e-10);
            Assert.Equal(p, Distributions.ChiSquaredCdf(Distributions.ChiSquaredQuantile(p, 7), 7), p * 1e-8);
            Assert.Equal(p, Distributions.BetaCdf(2.5, 7, Distributions.BetaQuantile(2.5, 7, p)), 1e-12);
        }
        Assert.Equal(1.959963984540054, Distributions.NormalQuantile(0.975), 1e-14);
        Assert.Equal(7.61985302416e-24, Distributions.NormalSf(10), 1e-33);
        Assert.Equal(16.918977604620448, Distributions.ChiSquaredQuantile(0.95, 9), 1e-11);
        Assert.Equal(Math.Log(24), Distributions.LogGamma(5), 1e-13);
        Assert.Equal(359.1342053695754, Distributions.LogGamma(100), 1e-10);
        Assert.True(double.IsNaN(Distributions.NormalCdf(double.NaN)) && double.IsNaN(Distributions.NormalQuantile(2)));
    }
}
