using System.Globalization;
using Holdfast.Statistics.Comparison;

namespace Holdfast.Commands.Drift;

/// <summary>Whether the files are large enough for silence to mean anything: the chance that a drift worth telling would be seen.</summary>
internal static class DriftPower
{
    /// <summary>Fewest rows in which a fault or a drift is looked for at all; what is called beyond it is decided by its own interval.</summary>
    public const int LeastRows = 20;

    /// <summary>The verdict on a column by its PSI.</summary>
    public static DriftVerdict Verdict(MeasuredFeature f, DriftSettings settings)
    {
        long n = f.Reference.Sum(), m = f.Current.Sum();
        var power = DriftVerdict.PsiPower(n, m, Bins(f), Seen(settings));
        return DriftVerdict.Judge(f.Psi.Corrected, f.Psi.Low, f.Psi.High, f.Psi.PValue, settings.Tolerate, settings.Alarm, n, m, power, settings.Warn);
    }

    /// <summary>Columns with values of which nothing can be said: no drift is shown, and one would more probably than not stay unseen.</summary>
    public static IReadOnlyList<MeasuredFeature> Blind(IReadOnlyList<MeasuredFeature> features, DriftSettings settings) =>
        [.. Compared(features).Where(f => Verdict(f, settings).State == DriftState.Insufficient)];

    /// <summary>Whether they are most of the columns; a few thin ones do not silence the others.</summary>
    public static bool IsTooLittle(IReadOnlyList<MeasuredFeature> features, DriftSettings settings) => 2 * Blind(features, settings).Count > Compared(features).Count();

    /// <summary>Why there is not enough data, and how much would be; nothing where every column has enough.</summary>
    public static IEnumerable<string> Sentences(IReadOnlyList<MeasuredFeature> features, DriftSettings settings)
    {
        var blind = Blind(features, settings);
        if (blind.Count == 0)
            yield break;
        var least = blind.MinBy(f => Verdict(f, settings).Power)!;
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"Too few values to say anything of {DriftWords.List([.. blind.Select(f => f.Name)])}: a drift of PSI {Seen(settings):G3} in {least.Name} would be seen with a chance of {Verdict(least, settings).Power:P0}; about {Needed(Math.Max(2, Bins(least)), Seen(settings)):N0} rows in each file are needed.");
    }

    // A column that is empty in both files has nothing that could have moved.
    private static IEnumerable<MeasuredFeature> Compared(IReadOnlyList<MeasuredFeature> features) => features.Where(f => f.IsCompared && (f.Reference.Sum() + f.Current.Sum() > 0 || f.Evidence.ReferenceTotal == 0 || f.Evidence.CurrentTotal == 0));

    private static double Seen(DriftSettings settings) => Math.Max(settings.Tolerate, settings.Warn);

    private static int Bins(MeasuredFeature f) => Enumerable.Range(0, f.Bins.Count).Count(i => f.Reference[i] + f.Current[i] > 0);

    private static long Needed(int bins, double effect)
    {
        long low = 1, high = 1;
        while (DriftVerdict.PsiPower(high, high, bins, effect) < 0.5)
            high *= 2;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (DriftVerdict.PsiPower(middle, middle, bins, effect) < 0.5)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
