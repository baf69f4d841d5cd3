using Holdfast.Contracts;
using Holdfast.Statistics.Quality;
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
    private RowSample _labels;
    private RowSample _rowSample = new(JointRows.UsefulRows);
    private long _count;

    private ApproximateTable(DriftSettings settings)
    {
        _named = [.. new[] { settings.Target, settings.Prediction }.OfType<string>().Distinct(StringComparer.Ordinal)];
        _memory = settings.Memory;
        _labels = new RowSample(RowSample.ForLabels, _named);
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
        return new DriftTable(name, _count, _columns, _labels.Load, rows => RepeatedRows.Expected(times.Select(t => (t.Key, t.Value)), rows), null)
        {
            RepeatedError = _rows.Error,
            Sample = columns => JointSample.Of(_rowSample.ToTable(), columns),
        };
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
        _labels.Add(batch);
        _rowSample.Add(batch);
        _count += batch.Rows;
    }

    private void Restart() =>
        (_columns, _rows, _labels, _rowSample, _count) = ([], new RepeatSketch(), new RowSample(RowSample.ForLabels, _named), new RowSample(JointRows.UsefulRows), 0);
}
