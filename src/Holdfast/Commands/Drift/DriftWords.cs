using System.Globalization;
using Holdfast.Statistics.Quality;

namespace Holdfast.Commands.Drift;

/// <summary>The verdict in plain words; the same on the terminal, in Markdown and on the page.</summary>
internal static class DriftWords
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>One sentence: what it is and where.</summary>
    public static string Headline(DriftFindings findings)
    {
        var d = findings.Diagnosis;
        return d.Kind switch
        {
            "no_drift" => $"No drift beyond the tolerance in {Count(findings.Features.Count, "column")}",
            "insufficient_data" => "Not enough data to tell",
            "data_fault" => $"Data fault{(d.Columns.Count == 0 ? "" : $" in {List(d.Columns)}")}: {Cause(d)}",
            "data_drift" => $"Data drift in {List(d.Columns)}{(d.Cause is null ? "" : $": {Cause(d)}")}",
            "prediction_drift" => $"Prediction drift: {List(d.Columns)} moved, the features did not",
            "concept_drift" => "Concept drift: the same inputs lead to other outcomes",
            "performance_drift" => $"Performance drift: the model's answers ({List(d.Columns)}) changed and got worse",
            _ => $"Feedback loop: the model moves its own input ({List(d.Columns)})",
        };
    }

    /// <summary>What to do about it, one sentence.</summary>
    public static string Advice(FoundDiagnosis diagnosis) => diagnosis.Kind switch
    {
        "no_drift" => "Nothing to do.",
        "insufficient_data" when diagnosis.IsOpen => "Compare exactly: leave --approximate out, or give it more --memory.",
        "insufficient_data" => "Collect more rows and compare again.",
        "data_fault" => "Repair the source of the data and keep these rows out of training: the world has not changed, the pipe is broken.",
        "data_drift" when diagnosis.Cause is not null => "Ask the source of the data whether the change is intended before a model is trained on it.",
        "data_drift" => "Look into what changed in the population; retraining on recent data can help.",
        "prediction_drift" => "Compare the model's version and configuration with the reference's before anything else.",
        "concept_drift" => "Retrain on recent labels.",
        "performance_drift" => "Roll back to the version that answered in the reference.",
        _ => "Do not retrain on rows that the model itself has shaped; compare with a random holdout.",
    };

    /// <summary>The cause, with its factor.</summary>
    public static string Cause(FoundDiagnosis diagnosis) => diagnosis.Cause switch
    {
        null => "",
        "scale_change" => $"all values are {Factor(diagnosis)} times those of the reference",
        "unit_change" => $"another unit (factor {Factor(diagnosis)})",
        "partial_scale_change" => $"a part of the rows is {Factor(diagnosis)} times the reference",
        "possible_scale_change" => $"perhaps a change of scale (factor {Factor(diagnosis)})",
        "shift" => "all values moved by the same amount",
        "sign_flip" => "the sign is turned round",
        "missing_spike" => "values are missing",
        "default_value_spike" => "a stand-in value took the place of many values",
        "constant_column" => "nearly all values are the same",
        "frozen_value" => "the value stands still",
        "stalled_time" => "the time stands still",
        "columns_swapped" => "the two columns are exchanged",
        "duplicate_rows" => "rows were sent more than once",
        "precision_loss" => "decimals were lost",
        "category_format_change" => "the categories are spelt in another way",
        "category_explosion" => "many values that the reference does not know, a few rows each",
        _ => diagnosis.Cause.Replace('_', ' '),
    };

    /// <summary>Rows of both files.</summary>
    public static string Sizes(DriftFindings findings) => $"{findings.Reference.Name} ({Count(findings.Reference.Rows, "row")}) against {findings.Current.Name} ({Count(findings.Current.Rows, "row")})";

    /// <summary>Bars, a character each, with one scale for both files.</summary>
    public static (string Reference, string Current) Sparklines(MeasuredFeature feature, int width)
    {
        var (reference, current) = Shares(feature, width);
        var top = Math.Max(reference.DefaultIfEmpty(0).Max(), current.DefaultIfEmpty(0).Max());
        return (Sparkline(reference, top), Sparkline(current, top));
    }

    /// <summary>Bars, a character each; a value that is there is never drawn as nothing.</summary>
    public static string Sparkline(IReadOnlyList<double> values, double top) =>
        string.Concat(values.Select(v => v <= 0 || !(top > 0) ? ' ' : Blocks[Math.Clamp((int)Math.Ceiling(v / top * Blocks.Length) - 1, 0, Blocks.Length - 1)]));

    /// <summary>A p-value for people.</summary>
    public static string P(double p) => p < 0.001 ? "<0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>An effect for people.</summary>
    public static string Effect(double value) => value.ToString(value >= 100 ? "0" : "0.000", CultureInfo.InvariantCulture).Replace("-0.000", "0.000", StringComparison.Ordinal);

    /// <summary>The interval of a feature.</summary>
    public static string Interval(MeasuredFeature feature) => feature.IsCompared ? $"{Effect(feature.Psi.Low)}..{Effect(feature.Psi.High)}" : "";

    /// <summary>The bound of the PSI; empty where it is exact.</summary>
    public static string Bound(MeasuredFeature feature) => feature is { IsCompared: true, Approximation: { } a } ? a.Psi == 0 ? "0" : a.Psi.ToString(a.Psi < 0.00005 ? "0.0E+0" : "0.0000", CultureInfo.InvariantCulture) : "";

    /// <summary>What the reader of approximate figures must know; null where they are exact.</summary>
    public static string? Approximate(DriftFindings findings)
    {
        if (!findings.Settings.Approximate)
            return null;
        var worst = findings.Features.Where(f => f.IsCompared).MaxBy(f => f.Approximation!.Psi);
        return worst is null ? "Approximate, from sketches."
            : worst.Approximation!.Psi == 0 ? "Approximate run: the sketches held every value, so the figures are exact."
            : $"Approximate, from sketches: each PSI is known to its ± or better, at most {Bound(worst)} ({worst.Name}), with 98 % confidence; missing values are exact.";
    }

    /// <summary>The state as one word; "open" where the error of the sketches leaves it so.</summary>
    public static string State(MeasuredFeature feature) => feature.State == ApproximateJudge.Open ? "open" : feature.State;

    /// <summary>Whether the column is known to have moved.</summary>
    public static bool Moved(MeasuredFeature feature) => feature.State is "moderate" or "significant";

    /// <summary>The share of missing values, before and now; empty where nothing is missing.</summary>
    public static string Missing(FeatureEvidence e) =>
        e.ReferenceMissing + e.CurrentMissing == 0 ? "" : $"{Percent(e.ReferenceMissing, e.ReferenceTotal)} → {Percent(e.CurrentMissing, e.CurrentTotal)}";

    /// <summary>A share as per cent.</summary>
    public static string Percent(long part, long whole) => (whole == 0 ? 0 : 100.0 * part / whole).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    /// <summary>A number and its noun.</summary>
    public static string Count(long count, string noun) => $"{count.ToString("N0", CultureInfo.InvariantCulture)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>Names, the first three.</summary>
    public static string List(IReadOnlyList<string> names) => names.Count <= 3 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more";

    private static string Factor(FoundDiagnosis diagnosis) => diagnosis.Factor?.ToString("G4", CultureInfo.InvariantCulture) ?? "?";

    private static (double[] Reference, double[] Current) Shares(MeasuredFeature feature, int width)
    {
        if (feature.Shape is { } shape)
            return (Merge(shape.Reference, width), Merge(shape.Current, width));
        if (!feature.IsCompared || feature.Evidence.ReferenceCategories is null)
            return ([], []);
        var bins = Math.Min(width, feature.Reference.Length);
        return (Rest(feature.Reference, bins), Rest(feature.Current, bins));
    }

    private static double[] Merge(double[] shares, int width)
    {
        var merged = new double[Math.Min(width, shares.Length)];
        for (var i = 0; i < shares.Length; i++)
            merged[i * merged.Length / shares.Length] += shares[i];
        return merged;
    }

    // The last bar holds all categories that have none of their own.
    private static double[] Rest(long[] counts, int bins)
    {
        var total = Math.Max(1, counts.Sum());
        var shares = new double[bins];
        for (var i = 0; i < counts.Length; i++)
            shares[Math.Min(i, bins - 1)] += (double)counts[i] / total;
        return shares;
    }
}
