using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Holdfast.Storage.Sql;

internal sealed class SqliteDialect : ISqlDialect
{
    public string Name => "sqlite";

    public string Expand(string migration) =>
        migration.Replace("{{identity}}", "integer primary key autoincrement", StringComparison.Ordinal).Replace("{{clustered}}", "without rowid", StringComparison.Ordinal);

    public object ToDb(object? value) => DbValue.From(value);

    public DbParameter Parameter(string name, object value) => new SqliteParameter(name, value);

    // One writer: commit order is execution order.
    public void LockJournal(Tx tx)
    {
    }
}
