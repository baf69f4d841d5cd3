using System.Diagnostics;
using Holdfast.Storage.Sql;
using Microsoft.Data.Sqlite;

// Durable writes a second: the limit is one fsync after the other on the same disk; the peer is SQLite with one commit a job.
var folder = Directory.CreateTempSubdirectory("holdfast-bench-").FullName;
var seconds = args.Length > 0 ? double.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 3;
try
{
    var limit = Syncs();
    Print("fsync of 4 KB, one after the other", limit, limit, null);
    Print("SQLite, one durable commit a job", Commits(), limit, null);
    foreach (var clients in new[] { 1, 8, 64 })
    {
        var (rate, p99) = await Jobs(clients);
        Print($"Db.Write, {clients} waiting clients", rate, limit, p99);
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

void Print(string what, double rate, double limit, double? p99) =>
    Console.WriteLine(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what,-40} {rate,10:N0}/s   {rate / limit,6:0.00}x the limit{(p99 is null ? "" : $"   p99 {p99:0.00} ms")}"));

double Syncs()
{
    using var file = new FileStream(Path.Combine(folder, "sync"), FileMode.Create);
    var block = new byte[4096];
    var (n, watch) = (0, Stopwatch.StartNew());
    for (; watch.Elapsed.TotalSeconds < seconds; n++)
    {
        file.Write(block);
        file.Flush(flushToDisk: true);
    }

    return n / watch.Elapsed.TotalSeconds;
}

double Commits()
{
    using var sqlite = new SqliteConnection($"Data Source={Path.Combine(folder, "single.db")};Pooling=false");
    sqlite.Open();
    using var command = sqlite.CreateCommand();
    command.CommandText = "pragma journal_mode=wal; pragma synchronous=full; create table t (id integer primary key, v text)";
    command.ExecuteNonQuery();
    command.CommandText = "insert into t (v) values ('a row like many others')";
    command.Prepare();
    var (n, watch) = (0, Stopwatch.StartNew());
    for (; watch.Elapsed.TotalSeconds < seconds; n++)
        command.ExecuteNonQuery();
    return n / watch.Elapsed.TotalSeconds;
}

async Task<(double Rate, double P99)> Jobs(int clients)
{
    await using var db = Db.OpenSqlite(Path.Combine(folder, $"jobs-{clients}.db"));
    await db.Write(tx => tx.Execute("create table t (id integer primary key, v text)"));
    var watch = Stopwatch.StartNew();
    var latencies = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
    {
        var mine = new List<double>();
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            var start = Stopwatch.GetTimestamp();
            await db.Write(tx => tx.Execute("insert into t (v) values (@v)", ("v", "a row like many others")));
            mine.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return mine;
    })));
    var all = latencies.SelectMany(l => l).Order().ToList();
    return (all.Count / watch.Elapsed.TotalSeconds, all[(int)(all.Count * 0.99)]);
}
