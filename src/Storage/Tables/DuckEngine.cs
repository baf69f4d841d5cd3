using DuckDB.NET.Data;

namespace Holdfast.Storage.Tables;

/// <summary>
/// DuckDB as an engine over files, never as a store: in memory, loaded at first use, with limits of its own (its defaults take
/// 80 % of the machine and spill into the current directory), reading and writing only below the given folders, and with the
/// configuration locked.
/// </summary>
public static class DuckEngine
{
    private const long MostMemory = 4L << 30;

    /// <summary>Opens an instance; dispose the connection to free it.</summary>
    /// <param name="folders">Folders below which files may be read and written.</param>
    /// <param name="temporary">Where it may spill; null forbids spilling.</param>
    /// <param name="memory">Bytes that it may take; null = a quarter of the machine, at most 4 GiB.</param>
    /// <param name="spill">Bytes that it may spill.</param>
    /// <param name="files">Single files that may be read besides.</param>
    public static DuckDBConnection Open(IReadOnlyList<string> folders, string? temporary = null, long? memory = null, long spill = 8L << 30, IReadOnlyList<string>? files = null)
    {
        ArgumentNullException.ThrowIfNull(folders);
        var connection = new DuckDBConnection("DataSource=:memory:");
        try
        {
            connection.Open();
            var limit = (memory ?? Math.Min(MostMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4)) >> 20;
            Execute(connection, $"set memory_limit = '{Math.Max(64, limit)}MiB'");
            Execute(connection, $"set threads = {Math.Max(1, Environment.ProcessorCount - 1)}");
            Execute(connection, $"set temp_directory = {Quote(temporary ?? "")}");
            if (temporary is not null)
                Execute(connection, $"set max_temp_directory_size = '{spill >> 20}MiB'");
            // Moments are shown as they are stored, not as the machine's own time.
            Execute(connection, "set TimeZone = 'UTC'");
            Execute(connection, $"set allowed_directories = [{Paths(folders)}]");
            if (files is { Count: > 0 })
                Execute(connection, $"set allowed_paths = [{Paths(files)}]");
            Execute(connection, "set enable_external_access = false");
            Execute(connection, "set lock_configuration = true");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A text as a SQL literal.</summary>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    /// <summary>A name as a SQL identifier.</summary>
    public static string Name(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Appends rows to a table; dispose it to end.</summary>
    public static DuckDB.NET.Data.DuckDBAppender Appender(DuckDBConnection connection, string table)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.CreateAppender(table);
    }

    /// <summary>Runs a statement.</summary>
    public static void Execute(DuckDBConnection connection, string sql) => Run(connection, sql, default);

    /// <summary>Runs a statement; <paramref name="ct"/> ends it in the middle.</summary>
    public static void Run(DuckDBConnection connection, string sql, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ct.ThrowIfCancellationRequested();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Paths cannot be bound in DuckDB's settings and table functions; they pass through Quote.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var ended = ct.Register(command.Cancel);
        command.ExecuteNonQuery();
    }

    private static string Paths(IReadOnlyList<string> paths) => string.Join(", ", paths.Select(f => Quote(Path.GetFullPath(f))));
}
