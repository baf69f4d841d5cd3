using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Platform.Tests.Data;

public sealed class DataServiceTests : IAsyncLifetime
{
    private static readonly Principal Me = new(1, "test", Role.Editor);
    private readonly TemporaryFolder _root = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private DataFolder _folder = null!;
    private Db _db = null!;
    private Journal _journal = null!;
    private DataService _data = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _folder = DataFolder.Open(_root.File("data"));
        _db = Db.OpenSqlite(_folder.Database);
        await Migrator.Migrate(_db, Migration.Embedded(typeof(Journal).Assembly), _time.GetUtcNow(), ct: Ct);
        _journal = new Journal(_db, _time);
        _data = new DataService(_db, _journal, _time, _folder, new FileBlobStore(_folder.Blobs));
    }

    public async ValueTask DisposeAsync()
    {
        await _db.DisposeAsync();
        _folder.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task The_same_content_is_the_same_version_and_tells_it_once()
    {
        var first = await _data.Add(Me, "applications", Csv("a,b\n1,x\n2,y\n"), "file", Ct);
        var again = await _data.Add(Me, "applications", Csv("a,b\n1,x\n2,y\n"), "file", Ct);
        var other = await _data.Add(Me, "applications", Csv("a,b\n1,x\n3,y\n"), "file", Ct);
        Assert.Equal(("applications@v1", 2, 2), (first.Ref, (int)first.Rows, first.Columns));
        Assert.Equal(first.Id, again.Id);
        Assert.Equal(2, other.Version);
        var events = await _journal.Read(Me, new JournalQuery(Kind: "dataset_version.created"), Ct);
        Assert.Equal([1, 2], events.Select(e => e.DetailAs<DatasetVersionCreated>().Version));
    }

    [Fact]
    public async Task References_name_the_newest_a_number_or_a_hash()
    {
        var one = await _data.Add(Me, "d", Csv("a\n1\n"), "file", Ct);
        var two = await _data.Add(Me, "d", Csv("a\n2\n"), "file", Ct);
        Assert.Equal(two.Id, (await _data.Get(Me, "d", Ct)).Id);
        Assert.Equal(one.Id, (await _data.Get(Me, "data/d@v1", Ct)).Id);
        Assert.Equal(one.Id, (await _data.Get(Me, "d@" + one.Hash[..8], Ct)).Id);
        Assert.Null(await _data.Find(Me, "d@v9", Ct));
        Assert.Null(await _data.Find(Me with { WorkspaceId = 2 }, "d", Ct));
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<HoldfastException>(() => _data.Get(Me, "e", Ct))).Code);
        Assert.Equal(ErrorCode.InvalidArgument, (await Assert.ThrowsAsync<HoldfastException>(() => _data.Get(Me, "../x@v1", Ct))).Code);
    }

    [Fact]
    public async Task Content_can_be_read_back_with_the_kinds_of_its_schema()
    {
        await _data.Add(Me, "d", Csv("n,t\n1,a\n,b\n"), "file", Ct);
        var table = await _data.Read(Me, "d", Ct);
        Assert.Equal([1, double.NaN], table.Find("n")!.Numbers);
        Assert.Equal("n,t\n1,a\n,b\n", await File.ReadAllTextAsync(await _data.LocalPath(Me, "d", Ct), Ct));
        var profile = await _data.Profile(Me, "d", Ct);
        Assert.Equal(1, profile.Columns[0].Missing);
        Assert.Equal(1, profile.Columns[1].Top!["a"]);
    }

    [Fact]
    public async Task A_malformed_file_leaves_nothing_behind()
    {
        await Assert.ThrowsAsync<HoldfastException>(() => _data.Add(Me, "d", Csv("a,b\n1\n"), "file", Ct));
        await using var upload = new MemoryStream("a,b\n1\n"u8.ToArray());
        await Assert.ThrowsAsync<HoldfastException>(() => _data.AddStream(Me, "d", "d.csv", upload, "upload", Ct));
        Assert.Empty((await _data.List(Me, ct: Ct)).Items);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Blobs));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Temporary));
    }

    private string Csv(string text)
    {
        var path = _root.File("in.csv");
        File.WriteAllText(path, text);
        return path;
    }
}
