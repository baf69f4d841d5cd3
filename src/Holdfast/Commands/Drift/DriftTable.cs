using Holdfast.Statistics.Multivariate;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>One file, ready to be compared.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns in their order.</param>
/// <param name="Load">One column with its rows in order, for labels, predictions and times.</param>
/// <param name="Repeated">Rows that repeat an earlier one, to be expected among so many rows of the file.</param>
/// <param name="Memory">The table itself; null if it was spilled to disk.</param>
internal sealed record DriftTable(string Name, long Rows, IReadOnlyList<IColumnData> Columns, Func<string, Column> Load, Func<long, long> Repeated, Table? Memory)
{
    /// <summary>Error of the share of repeated rows, where it was sketched.</summary>
    public double RepeatedError { get; init; }

    /// <summary>A table in memory.</summary>
    public static DriftTable Of(string name, Table table) => new(
        name, table.Rows, [.. table.Columns.Select(c => new MemoryColumn(c))], column => table.Find(column)!,
        rows => RepeatedRows.Expected(RepeatedRows.Times(RepeatedRows.Hashes(table)), rows), table)
    {
        Sample = columns => JointSample.Of(table, columns),
    };

    /// <summary>A few thousand whole rows of some columns; null if the file cannot give them.</summary>
    public Func<IReadOnlyList<(string Name, FeatureType Type)>, IReadOnlyList<FeatureColumn>>? Sample { get; init; }

    /// <summary>The column of that name; null when there is none.</summary>
    public IColumnData? Find(string name) => Columns.FirstOrDefault(c => c.Name == name);
}
