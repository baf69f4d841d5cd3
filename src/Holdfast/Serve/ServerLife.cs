using Holdfast.Access;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Holdfast.Serve;

/// <summary>
/// The order of a start: schema first, then the rooms' background work, then the port, then <c>server.json</c>. A stop runs
/// backwards: the port drains, the loops end, the rooms flush, the database closes, the folder is free.
/// </summary>
internal sealed class ServerLife(Db db, DataFolder folder, ServeOptions options, ServerClock clock, IServer server, TimeProvider time, [FromKeyedServices("blobs")] IBlobStore blobs, [FromKeyedServices("artifacts")] IBlobStore artifacts) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        // A bucket that is not there should be said now, not at the first upload.
        foreach (var store in new[] { blobs, artifacts }.OfType<S3BlobStore>())
            await store.Check(cancellationToken);
        // Every room's steps are embedded in Platform.
        await Migrator.Migrate(db, Migration.Embedded(typeof(AccessService).Assembly), time.GetUtcNow(), options.Database is null ? CopyDatabase : null, cancellationToken);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => folder.Announce(Address(server), clock.StartedAt);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Where clients on this machine reach the server, with the port that was taken.</summary>
    public static string Address(IServer server)
    {
        var address = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return address.Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//127.0.0.1:", StringComparison.Ordinal).TrimEnd('/');
    }

    // The write-ahead log holds what is not yet in the file, so SQLite makes the copy.
    private void CopyDatabase()
    {
        var copy = Path.Combine(folder.Root, $"holdfast.before-{SystemApi.Version}.db");
        File.Delete(copy);
        using var source = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.Database};Pooling=False");
        source.Open();
        using var command = source.CreateCommand();
        command.CommandText = "vacuum into @copy";
        command.Parameters.AddWithValue("copy", copy);
        command.ExecuteNonQuery();
    }
}

/// <summary>Wakes the controllers at every event, so that a decision does not wait for the next tick.</summary>
internal sealed class JournalWake(Journal journal, ControlLoop loop) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await journal.Next(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            loop.Wake();
        }
    }
}

/// <summary>The command that started the server decides when it ends; the host listens to no signals of its own.</summary>
internal sealed class CommandLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
