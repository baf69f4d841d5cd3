using System.Collections.Concurrent;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>
/// The search of runs over columns in memory: any filter and order is a few passes over arrays, whatever is selective and whatever is
/// indexed. Columns are read when a search first names them; what commits change is told by the database and read again at the next
/// search, so an acknowledged write is always found. Where the database cannot tell (PostgreSQL), <see cref="RunSql"/> searches.
/// </summary>
internal sealed class RunIndex(Db db)
{
    private static readonly IReadOnlyList<WatchedTable> _watched =
        [.. new[] { "run", "series", "run_param", "run_tag", "run_input", "run_input_tag" }.Select(table => new WatchedTable(table, "workspace_id", "run_key"))];

    private readonly ConcurrentDictionary<int, RunTable> _tables = new();
    private readonly Lock _gate = new();
    private Task<bool>? _watching;

    /// <summary>Whether searches are answered from memory. To be awaited before <see cref="Search"/>.</summary>
    public Task<bool> Ready()
    {
        lock (_gate)
            return _watching is { IsFaulted: false, IsCanceled: false } started ? started : _watching = db.Watch(_watched, Changed);
    }

    /// <summary>Searches. It must be the first that its transaction asks: the snapshot may not be older than the changes told.</summary>
    public RunRows Search(Tx tx, int ws, RunSearch search) =>
        search.Experiments is { Count: 0 } ? new RunRows([], [], 0) : _tables.GetOrAdd(ws, id => new RunTable(id)).Search(tx, search);

    private void Changed(IReadOnlySet<(long Scope, long Key)> rows)
    {
        foreach (var (ws, run) in rows)
        {
            if (_tables.TryGetValue((int)ws, out var table))
                table.Changed(run);
        }
    }
}
