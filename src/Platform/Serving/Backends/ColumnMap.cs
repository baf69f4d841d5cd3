namespace Holdfast.Serving.Backends;

/// <summary>Where a backend's inputs stand in the rows that it is given; worked out once per list of names.</summary>
internal sealed class ColumnMap(IReadOnlyList<string> wanted)
{
    private volatile Known? _known;

    /// <summary>For each wanted input the column, or -1.</summary>
    public int[] For(FeatureRows rows)
    {
        var last = _known;
        if (last is not null && ReferenceEquals(last.Names, rows.Names))
            return last.Columns;
        var columns = new int[wanted.Count];
        for (var i = 0; i < columns.Length; i++)
            columns[i] = rows.Column(wanted[i]);
        _known = new Known(rows.Names, columns);
        return columns;
    }

    private sealed record Known(IReadOnlyList<string> Names, int[] Columns);
}
