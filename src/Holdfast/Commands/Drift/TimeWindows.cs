using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>The current file cut into windows of its time column; windows begin at whole multiples of their length in UTC.</summary>
internal sealed class TimeWindows
{
    private const int Most = 2_000;
    private readonly Table _table;
    private readonly string _name;
    private readonly SortedDictionary<long, List<int>> _rows = [];
    private readonly TimeSpan _length;

    public TimeWindows(DriftTable current, DriftSettings settings)
    {
        _table = current.Memory ?? throw new HoldfastException(ErrorCode.FailedPrecondition, $"{current.Name} is larger than --memory, and windows need it in memory.", "Raise --memory, or leave --window out.");
        _name = current.Name;
        _length = settings.Window!.Value;
        var times = _table.Find(settings.Time!)!;
        if (times.Kind != ColumnKind.Time)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{current.Name}: the column '{times.Name}' holds no times (ISO 8601).", "Name a column of times: --time COLUMN.");
        var length = (long)_length.TotalMilliseconds;
        for (var row = 0; row < times.Count; row++)
        {
            if (double.IsNaN(times.Numbers[row]))
                continue;
            var key = (long)Math.Floor(times.Numbers[row] / length);
            if (!_rows.TryGetValue(key, out var rows))
                _rows[key] = rows = [];
            rows.Add(row);
        }

        if (_rows.Count > Most)
            throw new HoldfastException(ErrorCode.InvalidArgument, $"{current.Name} spans {_rows.Count} windows of {_length}, more than {Most}.", "Choose a longer --window.");
    }

    /// <summary>Judges each window against the whole reference.</summary>
    public IReadOnlyList<FoundWindow> Judge(IReadOnlyList<ReferenceFeature> references, DriftTable reference, DriftSettings settings)
    {
        var windows = _rows.ToList();
        var found = new FoundWindow[windows.Count];
        // All intervals of all windows hold together.
        var level = 1 - (settings.Alpha / Math.Max(1, references.Count * windows.Count));
        Parallel.For(0, windows.Count, i =>
        {
            var (key, rows) = windows[i];
            var part = DriftTable.Of(_name, Part(rows));
            var measured = references.Select(r => r.Measure(part.Find(r.Name)!.As(r.Type), level)).ToList();
            var performance = DriftComparison.Performance(reference, part, settings, 1 - (settings.Alpha / windows.Count));
            var (diagnosis, features) = DriftJudge.Judge(measured, settings, performance, RepeatedRows.Unknown, [], null);
            var start = DateTimeOffset.FromUnixTimeMilliseconds(key * (long)_length.TotalMilliseconds);
            found[i] = new FoundWindow(start, start + _length, rows.Count, diagnosis, features);
        });
        return found;
    }

    private Table Part(List<int> rows) => new([.. _table.Columns.Select(c => c.Kind == ColumnKind.Text ? new Column(c.Name, [.. rows.Select(r => c.Texts[r])]) : new Column(c.Name, [.. rows.Select(r => c.Numbers[r])], c.Kind))]);
}
