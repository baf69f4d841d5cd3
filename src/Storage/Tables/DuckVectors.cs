using DuckDB.NET.Data;
using DuckDB.NET.Native;
using DuckDBAppender = DuckDB.NET.Native.DuckDBAppender;

namespace Holdfast.Storage.Tables;

/// <summary>Whole vectors into and out of <see cref="DuckEngine"/>: a value a call costs more than all the rest.</summary>
public static unsafe class DuckVectors
{
    /// <summary>The first column of a result, without missing values. Throws <see cref="InvalidDataException"/> with the engine's message.</summary>
    /// <typeparam name="T">The column's type as it lies in memory: double for DOUBLE, ulong for UBIGINT.</typeparam>
    /// <param name="connection">The engine.</param>
    /// <param name="sql">The query.</param>
    /// <param name="count">How many rows it gives.</param>
    public static T[] Read<T>(DuckDBConnection connection, string sql, long count)
        where T : unmanaged
    {
        var values = GC.AllocateUninitializedArray<T>(checked((int)count));
        var read = 0;
        Fetch(connection, sql, (vectors, rows) =>
        {
            new ReadOnlySpan<T>((void*)NativeMethods.Vectors.DuckDBVectorGetData(vectors[0]), rows).CopyTo(values.AsSpan(read));
            read += rows;
        });
        return read == values.Length ? values : throw new InvalidDataException($"{read} rows came, not {count}.");
    }

    // The chunks of a result, as they come.
    internal static void Fetch(DuckDBConnection connection, string sql, Action<IntPtr[], int> onChunk)
    {
        var state = NativeMethods.PreparedStatements.DuckDBPrepare(connection.NativeConnection, sql, out var statement);
        using var prepared = statement;
        if (state != DuckDBState.Success)
            throw new InvalidDataException(NativeMethods.PreparedStatements.DuckDBPrepareError(statement));
        state = NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out var result);
        try
        {
            var vectors = new IntPtr[state == DuckDBState.Success ? NativeMethods.Query.DuckDBColumnCount(ref result) : 0];
            while (state == DuckDBState.Success)
            {
                using var chunk = NativeMethods.Query.DuckDBFetchChunk(result);
                if (chunk.IsInvalid)
                    break;
                for (var i = 0; i < vectors.Length; i++)
                    vectors[i] = NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i);
                if (NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk) is > 0 and var count)
                    onChunk(vectors, (int)count);
            }

            if (NativeMethods.Query.DuckDBResultError(ref result) is { Length: > 0 } error)
                throw new InvalidDataException(error);
        }
        finally
        {
            NativeMethods.Query.DuckDBDestroyResult(ref result);
        }
    }
}

/// <summary>Appends rows of doubles and one unsigned number to a table of <see cref="DuckEngine"/>, vector by vector.</summary>
public sealed unsafe class DuckRows : IDisposable
{
    private readonly DuckDBAppender _appender;
    private readonly DuckDBDataChunk _chunk;
    private readonly DuckDBLogicalType _double;
    private readonly DuckDBLogicalType _number;
    private readonly int _vector = (int)NativeMethods.Helpers.DuckDBVectorSize();

    /// <summary>Begins to append to a table of so many DOUBLE columns and a last one of UBIGINT.</summary>
    public DuckRows(DuckDBConnection connection, string table, int doubles)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (NativeMethods.Appender.DuckDBAppenderCreate(connection.NativeConnection, null!, table, out _appender) != DuckDBState.Success)
            throw Failed();
        _double = NativeMethods.LogicalType.DuckDBCreateLogicalType(DuckDBType.Double);
        _number = NativeMethods.LogicalType.DuckDBCreateLogicalType(DuckDBType.UnsignedBigInt);
        IntPtr[] types = [.. Enumerable.Repeat(_double.DangerousGetHandle(), doubles), _number.DangerousGetHandle()];
        _chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk(types, (ulong)types.Length);
    }

    /// <summary>Appends rows; NaN stays NaN. Throws <see cref="InvalidDataException"/> with the engine's message, such as a full disk.</summary>
    public void Append(IReadOnlyList<double[]> doubles, ulong[] numbers)
    {
        ArgumentNullException.ThrowIfNull(doubles);
        ArgumentNullException.ThrowIfNull(numbers);
        for (int from = 0, count; from < numbers.Length; from += count)
        {
            count = Math.Min(_vector, numbers.Length - from);
            NativeMethods.DataChunks.DuckDBDataChunkReset(_chunk);
            for (var i = 0; i < doubles.Count; i++)
                Copy(doubles[i].AsSpan(from, count), i);
            Copy(numbers.AsSpan(from, count), doubles.Count);
            NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunk, (ulong)count);
            if (NativeMethods.Appender.DuckDBAppendDataChunk(_appender, _chunk) != DuckDBState.Success)
                throw Failed();
        }
    }

    /// <summary>Ends appending.</summary>
    public void Close()
    {
        if (NativeMethods.Appender.DuckDBAppenderClose(_appender) != DuckDBState.Success)
            throw Failed();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _appender.Dispose();
        _chunk.Dispose();
        _double.Dispose();
        _number.Dispose();
    }

    private InvalidDataException Failed()
    {
        using var error = NativeMethods.Appender.DuckDBAppenderErrorData(_appender);
        return new InvalidDataException(NativeMethods.ErrorData.DuckDBErrorDataMessage(error));
    }

    private void Copy<T>(ReadOnlySpan<T> values, int column)
        where T : unmanaged =>
        values.CopyTo(new Span<T>((void*)NativeMethods.Vectors.DuckDBVectorGetData(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, column)), values.Length));
}
