using DuckDB.NET.Data;
using DuckDB.NET.Native;
using Holdfast.Contracts;

namespace Holdfast.Storage.Tables;

/// <summary>Parquet to columns, through DuckDB: every column is cast to double or text inside of it, and its vectors are copied as they are.</summary>
internal static unsafe class ParquetTable
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
            return (Rows(connection, full), Describe(connection, $"select * from read_parquet({DuckEngine.Quote(full)})").Count);
        });
    }

    /// <summary>Reads in pieces of <paramref name="rows"/> rows; a file without rows gives one empty piece.</summary>
    public static void ReadBatches(string path, int rows, Action<Table> onBatch)
    {
        var full = Path.GetFullPath(path);
        Guarded(path, () =>
        {
            using var connection = DuckEngine.Open([Path.GetDirectoryName(full)!]);
            ReadQuery(connection, $"select * from read_parquet({DuckEngine.Quote(full)})", "", rows, Rows(connection, full), onBatch);
            return true;
        });
    }

    /// <summary>The result of a query, in pieces of <paramref name="rows"/> rows; one without rows gives one empty piece. <paramref name="order"/> is put behind the cast columns.</summary>
    public static void ReadQuery(DuckDBConnection connection, string query, string order, int rows, long total, Action<Table> onBatch)
    {
        var described = Describe(connection, query);
        var cells = described.ConvertAll(d => new Cells(d.Name, d.Kind, (int)Math.Min(rows, Math.Min(total, Array.MaxLength))));
        var (read, all) = (0, 0L);
        DuckVectors.Fetch(connection, $"select {string.Join(", ", described.Select(d => d.Value))} from ({query}) {order}", (vectors, count) =>
        {
            for (int taken = 0, part; taken < count; taken += part)
            {
                part = Math.Min(rows - read, count - taken);
                for (var i = 0; i < cells.Count; i++)
                    cells[i].Take(vectors[i], taken, read, part);
                all += part;
                if ((read += part) < rows)
                    continue;
                onBatch(ToTable(cells, read));
                read = 0;
            }
        });
        if (read > 0 || all == 0)
            onBatch(ToTable(cells, read));
    }

    private static Table ToTable(List<Cells> cells, int rows) => new(cells.ConvertAll(c => c.ToColumn(rows)));

    private static long Rows(DuckDBConnection connection, string path)
    {
        using var reader = Query(connection, $"select sum(num_rows)::bigint from parquet_file_metadata({DuckEngine.Quote(path)})");
        reader.Read();
        return reader.GetInt64(0);
    }

    // Name, kind, and the expression that gives the column as double or text.
    private static List<(string Name, ColumnKind Kind, string Value)> Describe(DuckDBConnection connection, string query)
    {
        var columns = new List<(string, ColumnKind, string)>();
        using var reader = Query(connection, "describe " + query);
        while (reader.Read())
        {
            var (name, type) = (reader.GetString(0), reader.GetString(1));
            var quoted = DuckEngine.Name(name);
            columns.Add(type switch
            {
                "BOOLEAN" => (name, ColumnKind.Boolean, $"{quoted}::tinyint::double"),
                "DATE" or "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" => (name, ColumnKind.Time, $"epoch_ms({quoted}::timestamp)::double"),
                "TIMESTAMP" or "TIMESTAMP WITH TIME ZONE" => (name, ColumnKind.Time, $"epoch_ms({quoted})::double"),
                "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT" or "UHUGEINT" or "FLOAT" or "DOUBLE" => (name, ColumnKind.Numeric, $"{quoted}::double"),
                _ when type.StartsWith("DECIMAL", StringComparison.Ordinal) => (name, ColumnKind.Numeric, $"{quoted}::double"),
                _ => (name, ColumnKind.Text, $"{quoted}::varchar"),
            });
        }

        return columns;
    }

    private static DuckDBDataReader Query(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Paths pass through Quote, names through Name.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteReader();
    }

    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is DuckDBException or InvalidDataException)
        {
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{Path.GetFileName(path)} is not a readable Parquet file: {e.Message.ReplaceLineEndings(" ")}", "Write the file again.", e);
        }
    }

    private sealed class Cells(string name, ColumnKind kind, int rows)
    {
        private readonly double[] _numbers = kind == ColumnKind.Text ? [] : GC.AllocateUninitializedArray<double>(rows);
        private readonly string?[] _texts = kind == ColumnKind.Text ? new string?[rows] : [];
        private readonly TextPool _pool = new();

        /// <summary>Copies <paramref name="count"/> values of a vector.</summary>
        public void Take(IntPtr vector, int from, int to, int count)
        {
            var data = (byte*)NativeMethods.Vectors.DuckDBVectorGetData(vector);
            var validity = (ulong*)NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
            if (kind == ColumnKind.Text)
            {
                for (var i = 0; i < count; i++)
                    _texts[to + i] = IsValid(validity, from + i) ? Text(data + (16 * (from + i))) : null;
                return;
            }

            new ReadOnlySpan<double>((double*)data + from, count).CopyTo(_numbers.AsSpan(to));
            for (var i = 0; validity != null && i < count; i++)
            {
                if (!IsValid(validity, from + i))
                    _numbers[to + i] = double.NaN;
            }
        }

        public Column ToColumn(int count) => kind == ColumnKind.Text
            ? new Column(name, count == rows ? _texts : _texts[..count])
            : new Column(name, count == rows ? _numbers : _numbers[..count], kind);

        // Sixteen bytes: the length, then up to twelve bytes of text, or four of them and where all of it is.
        private string Text(byte* value)
        {
            var length = *(int*)value;
            return length == 0 ? "" : _pool.Of(length <= 12 ? value + 4 : *(byte**)(value + 8), length);
        }

        private static bool IsValid(ulong* validity, int row) => validity == null || (validity[row >> 6] >> (row & 63) & 1) != 0;
    }
}
