using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Platform.Tests.Storage;

public sealed class MigratorTests : IDisposable
{
    private static readonly Migration First = new("Room", 1, "first", "create table a (id {{identity}}, v text);\ncreate index a_v on a (v);\n");
    private static readonly Migration Second = new("Room", 2, "second", "alter table a add column w text;\n");
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Applies_each_step_once_and_copies_the_file_before_an_upgrade()
    {
        await using var db = Db.OpenSqlite(_folder.File("t.db"));
        var copies = 0;
        Assert.Equal([First], await Migrator.Migrate(db, [First], DateTimeOffset.UnixEpoch, () => copies++, Ct));
        Assert.Equal(0, copies);
        Assert.Equal([Second], await Migrator.Migrate(db, [First, Second], DateTimeOffset.UnixEpoch, () => copies++, Ct));
        Assert.Equal(1, copies);
        Assert.Empty(await Migrator.Migrate(db, [First, Second], DateTimeOffset.UnixEpoch, () => copies++, Ct));
        Assert.Equal(1, copies);
    }

    [Fact]
    public async Task Refuses_a_newer_folder_and_an_altered_step()
    {
        await using var db = Db.OpenSqlite(_folder.File("t.db"));
        await Migrator.Migrate(db, [First, Second], DateTimeOffset.UnixEpoch, ct: Ct);
        var newer = await Assert.ThrowsAsync<HoldfastException>(() => Migrator.Migrate(db, [First], DateTimeOffset.UnixEpoch, ct: Ct));
        Assert.Contains("newer Holdfast", newer.Message, StringComparison.Ordinal);
        var altered = await Assert.ThrowsAsync<HoldfastException>(() => Migrator.Migrate(db, [First with { Sql = "select 1" }, Second], DateTimeOffset.UnixEpoch, ct: Ct));
        Assert.Contains("differs", altered.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_that_fails_leaves_nothing()
    {
        await using var db = Db.OpenSqlite(_folder.File("t.db"));
        var broken = new Migration("Room", 1, "broken", "create table a (id bigint);\ncreate table a (id bigint);\n");
        await Assert.ThrowsAnyAsync<Exception>(() => Migrator.Migrate(db, [broken], DateTimeOffset.UnixEpoch, ct: Ct));
        Assert.Equal(0, await db.Read(tx => tx.Scalar("select count(*) from sqlite_master where name = 'a'"), Ct));
    }
}
