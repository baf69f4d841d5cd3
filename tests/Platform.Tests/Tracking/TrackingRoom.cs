using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;

namespace Holdfast.Platform.Tests.Tracking;

/// <summary>Tracking and the registry on a database of their own, without a server.</summary>
internal sealed class TrackingRoom : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly TemporaryFolder _folder = new();

    private TrackingRoom(TestDatabase database, TrackingOptions options)
    {
        _database = database;
        Journal = new Journal(database.Db, TimeProvider.System);
        var places = new ArtifactPlace(new FileBlobStore(_folder.File("artifacts")), options);
        Tracking = new TrackingService(database.Db, TimeProvider.System, options, places, Journal, [new VersionRoots()]);
        Registry = new RegistryService(database.Db, TimeProvider.System, Journal, Tracking, places, new PackageStore(new FileBlobStore(_folder.File("blobs"))));
    }

    public static Principal Someone { get; } = new(Principal.DefaultWorkspaceId, "someone", Role.Editor);

    public static Principal Neighbour { get; } = new(2, "neighbour", Role.Admin);

    public Db Db => _database.Db;

    public Journal Journal { get; }

    public TrackingService Tracking { get; }

    public RegistryService Registry { get; }

    public string Folder => _folder.Path;

    public static async Task<TrackingRoom> Open(string database, TrackingOptions? options = null) => new(await TestDatabases.Open(database), options ?? new TrackingOptions());

    public async Task<Run> NewRun(string experiment = "exp", string? name = null)
    {
        var e = await Tracking.GetOrCreateExperiment(Someone, experiment);
        return await Tracking.CreateRun(Someone, new NewRun(e.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), name));
    }

    public Task Log(Run run, params MetricPoint[] points) => Tracking.LogBatch(Someone, run.RunId, points, [], []);

    public static MetricPoint Point(string key, double value, long step = 0, long at = 1_000) => new(key, value, DateTimeOffset.FromUnixTimeMilliseconds(at), step);

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }
}
