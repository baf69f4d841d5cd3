using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Holdfast.Storage.Sql;

/// <summary>
/// Inserts of many rows. On SQLite the statement is bound by position through the library itself: the driver looks each parameter up by
/// its name, which costs more than the insert. On PostgreSQL the columns travel as arrays.
/// </summary>
internal sealed class ManyRows(DbConnection connection) : IDisposable
{
    private readonly Dictionary<string, sqlite3_stmt> _prepared = new(StringComparer.Ordinal);

    /// <returns>How many were not there yet.</returns>
    public int Insert(string table, IReadOnlyList<string> columns, ReadOnlySpan<Cell> cells, DbTransaction? transaction) =>
        cells.Length == 0 ? 0 : connection is SqliteConnection sqlite ? Insert(sqlite, table, columns, cells) : Arrays(table, columns, cells, transaction);

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
            statement.Dispose();
        _prepared.Clear();
    }

    private int Insert(SqliteConnection sqlite, string table, IReadOnlyList<string> columns, ReadOnlySpan<Cell> cells)
    {
        var db = sqlite.Handle!;
        if (!_prepared.TryGetValue(table, out var statement))
        {
            var sql = $"insert into {table} ({string.Join(", ", columns)}) values ({string.Join(", ", columns.Select(_ => "?"))}) on conflict do nothing";
            Check(db, raw.sqlite3_prepare_v3(db, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement));
            _prepared.Add(table, statement);
        }

        var before = raw.sqlite3_total_changes(db);
        for (var row = 0; row < cells.Length; row += columns.Count)
        {
            for (var i = 0; i < columns.Count; i++)
            {
                var cell = cells[row + i];
                Check(db, cell.IsNumber ? raw.sqlite3_bind_double(statement, i + 1, cell.Number) : raw.sqlite3_bind_int64(statement, i + 1, cell.Whole));
            }

            var done = raw.sqlite3_step(statement);
            raw.sqlite3_reset(statement);
            if (done != raw.SQLITE_DONE)
                Check(db, done);
        }

        return raw.sqlite3_total_changes(db) - before;
    }

    private int Arrays(string table, IReadOnlyList<string> columns, ReadOnlySpan<Cell> cells, DbTransaction? transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"insert into {table} ({string.Join(", ", columns)}) select * from unnest({string.Join(", ", columns.Select(c => "@" + c))}) on conflict do nothing";
        var rows = cells.Length / columns.Count;
        for (var i = 0; i < columns.Count; i++)
        {
            var (wholes, numbers) = (new long[rows], new double[rows]);
            for (var row = 0; row < rows; row++)
                (wholes[row], numbers[row]) = (cells[(row * columns.Count) + i].Whole, cells[(row * columns.Count) + i].Number);
            command.Parameters.Add(new Npgsql.NpgsqlParameter(columns[i], cells[i].IsNumber ? numbers : wholes));
        }

        return command.ExecuteNonQuery();
    }

    private static void Check(sqlite3 db, int result)
    {
        if (result != raw.SQLITE_OK)
            throw new SqliteException(raw.sqlite3_errmsg(db).utf8_to_string(), result & 0xff, raw.sqlite3_extended_errcode(db));
    }
}
