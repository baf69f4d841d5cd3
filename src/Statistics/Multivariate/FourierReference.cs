using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// A frozen reference for the kernel test on Fourier features. MMD^2 is |mean phi(r) - mean phi(c)|^2 (V-statistic, &gt;= 0). If nothing changed its mean is
/// tr(S)(1/n + 1/m), its variance 2 tr(S^2)(1/n + 1/m)^2 and its third cumulant 8 tr(S^3)(1/n + 1/m)^3, S the covariance of phi on the reference; its law is taken as
/// a chi-squared scaled and shifted to all three (Hall 1983; Buckley and Eagleson, Australian Journal of Statistics 30, 1988), whose tail two moments alone make too
/// light: the p-value of a window costs O(D).
/// </summary>
public sealed class FourierReference
{
    private readonly double[] _mean;

    // Triples cost the cube of it: a third of a second.
    private const int TripleRows = 500;

    private FourierReference(FourierSums sums, double trace, double traceOfSquare, double traceOfCube)
    {
        Sums = sums;
        Trace = trace;
        TraceOfSquare = traceOfSquare;
        TraceOfCube = traceOfCube;
        _mean = sums.Mean();
    }

    /// <summary>The reference's sums.</summary>
    public FourierSums Sums { get; }

    /// <summary>tr(S), in [0, 1].</summary>
    public double Trace { get; }

    /// <summary>tr(S^2), in [0, tr(S)^2].</summary>
    public double TraceOfSquare { get; }

    /// <summary>tr(S^3), in [0, tr(S) tr(S^2)]; NaN where it was not stored: then two moments decide.</summary>
    public double TraceOfCube { get; }

    /// <summary>
    /// Fits on reference rows, standardised; rows with NaN are left out. tr(S) = 1 - |mean phi|^2 (times n / (n - 1)) because |phi| = 1; tr(S^2) is the mean
    /// of (phi_i - mean)'(phi_j - mean) squared over pairs of different rows, of at most <paramref name="pairRows"/> rows at even spacing; tr(S^3) the mean
    /// of the product around triples of different rows, of at most 500 of these.
    /// </summary>
    /// <param name="map">The feature map.</param>
    /// <param name="reference">Reference rows; the window's law is only as good as their number, have 200 or more.</param>
    /// <param name="pairRows">Rows used for tr(S^2). Default 1,000: half a million pairs.</param>
    public static FourierReference Fit(FourierMap map, Matrix reference, int pairRows = 1000)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentOutOfRangeException.ThrowIfLessThan(pairRows, 2);
        var sums = new FourierSums(map);
        sums.AddRows(reference);
        if (sums.Count < 2) return new FourierReference(sums, double.NaN, double.NaN, double.NaN);
        var mean = sums.Mean();
        var trace = Math.Max(0, 1 - LinearAlgebra.Dot(mean, mean)) * sums.Count / (sums.Count - 1);
        var rows = RbfKernel.Thinned(reference.CompleteRows(), pairRows);
        var square = Math.Clamp(PairMean(Centred(map, rows, mean)), 0, trace * trace);
        var cube = rows.Rows < 3 ? double.NaN : Math.Clamp(TripleMean(Centred(map, RbfKernel.Thinned(rows, TripleRows), mean)), square * square / Math.Max(trace, 1e-300), trace * square);
        return new FourierReference(sums, trace, square, cube);
    }

    /// <summary>A reference stored by its sums and traces.</summary>
    public static FourierReference From(FourierSums sums, double trace, double traceOfSquare, double traceOfCube = double.NaN)
    {
        ArgumentNullException.ThrowIfNull(sums);
        return new FourierReference(sums, trace, traceOfSquare, traceOfCube);
    }

    /// <summary>
    /// Tests a window. Without rows, or against a reference that is constant or has fewer than two rows: undefined, p = 1 (a constant reference has no law).
    /// </summary>
    public FourierMmd Test(FourierSums current)
    {
        ArgumentNullException.ThrowIfNull(current);
        if (!Sums.Map.Equals(current.Map)) throw new ArgumentException("The window was summed over another map than the reference.", nameof(current));
        if (Sums.Count < 2 || current.Count == 0) return new FourierMmd(double.NaN, double.NaN, double.NaN, 1);
        double squared = 0;
        var mean = current.Mean();
        for (var i = 0; i < mean.Length; i++) squared += (mean[i] - _mean[i]) * (mean[i] - _mean[i]);
        var unit = 1.0 / Sums.Count + 1.0 / current.Count;
        var nullMean = Trace * unit;
        if (!(TraceOfSquare > 1e-15)) return new FourierMmd(squared - nullMean, squared, nullMean, 1);
        // With the cube that makes the shift 0, this is the law of two moments.
        var cube = TraceOfCube > 0 ? TraceOfCube : TraceOfSquare * TraceOfSquare / Trace;
        double scale = cube / TraceOfSquare, degrees = TraceOfSquare / (scale * scale);
        var p = Distributions.ChiSquaredSf(Math.Max(0, (squared / unit - Trace) / scale + degrees), degrees);
        return new FourierMmd(squared - nullMean, squared, nullMean, p);
    }

    private static double[][] Centred(FourierMap map, Matrix rows, double[] mean)
    {
        var centred = new double[rows.Rows][];
        for (var i = 0; i < centred.Length; i++)
        {
            centred[i] = map.Apply(rows.Row(i));
            for (var l = 0; l < mean.Length; l++) centred[i][l] -= mean[l];
        }
        return centred;
    }

    private static double PairMean(double[][] centred)
    {
        double sum = 0;
        for (var i = 1; i < centred.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var product = LinearAlgebra.Dot(centred[i], centred[j]);
                sum += product * product;
            }
        }
        return sum / (centred.Length * (centred.Length - 1.0) / 2);
    }

    // Sum over pairs of g_ij (G G)_ij, G the products of different rows: every ordered triple of different rows once.
    private static double TripleMean(double[][] centred)
    {
        int n = centred.Length;
        var products = new double[n][];
        for (var i = 0; i < n; i++) products[i] = new double[n];
        for (var i = 1; i < n; i++)
        {
            for (var j = 0; j < i; j++) products[i][j] = products[j][i] = LinearAlgebra.Dot(centred[i], centred[j]);
        }
        double sum = 0;
        for (var i = 1; i < n; i++)
        {
            for (var j = 0; j < i; j++) sum += 2 * products[i][j] * LinearAlgebra.Dot(products[i], products[j]);
        }
        return sum / (n * (n - 1.0) * (n - 2.0));
    }
}
