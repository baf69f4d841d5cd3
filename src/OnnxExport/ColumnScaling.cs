namespace Holdfast.OnnxExport;

/// <summary>What was done to each column before training: <c>(x - Offset) * Scale</c>. Linear models need it, trees do not.</summary>
/// <param name="Offset">Subtracted, per column.</param>
/// <param name="Scale">Multiplied, per column.</param>
public sealed record ColumnScaling(IReadOnlyList<float> Offset, IReadOnlyList<float> Scale)
{
    /// <summary>Mean and standard deviation of each column, NaN left out; a constant column is only centred.</summary>
    public static ColumnScaling Standard(IReadOnlyList<float[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var columns = rows.Count == 0 ? 0 : rows[0].Length;
        var offset = new float[columns];
        var scale = new float[columns];
        for (var i = 0; i < columns; i++)
        {
            var values = rows.Select(r => (double)r[i]).Where(v => !double.IsNaN(v)).ToArray();
            var mean = values.Length == 0 ? 0 : values.Average();
            var deviation = values.Length == 0 ? 0 : Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            offset[i] = (float)mean;
            scale[i] = deviation > 0 ? (float)(1 / deviation) : 1;
        }

        return new ColumnScaling(offset, scale);
    }

    /// <summary>A row after scaling.</summary>
    public float[] Apply(float[] row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var scaled = new float[row.Length];
        for (var i = 0; i < row.Length; i++)
            scaled[i] = (row[i] - Offset[i]) * Scale[i];
        return scaled;
    }

    internal string Write(OnnxGraph graph, int columns)
    {
        if (Offset.Count != columns || Scale.Count != columns)
            throw new ArgumentException($"The scaling has {Offset.Count} offsets and {Scale.Count} scales for {columns} columns.");
        var centred = graph.Add("Sub", [graph.Input, graph.Constant([.. Offset], columns)]);
        return graph.Add("Mul", [centred, graph.Constant([.. Scale], columns)]);
    }
}
