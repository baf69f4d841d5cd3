using Holdfast.Contracts;
using Holdfast.Statistics.Sketches;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>A file read once, piece by piece, into sketches: the memory is that of the sketches, however long the file.</summary>
internal sealed class ApproximateTable
{
    private readonly string[] _named;
    private readonly long _memory;
    private ApproximateColumn[] _columns = [];
    private RepeatSketch _rows = new();
    private RowSample _sample;
    private long _count;

    private ApproximateTable(DriftSettings settings)
    {
        _named = [.. new[] { settings.Target, settings.Prediction }.OfType<string>().Distinct(StringComparer.Ordinal)];
        _memory = settings.Memory;
        _sample = new RowSample(_named);
    }

    public static DriftTable Load(string path, string name, DriftSettings settings, Action<long> onRead)
    {
        var table = new ApproximateTable(settings);
        var sizes = SketchSizes.For(TableReader.Columns(path), settings.Memory);
        TableReader.ReadBatches(path, sizes.Rows, table.Add, onRead, table.Restart);
        if (table._columns.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} has no rows.", "Check the file.");
        return table.ToTable(name);
    }

    private DriftTable ToTable(string name)
    {
        var times = _rows.Times();
        return new DriftTable(name, _count, _columns, _sample.Load, rows => RepeatedRows.Expected(times.Select(t => (t.Key, t.Value)), rows), null) { RepeatedError = _rows.Error };
    }

    private void Add(Table batch)
    {
        if (_columns.Length == 0)
        {
            var sizes = SketchSizes.For(batch.Columns.Length, _memory);
            _columns = [.. batch.Columns.Select(c => new ApproximateColumn(c.Name, c.Kind, sizes))];
        }

        Parallel.For(0, _columns.Length, i => _columns[i].Add(batch.Columns[i]));
        foreach (var hash in RepeatedRows.Hashes(batch))
            _rows.Add(hash);
        _sample.Add(batch);
        _count += batch.Rows;
    }

    private void Restart() => (_columns, _rows, _sample, _count) = ([], new RepeatSketch(), new RowSample(_named), 0);
}
