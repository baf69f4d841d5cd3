using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class FourierTests
{
    private static readonly Report Report = new("statistics-multivariate.md");

    [Fact]
    public void Products_are_near_the_kernel()
    {
        var map = new FourierMap(3, 1.2, seed: 4, frequencies: 4096);
        var rows = Rows.Normal(1, 25, 3);
        for (var i = 0; i < rows.Rows; i++)
        {
            var phi = map.Apply(rows.Row(i));
            Assert.Equal(1, phi.Sum(x => x * x), 1e-12);
            for (var j = 0; j < i; j++)
            {
                var product = phi.Zip(map.Apply(rows.Row(j)), (x, y) => x * y).Sum();
                // One term's sd is at most 0.71, so five of the mean's are 0.055.
                Assert.Equal(RbfKernel.Value(rows.Row(i), rows.Row(j), 1.2), product, 0.055);
            }
        }
    }

    [Fact]
    public void Adding_and_merging_in_any_order_give_the_same_bytes()
    {
        var map = new FourierMap(4, 1.5, seed: 7, frequencies: 30);
        var rows = Rows.Normal(2, 300, 4);
        rows[17, 2] = double.NaN;
        FourierSums whole = new(map), even = new(map), odd = new(map);
        whole.AddRows(rows);
        for (var i = rows.Rows - 1; i >= 0; i--) (i % 2 == 0 ? even : odd).Add(rows.Row(i));
        odd.Merge(even);
        Assert.Equal((299, 1), (odd.Count, odd.Missing));
        Assert.Equal(whole.ToBytes(), odd.ToBytes());
        var read = FourierSums.FromBytes(whole.ToBytes());
        Assert.Equal(whole.ToBytes(), read.ToBytes());
        Assert.Equal(map, read.Map);
        Assert.Equal(whole.Mean(), read.Mean());
    }

    [Fact]
    public void The_mean_is_the_mean_of_the_features()
    {
        var map = new FourierMap(2, 1, frequencies: 5);
        var rows = Rows.Normal(3, 10, 2);
        var sums = new FourierSums(map);
        sums.AddRows(rows);
        for (var l = 0; l < 10; l++) Assert.Equal(Enumerable.Range(0, 10).Average(i => map.Apply(rows.Row(i))[l]), sums.Mean()[l], 1e-9);
    }

    [Fact]
    public void Damaged_bytes_and_other_maps_are_refused()
    {
        var sums = new FourierSums(new FourierMap(2, 1, frequencies: 8));
        sums.Add([1, 2]);
        var bytes = sums.ToBytes();
        Assert.Throws<FormatException>(() => FourierSums.FromBytes([]));
        Assert.Throws<FormatException>(() => FourierSums.FromBytes(bytes.AsSpan(0, bytes.Length - 1)));
        Assert.Throws<FormatException>(() => FourierSums.FromBytes([2, .. bytes.AsSpan(1)]));
        byte[] negative = [.. bytes];
        negative[4] = 0xFF;
        Assert.Throws<FormatException>(() => FourierSums.FromBytes(negative));
        Assert.Throws<ArgumentException>(() => sums.Merge(new FourierSums(new FourierMap(2, 1, seed: 1, frequencies: 8))));
        Assert.Throws<ArgumentException>(() => sums.Add([1, 2, 3]));
    }

    [Fact]
    public void Near_the_exact_statistic()
    {
        Matrix reference = Rows.Normal(4, 400, 3), current = Rows.Normal(5, 300, 3, 0.5);
        var exact = Mmd.Test(reference, current, 0, sigma: 1.5);
        var map = new FourierMap(3, 1.5, frequencies: 1024);
        var sums = new FourierSums(map);
        sums.AddRows(current);
        var approximate = FourierReference.Fit(map, reference).Test(sums);
        Assert.Equal(exact.Biased, approximate.Biased, 0.015);
        Assert.Equal(exact.Squared, approximate.Squared, 0.015);
    }

    [Theory, InlineData(2), InlineData(8)]
    public void Keeps_its_level_and_sees_a_joint_change(int columns)
    {
        int runs = 120 * Draw.Scale(15), five = 0, one = 0, seen = 0;
        for (var run = 0; run < runs; run++)
        {
            var reference = Rows.Normal(3 * run, 250, columns);
            var map = new FourierMap(columns, Math.Sqrt(columns), (ulong)run, 64);
            var fitted = FourierReference.Fit(map, reference, 250);
            FourierSums same = new(map), joint = new(map);
            same.AddRows(Rows.Normal(3 * run + 1, 200, columns));
            var tied = Rows.Normal(3 * run + 2, 200, columns);
            for (var i = 0; i < tied.Rows; i++)
            {
                for (var c = 0; c < columns; c += 2) tied[i, c + 1] = tied[i, c];
            }
            joint.AddRows(tied);
            var p = fitted.Test(same).PValue;
            if (p <= 0.05) five++;
            if (p <= 0.01) one++;
            if (fitted.Test(joint).PValue <= 0.05) seen++;
        }
        Report.Row("Level and power at 5 %", "Share of runs with p <= 0.05; seeds from 0.", ["test", "runs", "no change", "change"], [$"Fourier features, {columns} columns, 250 and 200 rows; change: columns tied in pairs", runs, (double)five / runs, (double)seen / runs]);
        Report.Row("Fourier features at 1 %", "Share of runs without a change with p <= 0.01; seeds from 0.", ["columns", "runs", "share"], [columns, runs, (double)one / runs]);
        Assert.True(five <= Draw.Allowed(runs, 0.05), $"{five} of {runs} at 5 %");
        Assert.True(one <= Draw.Allowed(runs, 0.01), $"{one} of {runs} at 1 %");
        Assert.True(seen >= 0.9 * runs, $"{seen} of {runs}");
    }

    [Fact]
    public void A_stored_reference_without_its_third_moment_decides_by_two()
    {
        var map = new FourierMap(2, 1, frequencies: 16);
        var fitted = FourierReference.Fit(map, Rows.Normal(1, 400, 2));
        var current = new FourierSums(map);
        current.AddRows(Rows.Normal(2, 150, 2, 0.2));
        var whole = fitted.Test(current);
        Assert.Equal(whole, FourierReference.From(fitted.Sums, fitted.Trace, fitted.TraceOfSquare, fitted.TraceOfCube).Test(current));
        var unit = 1.0 / 400 + 1.0 / 150;
        var two = FourierReference.From(fitted.Sums, fitted.Trace, fitted.TraceOfSquare).Test(current).PValue;
        Assert.Equal(Distributions.ChiSquaredSf(whole.Biased * fitted.Trace / (fitted.TraceOfSquare * unit), fitted.Trace * fitted.Trace / fitted.TraceOfSquare), two, 1e-12);
        // The third moment makes the tail heavier.
        Assert.True(two < 0.05 && whole.PValue > two, $"{two} and {whole.PValue}");
        Assert.InRange(fitted.TraceOfCube, fitted.TraceOfSquare * fitted.TraceOfSquare / fitted.Trace, fitted.Trace * fitted.TraceOfSquare);
    }

    [Fact]
    public void Without_data_or_against_a_constant_there_is_no_alarm()
    {
        var map = new FourierMap(2, 1, frequencies: 8);
        Assert.Equal(1, FourierReference.Fit(map, new Matrix(1, 2)).Test(new FourierSums(map)).PValue);
        var constant = new FourierSums(map);
        constant.AddRows(new Matrix(5, 2));
        Assert.Equal(1, FourierReference.Fit(map, new Matrix(9, 2)).Test(constant).PValue);
    }
}
