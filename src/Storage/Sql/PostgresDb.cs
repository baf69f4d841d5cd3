using Npgsql;

namespace Holdfast.Storage.Sql;

/// <summary>PostgreSQL: a pooled connection and a transaction for each job; the server's own group commit does the rest.</summary>
internal sealed class PostgresDb : Db
{
    private readonly NpgsqlDataSource _source;

    public PostgresDb(string connectionString)
        : base(new PostgresDialect())
    {
        _source = NpgsqlDataSource.Create(connectionString);
        using var probe = _source.OpenConnection();
    }

    public override Task<T> Write<T>(Func<Tx, T> job, WriteLane lane = WriteLane.Control, CancellationToken ct = default) =>
        Task.Run(() => Run(job, write: true), ct);

    public override Task<T> Read<T>(Func<Tx, T> query, CancellationToken ct = default) =>
        Task.Run(() => Run(query, write: false), ct);

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private T Run<T>(Func<Tx, T> body, bool write)
    {
        ArgumentNullException.ThrowIfNull(body);
        using var connection = _source.OpenConnection();
        using var transaction = connection.BeginTransaction(write ? System.Data.IsolationLevel.ReadCommitted : System.Data.IsolationLevel.RepeatableRead);
        using var statements = new StatementCache(connection, Dialect);
        var tx = new Tx(statements, Dialect) { Transaction = transaction };
        var result = body(tx);
        transaction.Commit();
        tx.Committed();
        return result;
    }
}
