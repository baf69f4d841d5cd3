using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Sketches;

/// <summary>A Kolmogorov-Smirnov comparison of two sketches.</summary>
/// <param name="Statistic">D_s: the largest distance between the two sketched distribution functions, in [0, 1]. NaN without data.</param>
/// <param name="Error">E: |D_s - D| is at most this, with 98 % confidence (99 % for each sketch); 0 if both sketches are exact.</param>
/// <param name="PLow">p-value if the true D is D_s + E.</param>
/// <param name="PValue">p-value at D_s.</param>
/// <param name="PHigh">p-value if the true D is max(0, D_s - E): only what holds for this one is a finding of the data and not of the sketches.</param>
/// <param name="IsSharp">
/// True if E is below a quarter of 1.36 sqrt(1/n + 1/m), the D that is significant at 5 %. Else a larger k is needed for a test at this many rows.
/// </param>
public readonly record struct SketchKsResult(double Statistic, double Error, double PLow, double PValue, double PHigh, bool IsSharp)
{
    /// <summary>The result without data: statistic NaN, p-values 1, so that no data never alarms.</summary>
    public static SketchKsResult Undefined => new(double.NaN, 0, 1, 1, 1, false);
}

/// <summary>Two-sample Kolmogorov-Smirnov test from KLL sketches instead of the values.</summary>
public static class SketchKs
{
    /// <summary>
    /// D_s = sup over the kept values of |F_s(x) - G_s(x)|; |D_s - D| is at most the sum of the two <see cref="KllSketch.MassError"/>. The p-values
    /// are those of the finite-sample one-sample law at the effective size nm / (n + m), as of <see cref="KsMethod.Asymptotic"/>; conservative with ties.
    /// Undefined if one sketch is empty; missing values take no part.
    /// </summary>
    public static SketchKsResult Compare(KllSketch reference, KllSketch current)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(current);
        if (reference.Count == 0 || current.Count == 0) return SketchKsResult.Undefined;
        var d = Distance(reference.View(), current.View());
        var error = reference.MassError + current.MassError;
        double n = reference.Count, m = current.Count;
        var effective = n * m / (n + m);
        return new SketchKsResult(
            d,
            error,
            Sf(effective, Math.Min(1, d + error)),
            Sf(effective, d),
            Sf(effective, Math.Max(0, d - error)),
            error < 0.25 * 1.36 / Math.Sqrt(effective));
    }

    private static double Distance(KllView a, KllView b)
    {
        double best = 0, n = a.Count, m = b.Count;
        ReadOnlySpan<double> x = a.Values, y = b.Values;
        int i = 0, j = 0;
        while (i < x.Length && j < y.Length)
        {
            var value = Math.Min(x[i], y[j]);
            while (i < x.Length && x[i] == value) i++;
            while (j < y.Length && y[j] == value) j++;
            var f = i == 0 ? 0 : a.Weights[i - 1] / n;
            var g = j == 0 ? 0 : b.Weights[j - 1] / m;
            best = Math.Max(best, Math.Abs(f - g));
        }
        return best;
    }

    private static double Sf(double effective, double d) => effective <= 1e9
        ? KolmogorovFinite.Sf((int)Math.Max(1, Math.Round(effective, MidpointRounding.ToEven)), d)
        : KolmogorovSmirnov.KolmogorovSf(d * Math.Sqrt(effective));
}
