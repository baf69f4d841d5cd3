using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Quality;

/// <summary>
/// Was a feature multiplied or shifted as a whole (a unit changed, a sender doubled it), or did the population change? Real populations seldom move all
/// quantiles alike, so the test undoes the best transformation and asks whether the drift is gone.
/// </summary>
public static class AffineTest
{
    /// <summary>Fewest values on each side; below it nothing is called affine.</summary>
    public const int MinimumRows = 50;

    private const int Quantiles = 99;

    private static readonly (string Name, double Scale, double Shift)[] Known =
    [
        ("doubled", 2, 0), ("halved", 0.5, 0), ("sign", -1, 0),
        ("x10", 10, 0), ("/10", 0.1, 0), ("x100 (cents)", 100, 0), ("/100", 0.01, 0), ("x1000", 1000, 0), ("/1000", 0.001, 0),
        ("x10000", 1e4, 0), ("/10000", 1e-4, 0), ("x1000000", 1e6, 0), ("/1000000", 1e-6, 0),
        ("x60 (minutes, seconds)", 60, 0), ("/60", 1.0 / 60, 0), ("x3600 (hours, seconds)", 3600, 0), ("/3600", 1.0 / 3600, 0),
        ("x24 (days, hours)", 24, 0), ("/24", 1.0 / 24, 0), ("x1024", 1024, 0), ("/1024", 1.0 / 1024, 0),
        ("miles to kilometres", 1.609344, 0), ("kilometres to miles", 1 / 1.609344, 0), ("inches to centimetres", 2.54, 0), ("centimetres to inches", 1 / 2.54, 0),
        ("feet to metres", 0.3048, 0), ("metres to feet", 1 / 0.3048, 0), ("pounds to kilograms", 0.45359237, 0), ("kilograms to pounds", 1 / 0.45359237, 0),
        ("Celsius to Fahrenheit", 1.8, 32), ("Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8), ("Celsius to kelvin", 1, 273.15), ("kelvin to Celsius", 1, -273.15),
    ];

    /// <summary>True if the named conversion is a plain doubling or halving, which no unit explains.</summary>
    internal static bool IsPlainScale(string? name) => name is "doubled" or "halved";

    /// <summary>
    /// Fits and judges. Samples in any order; NaN and infinities are left out. With fewer than <see cref="MinimumRows"/> values on a side, or a constant
    /// side, nothing is called affine and the figures that are not defined are NaN.
    /// </summary>
    public static AffineFit Fit(ReadOnlySpan<double> reference, ReadOnlySpan<double> current) =>
        FitSorted(Samples.SortedFinite(reference), Samples.SortedFinite(current));

    /// <summary>As <see cref="Fit"/>, for ascending finite samples.</summary>
    public static AffineFit FitSorted(double[] reference, double[] current)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        if (reference.Length == 0 || current.Length == 0) return new AffineFit(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, false, false, null, false, false);
        Span<double> qr = stackalloc double[Quantiles], qc = stackalloc double[Quantiles];
        for (var i = 0; i < Quantiles; i++)
        {
            qr[i] = Samples.Quantile(reference, (i + 1) / 100.0);
            qc[i] = Samples.Quantile(current, (i + 1) / 100.0);
        }
        var (scale, shift, residual) = LeastSquares(qr, qc);
        var origin = MedianRatio(qr, qc);
        var before = KolmogorovSmirnov.Statistic(reference, current);
        var allowance = KolmogorovSmirnov.Allowance(reference.Length, current.Length);
        var big = before > allowance && Wasserstein.NormalisedBySd(reference, current) >= 0.25;
        var best = Best(reference, current, scale, shift, origin);
        var spread = Spread(reference, current, best.Scale, best.Shift);
        var usable = reference.Length >= MinimumRows && current.Length >= MinimumRows && reference[0] < reference[^1] && current[0] < current[^1];
        var affine = usable && big && best.Ks <= allowance && best.Ks <= 0.35 * before && spread <= 0.1 + 3 * Math.Sqrt(1.0 / reference.Length + 1.0 / current.Length);
        var implausible = best.Name is not null || best.Scale < 0 || (best.Shift == 0 && Math.Abs(Math.Log(Math.Abs(best.Scale))) > Math.Log(1.5));
        return new AffineFit(scale, shift, origin, residual, best.Ks, big, best.Name is not null, best.Name, implausible, affine)
        {
            BestScale = best.Scale,
            BestShift = best.Shift,
            KsBefore = before,
            QuantileSpread = spread,
        };
    }

    private static (double Scale, double Shift, double Residual) LeastSquares(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var (meanX, sdX) = Samples.MeanSd(x);
        var (meanY, sdY) = Samples.MeanSd(y);
        if (sdX == 0) return (double.NaN, double.NaN, double.NaN);
        double cross = 0;
        for (var i = 0; i < x.Length; i++) cross += (x[i] - meanX) * (y[i] - meanY);
        var a = cross / (sdX * sdX * x.Length);
        var b = meanY - a * meanX;
        double squares = 0;
        for (var i = 0; i < x.Length; i++) squares += (y[i] - a * x[i] - b) * (y[i] - a * x[i] - b);
        return (a, b, sdY == 0 ? 0 : Math.Sqrt(squares / x.Length) / sdY);
    }

    private static double MedianRatio(ReadOnlySpan<double> qr, ReadOnlySpan<double> qc)
    {
        var ratios = new List<double>(qr.Length);
        for (var i = 0; i < qr.Length; i++)
        {
            if (qr[i] != 0) ratios.Add(qc[i] / qr[i]);
        }
        ratios.Sort();
        return ratios.Count == 0 ? double.NaN : Samples.Quantile(ratios.ToArray(), 0.5);
    }

    private static (double Scale, double Shift, double Ks, string? Name) Best(double[] reference, double[] current, double scale, double shift, double origin)
    {
        (double Scale, double Shift, double Ks, string? Name) line = (scale, shift, KsAfter(reference, current, scale, shift), null);
        (double Scale, double Shift, double Ks, string? Name) pure = (origin, 0, KsAfter(reference, current, origin, 0), null);
        (double Scale, double Shift, double Ks, string? Name) known = (1, 0, 1, null);
        foreach (var (name, a, b) in Known)
        {
            if (!Near(reference, current, a, b)) continue;
            var ks = KsAfter(reference, current, a, b);
            if (ks < known.Ks) known = (a, b, ks, name);
        }
        // Fewer free parameters win unless clearly worse: a known conversion has none, a pure scale one, a line two.
        var slack = 0.5 * Math.Sqrt(1.0 / reference.Length + 1.0 / current.Length);
        var best = pure.Ks <= line.Ks + slack ? pure : line;
        return known.Ks <= best.Ks + slack ? known : best;
    }

    // Only conversions that bring the quartiles close are worth a KS run.
    private static bool Near(double[] reference, double[] current, double a, double b)
    {
        var range = Samples.Quantile(reference, 0.75) - Samples.Quantile(reference, 0.25);
        if (range == 0) range = Samples.MeanSd(reference).Sd;
        for (var k = 1; k <= 3; k++)
        {
            var share = a > 0 ? k / 4.0 : 1 - k / 4.0;
            if (Math.Abs((Samples.Quantile(current, share) - b) / a - Samples.Quantile(reference, k / 4.0)) > 0.5 * range) return false;
        }
        return true;
    }

    private static double KsAfter(double[] reference, double[] current, double a, double b)
    {
        if (!double.IsFinite(a) || a == 0 || !double.IsFinite(b)) return 1;
        return KolmogorovSmirnov.Statistic(reference, Undo(current, a, b, reference));
    }

    // Rounding noise of the division must not split ties, so a value within 1e-9 of a reference value becomes it.
    private static double[] Undo(double[] current, double a, double b, double[] reference)
    {
        var result = new double[current.Length];
        for (var i = 0; i < result.Length; i++) result[i] = (current[i] - b) / a;
        if (a < 0) Array.Reverse(result);
        var j = 0;
        for (var i = 0; i < result.Length; i++)
        {
            var slack = 1e-9 * Math.Max(1, Math.Abs(result[i]));
            while (j < reference.Length && reference[j] < result[i] - slack) j++;
            if (j < reference.Length && Math.Abs(reference[j] - result[i]) <= slack) result[i] = reference[j];
        }
        return result;
    }

    // How differently the parts of the distribution moved, relative to their size above the reference's noise floor.
    private static double Spread(double[] reference, double[] current, double a, double b)
    {
        if (!double.IsFinite(a) || a == 0) return double.PositiveInfinity;
        var sd = Samples.MeanSd(reference).Sd;
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        ReadOnlySpan<double> shares = [0.1, 0.25, 0.5, 0.75, 0.9];
        foreach (var share in shares)
        {
            var before = Samples.Quantile(reference, share);
            var after = (Samples.Quantile(current, a > 0 ? share : 1 - share) - b) / a;
            var relative = (after - before) / Math.Max(Math.Abs(before), 0.5 * sd);
            low = Math.Min(low, relative);
            high = Math.Max(high, relative);
        }
        return high - low;
    }
}
