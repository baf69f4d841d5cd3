using System.Globalization;
using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Quality;

/// <summary>Faults of one numeric feature, each confirmed by undoing it: what remains must look like the reference.</summary>
internal static class NumericFaults
{
    private static readonly double[] Sentinels = [0, -1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 1e9];

    public static Fault? Missing(FeatureEvidence feature)
    {
        var test = TwoProportion.Test(feature.ReferenceMissing, feature.ReferenceTotal, feature.CurrentMissing, feature.CurrentTotal);
        if (feature.ReferenceTotal == 0 || feature.CurrentTotal == 0) return null;
        double before = (double)feature.ReferenceMissing / feature.ReferenceTotal, after = (double)feature.CurrentMissing / feature.CurrentTotal;
        // Gaps in a column that had none need less evidence than more gaps where gaps are usual.
        if (after - before < 0.05 || test.Statistic <= (before < 0.002 ? 4 : 6)) return null;
        return new Fault(DriftCause.MissingSpike, feature.Name, Strength(test.Statistic / 6), after, Text($"Missing values went from {before:P1} to {after:P1} (z = {test.Statistic:F1}).")) { Before = before };
    }

    public static Fault? Constant(FeatureEvidence feature)
    {
        if (feature.CurrentSample.Length < AffineTest.MinimumRows) return null;
        var (value, share) = Atoms.Largest(feature.CurrentSample);
        var before = Atoms.Share(feature.ReferenceSample, value);
        if (share < 0.99 || before > 0.9) return null;
        return new Fault(DriftCause.ConstantColumn, feature.Name, 0.99, share, Text($"{share:P1} of the values are {value:G6}; in the reference {before:P1}.")) { Before = before, At = value, IsCertain = before < 0.25 };
    }

    public static Fault? Frozen(FeatureEvidence feature)
    {
        var sample = feature.CurrentSample;
        if (sample.Length < AffineTest.MinimumRows) return null;
        var (start, length) = Atoms.LongestRun(sample);
        // Sorted or bursty feeds have long runs anyway, so the run must beat the reference's own and must have raised the value's share.
        double before = Atoms.Share(feature.ReferenceSample, sample[start]), after = Atoms.Share(sample, sample[start]);
        var usual = feature.ReferenceSample.Length == 0 ? 0 : (double)Atoms.LongestRun(feature.ReferenceSample).Length / feature.ReferenceSample.Length;
        if (length < 20 || length < Math.Max(0.05, 3 * usual) * sample.Length || after - before < 0.05) return null;
        // Chance that one of n starts begins a run this long, if values come in random order with the frequencies of the reference, or of the rows outside the
        // run where the value is commoner there: then the population changed, and long runs with it.
        var outside = sample.Length == length ? 0 : ((after * sample.Length) - length) / (sample.Length - length);
        var logChance = Math.Log(sample.Length) + (length - 1) * Math.Log(Math.Clamp(Math.Max(before, outside), 1.0 / Math.Max(2, feature.ReferenceSample.Length), 1 - 1e-12));
        if (logChance >= Math.Log(1e-9)) return null;
        return new Fault(
            DriftCause.FrozenValue, feature.Name, 0.97, length,
            Text($"{length} rows in a row of the sample are {sample[start]:G6}, from position {start} of {sample.Length} (ln chance {logChance:F0})."));
    }

    public static Fault Affine(FeatureEvidence feature, AffineFit fit, Separation? after)
    {
        var cause = fit.BestScale < 0 ? DriftCause.SignFlip
            : fit.BestScale == 1 ? DriftCause.Shift
            : fit.KnownFactor && !AffineTest.IsPlainScale(fit.KnownName) ? DriftCause.UnitChange
            : DriftCause.ScaleChange;
        var name = fit.KnownName is null ? "" : $", {fit.KnownName}";
        var digits = fit.Digits == DigitEvidence.For ? " The digits agree: divided by this factor the values lie on the reference's grid, as values that were not multiplied would not." : "";
        var joint = after is null ? "" : Text($" With it undone, a classifier tells the rows apart with an AUC of {after.Auc:F3}.");
        return new Fault(
            cause, feature.Name, fit.Digits == DigitEvidence.For ? 0.98 : fit.KnownFactor ? 0.97 : 0.85, fit.BestScale,
            Text($"current = {fit.BestScale:G6} * reference + {fit.BestShift:G6}{name}: undoing it takes the KS distance from {fit.KsBefore:F3} to {fit.KsAfterUndo:F3}.") + digits + joint,
            cause == DriftCause.Shift ? null : fit.BestScale, fit.BestShift);
    }

    public static Fault? Partial(FeatureEvidence feature)
    {
        var sample = feature.CurrentSample;
        Fault? found = null;
        var bestGain = 0.0;
        var reference = Samples.SortedFinite(feature.ReferenceSample);
        for (var eighth = 1; eighth < 8; eighth++)
        {
            var cut = sample.Length * eighth / 8;
            if (cut < AffineTest.MinimumRows || sample.Length - cut < AffineTest.MinimumRows) continue;
            foreach (var changedLast in (ReadOnlySpan<bool>)[true, false])
            {
                var changed = Samples.SortedFinite(changedLast ? sample.AsSpan(cut) : sample.AsSpan(0, cut));
                var same = Samples.SortedFinite(changedLast ? sample.AsSpan(0, cut) : sample.AsSpan(cut));
                var untouched = KolmogorovSmirnov.Statistic(reference, same);
                // Where the population moved too, the unchanged rows of the window are the better reference.
                var still = untouched <= KolmogorovSmirnov.Allowance(reference.Length, same.Length, 0.02);
                var touched = KolmogorovSmirnov.Statistic(reference, changed);
                // Undoing cannot gain more than there is, nor where nothing shows a difference.
                if (touched <= KolmogorovSmirnov.Allowance(reference.Length, changed.Length, 0) || (still ? touched - untouched <= bestGain : touched <= untouched)) continue;
                var fit = AffineTest.FitSorted(still ? reference : same, changed);
                var gain = fit.KsBefore - fit.KsAfterUndo - (still ? untouched : 0);
                var certain = fit is { IsCertain: true, Agrees: true };
                if (!(certain || (still && fit.IsAffine && fit.Implausible && fit.Digits == DigitEvidence.Silent)) || !(gain > bestGain)) continue;
                bestGain = gain;
                found = new Fault(
                    DriftCause.PartialScaleChange, feature.Name, 0.85, fit.BestScale,
                    Text($"The {(changedLast ? "last" : "first")} {changed.Length} of {sample.Length} sampled rows are {fit.BestScale:G6} * reference + {fit.BestShift:G6}; the others are unchanged (KS {untouched:F3})."),
                    fit.BestScale, fit.BestShift)
                { IsCertain = certain };
            }
        }
        return found;
    }

    public static Fault? DefaultValue(FeatureEvidence feature)
    {
        var (reference, current) = (feature.ReferenceSample, feature.CurrentSample);
        if (reference.Length < AffineTest.MinimumRows || current.Length < AffineTest.MinimumRows) return null;
        var sorted = Samples.SortedFinite(reference);
        var usual = Atoms.Largest(reference).Share;
        foreach (var (value, share) in Atoms.Above(current, 0.05))
        {
            var before = Atoms.Share(reference, value);
            // A value that was already common and became more common is a change of mix, not a stand-in.
            if (share - before < 0.05 || before > 0.1 * share) continue;
            var z = Grown(before, reference.Length, share, current.Length);
            var outside = value < sorted[0] || value > sorted[^1];
            // Within the range: a value that hardly stood, more frequent than any was, or off the column's grid, as the mean of the others is.
            var odd = before < 0.005 && (outside || share >= 0.1 || usual <= share / 2 || IsOffGrid(reference, value));
            var sentinel = Array.IndexOf(Sentinels, value) >= 0;
            var offGrid = IsOffGrid(reference, value);
            var stranger = before < 0.002 && (sentinel || outside || offGrid);
            if (z <= (stranger ? 4 : 6) || !(odd || sentinel) || usual > 0.9) continue;
            // A code for "none" outside the range, or a number that the column cannot write, speaks for itself; the population may have moved besides.
            var certain = odd && before < 0.002 && ((sentinel && outside) || offGrid);
            var others = RestMoved(reference, current, value);
            if (others is null && !certain) continue;
            var rest = others is { } ks ? Text($"; the other values did not change (KS {ks:F3})") : "; the other values moved besides";
            return new Fault(
                DriftCause.DefaultValueSpike, feature.Name, Strength(z / 6), share,
                Text($"The value {value:G6} went from {before:P1} to {share:P1} of the rows (z = {z:F1})") + rest + ".")
            { Before = before, At = value, IsCertain = certain };
        }
        return null;
    }

    /// <summary>A stand-in that the reference also has became more common while the other values stayed: a fault only if the other columns did not move.</summary>
    public static Fault? GrownSpike(FeatureEvidence feature)
    {
        var (reference, current) = (feature.ReferenceSample, feature.CurrentSample);
        if (reference.Length < AffineTest.MinimumRows || current.Length < AffineTest.MinimumRows) return null;
        foreach (var (value, share) in Atoms.Above(current, 0.05))
        {
            var before = Atoms.Share(reference, value);
            if (share - before < 0.05 || Array.IndexOf(Sentinels, value) < 0 || Grown(before, reference.Length, share, current.Length) is not (> 4 and var z)) continue;
            if (RestMoved(reference, current, value) is not { } others) continue;
            return new Fault(
                DriftCause.DefaultValueSpike, feature.Name, 0.8, share,
                Text($"The value {value:G6} went from {before:P1} to {share:P1} of the rows (z = {z:F1}); neither the other values (KS {others:F3}) nor the other features changed."))
            { Before = before, At = value };
        }
        return null;
    }

    private static bool IsOffGrid(double[] reference, double value)
    {
        var pattern = DigitPattern.Of(reference, out _);
        return DigitPattern.IsInformative(pattern) && value != 0 && DigitPattern.ShareOf(pattern, value) < 0.005;
    }

    private static double Grown(double before, int n, double after, int m) => TwoProportion.Test((long)Math.Round(before * n), n, (long)Math.Round(after * m), m).Statistic;

    // KS distance of all other values; null if they moved too.
    private static double? RestMoved(double[] reference, double[] current, double value)
    {
        var rest = Array.FindAll(current, x => x != value);
        var others = KolmogorovSmirnov.TwoSample(Array.FindAll(reference, x => x != value), rest, KsMethod.KolmogorovLimit).Statistic;
        return rest.Length >= AffineTest.MinimumRows && others > KolmogorovSmirnov.Allowance(reference.Length, rest.Length) ? null : others;
    }

    public static Fault? Precision(FeatureEvidence feature)
    {
        var (reference, current) = (feature.ReferenceSample, feature.CurrentSample);
        if (reference.Length < AffineTest.MinimumRows || current.Length < AffineTest.MinimumRows) return null;
        for (var decimals = 0; decimals <= 3; decimals++)
        {
            double before = Atoms.FinerThan(reference, decimals), after = Atoms.FinerThan(current, decimals);
            if (before < 0.1 || after > 0.02 * before) continue;
            var rounded = new double[reference.Length];
            for (var i = 0; i < rounded.Length; i++) rounded[i] = Math.Round(reference[i], decimals, MidpointRounding.ToEven);
            var distance = KolmogorovSmirnov.TwoSample(rounded, current, KsMethod.KolmogorovLimit).Statistic;
            if (distance > KolmogorovSmirnov.Allowance(reference.Length, current.Length)) continue;
            return new Fault(
                DriftCause.PrecisionLoss, feature.Name, 0.9, after,
                Text($"Values with more than {decimals} decimals went from {before:P1} to {after:P1}; the reference rounded alike agrees (KS {distance:F3})."))
            { Before = before, Decimals = decimals };
        }
        return null;
    }

    public static Fault? Swapped(FeatureEvidence a, FeatureEvidence b)
    {
        double straightA = Distance(a, a), straightB = Distance(b, b), crossA = Distance(b, a), crossB = Distance(a, b);
        if (crossA + crossB > 0.25 * (straightA + straightB)) return null;
        // What is left may be a true move of the population besides; it must be small beside what the exchange explains.
        if (crossA > Math.Max(0.25, KolmogorovSmirnov.Allowance(b.ReferenceSample.Length, a.CurrentSample.Length)) || crossB > Math.Max(0.25, KolmogorovSmirnov.Allowance(a.ReferenceSample.Length, b.CurrentSample.Length))) return null;
        return new Fault(
            DriftCause.ColumnsSwapped, a.Name, 0.97, crossA + crossB,
            Text($"{a.Name} looks like the reference of {b.Name} and the other way round: KS {straightA:F3} and {straightB:F3} become {crossA:F3} and {crossB:F3}."))
        { Other = b.Name };
    }

    /// <summary>Moved as far as a column does that holds another one.</summary>
    public static bool MaySwap(FeatureEvidence feature) => feature.ReferenceSample.Length >= AffineTest.MinimumRows && Distance(feature, feature) >= 0.15;

    private static double Distance(FeatureEvidence reference, FeatureEvidence current)
    {
        var d = KolmogorovSmirnov.TwoSample(reference.ReferenceSample, current.CurrentSample, KsMethod.KolmogorovLimit).Statistic;
        return double.IsNaN(d) ? 1 : d;
    }

    /// <summary>0.8 for evidence just over its bound, towards 0.99 for many times it.</summary>
    internal static double Strength(double ratio) => 0.99 - 0.19 / Math.Max(1, ratio);

    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
