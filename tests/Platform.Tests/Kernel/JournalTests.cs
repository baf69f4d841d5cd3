using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Platform.Tests.Kernel;

public sealed class JournalTests : IAsyncLifetime
{
    private static readonly Principal Someone = new(1, "someone", Role.Editor);
    private readonly TemporaryFolder _folder = new();
    private Db _db = null!;
    private Journal _journal = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _db = Db.OpenSqlite(_folder.File("t.db"));
        await Migrator.Migrate(_db, [.. Migration.Embedded(typeof(Journal).Assembly).Where(m => m.Room == "Kernel")], DateTimeOffset.UnixEpoch, ct: Ct);
        _journal = new Journal(_db, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _db.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_event_is_there_exactly_when_its_change_is()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _db.Write<int>(
            tx =>
            {
                _journal.Append(tx, Someone, new AliasSet("m", "champion", 1), "m");
                throw new InvalidOperationException();
            },
            ct: Ct));
        Assert.Empty(await _journal.Read(Someone, new JournalQuery(), Ct));
        await _journal.Append(Someone, new AliasSet("m", "champion", 2), "m", ct: Ct);
        var only = Assert.Single(await _journal.Read(Someone, new JournalQuery(), Ct));
        Assert.Equal(("alias.set", "someone", 2), (only.Kind, only.Actor, only.DetailAs<AliasSet>().ModelVersion));
    }

    [Fact]
    public async Task Workspaces_do_not_see_each_other()
    {
        await _journal.Append(Someone, new AliasSet("m", "champion", 1), "m", ct: Ct);
        Assert.Empty(await _journal.Read(Someone with { WorkspaceId = 2 }, new JournalQuery(), Ct));
    }

    [Fact]
    public async Task Waiting_for_the_next_event_ends_with_it()
    {
        var next = _journal.Next(Ct);
        Assert.False(next.IsCompleted);
        await _journal.Append(Someone, new AliasSet("m", "a", 1), "m", ct: Ct);
        await next.WaitAsync(TimeSpan.FromSeconds(5), Ct);
    }

    [Fact]
    public async Task A_cursor_moves_with_the_work_of_its_consumer()
    {
        var seq = await _journal.Append(Someone, new AliasSet("m", "a", 1), "m", ct: Ct);
        await _db.Write(tx => Journal.MoveCursor(tx, "test", seq), ct: Ct);
        Assert.Equal(seq, await _db.Read(tx => Journal.Cursor(tx, "test"), Ct));
        Assert.Empty(await _journal.ReadAll(seq, ct: Ct));
    }

    [Fact]
    public async Task Newest_first_pages_backwards()
    {
        for (var i = 1; i <= 5; i++)
            await _journal.Append(Someone, new AliasSet("m", "a", i), "m", ct: Ct);
        var newest = await _journal.Read(Someone, new JournalQuery(Limit: 2, NewestFirst: true), Ct);
        var older = await _journal.Read(Someone, new JournalQuery(After: newest[^1].Seq, Limit: 2, NewestFirst: true), Ct);
        Assert.Equal([5, 4, 3, 2], newest.Concat(older).Select(e => e.DetailAs<AliasSet>().ModelVersion));
    }
}
