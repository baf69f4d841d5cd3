using DuckDB.NET.Data;
using DuckDB.NET.Native;
using Sylvan.Data.Csv;

namespace Holdfast.Bench.Drift;

/// <summary>The plain read: both files into columns of double, a thread each, nothing checked and nothing compared. Texts are stepped over.</summary>
internal static unsafe class Readers
{
    public static int Read(string format, string first, string second)
    {
        Func<string, double[][]> read = format == "csv" ? Csv : Parquet;
        if (format == "csv")
            Parallel.Invoke(() => read(first), () => read(second));
        else
            _ = (read(first), read(second)); // its own threads read a file
        return 0;
    }

    private static double[][] Csv(string path)
    {
        using var text = new StreamReader(path, new FileStreamOptions { BufferSize = 1 << 16 });
        using var reader = CsvDataReader.Create(text, new CsvDataReaderOptions { BufferSize = 1 << 16 });
        var columns = Enumerable.Range(0, reader.FieldCount).Where(i => reader.GetName(i)[0] == 'n').ToArray();
        var values = columns.Select(_ => new List<double>()).ToArray();
        while (reader.Read())
        {
            for (var c = 0; c < columns.Length; c++)
                values[c].Add(reader.IsDBNull(columns[c]) || reader.GetFieldSpan(columns[c]).IsEmpty ? double.NaN : reader.GetDouble(columns[c]));
        }

        return [.. values.Select(v => v.ToArray())];
    }

    // DuckDB's own threads read the file; its chunks are copied as they come.
    private static double[][] Parquet(string path)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        NativeMethods.PreparedStatements.DuckDBPrepare(connection.NativeConnection, $"select columns('n.*')::double from read_parquet('{path}')", out var statement);
        using var prepared = statement;
        if (NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out var result) != DuckDBState.Success)
            throw new InvalidOperationException(NativeMethods.Query.DuckDBResultError(ref result));
        var columns = Enumerable.Range(0, (int)NativeMethods.Query.DuckDBColumnCount(ref result)).Select(_ => new List<double>()).ToArray();
        while (true)
        {
            using var chunk = NativeMethods.StreamingResult.DuckDBStreamFetchChunk(result);
            if (chunk.IsInvalid || NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk) == 0)
                break;
            var rows = (int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk);
            for (var c = 0; c < columns.Length; c++)
            {
                var vector = NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, c);
                columns[c].AddRange(new ReadOnlySpan<double>((void*)NativeMethods.Vectors.DuckDBVectorGetData(vector), rows));
            }
        }

        NativeMethods.Query.DuckDBDestroyResult(ref result);
        return [.. columns.Select(c => c.ToArray())];
    }
}
