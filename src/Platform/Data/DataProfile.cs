using Holdfast.Storage.Tables;

namespace Holdfast.Data;

/// <summary>The summary of a table that a page shows without reading the file again.</summary>
internal static class DataProfile
{
    private const int BinCount = 20;
    private const int TopCount = 20;
    private static readonly double[] Shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

    public static DatasetProfile Of(Table table, DatasetSchema schema) =>
        new(table.Rows, [.. table.Columns.Select(c => Of(c, schema.Find(c.Name)!.Type))]);

    private static ColumnProfile Of(Column column, string type)
    {
        var missing = column.MissingCount();
        if (column.Kind == ColumnKind.Text)
        {
            var counts = column.Texts.Where(t => t is not null).GroupBy(t => t!, StringComparer.Ordinal).Select(g => (Text: g.Key, Count: g.LongCount())).ToList();
            var top = counts.OrderByDescending(c => c.Count).ThenBy(c => c.Text, StringComparer.Ordinal).Take(TopCount).ToDictionary(c => c.Text, c => c.Count, StringComparer.Ordinal);
            return new ColumnProfile(column.Name, type, missing, counts.Count, Top: top);
        }

        var sorted = column.Numbers.Where(double.IsFinite).Order().ToArray();
        if (sorted.Length == 0)
            return new ColumnProfile(column.Name, type, missing, 0);
        var distinct = 1L;
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] != sorted[i - 1])
                distinct++;
        }

        var mean = sorted.Average();
        var deviation = sorted.Length < 2 ? 0 : Math.Sqrt(sorted.Sum(x => (x - mean) * (x - mean)) / (sorted.Length - 1));
        return new ColumnProfile(column.Name, type, missing, distinct, mean, deviation, sorted[0], sorted[^1], [.. Shares.Select(s => sorted[(int)Math.Round(s * (sorted.Length - 1))])], Bins(sorted));
    }

    private static long[] Bins(double[] sorted)
    {
        var bins = new long[BinCount];
        var width = (sorted[^1] - sorted[0]) / BinCount;
        foreach (var x in sorted)
            bins[width > 0 ? Math.Clamp((int)((x - sorted[0]) / width), 0, BinCount - 1) : 0]++;
        return bins;
    }
}
