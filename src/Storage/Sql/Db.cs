using Holdfast.Contracts;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Holdfast.Storage.Sql;

/// <summary>Which queue a write waits in. Control jobs are committed before waiting bulk jobs.</summary>
public enum WriteLane
{
    /// <summary>Small writes that someone or something waits for.</summary>
    Control,

    /// <summary>Many rows; at most 1,000 a job, so that control jobs never wait long.</summary>
    Bulk,
}

/// <summary>
/// The database. A write that has returned survives a power loss at the next instant. Jobs may be executed more than once and
/// must have no side effect but their SQL and <see cref="Tx.OnCommit"/>.
/// </summary>
public abstract class Db : IAsyncDisposable
{
    private protected Db(ISqlDialect dialect) => Dialect = dialect;

    /// <summary>What differs between the databases.</summary>
    public ISqlDialect Dialect { get; }

    /// <summary>Opens (and creates) a SQLite file. Fails with <see cref="ErrorCode.FailedPrecondition"/> where it cannot be written.</summary>
    public static Db OpenSqlite(string path)
    {
        try
        {
            return new SqliteDb(path);
        }
        catch (SqliteException e)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The database {path} cannot be opened: {e.Message}", "Check the rights on the data folder, or name another with --data.", e);
        }
    }

    /// <summary>Connects to PostgreSQL.</summary>
    public static Db OpenPostgres(string connectionString)
    {
        try
        {
            return new PostgresDb(connectionString);
        }
        catch (NpgsqlException e)
        {
            throw new HoldfastException(ErrorCode.Unavailable, $"PostgreSQL cannot be reached: {e.Message}", "Check the connection string and that the server is up.", e);
        }
    }

    /// <summary>How many transactions this process has committed since it opened the database; null where the database itself gathers commits.</summary>
    public virtual long? Commits => null;

    /// <summary>Runs a job in a write transaction; returns once it is durable.</summary>
    public abstract Task<T> Write<T>(Func<Tx, T> job, WriteLane lane = WriteLane.Control, CancellationToken ct = default);

    /// <summary>Runs a job in a write transaction; returns once it is durable.</summary>
    public Task Write(Action<Tx> job, WriteLane lane = WriteLane.Control, CancellationToken ct = default) =>
        Write(tx =>
        {
            job(tx);
            return true;
        }, lane, ct);

    /// <summary>Runs queries on one consistent snapshot. The result must be complete on return: no open reader may leave the delegate.</summary>
    public abstract Task<T> Read<T>(Func<Tx, T> query, CancellationToken ct = default);

    /// <summary>
    /// Tells the keys that each commit changed in some tables, whoever changed them, before the commit is acknowledged. For what is kept
    /// in memory beside the tables.
    /// </summary>
    /// <param name="tables">The tables must exist. A key may be told without need, never left out.</param>
    /// <param name="committed">Runs on the writer's thread; must be quick and must not throw.</param>
    /// <returns>False where the database cannot tell: PostgreSQL, which other processes write, too.</returns>
    public virtual Task<bool> Watch(IReadOnlyList<WatchedTable> tables, Action<IReadOnlySet<(long Scope, long Key)>> committed) => Task.FromResult(false);

    /// <summary>Ends outstanding writes and closes.</summary>
    public abstract ValueTask DisposeAsync();
}
