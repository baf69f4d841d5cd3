using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class PcaTests
{
    private static readonly Report Report = new("statistics-multivariate.md");

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(40)]
    public void Eigenvectors_are_orthonormal_and_make_the_matrix_again(int n)
    {
        Matrix root = Rows.Normal(n, n, n), a = new(n, n);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++) a[i, j] = root[i, j] + root[j, i];
        }
        var eigen = SymmetricEigen.Of(a);
        for (var i = 0; i < n; i++)
        {
            if (i > 0) Assert.True(eigen.Values[i - 1] >= eigen.Values[i]);
            for (var j = 0; j < n; j++)
            {
                double again = 0, product = 0;
                for (var k = 0; k < n; k++)
                {
                    again += eigen.Values[k] * eigen.Vectors[k, i] * eigen.Vectors[k, j];
                    product += eigen.Vectors[i, k] * eigen.Vectors[j, k];
                }
                Assert.Equal(a[i, j], again, 1e-12 * n);
                Assert.Equal(i == j ? 1 : 0, product, 1e-12);
            }
        }
    }

    [Fact]
    public void Known_eigenvalues()
    {
        // The second difference matrix: 2 - 2 cos(k pi / (n + 1)).
        const int n = 12;
        var a = new Matrix(n, n);
        for (var i = 0; i < n; i++)
        {
            a[i, i] = 2;
            if (i > 0) a[i - 1, i] = a[i, i - 1] = -1;
        }
        var values = SymmetricEigen.Of(a).Values;
        for (var k = 1; k <= n; k++) Assert.Equal(2 - 2 * Math.Cos((n + 1 - k) * Math.PI / (n + 1)), values[k - 1], 1e-13);
        Assert.Equal([0.0, 0.0], SymmetricEigen.Of(new Matrix(2, 2)).Values.ToArray());
    }

    [Fact]
    public void Rows_in_the_reference_plane_have_no_error_and_others_their_distance()
    {
        // Two columns, always equal: one component holds all variance.
        var values = new Draw(1).Many(500, d => d.Normal());
        var pca = PcaReconstruction.Fit(Matrix.FromColumns(values, values));
        Assert.Equal((1, 1.0), (pca.Components, Math.Round(pca.KeptVariance, 12)));
        Assert.Equal(0, pca.Error(Matrix.FromColumns([3, -1.0], [3, -1.0])), 1e-12);
        var (_, sd) = Samples.MeanSd(values);
        Assert.Equal(2 / sd / Math.Sqrt(2), pca.Error(Matrix.FromColumns([1.0], [-1.0])), 1e-9);
    }

    [Fact]
    public void Keeps_the_fewest_components_that_reach_the_share()
    {
        var rows = Rows.Normal(2, 2000, 6);
        Assert.Equal(4, PcaReconstruction.Fit(rows).Components);
        var all = PcaReconstruction.Fit(rows, variance: 1);
        Assert.Equal(6, all.Components);
        Assert.Equal(0, all.Error(rows), 1e-12);
    }

    [Fact]
    public void Sees_a_lost_correlation_and_seldom_alarms_without_a_change()
    {
        int runs = 150 * Draw.Scale(10), alarms = 0, seen = 0;
        for (var run = 0; run < runs; run++)
        {
            var pca = PcaReconstruction.Fit(Rows.Correlated(3 * run, 4000, 0.8), 200);
            if (pca.Alarms(Rows.Correlated(3 * run + 1, 200, 0.8))) alarms++;
            if (pca.Alarms(Rows.Correlated(3 * run + 2, 200, 0.3))) seen++;
        }
        Report.Row("PCA reconstruction error: alarms", "Three standard deviations of 20 chunks of 200 rows; change: correlation 0.8 to 0.3; seeds from 0.", ["runs", "no change", "change"], [runs, (double)alarms / runs, (double)seen / runs]);
        // Three estimated standard deviations, of twenty chunks: t with 19 degrees, 0.7 %, and a little for the components' fit.
        Assert.True(alarms <= Draw.Allowed(runs, 0.015), $"{alarms} of {runs}");
        Assert.True(seen >= 0.99 * runs, $"{seen} of {runs}");
    }

    [Fact]
    public void Constant_and_missing_data()
    {
        var constant = PcaReconstruction.Fit(new Matrix(50, 3));
        Assert.Equal((0, 1.0, 0.0), (constant.Components, constant.KeptVariance, constant.ChunkMean));
        Assert.True(constant.Alarms(new Matrix(1, 3) { [0, 1] = 0.5 }));
        Assert.False(constant.Alarms(new Matrix(0, 3)));
        Assert.True(double.IsNaN(PcaReconstruction.Fit(new Matrix(1, 3)).Limits(10).Upper));
        Assert.Throws<ArgumentException>(() => constant.Error(new Matrix(1, 3) { [0, 0] = double.NaN }));
    }
}
