using DuckDB.NET.Data;
using Holdfast.Contracts;
using Holdfast.Statistics.Multivariate;
using Holdfast.Statistics.Quality;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>
/// A file that does not fit into the memory: one pass loads its numbers into DuckDB, which spills to a temporary folder and sorts one column at a
/// time outside the memory. Samples, category counts and missing values are kept during the pass, so all figures are those of the way in memory.
/// </summary>
internal sealed class SpilledTable : IDisposable
{
    private const int BatchRows = 1 << 14;
    private readonly string _folder;
    private readonly DuckDBConnection _connection;
    private readonly long _memory;
    private readonly Dictionary<string, List<Column>> _kept;
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

    public DriftTable ToTable(string name) => new(name, _rows, _columns, Whole, rows => RepeatedRows.Expected(Times(), rows), null) { Sample = Sample };

    // Only numbers are spilled, so whole rows have only those: texts are left out on both sides.
    private IReadOnlyList<FeatureColumn> Sample(IReadOnlyList<(string Name, FeatureType Type)> columns)
    {
        List<(string Name, int Index)> numbers = [.. columns.Where(c => c.Type == FeatureType.Numeric).Select(c => (c.Name, Array.FindIndex(_columns, x => x.Name == c.Name && x.Kind == ColumnKind.Numeric))).Where(c => c.Item2 >= 0)];
        if (numbers.Count == 0)
            return [];
        var values = numbers.ConvertAll(_ => new List<double>(JointRows.UsefulRows));
        using var command = Command($"select {string.Join(", ", numbers.Select(n => $"c{n.Index}"))} from (select * from t using sample reservoir({JointRows.UsefulRows} rows) repeatable (0))");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            for (var i = 0; i < values.Count; i++)
                values[i].Add(reader.IsDBNull(i) ? double.NaN : reader.GetDouble(i));
        }

        return [.. numbers.Select((n, i) => FeatureColumn.Numeric(n.Name, [.. values[i]]))];
    }

    /// <summary>The finite values of a column, ascending.</summary>
    public double[] Sorted(int column, long count)
    {
        if (16 * count > _memory)
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"One column of {count} values in both files needs {(16 * count) >> 20} MiB.", $"Use --memory {((20 * count) >> 20) + 1}MiB.");
        var sorted = new double[count];
        using var command = Command($"select c{column} from t where isfinite(c{column}) order by c{column}");
        command.UseStreamingMode = true;
        using var reader = command.ExecuteReader();
        for (var i = 0; reader.Read(); i++)
            sorted[i] = reader.GetDouble(0);
        return sorted;
    }

    public void Dispose()
    {
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Fill(string path, Action<long> onRead)
    {
        DuckDBAppender? appender = null;
        try
        {
            TableReader.ReadBatches(path, BatchRows, batch =>
            {
                appender ??= Create(batch);
                Append(appender, batch);
            }, onRead);
        }
        finally
        {
            appender?.Dispose();
        }

        if (_columns.Length == 0)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} has no rows.", "Raise --memory, or check the file.");
    }

    private DuckDBAppender Create(Table batch)
    {
        _columns = [.. batch.Columns.Select((c, i) => new SpilledColumn(this, i, c.Name, c.Kind))];
        DuckEngine.Execute(_connection, $"create table t ({string.Join(", ", _columns.Select((_, i) => $"c{i} double"))}, h ubigint)");
        return _connection.CreateAppender("t");
    }

    private void Append(DuckDBAppender appender, Table batch)
    {
        Parallel.For(0, _columns.Length, i => _columns[i].Add(batch.Columns[i]));
        foreach (var (name, parts) in _kept)
        {
            if (batch.Find(name) is { } part)
                parts.Add(part.Kind == ColumnKind.Text ? new Column(name, [.. part.Texts]) : new Column(name, [.. part.Numbers], part.Kind));
        }

        var hashes = RepeatedRows.Hashes(batch);
        for (var row = 0; row < batch.Rows; row++)
        {
            var added = appender.CreateRow();
            foreach (var column in batch.Columns)
            {
                var value = column.Kind == ColumnKind.Text ? column.Texts[row]?.Length ?? double.NaN : column.Numbers[row];
                if (double.IsNaN(value))
                    added.AppendNullValue();
                else
                    added.AppendValue(value);
            }

            added.AppendValue(hashes[row]).EndRow();
        }

        _rows += batch.Rows;
    }

    private Column Whole(string name)
    {
        var parts = _kept[name];
        return parts[0].Kind == ColumnKind.Text ? new Column(name, [.. parts.SelectMany(p => p.Texts)]) : new Column(name, [.. parts.SelectMany(p => p.Numbers)], parts[0].Kind);
    }

    private Dictionary<long, long> Times()
    {
        using var command = Command("select n, count(*) from (select count(*) as n from t group by h) group by n");
        using var reader = command.ExecuteReader();
        var times = new Dictionary<long, long>();
        while (reader.Read())
            times[reader.GetInt64(0)] = reader.GetInt64(1);
        return times;
    }

    private DuckDBCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The statements hold column numbers, no text of the caller.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command;
    }
}
