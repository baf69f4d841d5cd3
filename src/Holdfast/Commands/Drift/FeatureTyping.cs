using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>Decides what a column is compared as, from what both files hold: a type seen in one file only is a finding, not another column.</summary>
internal static class FeatureTyping
{
    // A text column is one of numbers (or times) with some unreadable cells if nine in ten of the reference's are such.
    private const double Mostly = 0.9;
    private const int MostCategories = 200;
    private const int MostCodes = 20;

    /// <summary>The type, or why the column is no feature.</summary>
    public static (FeatureType Type, string? Skip) Decide(IColumnData reference, IColumnData current)
    {
        // A column without any value says nothing about its kind.
        var a = reference.Missing == reference.Total ? current : reference;
        var b = current.Missing == current.Total ? reference : current;
        if (a.Kind == ColumnKind.Time || b.Kind == ColumnKind.Time)
            return a.Kind == ColumnKind.Time || a.Share(ColumnKind.Time) >= Mostly ? (FeatureType.Time, null) : OfTexts(a, b);
        if (a.Kind == ColumnKind.Boolean || b.Kind == ColumnKind.Boolean)
            return a.IsZeroOrOne && b.IsZeroOrOne ? (FeatureType.Boolean, null) : a.Kind == ColumnKind.Numeric && b.Kind != ColumnKind.Text ? (FeatureType.Numeric, null) : (FeatureType.Categorical, null);
        if (a.Kind == ColumnKind.Numeric && b.Kind == ColumnKind.Numeric)
            return a.IsCounter && b.IsCounter ? (FeatureType.Numeric, "a row number: whole numbers that always rise") : (FeatureType.Numeric, null);
        if (a.Kind == ColumnKind.Numeric)
            return (IsRecoded(a, b) ? FeatureType.Categorical : FeatureType.Numeric, null);
        return a.Share(ColumnKind.Numeric) >= Mostly ? (FeatureType.Numeric, null) : OfTexts(a, b);
    }

    // Codes written as numbers that became texts: most values, or many different ones. A few words among numbers are unreadable numbers.
    private static bool IsRecoded(IColumnData numbers, IColumnData texts) =>
        texts.Kind == ColumnKind.Text
        && (texts.Share(ColumnKind.Numeric) < 0.5 || texts.Texts.Keys.Count(t => !CellText.TryParse(ColumnKind.Numeric, t, out _)) >= 10)
        && numbers.As(FeatureType.Categorical).Categories!.Count <= MostCodes;

    private static (FeatureType Type, string? Skip) OfTexts(IColumnData reference, IColumnData current)
    {
        var distinct = reference.Distinct;
        if (distinct <= MostCategories || reference.Kind != ColumnKind.Text || current.Kind != ColumnKind.Text)
            return (FeatureType.Categorical, null);
        if (reference.IsOpenEnded)
            return (FeatureType.Text, null);
        var present = reference.Total - reference.Missing;
        if (distinct == present && !reference.Texts.Keys.Take(1000).Any(t => t.Contains(' ', StringComparison.Ordinal)))
            return (FeatureType.Text, "a key: every row has a value of its own");
        // Many rows a value are codes (a city, a shop); few are sentences.
        return distinct * 10 <= present ? (FeatureType.Categorical, null) : (FeatureType.Text, null);
    }
}
