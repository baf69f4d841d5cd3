using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Holdfast.Storage.Sql;

/// <summary>
/// SQLite in WAL mode with <c>synchronous=FULL</c>: one writer thread commits all waiting jobs in one transaction (group commit),
/// each under a savepoint so that a failing job takes no other with it. It never waits on a timer: an empty queue means that
/// the next job is committed alone, at once. Readers have pooled connections of their own.
/// </summary>
internal sealed class SqliteDb : Db
{
    private const int MaxBatch = 1_000;
    private const int MaxBulkBatch = 8;
    private readonly string _path;
    private readonly ConcurrentBag<Connection> _readers = [];
    private readonly Queue<IJob> _control = new();
    private readonly Queue<IJob> _bulk = new();
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly Thread _thread;
    private readonly Connection _writer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _checkpoints;
    private readonly List<SqliteWatch> _watches = [];
    private bool _closing;
    private long _commits;

    public SqliteDb(string path)
        : base(new SqliteDialect())
    {
        _path = path;
        _writer = Open();
        _thread = new Thread(Work) { IsBackground = true, Name = "holdfast-writer" };
        _thread.Start();
        _checkpoints = Task.Run(Checkpoint);
    }

    public override long? Commits => Interlocked.Read(ref _commits);

    public override Task<T> Write<T>(Func<Tx, T> job, WriteLane lane = WriteLane.Control, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ct.ThrowIfCancellationRequested();
        var work = new Job<T>(job);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            (lane == WriteLane.Control ? _control : _bulk).Enqueue(work);
        }

        _signal.Release();
        return work.Completion;
    }

    public override Task<T> Read<T>(Func<Tx, T> query, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (ct.IsCancellationRequested)
            return Task.FromCanceled<T>(ct);
        if (!_readers.TryTake(out var connection))
            connection = Open();
        try
        {
            // Deferred: the snapshot is taken by the first query.
            using var transaction = connection.Sqlite.BeginTransaction(deferred: true);
            connection.Tx.Transaction = transaction;
            var result = query(connection.Tx);
            transaction.Commit();
            return Task.FromResult(result);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Task.FromException<T>(e);
        }
        finally
        {
            connection.Tx.Transaction = null;
            _readers.Add(connection);
        }
    }

    public override async Task<bool> Watch(IReadOnlyList<WatchedTable> tables, Action<IReadOnlySet<(long Scope, long Key)>> committed)
    {
        ArgumentNullException.ThrowIfNull(tables);
        // On the writer's thread, which alone touches the list.
        await Write(tx => _watches.Add(SqliteWatch.Start(_writer.Sqlite, tx, _watches.Count, tables, committed)));
        return true;
    }

    public override async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closing)
                return;
            _closing = true;
        }

        _signal.Release();
        await Task.Run(_thread.Join);
        await _stop.CancelAsync();
        await _checkpoints;
        while (_readers.TryTake(out var reader))
            reader.Dispose();
        _writer.Dispose();
        _signal.Dispose();
        _stop.Dispose();
    }

    private Connection Open()
    {
        var sqlite = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        sqlite.Open();
        using var pragma = sqlite.CreateCommand();
        // Checkpoints run on a thread of their own (wal_autocheckpoint=0), never between a request and its answer.
        pragma.CommandText = "pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=0; pragma cache_size=-16000; pragma temp_store=memory; pragma mmap_size=268435456;";
        pragma.ExecuteNonQuery();
        SqliteFunctions.Add(sqlite);
        return new Connection(sqlite, Dialect);
    }

    private void Work()
    {
        var batch = new List<IJob>();
        while (true)
        {
            _signal.Wait();
            lock (_gate)
            {
                while (batch.Count < MaxBatch && _control.TryDequeue(out var job))
                    batch.Add(job);
                for (var n = 0; n < MaxBulkBatch && batch.Count < MaxBatch && _bulk.TryDequeue(out var job); n++)
                    batch.Add(job);
                if (batch.Count == 0 && _closing)
                    return;
            }

            if (batch.Count > 0)
                Commit(batch);
            batch.Clear();
            lock (_gate)
            {
                if (_closing || _bulk.Count > 0 || _control.Count > 0)
                    _signal.Release();
            }
        }
    }

    private void Commit(List<IJob> batch)
    {
        var tx = _writer.Tx;
        try
        {
            using var transaction = _writer.Sqlite.BeginTransaction(deferred: false);
            tx.Transaction = transaction;
            foreach (var job in batch)
            {
                var hooks = tx.OnCommitCount;
                tx.Execute("savepoint job");
                try
                {
                    job.Run(tx);
                    tx.Execute("release job");
                }
                catch (Exception e)
                {
                    tx.Execute("rollback to job");
                    tx.Execute("release job");
                    tx.ForgetOnCommit(hooks);
                    job.Fail(e);
                }
            }

            transaction.Commit();
            foreach (var watch in _watches)
                watch.Committed();
            tx.Committed();
            Interlocked.Increment(ref _commits);
        }
        catch (Exception e)
        {
            // The commit itself failed (disk full, for one): nothing of this batch is acknowledged.
            tx.ForgetOnCommit(0);
            foreach (var job in batch)
                job.Fail(e);
        }
        finally
        {
            tx.Transaction = null;
        }

        foreach (var job in batch)
            job.Done();
    }

    private async Task Checkpoint()
    {
        using var connection = Open();
        long seen = 0;
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(500, CancellationToken.None).WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = Interlocked.Read(ref _commits);
            if (now == seen)
                continue;
            seen = now;
            using var command = connection.Sqlite.CreateCommand();
            command.CommandText = "pragma wal_checkpoint(passive)";
            command.ExecuteNonQuery();
        }
    }

    private sealed class Connection : IDisposable
    {
        private readonly StatementCache _statements;

        public Connection(SqliteConnection sqlite, ISqlDialect dialect)
        {
            Sqlite = sqlite;
            _statements = new StatementCache(sqlite, dialect);
            Tx = new Tx(_statements, dialect);
        }

        public SqliteConnection Sqlite { get; }

        public Tx Tx { get; }

        public void Dispose()
        {
            _statements.Dispose();
            Sqlite.Dispose();
        }
    }

    private interface IJob
    {
        void Run(Tx tx);

        void Fail(Exception e);

        void Done();
    }

    private sealed class Job<T>(Func<Tx, T> body) : IJob
    {
        // Continuations run on the pool, never on the writer thread.
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Exception? _failure;
        private T? _result;

        public Task<T> Completion => _completion.Task;

        public void Run(Tx tx) => _result = body(tx);

        public void Fail(Exception e) => _failure ??= e;

        public void Done()
        {
            if (_failure is null)
                _completion.TrySetResult(_result!);
            else
                _completion.TrySetException(_failure);
        }
    }
}
