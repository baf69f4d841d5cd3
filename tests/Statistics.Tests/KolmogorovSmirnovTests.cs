namespace Holdfast.Statistics.Tests;

public sealed class KolmogorovSmirnovTests
{
    [Theory, InlineData(60, 80), InlineData(1000, 900)]
    public void Rejects_at_most_at_its_level(int n, int m)
    {
        int runs = 300 * Draw.Scale(10), rejected = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            if (KolmogorovSmirnov.TwoSample(draw.Many(n, d => d.Normal()), draw.Many(m, d => d.Normal())).PValue < 0.05) rejected++;
        }
        Assert.True(rejected <= Draw.Allowed(runs, 0.05), $"{rejected} of {runs}");
    }

    [Fact]
    public void Ties_are_consumed_on_both_sides_first() =>
        Assert.Equal(0, KolmogorovSmirnov.TwoSample([1, 1, 2, 2], [1, 2, 1, 2, 1, 2]).Statistic);

    [Fact]
    public void Without_data_nothing_is_claimed()
    {
        Assert.Equal(1, KolmogorovSmirnov.TwoSample([], [1]).PValue);
        Assert.Equal(1, KolmogorovSmirnov.TwoSample([double.NaN], [1]).PValue);
    }

    [Fact]
    public void Disjoint_samples_are_as_far_apart_as_can_be_and_the_exact_tail_keeps_its_digits()
    {
        var result = KolmogorovSmirnov.TwoSample([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]);
        Assert.Equal(1, result.Statistic);
        Assert.Equal(2.0 / 252, result.PValue, 1e-15);
        var far = KolmogorovSmirnov.TwoSample([.. Enumerable.Range(0, 400).Select(i => (double)i)], [.. Enumerable.Range(1000, 400).Select(i => (double)i)]);
        Assert.InRange(far.PValue, double.Epsilon, 1e-200);
    }

    [Fact]
    public void The_methods_agree_for_large_samples()
    {
        var draw = new Draw(3);
        double[] a = draw.Many(700, d => d.Normal()), b = draw.Many(900, d => d.Normal() + 0.06);
        var exact = KolmogorovSmirnov.TwoSample(a, b, KsMethod.Exact).PValue;
        Assert.InRange(KolmogorovSmirnov.TwoSample(a, b, KsMethod.Asymptotic).PValue / exact, 0.9, 1.1);
        Assert.InRange(KolmogorovSmirnov.TwoSample(a, b, KsMethod.KolmogorovLimit).PValue / exact, 0.9, 1.2);
    }
}
