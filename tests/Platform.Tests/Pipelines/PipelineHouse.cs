using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Pipelines;
using Holdfast.Registry;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Platform.Tests.Pipelines;

/// <summary>The rooms that a pipeline needs, on a data folder, without a server.</summary>
internal sealed class PipelineHouse : IAsyncDisposable
{
    public static readonly Principal Me = new(1, "ann", Role.Admin, MayExecute: true);
    private readonly TemporaryFolder _root = new();
    private ServiceProvider _services = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public string Project => _root.File("project");

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static async Task<PipelineHouse> Open(Action<IServiceCollection>? more = null)
    {
        var house = new PipelineHouse();
        Directory.CreateDirectory(house.Project);
        await house.Start(more);
        return house;
    }

    /// <summary>Another process on the same folder, as after an end of the first.</summary>
    public async Task Restart(bool orderly = true)
    {
        if (orderly)
            await Get<PipelineRunner>().StopAsync(Ct);
        await _services.DisposeAsync();
        await Start(null);
    }

    public void Write(string path, string text)
    {
        var full = Path.Combine(Project, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    public async Task Apply(PipelineSpec spec)
    {
        using var zip = new MemoryStream();
        await FolderArchive.Pack(Project, zip, ct: Ct);
        zip.Position = 0;
        var key = "projects/" + Ids.Hex32();
        await _services.GetRequiredKeyedService<IBlobStore>("blobs").Put(key, zip, Ct);
        await Get<PipelineService>().ApplyPipeline(Me, spec, "project", key, "abc123", null, Ct);
    }

    public async Task<PipelineRun> Run(StartPipeline start)
    {
        var run = await Get<PipelineService>().Start(Me, start, Ct);
        await Get<ControlLoop>().Settle(ct: Ct);
        return await Get<PipelineService>().Get(Me, run.Id, Ct);
    }

    public async Task<IReadOnlyList<string>> Kinds() => [.. (await Get<Journal>().Read(Me, new JournalQuery(), Ct)).Select(e => e.Kind)];

    public async ValueTask DisposeAsync()
    {
        await Get<PipelineRunner>().StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _root.Dispose();
    }

    private async Task Start(Action<IServiceCollection>? more)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => DataFolder.Open(_root.File("data")));
        services.AddSingleton(s => Db.OpenSqlite(s.GetRequiredService<DataFolder>().Database));
        services.AddKeyedSingleton<IBlobStore>("blobs", (s, _) => new FileBlobStore(s.GetRequiredService<DataFolder>().Blobs));
        services.AddKeyedSingleton<IBlobStore>("artifacts", (s, _) => new FileBlobStore(s.GetRequiredService<DataFolder>().Artifacts));
        services.AddSingleton<Journal>().AddSingleton<RunTokens>().AddSingleton<ControlLoop>();
        services.AddTracking(new TrackingOptions { ArtifactRoot = TrackingOptions.DefaultArtifactRoot }).AddRegistry().AddData().AddPipelines();
        more?.Invoke(services);
        _services = services.BuildServiceProvider();
        _ = Get<DataFolder>();
        await Migrator.Migrate(Get<Db>(), Migration.Embedded(typeof(Journal).Assembly), DateTimeOffset.UnixEpoch, ct: Ct);
    }

    public static Stage Stage(string name, string cmd, string[]? deps = null, string[]? outs = null, string[]? metrics = null) => new(
        name, [cmd], "", deps ?? [], [], [.. (outs ?? []).Select(o => new StageOut(o)), .. (metrics ?? []).Select(m => new StageOut(m, IsMetrics: true))]);
}
