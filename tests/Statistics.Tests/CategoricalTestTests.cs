namespace Holdfast.Statistics.Tests;

public sealed class CategoricalTestTests
{
    [Fact]
    public void The_counts_choose_the_test()
    {
        Assert.Equal(CategoricalMethod.ChiSquared, CategoricalTest.TwoSample([50, 30, 20], [40, 40, 20]).Method);
        Assert.Equal(ChiSquared.TwoSample([50, 30, 20], [40, 40, 20], pool: false), CategoricalTest.TwoSample([50, 30, 20], [40, 40, 20]).Result);
        var fisher = CategoricalTest.TwoSample([3, 1], [1, 3]);
        Assert.Equal(CategoricalMethod.Fisher, fisher.Method);
        Assert.Equal(34.0 / 70, fisher.Result.PValue, 1e-12);
        Assert.Equal(CategoricalMethod.MonteCarlo, CategoricalTest.TwoSample([3, 1, 2, 0], [1, 3, 0, 2]).Method);
        Assert.Equal(CategoricalMethod.Undefined, CategoricalTest.TwoSample([3, 0], [4, 0]).Method);
        Assert.Equal(1, CategoricalTest.TwoSample([0, 0], [4, 1]).Result.PValue);
    }

    [Theory, InlineData(new long[] { 5, 1, 0 }, new long[] { 1, 3, 2 }), InlineData(new long[] { 2, 2, 3 }, new long[] { 3, 2, 2 }), InlineData(new long[] { 1, 9, 0 }, new long[] { 4, 30, 5 })]
    public void Drawn_tables_give_the_p_value_of_all_tables(long[] reference, long[] current)
    {
        long[] columns = [.. reference.Zip(current, (a, b) => a + b)];
        long n = reference.Sum();
        double observed = Spread(reference), hits = 0, all = 0;
        for (long x = 0; x <= columns[0]; x++)
        {
            for (long y = 0; y <= columns[1]; y++)
            {
                var z = n - x - y;
                if (z < 0 || z > columns[2]) continue;
                var weight = Choose(columns[0], x) * Choose(columns[1], y) * Choose(columns[2], z);
                all += weight;
                if (Spread([x, y, z]) >= observed * (1 - 1e-9)) hits += weight;
            }
        }
        double exact = hits / all, drawn = CategoricalTest.TwoSample(reference, current, draws: 20_000).Result.PValue;
        Assert.InRange(drawn, exact - 4 * Math.Sqrt(exact * (1 - exact) / 20_000) - 1e-4, exact + 4 * Math.Sqrt(exact * (1 - exact) / 20_000) + 1e-4);

        double Spread(long[] top) => top.Select((x, i) => Math.Pow(x - (double)columns[i] * n / columns.Sum(), 2) / columns[i]).Sum();
    }

    private static double Choose(long n, long k)
    {
        double result = 1;
        for (var i = 1; i <= k; i++) result *= (double)(n - k + i) / i;
        return result;
    }

    // Larger columns are drawn by inversion from the mode, and beyond by the normal law: the chi-squared law must come out.
    [Theory, InlineData(200), InlineData(40_000)]
    public void Drawn_tables_of_large_columns_follow_the_chi_squared_law(long size)
    {
        var reach = (long)(1.5 * Math.Sqrt(size));
        long[] reference = [size + reach, size - reach, 2 * size, 1], current = [size, size, 2 * size, 0];
        var (result, method) = CategoricalTest.TwoSample(reference, current, draws: 4000);
        Assert.Equal(CategoricalMethod.MonteCarlo, method);
        // The single value adds 1 to X2 whichever side it falls on (n = m nearly), so two degrees remain.
        var law = Distributions.ChiSquaredSf(result.Statistic - 1, 2);
        Assert.InRange(result.PValue, law - 0.03, law + 0.03);
    }

    // Reference categories first, new ones last, as counting gives them: pooling along that order would join what the reference lacks.
    [Fact]
    public void Pooling_does_not_follow_the_order_of_the_categories()
    {
        int runs = 150 * Draw.Scale(10), rejected = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            double[] a = draw.Many(600, d => Math.Floor(250 * d.Uniform() * d.Uniform())), b = draw.Many(600, d => Math.Floor(250 * d.Uniform() * d.Uniform()));
            var levels = a.Concat(b).Distinct().OrderByDescending(v => a.Count(x => x == v)).ToArray();
            long[] Count(double[] values)
            {
                var counts = values.CountBy(v => v).ToDictionary();
                return Array.ConvertAll(levels, v => (long)counts.GetValueOrDefault(v));
            }
            if (ChiSquared.TwoSample(Count(a), Count(b)).PValue < 0.05) rejected++;
        }
        Assert.True(rejected <= Draw.Allowed(runs, 0.05), $"{rejected} of {runs}");
    }

    [Fact]
    public void Corrected_V_is_near_zero_without_change_and_near_V_with_much()
    {
        var draw = new Draw(8);
        double plain = 0, corrected = 0;
        for (var run = 0; run < 200; run++)
        {
            long[] a = new long[8], b = new long[8];
            for (var i = 0; i < 200; i++)
            {
                a[draw.Below(8)]++;
                b[draw.Below(8)]++;
            }
            var result = ChiSquared.TwoSample(a, b);
            plain += result.CramersV / 200;
            corrected += result.CorrectedV / 200;
        }
        Assert.True(corrected < 0.4 * plain && plain > 0.1, $"{plain} {corrected}");
        Assert.Equal(1, ChiSquared.TwoSample([500, 0], [0, 500]).CorrectedV, 1e-9);
    }

    [Fact]
    public void Missing_values_are_tested_apart()
    {
        var jump = MissingTest.Compare(20, 1000, 90, 1000);
        Assert.True(jump is { Method: CategoricalMethod.ChiSquared, PValue: < 1e-10, Low: > 0.04, High: < 0.1 });
        Assert.Equal(TwoProportion.Test(20, 1000, 90, 1000).PValue, jump.PValue, jump.PValue * 1e-9);
        Assert.Equal(CategoricalMethod.Fisher, MissingTest.Compare(0, 50, 4, 60).Method);
        Assert.True(MissingTest.Compare(0, 0, 3, 10) is { PValue: 1, ReferenceShare: double.NaN });
        Assert.Equal(1, MissingTest.Compare(0, 100, 0, 100).PValue);
    }

    [Fact]
    public void E_values_are_adjusted_like_inverse_p_values()
    {
        // K = 4: at 5 % the k largest with e >= 80 / k: 100 and 45 (e_(2) >= 40), not 20 (e_(3) >= 26.7).
        double[] adjusted = MultipleTesting.EBenjaminiHochberg([100, 45, 20, 0]);
        Assert.Equal([true, true, false, false], adjusted.Select(a => a <= 0.05));
        Assert.Equal(MultipleTesting.BenjaminiHochberg([0.01, 1 / 45.0, 0.05, 1]), adjusted);
        Assert.Equal([1.0], MultipleTesting.EBenjaminiHochberg([double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MultipleTesting.EBenjaminiHochberg([-1]));
    }

    [Fact]
    public void Averaged_e_values_are_the_mean_in_either_scale()
    {
        Assert.Equal(7, MultipleTesting.EAverage([20, 1, 0, double.NaN, 14]));
        Assert.Equal(1, MultipleTesting.EAverage([]));
        Assert.Equal(Math.Log(7), MultipleTesting.LogEAverage([Math.Log(20), 0, double.NegativeInfinity, double.NaN, Math.Log(14)]), 1e-12);
        Assert.Equal(2000 - Math.Log(4), MultipleTesting.LogEAverage([2000, -5000, 0, double.NegativeInfinity]), 1e-9);
        Assert.Equal(0, MultipleTesting.LogEAverage([]));
        Assert.Equal(double.NegativeInfinity, MultipleTesting.LogEAverage([double.NegativeInfinity]));
        Assert.Equal(double.PositiveInfinity, MultipleTesting.LogEAverage([0, double.PositiveInfinity]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MultipleTesting.EAverage([1, -0.1]));
    }
}
