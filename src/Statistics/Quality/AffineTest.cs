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

    // In sds of the reference: a whole population does not move that far and keep its shape.
    private const double FarShift = 5;

    // KS distance left by undoing what the digits name: the population may have moved meanwhile.
    private const double MostMoved = 0.35;

    // What breaks most often; preferred to a rarer conversion that fits as well.
    private static readonly (string Name, double Scale, double Shift)[] Common =
    [
        ("doubled", 2, 0), ("halved", 0.5, 0), ("sign", -1, 0),
        ("x10", 10, 0), ("/10", 0.1, 0), ("x100 (cents)", 100, 0), ("/100", 0.01, 0), ("x1000", 1000, 0), ("/1000", 0.001, 0),
    ];

    private static readonly (string Name, double Scale, double Shift)[] Rare =
    [
        ("x10000", 1e4, 0), ("/10000", 1e-4, 0), ("x1000000", 1e6, 0), ("/1000000", 1e-6, 0),
        ("x60 (minutes, seconds)", 60, 0), ("/60", 1.0 / 60, 0), ("x3600 (hours, seconds)", 3600, 0), ("/3600", 1.0 / 3600, 0),
        ("x24 (days, hours)", 24, 0), ("/24", 1.0 / 24, 0), ("x1024", 1024, 0), ("/1024", 1.0 / 1024, 0),
        ("miles to kilometres", 1.609344, 0), ("kilometres to miles", 1 / 1.609344, 0), ("inches to centimetres", 2.54, 0), ("centimetres to inches", 1 / 2.54, 0),
        ("feet to metres", 0.3048, 0), ("metres to feet", 1 / 0.3048, 0), ("pounds to kilograms", 0.45359237, 0), ("kilograms to pounds", 1 / 0.45359237, 0),
        ("Celsius to Fahrenheit", 1.8, 32), ("Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8), ("Celsius to kelvin", 1, 273.15), ("kelvin to Celsius", 1, -273.15),
    ];

    private static readonly (string Name, double Scale, double Shift)[] Known = [.. Common, .. Rare];

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
        var test = KolmogorovSmirnov.TwoSampleSorted(reference, current, KsMethod.KolmogorovLimit);
        var before = test.Statistic;
        var allowance = KolmogorovSmirnov.Allowance(reference.Length, current.Length);
        var big = before > allowance && Wasserstein.NormalisedBySd(reference, current) >= 0.25;
        var grid = new Grid(reference, current);
        (double Scale, double Shift, double Ks, string? Name) best;
        if (grid.Find(origin, Known, (a, b) => KsAfter(reference, current, a, b) <= MostMoved) is { } exact) best = (exact.Scale, exact.Shift, KsAfter(reference, current, exact.Scale, exact.Shift), exact.Name);
        else best = Best(reference, current, scale, shift, origin);
        // A sign turned round is the simpler explanation, even if the population moved besides.
        if (IsFlipped(reference, current) && best.Name is null && KsAfter(reference, current, -1, 0) is var flipped && (best.Scale > 0 || flipped <= MostMoved)) best = (-1, 0, flipped, "sign");
        var undone = Undo(current, best.Scale, best.Shift, reference);
        var digits = grid.Judge(best.Scale, best.Shift);
        var (spread, spreadAllowed) = Spread(reference, undone);
        var (psiBefore, psiAfter) = Shapes(reference, current, undone);
        var usable = reference.Length >= MinimumRows && current.Length >= MinimumRows && reference[0] < reference[^1] && current[0] < current[^1];
        var agrees = usable && best.Ks <= allowance && best.Ks < 0.7 * before && test.PValue < 1e-4;
        var affine = usable && big && best.Ks <= allowance && best.Ks <= 0.35 * before && spread <= spreadAllowed
            && psiAfter.Corrected <= 0.01 + 2 * PsiNoise(psiAfter) && psiAfter.Corrected <= 0.2 * psiBefore.Corrected;
        var far = best.Scale == 1 && Math.Abs(best.Shift) >= FarShift * Samples.MeanSd(reference).Sd;
        var implausible = far || best.Name is not null || best.Scale < 0 || (best.Shift == 0 && Math.Abs(Math.Log(Math.Abs(best.Scale))) > Math.Log(1.5));
        return new AffineFit(scale, shift, origin, residual, best.Ks, big, best.Name is not null, best.Name, implausible, affine)
        {
            BestScale = best.Scale,
            BestShift = best.Shift,
            KsBefore = before,
            QuantileSpread = spread,
            PsiAfterUndo = psiAfter.Corrected,
            Digits = digits,
            Agrees = agrees,
            IsCommon = Array.Exists(Common, c => c.Name == best.Name),
            IsFlipped = IsFlipped(reference, current),
        };
    }

    private static bool IsFlipped(double[] reference, double[] current) =>
        (Samples.Quantile(reference, 0.01) >= 0 && Samples.Quantile(current, 0.99) <= 0 && reference[^1] > 0 && current[0] < 0)
        || (Samples.Quantile(reference, 0.99) <= 0 && Samples.Quantile(current, 0.01) >= 0 && reference[0] < 0 && current[^1] > 0);

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
        // Fewer free parameters win unless clearly worse: a known conversion has none, a pure scale or a pure shift one, a line two.
        var noise = Math.Sqrt(1.0 / reference.Length + 1.0 / current.Length);
        var best = pure.Ks <= line.Ks + 0.5 * noise ? pure : line;
        var away = Samples.Quantile(current, 0.5) - Samples.Quantile(reference, 0.5);
        (double Scale, double Shift, double Ks, string? Name) moved = (1, away, KsAfter(reference, current, 1, away), null);
        if (best.Shift != 0 && moved.Ks <= best.Ks + 0.5 * noise) best = moved;
        // A common conversion is believed before a rare one that fits little better, and both before a factor of the data.
        var common = Match(reference, current, Common, best.Ks + 0.8 * noise);
        var rare = Match(reference, current, Rare, best.Ks + 0.5 * noise);
        if (common is not null && !(rare?.Ks < common.Value.Ks - 0.6 * noise)) return common.Value;
        return rare ?? Simplest(reference, current, best, noise);
    }

    // The factor is an estimate; people multiply by numbers of one or two digits, so one that fits as well is meant.
    private static (double Scale, double Shift, double Ks, string? Name) Simplest(double[] reference, double[] current, (double Scale, double Shift, double Ks, string? Name) best, double noise)
    {
        if (best.Shift != 0 || !(Math.Abs(best.Scale) > 0) || !double.IsFinite(best.Scale)) return best;
        for (var digits = 1; digits <= 2; digits++)
        {
            var place = digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(best.Scale)));
            var scale = place < 0 ? Math.Round(best.Scale * Math.Pow(10, place)) * Math.Pow(10, -place) : Math.Round(best.Scale * Math.Pow(10, place)) / Math.Pow(10, place);
            if (scale != 0 && KsAfter(reference, current, scale, 0) is var ks && ks <= best.Ks + 0.3 * noise) return (scale, 0, ks, null);
        }
        return best;
    }

    private static (double Scale, double Shift, double Ks, string? Name)? Match(double[] reference, double[] current, (string Name, double Scale, double Shift)[] conversions, double accepted)
    {
        (double Scale, double Shift, double Ks, string? Name)? match = null;
        foreach (var (name, a, b) in conversions)
        {
            if (!Near(reference, current, a, b)) continue;
            var ks = KsAfter(reference, current, a, b);
            if (ks <= accepted && ks < (match?.Ks ?? 1)) match = (a, b, ks, name);
        }
        return match;
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
    internal static double[] Undo(double[] current, double a, double b, double[] reference)
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

    private static (PsiResult Before, PsiResult After) Shapes(double[] reference, double[] current, double[] undone)
    {
        var bins = ReferenceBins.FromNumeric(reference);
        return (Psi.Compare(bins.ReferenceCounts, bins.CountsOf(current)), Psi.Compare(bins.ReferenceCounts, bins.CountsOf(undone)));
    }

    // Standard deviation of PSI if nothing changed: mean (B - 1) u, variance 2 (B - 1) u^2.
    private static double PsiNoise(PsiResult psi) => psi.NullMean * Math.Sqrt(2.0 / Math.Max(1, psi.Contributions.Length - 1));

    // How differently the parts of the distribution moved: the range of ln(undone quantile / reference quantile) where values are positive (the range of
    // their difference in robust sds else), with what sampling alone shows in 49 cases of 50 (at least 0.25: mixtures of old and new values spread further).
    private static (double Spread, double Allowed) Spread(double[] reference, double[] undone)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        var quarter = Samples.Quantile(reference, 0.25);
        var logs = Samples.Quantile(reference, 0.1) > 0 && Samples.Quantile(undone, 0.1) > 0;
        var sd = (logs ? Math.Log(Samples.Quantile(reference, 0.75) / quarter) : Samples.Quantile(reference, 0.75) - quarter) / 1.349;
        if (!(sd > 0)) return (0, 0.05);
        ReadOnlySpan<double> shares = [0.1, 0.25, 0.5, 0.75, 0.9];
        foreach (var share in shares)
        {
            double before = Samples.Quantile(reference, share), after = Samples.Quantile(undone, share);
            var moved = logs ? Math.Log(after / before) : (after - before) / sd;
            low = Math.Min(low, moved);
            high = Math.Max(high, moved);
        }
        return (high - low, Math.Max(0.25, 0.05 + 5 * (logs ? sd : 1) * Math.Sqrt(1.0 / reference.Length + 1.0 / undone.Length)));
    }
}
