using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Platform.Tests.Storage;

public sealed class DbTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private Db _db = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _db = Db.OpenSqlite(_folder.File("t.db"));
        await _db.Write(tx => tx.Execute("create table t (id integer primary key, v text)"), ct: Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _db.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_failing_job_takes_no_other_with_it()
    {
        var jobs = Enumerable.Range(0, 200).Select(i => _db.Write(
            tx =>
            {
                tx.Execute("insert into t (v) values (@v)", ("v", i.ToString()));
                return i % 10 == 3 ? throw new HoldfastException(ErrorCode.InvalidArgument, "refused") : i;
            },
            ct: Ct)).ToList();
        await Task.WhenAll(jobs.Select(async j => await ((Task)j).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing)));
        Assert.Equal(20, jobs.Count(j => j.IsFaulted));
        Assert.Equal(180, await _db.Read(tx => tx.Scalar("select count(*) from t"), Ct));
        Assert.Equal(0, await _db.Read(tx => tx.Scalar("select count(*) from t where v like '%3'"), Ct));
    }

    [Fact]
    public async Task An_acknowledged_write_is_seen_by_the_next_read()
    {
        for (var i = 0; i < 50; i++)
        {
            await _db.Write(tx => tx.Execute("insert into t (v) values ('x')"), ct: Ct);
            Assert.Equal(i + 1, await _db.Read(tx => tx.Scalar("select count(*) from t"), Ct));
        }
    }

    [Fact]
    public async Task Control_jobs_overtake_waiting_bulk_jobs()
    {
        using var hold = new ManualResetEventSlim();
        var order = new List<string>();
        var first = _db.Write(_ => hold.Wait(TimeSpan.FromSeconds(10)), ct: Ct);
        var bulk = Enumerable.Range(0, 50).Select(_ => _db.Write(_ => order.Add("bulk"), WriteLane.Bulk, Ct)).ToList();
        var control = _db.Write(_ => order.Add("control"), ct: Ct);
        hold.Set();
        await Task.WhenAll([first, .. bulk, control]);
        Assert.Equal("control", order[0]);
        Assert.Equal(51, order.Count);
    }

    [Fact]
    public async Task On_commit_runs_only_for_jobs_that_committed()
    {
        var ran = new List<int>();
        var good = _db.Write(tx => tx.OnCommit(() => ran.Add(1)), ct: Ct);
        var bad = _db.Write<int>(
            tx =>
            {
                tx.OnCommit(() => ran.Add(2));
                throw new InvalidOperationException();
            },
            ct: Ct);
        await good;
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        Assert.Equal([1], ran);
    }

    [Fact]
    public async Task A_query_may_stand_inside_the_mapping_of_the_same_query()
    {
        await _db.Write(tx => tx.Execute("insert into t (v) values ('a'), ('b')"), ct: Ct);
        var nested = await _db.Read(tx => tx.Query("select v from t order by id", r => r.Text(0) + tx.Query("select v from t order by id", q => q.Text(0)).Count), Ct);
        Assert.Equal(["a2", "b2"], nested);
    }

    [Fact]
    public async Task Readers_see_a_snapshot_while_a_writer_works()
    {
        await _db.Write(tx => tx.Execute("insert into t (v) values ('a')"), ct: Ct);
        var seen = await _db.Read(
            tx =>
            {
                var before = tx.Scalar("select count(*) from t");
                var write = Task.Run(() => _db.Write(w => w.Execute("insert into t (v) values ('b')"), ct: Ct), Ct);
                Assert.True(((IAsyncResult)write).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
                return (before, tx.Scalar("select count(*) from t"));
            },
            Ct);
        Assert.Equal((1L, 1L), seen);
    }

    [Fact]
    public async Task Nothing_is_accepted_after_closing()
    {
        await _db.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _db.Write(_ => { }, ct: Ct));
    }

    [Fact]
    public async Task What_a_commit_changed_is_told_before_it_is_acknowledged()
    {
        await _db.Write(tx => tx.Execute("create table owned (scope integer not null, owner integer not null, name text not null, primary key (scope, owner, name)) without rowid"), ct: Ct);
        var told = new HashSet<(long, long)>();
        Assert.True(await _db.Watch([new WatchedTable("owned", "scope", "owner")], keys => told.UnionWith(keys)));
        async Task Told(string sql, params (long, long)[] keys)
        {
            told.Clear();
            await _db.Write(tx => tx.Execute(sql), ct: Ct);
            Assert.Equal(keys.Order(), told.Order());
        }

        await Told("insert into owned values (1, 5, 'a'), (1, 6, 'a'), (2, 5, 'a')", (1, 5), (1, 6), (2, 5));
        await Told("insert into owned values (1, 5, 'a') on conflict do nothing");
        await Told("insert into owned values (1, 5, 'a') on conflict (scope, owner, name) do update set name = 'b'", (1, 5));
        await Told("update owned set owner = 9 where scope = 1 and owner = 6", (1, 6), (1, 9));
        await Told("delete from owned where scope = 2", (2, 5));
        await Told("insert into t (v) values ('x')");
    }
}
