using DuckDB.NET.Data;

namespace Holdfast.Storage.Tables;

/// <summary>Results of <see cref="DuckEngine"/> as tables: every column as double or text, vector by vector.</summary>
public static class DuckResults
{
    /// <summary>Reads a query in pieces; one without rows gives one empty piece. Throws <see cref="InvalidDataException"/> or <see cref="DuckDBException"/> with the engine's message.</summary>
    /// <param name="connection">The engine.</param>
    /// <param name="query">A SELECT.</param>
    /// <param name="order">Behind it, such as <c>order by seq</c>; empty for any order.</param>
    /// <param name="rows">Rows of a piece; its arrays are used again for the next one.</param>
    /// <param name="onBatch">Takes a piece.</param>
    public static void Read(DuckDBConnection connection, string query, string order, int rows, Action<Table> onBatch)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ParquetTable.ReadQuery(connection, query, order, rows, rows, onBatch);
    }
}
