using System.Data.Common;

namespace Holdfast.Storage.Sql;

/// <summary>Prepared statements of one connection, by text. Preparing costs more than most of our statements take.</summary>
internal sealed class StatementCache(DbConnection connection, ISqlDialect dialect) : IDisposable
{
    private const int Capacity = 500;
    private readonly Dictionary<string, Statement> _byText = new(StringComparer.Ordinal);
    private readonly ManyRows _rows = new(connection);

    public int InsertMany(string table, IReadOnlyList<string> columns, ReadOnlySpan<Cell> cells, DbTransaction? transaction) => _rows.Insert(table, columns, cells, transaction);

    public Statement Use(string sql, ReadOnlySpan<(string Name, object? Value)> args, DbTransaction? transaction)
    {
        // A statement in use (a query inside the mapping of the same query) gets a private twin.
        if (!_byText.TryGetValue(sql, out var statement) || statement.Busy)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            var keep = statement is null && _byText.Count < Capacity;
            statement = new Statement(command, keep);
            if (keep)
                _byText.Add(sql, statement);
        }

        statement.Busy = true;
        statement.Command.Transaction = transaction;
        Bind(statement.Command, args);
        return statement;
    }

    public void Dispose()
    {
        foreach (var statement in _byText.Values)
            statement.Command.Dispose();
        _byText.Clear();
        _rows.Dispose();
    }

    private void Bind(DbCommand command, ReadOnlySpan<(string Name, object? Value)> args)
    {
        var parameters = command.Parameters;
        var reusable = parameters.Count == args.Length;
        for (var i = 0; reusable && i < args.Length; i++)
            reusable = parameters[i].ParameterName.AsSpan(1).SequenceEqual(args[i].Name);
        if (!reusable)
            parameters.Clear();
        for (var i = 0; i < args.Length; i++)
        {
            if (reusable)
                parameters[i].Value = dialect.ToDb(args[i].Value);
            else
                parameters.Add(dialect.Parameter("@" + args[i].Name, dialect.ToDb(args[i].Value)));
        }
    }

    internal sealed class Statement(DbCommand command, bool kept) : IDisposable
    {
        public DbCommand Command { get; } = command;

        public bool Busy { get; set; }

        public void Dispose()
        {
            Busy = false;
            if (!kept)
                Command.Dispose();
        }
    }
}
