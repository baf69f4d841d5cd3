using System.Data.Common;

namespace Holdfast.Storage.Sql;

/// <summary>What differs between the databases. Everything else is plain SQL, written once.</summary>
public interface ISqlDialect
{
    /// <summary><c>sqlite</c> or <c>postgresql</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Replaces the macros of a migration: <c>{{identity}}</c> (a key that counts up), <c>{{clustered}}</c> (after a table: its rows lie in
    /// the order of the primary key, where the database can do that).
    /// </summary>
    string Expand(string migration);

    /// <summary>Converts a value to what the driver binds.</summary>
    object ToDb(object? value);

    /// <summary>Makes a parameter.</summary>
    DbParameter Parameter(string name, object value);

    /// <summary>Taken by the Journal before its insert, so that sequence order is commit order (PostgreSQL: an advisory lock).</summary>
    void LockJournal(Tx tx);
}

/// <summary>Conversions that both dialects share.</summary>
internal static class DbValue
{
    public static object From(object? value) => value switch
    {
        null => DBNull.Value,
        bool b => b ? 1L : 0L,
        int i => (long)i,
        short s => (long)s,
        float f => (double)f,
        DateTimeOffset t => t.ToUnixTimeMilliseconds(),
        Enum e => throw new ArgumentException($"Bind the word or number of {e.GetType().Name}, not the enum."),
        _ => value,
    };
}
