using Holdfast.Statistics.Multivariate;
using Holdfast.Statistics.Quality;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>The same few thousand whole rows of all columns of a file, for what the columns do together.</summary>
internal static class JointSample
{
    /// <summary>Rows of both files in the columns that are compared by their values; null if a file cannot give whole rows.</summary>
    public static JointRows? Of(DriftTable reference, DriftTable current, IReadOnlyList<(string Name, FeatureType Type)> columns)
    {
        if (reference.Sample is null || current.Sample is null)
            return null;
        List<(string Name, FeatureType Type)> compared = [.. columns.Where(c => c.Type is FeatureType.Numeric or FeatureType.Categorical or FeatureType.Boolean)];
        return compared.Count == 0 ? null : new JointRows(reference.Sample(compared), current.Sample(compared));
    }

    /// <summary>Sampled rows of a table, in their order.</summary>
    public static IReadOnlyList<FeatureColumn> Of(Table table, IReadOnlyList<(string Name, FeatureType Type)> columns)
    {
        var rows = RowSample.Positions(table.Rows, JointRows.UsefulRows);
        return [.. columns.Select(c => Read(table.Find(c.Name)!, c.Type, rows))];
    }

    private static FeatureColumn Read(Column column, FeatureType type, int[] rows)
    {
        if (type == FeatureType.Categorical)
            return FeatureColumn.Categorical(column.Name, Array.ConvertAll(rows, r => column.IsMissing(r) ? null : column.Format(r)));
        return FeatureColumn.Numeric(column.Name, Array.ConvertAll(rows, r => column.Kind != ColumnKind.Text ? column.Numbers[r] : CellText.TryParse(ColumnKind.Numeric, column.Texts[r] ?? "", out var number) ? number : double.NaN));
    }
}
