namespace Holdfast.Storage.Tables;

/// <summary>A cell's text as a value of a kind.</summary>
public static class CellText
{
    /// <summary>The value as <see cref="Column.Numbers"/> holds it; false where the text is of another kind. Text itself has no number.</summary>
    public static bool TryParse(ColumnKind kind, ReadOnlySpan<char> text, out double value)
    {
        switch (kind)
        {
            case ColumnKind.Numeric:
                return NumberText.TryParse(text, out value);
            case ColumnKind.Boolean:
                var parsed = bool.TryParse(text, out var truth);
                value = truth ? 1 : 0;
                return parsed;
            case ColumnKind.Time:
                return TimeText.TryParse(text, out value);
            default:
                value = 0;
                return false;
        }
    }
}
