namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Eigenvalues and eigenvectors of a real symmetric matrix by cyclic Jacobi rotations: each turns one off-diagonal element to zero, until all are below
/// 1e-15 of the matrix's norm. O(n^3) a sweep and under ten sweeps, so for some hundred columns at most; accurate to rounding and free of special cases.
/// Golub and Van Loan, "Matrix Computations", section 8.5.
/// </summary>
public sealed class SymmetricEigen
{
    private const int MostSweeps = 60;
    private readonly double[] _values;

    private SymmetricEigen(double[] values, Matrix vectors) => (_values, Vectors) = (values, vectors);

    /// <summary>Eigenvalues, largest first.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>Row i is the unit eigenvector of eigenvalue i; its largest element in absolute value is positive, so that the answer is unique where the eigenvalue is single.</summary>
    public Matrix Vectors { get; }

    /// <summary>Decomposes. Only the upper triangle is read. NaN and infinite values are refused.</summary>
    public static SymmetricEigen Of(Matrix symmetric)
    {
        ArgumentNullException.ThrowIfNull(symmetric);
        if (symmetric.Rows != symmetric.Columns) throw new ArgumentException($"The matrix is {symmetric.Rows} x {symmetric.Columns}; it must be square.", nameof(symmetric));
        symmetric.CheckFinite(nameof(symmetric));
        var n = symmetric.Rows;
        Matrix a = new(n, n), vectors = new(n, n);
        for (var i = 0; i < n; i++)
        {
            vectors[i, i] = 1;
            for (var j = i; j < n; j++) a[i, j] = a[j, i] = symmetric[i, j];
        }
        double norm = 0;
        foreach (var value in a.Values) norm += value * value;
        var small = 1e-15 * Math.Sqrt(norm);
        for (var sweep = 0; sweep < MostSweeps && Sweep(a, vectors, small); sweep++)
        {
        }
        return Sorted(a, vectors);
    }

    // True if anything was rotated.
    private static bool Sweep(Matrix a, Matrix vectors, double small)
    {
        var rotated = false;
        for (var p = 0; p < a.Rows - 1; p++)
        {
            for (var q = p + 1; q < a.Rows; q++)
            {
                if (Math.Abs(a[p, q]) <= small) continue;
                Rotate(a, vectors, p, q);
                rotated = true;
            }
        }
        return rotated;
    }

    private static void Rotate(Matrix a, Matrix vectors, int p, int q)
    {
        // The smaller of the two angles keeps the rotation stable.
        var theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        var t = (theta < 0 ? -1 : 1) / (Math.Abs(theta) + Math.Sqrt(theta * theta + 1));
        var cosine = 1 / Math.Sqrt(t * t + 1);
        var sine = t * cosine;
        Turn(a.Row(p), a.Row(q), cosine, sine);
        for (var k = 0; k < a.Rows; k++)
        {
            var (x, y) = (a[k, p], a[k, q]);
            a[k, p] = cosine * x - sine * y;
            a[k, q] = sine * x + cosine * y;
        }
        a[p, q] = a[q, p] = 0;
        Turn(vectors.Row(p), vectors.Row(q), cosine, sine);
    }

    private static void Turn(Span<double> p, Span<double> q, double cosine, double sine)
    {
        for (var k = 0; k < p.Length; k++)
        {
            var (x, y) = (p[k], q[k]);
            p[k] = cosine * x - sine * y;
            q[k] = sine * x + cosine * y;
        }
    }

    private static SymmetricEigen Sorted(Matrix a, Matrix vectors)
    {
        var order = new int[a.Rows];
        var values = new double[a.Rows];
        for (var i = 0; i < order.Length; i++) (order[i], values[i]) = (i, -a[i, i]);
        Array.Sort(values, order);
        var sorted = vectors.SelectRows(order);
        for (var i = 0; i < order.Length; i++)
        {
            values[i] = a[order[i], order[i]];
            var row = sorted.Row(i);
            double largest = 0;
            foreach (var x in row) largest = Math.Abs(x) > Math.Abs(largest) ? x : largest;
            for (var k = 0; largest < 0 && k < row.Length; k++) row[k] = -row[k];
        }
        return new SymmetricEigen(values, sorted);
    }
}
