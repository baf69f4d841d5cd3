using System.Data.Common;

namespace Holdfast.Storage.Sql;

/// <summary>
/// SQL within one transaction (or one read snapshot). Values are bound by name: <c>("id", 5)</c> fills <c>@id</c>.
/// <see cref="DateTimeOffset"/> binds as unix milliseconds, <see cref="bool"/> as 0/1. Synchronous on purpose: SQLite has no
/// asynchronous I/O, and a job that awaits would hold the writer.
/// </summary>
public sealed class Tx
{
    private readonly StatementCache _statements;
    private List<Action>? _onCommit;

    internal Tx(StatementCache statements, ISqlDialect dialect)
    {
        _statements = statements;
        Dialect = dialect;
    }

    /// <summary>The dialect in use, for the rare statement that differs.</summary>
    public ISqlDialect Dialect { get; }

    internal DbTransaction? Transaction { get; set; }

    /// <summary>Runs a statement; returns the number of rows changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> args)
    {
        using var use = _statements.Use(sql, args, Transaction);
        return use.Command.ExecuteNonQuery();
    }

    /// <summary>Inserts many rows; those whose key is there already are left out.</summary>
    /// <param name="table">A table that no other list of columns is inserted into this way.</param>
    /// <param name="columns">The columns of a row.</param>
    /// <param name="cells">Row after row; within a column all whole numbers or all numbers.</param>
    /// <returns>How many were inserted.</returns>
    public int InsertMany(string table, IReadOnlyList<string> columns, ReadOnlySpan<Cell> cells) => _statements.InsertMany(table, columns, cells, Transaction);

    /// <summary>Runs an <c>insert … returning id</c> (or any one-number query); returns that number.</summary>
    public long Insert(string sql, params ReadOnlySpan<(string Name, object? Value)> args) =>
        Scalar(sql, args) ?? throw new InvalidOperationException("The statement returned no row: " + sql);

    /// <summary>The first column of the first row as a number; null without a row or for SQL NULL.</summary>
    public long? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> args)
    {
        using var use = _statements.Use(sql, args, Transaction);
        return use.Command.ExecuteScalar() switch
        {
            null or DBNull => null,
            var value => Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture),
        };
    }

    /// <summary>All rows, mapped.</summary>
    public List<T> Query<T>(string sql, Func<Row, T> map, params ReadOnlySpan<(string Name, object? Value)> args)
    {
        ArgumentNullException.ThrowIfNull(map);
        using var use = _statements.Use(sql, args, Transaction);
        using var reader = use.Command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(map(new Row(reader)));
        return rows;
    }

    /// <summary>Hands on all rows, keeping none.</summary>
    public void Each(string sql, Action<Row> read, params ReadOnlySpan<(string Name, object? Value)> args)
    {
        ArgumentNullException.ThrowIfNull(read);
        using var use = _statements.Use(sql, args, Transaction);
        using var reader = use.Command.ExecuteReader();
        while (reader.Read())
            read(new Row(reader));
    }

    /// <summary>The first row, mapped; null (or default) without a row.</summary>
    public T? QueryOne<T>(string sql, Func<Row, T> map, params ReadOnlySpan<(string Name, object? Value)> args)
    {
        ArgumentNullException.ThrowIfNull(map);
        using var use = _statements.Use(sql, args, Transaction);
        using var reader = use.Command.ExecuteReader();
        return reader.Read() ? map(new Row(reader)) : default;
    }

    /// <summary>Runs after the transaction is durable; not at all if it is rolled back. Must be quick and must not throw.</summary>
    public void OnCommit(Action action) => (_onCommit ??= []).Add(action);

    internal int OnCommitCount => _onCommit?.Count ?? 0;

    internal void ForgetOnCommit(int keep)
    {
        if (_onCommit is not null && _onCommit.Count > keep)
            _onCommit.RemoveRange(keep, _onCommit.Count - keep);
    }

    internal void Committed()
    {
        if (_onCommit is null)
            return;
        foreach (var action in _onCommit)
            action();
        _onCommit = null;
    }
}
