using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Npgsql;

namespace Holdfast.Platform.Tests;

/// <summary>The databases that every store suite runs on: <c>[MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]</c>.</summary>
public static class TestDatabases
{
    public const string Sqlite = "sqlite";
    public const string Postgresql = "postgresql";

    public static TheoryData<string> Names => [Sqlite, Postgresql];

    /// <summary>A new, empty database with the schema of the program. Skips the test where PostgreSQL cannot be had.</summary>
    public static async Task<TestDatabase> Open(string name, bool migrate = true)
    {
        var database = name == Sqlite ? OpenSqlite() : await OpenPostgres();
        if (migrate)
            await Migrator.Migrate(database.Db, Migration.Embedded(typeof(Journal).Assembly), TimeProvider.System.GetUtcNow());
        return database;
    }

    private static TestDatabase OpenSqlite()
    {
        var folder = new TemporaryFolder();
        return new TestDatabase(Db.OpenSqlite(folder.File("t.db")), () =>
        {
            folder.Dispose();
            return Task.CompletedTask;
        });
    }

    private static async Task<TestDatabase> OpenPostgres()
    {
        var (server, reason) = await PostgresServer.Find();
        if (server is null)
            Assert.Skip(reason);
        var name = "t" + Guid.CreateVersion7().ToString("N");
        await Execute(server!, $"create database {name}");
        var own = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = true, MaxPoolSize = 10 }.ToString();
        return new TestDatabase(Db.OpenPostgres(own), () => Execute(server!, $"drop database if exists {name} with (force)"), own);
    }

    private static async Task Execute(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A database of a test; gone when disposed.</summary>
public sealed class TestDatabase(Db db, Func<Task> drop, string? connectionString = null) : IAsyncDisposable
{
    public Db Db { get; } = db;

    /// <summary>For a server that is to use it; null for SQLite, whose file lies in the server's own data folder.</summary>
    public string? ConnectionString { get; } = connectionString;

    public async ValueTask DisposeAsync()
    {
        await Db.DisposeAsync();
        await drop();
    }
}

/// <summary>
/// One PostgreSQL server a test process: the one that <c>HOLDFAST_TEST_POSTGRES</c> (a connection string) names, else one started
/// from the installed binaries in a temporary folder and stopped with the process.
/// </summary>
internal static class PostgresServer
{
    private static readonly Lazy<Task<(string? Connection, string Reason)>> _server = new(Start);

    public static Task<(string? Connection, string Reason)> Find() => _server.Value;

    private static async Task<(string? Connection, string Reason)> Start()
    {
        if (Environment.GetEnvironmentVariable("HOLDFAST_TEST_POSTGRES") is { Length: > 0 } given)
            return (given, "");
        var bin = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Order().LastOrDefault()
            : null;
        if (bin is null)
            return (null, "PostgreSQL is not installed (apt-get install postgresql) and HOLDFAST_TEST_POSTGRES is not set.");
        var folder = Directory.CreateTempSubdirectory("holdfast-pg-").FullName;
        // The server refuses to run as root.
        var asOther = Environment.UserName == "root";
        if (asOther)
            await Run("chown", "postgres", folder);
        var port = FreePort();
        var data = Path.Combine(folder, "data");
        async Task<string> Pg(params string[] command) => asOther ? await Run("runuser", ["-u", "postgres", "--", .. command]) : await Run(command[0], command[1..]);
        await Pg(Path.Combine(bin, "initdb"), "-D", data, "-A", "trust", "-U", "app", "-E", "UTF8", "--no-sync");
        await Pg(
            Path.Combine(bin, "pg_ctl"), "-D", data, "-w", "-l", Path.Combine(folder, "log"),
            "-o", $"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -c max_connections=200", "start");
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            string[] command = [Path.Combine(bin, "pg_ctl"), "-D", data, "-m", "immediate", "stop"];
            using var stop = Process.Start(new ProcessStartInfo(asOther ? "runuser" : command[0], asOther ? ["-u", "postgres", "--", .. command] : command[1..]) { RedirectStandardOutput = true })!;
            stop.WaitForExit(10_000);
            Directory.Delete(folder, recursive: true);
        };
        return ($"Host=127.0.0.1;Port={port};Username=app;Database=postgres", "");
    }

    private static async Task<string> Run(string program, params string[] arguments)
    {
        // pg_ctl's server keeps inherited pipes open, so its output goes nowhere.
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", program, .. arguments]))!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? "" : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
