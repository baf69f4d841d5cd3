using DuckDB.NET.Data;
using Holdfast.Contracts;
using Holdfast.Statistics;
using Holdfast.Statistics.Quality;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>
/// A file that does not fit into the memory: one pass loads its numbers into DuckDB, which spills to a temporary folder and hands back one column at a
/// time. Samples, category counts and missing values are kept during the pass, so all figures are those of the way in memory.
/// </summary>
internal sealed class SpilledTable : IDisposable
{
    private const int BatchRows = 1 << 14;
    private readonly string _folder;
    private readonly DuckDBConnection _connection;
    private readonly long _memory;
    private readonly Dictionary<string, List<Column>> _kept;
    private readonly RowSample _sample = new(JointRows.UsefulRows);
    private SpilledColumn[] _columns = [];
    private long _rows;

    private SpilledTable(string folder, DriftSettings settings)
    {
        _folder = folder;
        _memory = settings.Memory;
        _kept = new[] { settings.Target, settings.Prediction }.OfType<string>().Distinct().ToDictionary(n => n, _ => new List<Column>(), StringComparer.Ordinal);
        // Both files are open at once, and sorting a pair of columns takes the other half.
        _connection = DuckEngine.Open([folder], folder, settings.Memory / 4, spill: 1L << 40);
    }

    public static SpilledTable Load(string path, DriftSettings settings, Action<long> onRead)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-drift-").FullName;
        SpilledTable? table = null;
        try
        {
            table = new SpilledTable(folder, settings);
            table.Fill(path, onRead);
            return table;
        }
        catch
        {
            if (table is null)
                Directory.Delete(folder, recursive: true);
            table?.Dispose();
            throw;
        }
    }

    public DriftTable ToTable(string name) => new(name, _rows, _columns, Whole, rows => RepeatedRows.Expected(Times(), rows), null)
    {
        Sample = columns => JointSample.Of(_sample.ToTable(), columns),
    };

    /// <summary>The finite values of a column, ascending.</summary>
    public double[] Sorted(int column, long count)
    {
        if (16 * count > _memory)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"One column of {count} values in both files needs {(16 * count) >> 20} MiB.", $"Use --memory {((20 * count) >> 20) + 1}MiB.");
        // It fits, so it is sorted here: several times faster than the engine would, and with its own memory only.
        var values = Guarded(() => DuckVectors.Read<double>(_connection, $"select c{column} from t where isfinite(c{column})", count));
        RadixSort.Sort(values);
        return values;
    }

    public void Dispose()
    {
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Fill(string path, Action<long> onRead)
    {
        DuckRows? appender = null;
        try
        {
            TableReader.ReadBatches(path, BatchRows, batch =>
            {
                appender ??= Create(batch);
                Append(appender, batch);
            }, onRead);
            appender?.Close();
        }
        catch (InvalidDataException e)
        {
            throw Full(e);
        }
        finally
        {
            appender?.Dispose();
        }

        if (_columns.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} has no rows.", "Raise --memory, or check the file.");
    }

    private DuckRows Create(Table batch)
    {
        _columns = [.. batch.Columns.Select((c, i) => new SpilledColumn(this, i, c.Name, c.Kind))];
        DuckEngine.Execute(_connection, $"create table t ({string.Join(", ", _columns.Select((_, i) => $"c{i} double"))}, h ubigint)");
        return new DuckRows(_connection, "t", _columns.Length);
    }

    private void Append(DuckRows appender, Table batch)
    {
        Parallel.For(0, _columns.Length, i => _columns[i].Add(batch.Columns[i]));
        _sample.Add(batch);
        foreach (var (name, parts) in _kept)
        {
            if (batch.Find(name) is { } part)
                parts.Add(part.Kind == ColumnKind.Text ? new Column(name, [.. part.Texts]) : new Column(name, [.. part.Numbers], part.Kind));
        }

        appender.Append([.. batch.Columns.Select(c => c.Kind == ColumnKind.Text ? Array.ConvertAll(c.Texts, t => t?.Length ?? double.NaN) : c.Numbers)], RepeatedRows.Hashes(batch));
        _rows += batch.Rows;
    }

    private Column Whole(string name)
    {
        var parts = _kept[name];
        return parts[0].Kind == ColumnKind.Text ? new Column(name, [.. parts.SelectMany(p => p.Texts)]) : new Column(name, [.. parts.SelectMany(p => p.Numbers)], parts[0].Kind);
    }

    private Dictionary<long, long> Times() => RepeatedRows.Times(Guarded(() => DuckVectors.Read<ulong>(_connection, "select h from t", _rows)));

    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw Full(e);
        }
    }

    private static HoldfastException Full(InvalidDataException e) =>
        new(ErrorCode.FailedPrecondition, $"What does not fit into --memory could not be kept on disk: {e.Message.ReplaceLineEndings(" ")}", $"Raise --memory, or name a folder with more room: TMPDIR (now {Path.GetTempPath()}).", e);
}
