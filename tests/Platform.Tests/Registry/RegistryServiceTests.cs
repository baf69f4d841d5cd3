using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Platform.Tests.Tracking;
using Holdfast.Registry;
using static Holdfast.Platform.Tests.Tracking.TrackingRoom;

namespace Holdfast.Platform.Tests.Registry;

/// <summary>The store suite of the registry, on every database.</summary>
public sealed class RegistryServiceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task A_package_becomes_a_version_once_per_key_and_content_is_shared(string database)
    {
        await using var room = await Open(database);
        var folder = Package(room, "a", "0.25");
        var first = await room.Registry.CreateVersion(Someone, new NewModelVersion("credit-risk", folder, "run", "credit@v3", "pipe", IdempotencyKey: "k1"), Ct);
        var again = await room.Registry.CreateVersion(Someone, new NewModelVersion("credit-risk", folder, IdempotencyKey: "k1"), Ct);
        var second = await room.Registry.CreateVersion(Someone, new NewModelVersion("credit-risk", folder), Ct);
        Assert.Equal((1, 1, 2), (first.Version, again.Version, second.Version));
        Assert.Equal(first.PackageKey, second.PackageKey);
        Assert.Equal(("run", "credit@v3", "pipe", "x"), (first.RunId, first.DatasetVersion, first.PipelineRun, first.Signature!.Inputs[0].Name));
        Assert.True(File.Exists(Path.Combine(await room.Registry.PackagePath(Someone, first, Ct), ModelPackage.ManifestName)));
        var events = await room.Journal.Read(Someone, new JournalQuery(Kind: "model_version.created"), Ct);
        Assert.Equal([1, 2], events.Select(e => e.DetailAs<ModelVersionCreated>().ModelVersion));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Versions_are_found_by_alias_number_and_name(string database)
    {
        await using var room = await Open(database);
        var folder = Package(room, "a", "1");
        await room.Registry.CreateVersion(Someone, new NewModelVersion("m", folder), Ct);
        await room.Registry.CreateVersion(Someone, new NewModelVersion("m", folder), Ct);
        await room.Registry.SetAlias(Someone, "m", "champion", 1, Ct);
        await room.Registry.SetAlias(Someone, "m", "champion", 1, Ct);
        Assert.Equal(1, (await room.Registry.Resolve(Someone, "m@champion", Ct)).Version);
        Assert.Equal(1, (await room.Registry.Resolve(Someone, "m/1", Ct)).Version);
        Assert.Equal(2, (await room.Registry.Resolve(Someone, "m", Ct)).Version);
        await room.Registry.SetAlias(Someone, "m", "champion", 2, Ct);
        Assert.Equal(["champion"], (await room.Registry.GetVersion(Someone, "m", 2, Ct)).Aliases);
        Assert.Equal([1, 2], (await room.Journal.Read(Someone, new JournalQuery(Kind: "alias.set"), Ct)).Select(e => e.DetailAs<AliasSet>().ModelVersion));
        await room.Registry.DeleteVersion(Someone, "m", 2, Ct);
        Assert.Null(await room.Registry.GetAlias(Someone, "m", "champion", Ct));
        // A number never names two contents.
        Assert.Equal(3, (await room.Registry.CreateVersion(Someone, new NewModelVersion("m", folder), Ct)).Version);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.Resolve(Someone, "m@champion", Ct))).Code);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.Resolve(Neighbour, "m/1", Ct))).Code);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Renaming_moves_versions_tags_and_aliases(string database)
    {
        await using var room = await Open(database);
        await room.Registry.CreateModel(Someone, "old", tags: new Dictionary<string, string> { ["team"] = "risk" }, ct: Ct);
        await room.Registry.CreateModel(Someone, "other", ct: Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("old", "s3://bucket/x"), Ct);
        await room.Registry.SetAlias(Someone, "old", "a", 1, Ct);
        Assert.Equal(ErrorCode.AlreadyExists, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.RenameModel(Someone, "old", "other", Ct))).Code);
        var renamed = await room.Registry.RenameModel(Someone, "old", "new", Ct);
        Assert.Equal((1, "risk", 1), (renamed.Aliases["a"], renamed.Tags[0].Value, renamed.LatestVersions.Count));
        Assert.Equal("new", (await room.Registry.GetVersion(Someone, "new", 1, Ct)).Model);
        await room.Registry.DeleteModel(Someone, "new", Ct);
        Assert.Empty((await room.Registry.SearchVersions(Someone, ct: Ct)).Items);
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Stages_keep_the_latest_of_each_and_can_archive_the_others(string database)
    {
        await using var room = await Open(database);
        await room.Registry.CreateModel(Someone, "m", ct: Ct);
        for (var i = 0; i < 3; i++)
            await room.Registry.RegisterSource(Someone, new NewSourceVersion("m", "s3://bucket/" + i), Ct);
        await room.Registry.SetStage(Someone, "m", 1, "production", archiveOthers: false, Ct);
        await room.Registry.SetStage(Someone, "m", 2, "Production", archiveOthers: true, Ct);
        Assert.Equal([("Archived", 1), ("Production", 2), ("None", 3)], (await room.Registry.LatestVersions(Someone, "m", ct: Ct)).Select(v => (v.Stage, v.Version)));
        Assert.Equal([2], (await room.Registry.LatestVersions(Someone, "m", ["PRODUCTION"], Ct)).Select(v => v.Version));
        await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.SetStage(Someone, "m", 3, "Archived", archiveOthers: true, Ct));
    }

    [Theory]
    [MemberData(nameof(TestDatabases.Names), MemberType = typeof(TestDatabases))]
    public async Task Searches_find_models_and_versions(string database)
    {
        await using var room = await Open(database);
        foreach (var name in new[] { "credit", "Fraud", "prompt" })
            await room.Registry.CreateModel(Someone, name, tags: name == "prompt" ? new Dictionary<string, string> { ["mlflow.prompt.is_prompt"] = "true" } : null, ct: Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("credit", "s3://b/1", RunId: "r1", Tags: new Dictionary<string, string> { ["k"] = "v" }), Ct);
        await room.Registry.RegisterSource(Someone, new NewSourceVersion("credit", "s3://b/2", RunId: "r2"), Ct);
        Assert.Equal("Fraud credit", await Models(null));
        Assert.Equal("credit", await Models("name LIKE 'c%'"));
        Assert.Equal("Fraud", await Models("name ILIKE 'FR%'"));
        Assert.Equal("prompt", await Models("tags.`mlflow.prompt.is_prompt` = 'true'"));
        Assert.Equal("1", await Versions("tags.k = 'v'"));
        Assert.Equal("2", await Versions("name = 'credit' and version_number > 1"));
        Assert.Equal("2 1", await Versions("run_id IN ('r1', 'r2')"));
        Assert.Equal("1 2", await Versions("source_path LIKE 's3://%'", "version_number asc"));

        async Task<string> Models(string? filter) => string.Join(' ', (await room.Registry.SearchModels(Someone, filter, grammar: RegistryFilter.Models, ct: Ct)).Items.Select(m => m.Name));
        async Task<string> Versions(string filter, params string[] order) =>
            string.Join(' ', (await room.Registry.SearchVersions(Someone, filter, order, grammar: RegistryFilter.Versions, ct: Ct)).Items.Select(v => v.Version));
    }

    [Fact]
    public async Task A_folder_that_is_no_package_changes_nothing()
    {
        await using var room = await Open(TestDatabases.Sqlite);
        var folder = Directory.CreateDirectory(Path.Combine(room.Folder, "empty")).FullName;
        Assert.Equal(ErrorCode.InvalidArgument, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.CreateVersion(Someone, new NewModelVersion("m", folder), Ct))).Code);
        Assert.Empty(await room.Registry.ListModels(Someone, Ct));
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("LATEST")]
    [InlineData("v3")]
    [InlineData("a b")]
    [InlineData("")]
    public async Task Reserved_aliases_are_refused(string alias)
    {
        await using var room = await Open(TestDatabases.Sqlite);
        Assert.Equal(ErrorCode.InvalidArgument, (await Assert.ThrowsAsync<HoldfastException>(() => room.Registry.SetAlias(Someone, "m", alias, 1, Ct))).Code);
    }

    private static string Package(TrackingRoom room, string name, string content)
    {
        var folder = Directory.CreateDirectory(Path.Combine(room.Folder, "packages", name)).FullName;
        File.WriteAllText(Path.Combine(folder, "model.txt"), content);
        var package = new ModelPackage(1, "constant", "model.txt", "binary", new Signature([new SignatureField("x", "FP64")], [new SignatureField("score", "FP64")]));
        File.WriteAllText(Path.Combine(folder, ModelPackage.ManifestName), JsonSerializer.Serialize(package, HoldfastJson.Options));
        return folder;
    }
}
