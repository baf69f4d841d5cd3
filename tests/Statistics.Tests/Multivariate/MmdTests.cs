using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class MmdTests
{
    private static readonly Report Report = new("statistics-multivariate.md");

    // Sizes about the edges of blocks of 8 and panels of 64.
    [Theory, InlineData(2, 2), InlineData(5, 4), InlineData(31, 33), InlineData(40, 90), InlineData(64, 65), InlineData(130, 71)]
    public void Agrees_with_the_definition(int n, int m)
    {
        Matrix reference = Rows.Normal(n, n, 3), current = Rows.Normal(1000 + m, m, 3, 0.5);
        var result = Mmd.Test(reference, current, permutations: 3, sigma: 1.3);
        double xx = 0, yy = 0, xy = 0;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++) xx += i == j ? 0 : RbfKernel.Value(reference.Row(i), reference.Row(j), 1.3);
            for (var j = 0; j < m; j++) xy += RbfKernel.Value(reference.Row(i), current.Row(j), 1.3);
        }
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < m; j++) yy += i == j ? 0 : RbfKernel.Value(current.Row(i), current.Row(j), 1.3);
        }
        Assert.Equal(xx / (n * (n - 1.0)) + yy / (m * (m - 1.0)) - 2 * xy / (n * m), result.Squared, 1e-13);
        Assert.Equal((xx + n) / (n * (double)n) + (yy + m) / (m * (double)m) - 2 * xy / (n * m), result.Biased, 1e-13);
    }

    [Fact]
    public void A_permutation_is_the_statistic_of_the_relabelled_rows()
    {
        // With three rows on each side, the permutations take only the values of the ten splits.
        Matrix reference = Rows.Normal(1, 3, 2), current = Rows.Normal(2, 3, 2);
        var pooled = Matrix.Stack(reference, current);
        var splits = new List<double>();
        for (var mask = 0; mask < 64; mask++)
        {
            int[] first = [.. Enumerable.Range(0, 6).Where(i => (mask >> i & 1) == 1)], second = [.. Enumerable.Range(0, 6).Where(i => (mask >> i & 1) == 0)];
            if (first.Length == 3) splits.Add(Mmd.Test(pooled.SelectRows(first), pooled.SelectRows(second), 0, sigma: 1).Squared);
        }
        var seen = Mmd.Test(reference, current, 200, sigma: 1).Null;
        Assert.All(seen, value => Assert.Contains(splits, split => Math.Abs(split - value) < 1e-13));
        Assert.All(splits, split => Assert.Contains(seen, value => Math.Abs(split - value) < 1e-13));
    }

    [Fact]
    public void The_seed_decides_all()
    {
        Matrix reference = Rows.Normal(1, 700, 4), current = Rows.Normal(2, 500, 4);
        MmdResult first = Mmd.Test(reference, current, 50, seed: 9), second = Mmd.Test(reference, current, 50, seed: 9), other = Mmd.Test(reference, current, 50, seed: 10);
        Assert.Equal(first.Null, second.Null);
        Assert.Equal(first.Squared, second.Squared);
        Assert.NotEqual(first.Null, other.Null);
        Assert.Equal(first.Squared, other.Squared);
    }

    [Fact]
    public void Keeps_its_level_and_sees_a_joint_change()
    {
        int runs = 200 * Draw.Scale(10), alarms = 0, seen = 0;
        for (var run = 0; run < runs; run++)
        {
            var reference = Rows.Correlated(3 * run, 60, 0);
            if (Mmd.Test(reference, Rows.Correlated(3 * run + 1, 80, 0), 99, (ulong)run).PValue <= 0.05) alarms++;
            if (Mmd.Test(reference, Rows.Correlated(3 * run + 2, 80, 0.9), 99, (ulong)run).PValue <= 0.05) seen++;
        }
        Report.Row("Level and power at 5 %", "Share of runs with p <= 0.05; seeds from 0.", ["test", "runs", "no change", "change"], ["MMD, 99 permutations, 60 and 80 rows; change: correlation 0 to 0.9", runs, (double)alarms / runs, (double)seen / runs]);
        Assert.True(alarms <= Draw.Allowed(runs, 0.05), $"{alarms} of {runs}");
        Assert.True(seen >= 0.9 * runs, $"{seen} of {runs}");
    }

    [Fact]
    public void Linear_and_block_forms_keep_their_level_and_see_a_shift()
    {
        int runs = 80 * Draw.Scale(25), linear = 0, block = 0, linearSeen = 0, blockSeen = 0;
        for (var run = 0; run < runs; run++)
        {
            Matrix reference = Rows.Normal(3 * run, 900, 2), same = Rows.Normal(3 * run + 1, 900, 2), moved = Rows.Normal(3 * run + 2, 900, 2, 0.7);
            if (Mmd.Linear(reference, same, 1).Test.PValue <= 0.05) linear++;
            if (Mmd.Block(reference, same, sigma: 1).Test.PValue <= 0.05) block++;
            if (Mmd.Linear(reference, moved, 1).Test.PValue <= 0.05) linearSeen++;
            if (Mmd.Block(reference, moved, sigma: 1).Test.PValue <= 0.05) blockSeen++;
        }
        Report.Row("Level and power at 5 %", "Share of runs with p <= 0.05; seeds from 0.", ["test", "runs", "no change", "change"], ["MMD, linear form, 900 rows a side, 2 columns; change: 0.7 sd", runs, (double)linear / runs, (double)linearSeen / runs]);
        Report.Row("Level and power at 5 %", "Share of runs with p <= 0.05; seeds from 0.", ["test", "runs", "no change", "change"], ["MMD, blocks, 900 rows a side, 2 columns; change: 0.7 sd", runs, (double)block / runs, (double)blockSeen / runs]);
        Assert.True(linear <= Draw.Allowed(runs, 0.05), $"linear {linear} of {runs}");
        Assert.True(block <= Draw.Allowed(runs, 0.05), $"block {block} of {runs}");
        Assert.True(linearSeen >= 0.8 * runs, $"linear {linearSeen} of {runs}");
        Assert.True(blockSeen >= 0.99 * runs, $"block {blockSeen} of {runs}");
    }

    [Fact]
    public void Little_data_constant_data_and_missing_data()
    {
        var empty = new Matrix(0, 2);
        Assert.Equal(1, Mmd.Test(empty, Rows.Normal(1, 5, 2)).PValue);
        Assert.True(double.IsNaN(Mmd.Test(empty, Rows.Normal(1, 5, 2)).Squared));
        var constant = new Matrix(10, 2);
        var same = Mmd.Test(constant, new Matrix(12, 2), 20);
        Assert.Equal((0.0, 1.0, 1.0), (Math.Round(same.Squared, 14), same.PValue, same.Sigma));
        Assert.Equal(1, Mmd.Linear(constant, constant).Test.PValue);
        Assert.Equal(1, Mmd.Block(constant, constant).Test.PValue);
        var missing = new Matrix(4, 2) { [1, 1] = double.NaN };
        Assert.Throws<ArgumentException>(() => Mmd.Test(missing, constant));
        Assert.Throws<ArgumentException>(() => Mmd.Test(constant, new Matrix(4, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mmd.Test(constant, constant, sigma: 0));
    }
}
