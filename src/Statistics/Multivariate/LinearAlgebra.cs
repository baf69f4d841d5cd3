using System.Numerics;

namespace Holdfast.Statistics.Multivariate;

/// <summary>The few products and the one solver that the classifiers need.</summary>
internal static class LinearAlgebra
{
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        Vector<double> sums = default;
        var i = 0;
        for (; i <= x.Length - Vector<double>.Count; i += Vector<double>.Count) sums += new Vector<double>(x[i..]) * new Vector<double>(y[i..]);
        var sum = Vector.Sum(sums);
        for (; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>to += factor * from.</summary>
    public static void AddScaled(Span<double> to, ReadOnlySpan<double> from, double factor)
    {
        var i = 0;
        for (; i <= to.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(to[i..]) + new Vector<double>(from[i..]) * factor).CopyTo(to[i..]);
        for (; i < to.Length; i++) to[i] += from[i] * factor;
    }

    /// <summary>Solves A x = b in place of b by A = U'U (Cholesky); A symmetric positive definite, its upper triangle given and overwritten.</summary>
    public static void SolveSymmetric(Matrix a, double[] b)
    {
        var n = b.Length;
        for (var k = 0; k < n; k++)
        {
            var pivot = Math.Sqrt(Math.Max(a[k, k], double.Epsilon));
            var row = a.Row(k);
            for (var j = k; j < n; j++) row[j] /= pivot;
            for (var i = k + 1; i < n; i++) AddScaled(a.Row(i)[i..], row[i..], -row[i]);
        }
        for (var k = 0; k < n; k++)
        {
            b[k] /= a[k, k];
            AddScaled(b.AsSpan(k + 1), a.Row(k)[(k + 1)..], -b[k]);
        }
        for (var k = n - 1; k >= 0; k--) b[k] = (b[k] - Dot(a.Row(k)[(k + 1)..], b.AsSpan(k + 1))) / a[k, k];
    }
}
