using System.Globalization;
using DuckDB.NET.Data;
using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>Parquet to columns, through DuckDB.</summary>
internal static class ParquetTable
{
    public static Table Read(string path)
    {
        Table? whole = null;
        ReadBatches(path, int.MaxValue, table => whole = table);
        return whole!;
    }

    public static (long Rows, int Columns) Size(string path)
    {
        var full = Path.GetFullPath(path);
        return Guarded(path, () =>
        {
            using var connection = DuckEngine.Open([Path.GetDirectoryName(full)!]);
            using var reader = Query(connection, $"select sum(num_rows)::bigint, (select count(*) from (describe select * from read_parquet({DuckEngine.Quote(full)}))) from parquet_file_metadata({DuckEngine.Quote(full)})");
            reader.Read();
            return (reader.GetInt64(0), (int)reader.GetInt64(1));
        });
    }

    /// <summary>Reads in pieces of <paramref name="rows"/> rows; a file without rows gives one empty piece.</summary>
    public static void ReadBatches(string path, int rows, Action<Table> onBatch)
    {
        var full = Path.GetFullPath(path);
        Guarded(path, () =>
        {
            using var connection = DuckEngine.Open([Path.GetDirectoryName(full)!]);
            using var reader = Query(connection, $"select * from read_parquet({DuckEngine.Quote(full)})");
            var cells = Enumerable.Range(0, reader.FieldCount).Select(i => new Cells(reader.GetName(i), reader.GetFieldType(i))).ToArray();
            var read = 0;
            var pieces = 0;
            while (reader.Read())
            {
                for (var i = 0; i < cells.Length; i++)
                    cells[i].Add(reader, i);
                if (++read < rows)
                    continue;
                onBatch(Take(cells));
                pieces++;
                read = 0;
            }

            if (read > 0 || pieces == 0)
                onBatch(Take(cells));
            return true;
        });
    }

    private static Table Take(Cells[] cells) => new([.. cells.Select(c => c.Take())]);

    private static DuckDBDataReader Query(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The path passes through Quote.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.UseStreamingMode = true;
        return command.ExecuteReader();
    }

    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DuckDBException e)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} is not a readable Parquet file: {e.Message.ReplaceLineEndings(" ")}", "Write the file again.", e);
        }
    }

    private sealed class Cells(string name, Type type)
    {
        private readonly ColumnKind _kind = KindOf(type);
        private readonly List<double> _numbers = [];
        private readonly List<string?> _texts = [];
        private readonly Dictionary<string, string> _pool = new(StringComparer.Ordinal);
        private readonly Func<DuckDBDataReader, int, double> _number = Reading(type);

        public void Add(DuckDBDataReader reader, int column)
        {
            if (reader.IsDBNull(column))
                AddMissing();
            else if (_kind != ColumnKind.Text)
                _numbers.Add(_number(reader, column));
            else
                _texts.Add(Pooled(type == typeof(string) ? reader.GetString(column) : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)!));
        }

        public Column Take()
        {
            var column = _kind == ColumnKind.Text ? new Column(name, _texts.ToArray()) : new Column(name, _numbers.ToArray(), _kind);
            _texts.Clear();
            _numbers.Clear();
            return column;
        }

        private void AddMissing()
        {
            if (_kind == ColumnKind.Text)
                _texts.Add(null);
            else
                _numbers.Add(double.NaN);
        }

        private string Pooled(string text)
        {
            if (_pool.TryGetValue(text, out var kept))
                return kept;
            if (_pool.Count < 4_096)
                _pool.Add(text, text);
            return text;
        }

        // A getter of the column's own type: the general one boxes every value.
        private static Func<DuckDBDataReader, int, double> Reading(Type type) => type switch
        {
            _ when type == typeof(double) => (r, i) => r.GetDouble(i),
            _ when type == typeof(float) => (r, i) => r.GetFloat(i),
            _ when type == typeof(long) => (r, i) => r.GetInt64(i),
            _ when type == typeof(int) => (r, i) => r.GetInt32(i),
            _ when type == typeof(short) => (r, i) => r.GetInt16(i),
            _ when type == typeof(bool) => (r, i) => r.GetBoolean(i) ? 1 : 0,
            _ => (r, i) => ToNumber(r.GetValue(i)),
        };
    }

    private static ColumnKind KindOf(Type type) => type switch
    {
        _ when type == typeof(bool) => ColumnKind.Boolean,
        _ when type == typeof(DateTime) || type == typeof(DateTimeOffset) || type == typeof(DateOnly) => ColumnKind.Time,
        _ when type == typeof(System.Numerics.BigInteger) || (type.IsPrimitive && type != typeof(char)) || type == typeof(decimal) => ColumnKind.Numeric,
        _ => ColumnKind.Text,
    };

    private static double ToNumber(object value) => value switch
    {
        DateTime t => new DateTimeOffset(DateTime.SpecifyKind(t, DateTimeKind.Utc)).ToUnixTimeMilliseconds(),
        DateTimeOffset t => t.ToUnixTimeMilliseconds(),
        DateOnly d => new DateTimeOffset(d.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc)).ToUnixTimeMilliseconds(),
        System.Numerics.BigInteger big => (double)big,
        _ => Convert.ToDouble(value, CultureInfo.InvariantCulture),
    };
}
