using System.Globalization;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The runs of one workspace as columns, in the order of their keys.</summary>
internal sealed class RunTable(int ws) : IDisposable
{
    // More changed runs than this are read anew as a whole.
    private const int MostChanges = 5_000;
    private const long MostBytes = 96L << 20;
    private const byte Gone = 0;
    private const byte Active = 1;
    private const byte Deleted = 2;
    private const byte Other = 3;

    private readonly ReaderWriterLockSlim _lock = new();
    private readonly Dictionary<FilterField, RunColumn> _columns = [];
    private readonly Lock _gate = new();
    private HashSet<long> _changed = [];
    private bool _stale = true;
    private long[] _keys = [];
    private string[] _ids = [];
    private int[] _experiments = [];
    private byte[] _stages = [];
    private ulong[] _newest = [];
    private int _count;
    private long _searches;

    /// <summary>Marks a run whose rows have changed.</summary>
    public void Changed(long run)
    {
        lock (_gate)
        {
            if (_stale || !_changed.Add(run) || _changed.Count <= MostChanges)
                return;
            _stale = true;
            _changed = [];
        }
    }

    public RunRows Search(Tx tx, RunSearch search)
    {
        var fields = Fields(search).ToHashSet();
        _lock.EnterReadLock();
        try
        {
            if (!Behind() && fields.All(_columns.ContainsKey))
                return Find(search);
        }
        finally
        {
            _lock.ExitReadLock();
        }

        _lock.EnterWriteLock();
        try
        {
            Renew(tx);
            var mark = ++_searches;
            foreach (var field in fields)
            {
                if (!_columns.TryGetValue(field, out var column))
                    _columns.Add(field, column = Read(tx, field));
                column.Used = mark;
            }

            var rows = Find(search);
            Forget(mark);
            return rows;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    public void Dispose() => _lock.Dispose();

    private bool Behind()
    {
        lock (_gate)
            return _stale || _changed.Count > 0;
    }

    // The changes are taken before the first look at the tables, so what is looked at is never older than they are.
    private void Renew(Tx tx)
    {
        HashSet<long> changed;
        bool stale;
        lock (_gate)
        {
            (changed, stale) = (_changed, _stale);
            (_changed, _stale) = ([], false);
        }

        try
        {
            if (stale)
                ReadAll(tx);
            else if (changed.Count > 0)
                ReadAgain(tx, [.. changed.Order()]);
        }
        catch
        {
            lock (_gate)
                _stale = true;
            throw;
        }
    }

    private void ReadAll(Tx tx)
    {
        _columns.Clear();
        _count = 0;
        tx.Each("select run_key, run_id, experiment_id, stage, started_at from run where workspace_id = @ws order by run_key", r => Put(Append(r.Int64(0)), r), ("ws", ws));
    }

    private void ReadAgain(Tx tx, long[] changed)
    {
        foreach (var chunk in changed.Chunk(RunStore.Chunk))
        {
            var among = string.Join(", ", chunk.Select(k => k.ToString(CultureInfo.InvariantCulture)));
            var known = chunk.Select(Slot).Where(slot => slot >= 0).ToList();
            foreach (var slot in known)
                _stages[slot] = Gone;
            tx.Each(
                $"select run_key, run_id, experiment_id, stage, started_at from run where workspace_id = @ws and run_key in ({among}) order by run_key",
                r => Put(Slot(r.Int64(0)) is >= 0 and var slot ? slot : Append(r.Int64(0)), r), ("ws", ws));
            foreach (var (field, column) in _columns)
            {
                column.Resize(_count, _keys.Length);
                foreach (var slot in known)
                    column.Clear(slot);
                Fill(tx, field, column, $" and x.run_key in ({among})");
            }
        }

        foreach (var (field, column) in _columns.Where(c => c.Value.Wasteful).ToList())
            _columns.Remove(field);
    }

    private RunColumn Read(Tx tx, FilterField field)
    {
        RunColumn column = field.Kind == "dataset" ? new TextsColumn() : field.Type == FieldType.Text ? new TextColumn() : new NumberColumn();
        column.Resize(_count, _keys.Length);
        Fill(tx, field, column, "");
        return column;
    }

    private void Fill(Tx tx, FilterField field, RunColumn column, string among)
    {
        var sql = new FilterSql(tx.Dialect, (_, _) => "");
        var text = RunFields.Select(sql, field).Replace("{0}", among, StringComparison.Ordinal);
        sql.Bind("ws", ws);
        var hint = -1;
        tx.Each(
            text,
            r =>
            {
                var key = r.Int64(0);
                hint = hint + 1 < _count && _keys[hint + 1] == key ? hint + 1 : Slot(key);
                if (hint >= 0)
                    column.Put(hint, r);
            },
            sql.Args);
    }

    private int Slot(long key) => Array.BinarySearch(_keys, 0, _count, key) is >= 0 and var slot ? slot : -1;

    private int Append(long key)
    {
        if (_count > 0 && key < _keys[_count - 1])
            throw new InvalidOperationException($"The run {key} is not newer than the ones before it.");
        if (_count == _keys.Length)
        {
            var room = Math.Max(64, _count * 2);
            Array.Resize(ref _keys, room);
            Array.Resize(ref _ids, room);
            Array.Resize(ref _experiments, room);
            Array.Resize(ref _stages, room);
            Array.Resize(ref _newest, room);
        }

        _keys[_count] = key;
        return _count++;
    }

    private void Put(int slot, Row r)
    {
        _ids[slot] = r.Text(1);
        _experiments[slot] = r.Int32(2);
        _stages[slot] = r.Text(3) switch { "active" => Active, "deleted" => Deleted, _ => Other };
        _newest[slot] = r.Int64OrNull(4) is { } started ? ~SortKey.Of((double)started) : SortKey.Missing;
    }

    // The columns that no recent search named go first.
    private void Forget(long mark)
    {
        var bytes = _columns.Values.Sum(c => c.Bytes);
        foreach (var (field, column) in _columns.OrderBy(c => c.Value.Used).ToList())
        {
            if (bytes <= MostBytes || column.Used == mark)
                return;
            bytes -= column.Bytes;
            _columns.Remove(field);
        }
    }

    private RunRows Find(RunSearch search)
    {
        using var scratch = new Scratch();
        var matches = Matches(search.Filter, scratch);
        var slots = scratch.Rent<int>(_count);
        var n = 0;
        var experiments = search.Experiments?.ToHashSet();
        var only = experiments is { Count: 1 } ? search.Experiments![0] : (int?)null;
        for (var i = 0; i < _count; i++)
        {
            if (matches[i] && InView(_stages[i], search.View) && (only is { } one ? _experiments[i] == one : experiments is null || experiments.Contains(_experiments[i])))
                slots[n++] = i;
        }

        var page = RunOrder.Page(slots, n, SortKeys(search.Order, slots.AsSpan(0, n), scratch), _ids, search.Offset, search.Limit, scratch);
        var values = search.Columns.Count == 0 ? null : Array.ConvertAll(page, slot => Values(slot, search.Columns));
        return new RunRows([.. page.Select(slot => _keys[slot])], values, n);
    }

    private IReadOnlyList<RunValue> Values(int slot, IReadOnlyList<FieldColumn> columns) =>
        [.. columns.Select(c => _columns[Plain(c.Field)].Value(slot, c.Name, c.Field))];

    private ulong[][] SortKeys(IReadOnlyList<Ordering> order, ReadOnlySpan<int> found, Scratch scratch)
    {
        var keys = new List<ulong[]>();
        foreach (var (field, descending) in order)
        {
            var own = scratch.Rent<ulong>(found.Length);
            _columns[Plain(field)].SortKeys(found, own.AsSpan(0, found.Length), field, descending);
            keys.Add(own);
        }

        if (!order.Any(o => o.Field is { Kind: "attribute", Key: "start_time" }))
        {
            var newest = scratch.Rent<ulong>(found.Length);
            for (var i = 0; i < found.Length; i++)
                newest[i] = _newest[found[i]];
            keys.Add(newest);
        }

        return [.. keys];
    }

    // For each slot whether it meets the filter.
    private bool[] Matches(Filter filter, Scratch scratch)
    {
        var found = scratch.Rent<bool>(_count);
        var own = found.AsSpan(0, _count);
        switch (filter)
        {
            case AllOf all:
                own.Fill(true);
                foreach (var part in all.Parts)
                {
                    var other = Matches(part, scratch);
                    for (var i = 0; i < own.Length; i++)
                        own[i] &= other[i];
                }

                break;
            case AnyOf any:
                own.Clear();
                foreach (var part in any.Parts)
                {
                    var other = Matches(part, scratch);
                    for (var i = 0; i < own.Length; i++)
                        own[i] |= other[i];
                }

                break;
            case NoneOf none:
                var not = Matches(none.Part, scratch);
                for (var i = 0; i < own.Length; i++)
                    own[i] = !not[i];
                break;
            case Comparison comparison:
                _columns[Plain(comparison.Field)].Match(RunSql.Status(comparison), own, scratch);
                break;
            default:
                throw new InvalidOperationException(filter.GetType().Name);
        }

        return found;
    }

    private static bool InView(byte stage, ViewType view) => view switch
    {
        ViewType.ActiveOnly => stage == Active,
        ViewType.DeletedOnly => stage == Deleted,
        _ => stage != Gone,
    };

    private static IEnumerable<FilterField> Fields(RunSearch search)
    {
        if (search.Order.FirstOrDefault(o => o.Field.Kind == "dataset") is { } unordered)
            throw RunSql.Unordered(unordered.Field);
        return Fields(search.Filter).Concat(search.Order.Select(o => o.Field)).Concat(search.Columns.Select(c => c.Field)).Select(Plain);
    }

    private static IEnumerable<FilterField> Fields(Filter filter) => filter switch
    {
        AllOf all => all.Parts.SelectMany(Fields),
        AnyOf any => any.Parts.SelectMany(Fields),
        NoneOf none => Fields(none.Part),
        Comparison comparison => [comparison.Field],
        _ => [],
    };

    // One column serves every way in which a field is compared.
    private static FilterField Plain(FilterField field) => field with
    {
        AllowsIn = false,
        NanAsZero = false,
        AsNumber = false,
        Type = field.AsNumber ? FieldType.Text : field.Type,
        At = field.At is { } other ? other with { AllowsIn = false, NanAsZero = false } : null,
    };
}
