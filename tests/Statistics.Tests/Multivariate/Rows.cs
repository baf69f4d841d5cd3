using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

/// <summary>Matrices for tests.</summary>
internal static class Rows
{
    public static Matrix Normal(int seed, int rows, int columns, double shift = 0)
    {
        var draw = new Draw(seed);
        return new Matrix(rows, columns, draw.Many(rows * columns, d => d.Normal() + shift));
    }

    /// <summary>Two standard normal columns of the given correlation: only the joint law depends on it.</summary>
    public static Matrix Correlated(int seed, int rows, double correlation)
    {
        var result = Normal(seed, rows, 2);
        for (var i = 0; i < rows; i++) result[i, 1] = correlation * result[i, 0] + Math.Sqrt(1 - correlation * correlation) * result[i, 1];
        return result;
    }
}
