using System.Runtime.InteropServices;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>
/// SQL of metrics: the points, and one row a series with its first, last, least and greatest value, which is what searching and
/// listing ask. The layout of the points is known here and in <see cref="BlockStore"/> alone.
/// </summary>
internal static class SeriesStore
{
    public const string SummaryColumns =
        "name, last_value, last_is_nan, last_at, last_step, min_value, min_step, max_value, max_step, points, last_part, min_part, max_part";

    public const string PointColumns = "p.step, p.part, p.at, p.value, p.is_nan";

    /// <summary>Order and identity of points.</summary>
    public const string PointOrder = "p.step, p.part, p.at, p.value, p.is_nan";

    private static readonly string[] _columns = ["workspace_id", "series_key", "step", "part", "at", "value", "is_nan"];

    /// <summary>Adds points of a run. An exact duplicate (step, time and value) is the same point.</summary>
    public static void Append(Tx tx, int ws, long run, IReadOnlyList<MetricPoint> points)
    {
        // In the order of the names: two writers of the same series can wait for each other, but not in a circle.
        var groups = points.Count == 1 ? [(points[0].Key, points)] : points.GroupBy(p => p.Key, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, (IReadOnlyList<MetricPoint>)[.. g]));
        foreach (var (name, group) in groups)
        {
            var series = Open(tx, ws, run, name);
            var cells = new Cell[group.Count * _columns.Length];
            for (var i = 0; i < group.Count; i++)
                Write(cells.AsSpan(i * _columns.Length, _columns.Length), ws, series.Key, Key(group[i]));
            var added = tx.InsertMany("metric_point", _columns, cells);
            if (added == 0)
                continue;
            // A duplicate changes none of the extremes, so all may be looked at.
            foreach (var point in group)
                series.Add(Key(point));
            series.Points += added;
            BlockStore.Keep(tx, ws, series, group.Min(Key));
            Save(tx, ws, series);
        }
    }

    /// <summary>The key of a series that has points.</summary>
    public static long? Find(Tx tx, int ws, long run, string name) =>
        tx.Scalar("select series_key from series where workspace_id = @ws and run_key = @run and name = @name and points > 0", ("ws", ws), ("run", run), ("name", name));

    /// <summary>Points by time, step and value.</summary>
    public static List<MetricPoint> History(Tx tx, int ws, long run, string name, int limit, long offset) =>
        tx.Query(
            $"""
            select {PointColumns} from metric_point p join series s on s.series_key = p.series_key and s.workspace_id = p.workspace_id
            where s.workspace_id = @ws and s.run_key = @run and s.name = @name order by p.at, p.step, p.part, p.is_nan, p.value limit @limit offset @offset
            """,
            r => Point(name, r),
            ("ws", ws), ("run", run), ("name", name), ("limit", limit), ("offset", offset));

    /// <summary>Distinct steps of a metric without their decimals, ascending.</summary>
    public static List<long> Steps(Tx tx, int ws, long run, string name) =>
        tx.Query(
            """
            select distinct p.step from metric_point p join series s on s.series_key = p.series_key and s.workspace_id = p.workspace_id
            where s.workspace_id = @ws and s.run_key = @run and s.name = @name order by p.step
            """,
            r => r.Int64(0), ("ws", ws), ("run", run), ("name", name));

    /// <summary>Points within a range of steps, by step, time and value.</summary>
    public static List<MetricPoint> Range(Tx tx, int ws, long run, string name, decimal first, decimal last) =>
        Points(tx, ws, run, name, new PointRange(Within(first), Within(last)), null, int.MaxValue);

    /// <summary>Points within a range, by step, time and value.</summary>
    /// <param name="after">The point before the page; null for the first page.</param>
    public static List<MetricPoint> Points(Tx tx, int ws, long run, string name, PointRange range, PointKey? after, int limit)
    {
        if (Find(tx, ws, run, name) is not { } series)
            return [];
        var args = new List<(string, object?)> { ("ws", ws), ("series", series), ("limit", limit) };
        var where = range.Where(args);
        if (after is { } key)
            where += " and " + After(args, key);
        return tx.Query(
            $"select {PointColumns} from metric_point p where p.workspace_id = @ws and p.series_key = @series{where} order by {PointOrder} limit @limit", r => Point(name, r),
            CollectionsMarshal.AsSpan(args));
    }

    /// <summary>The condition that a point comes after another one.</summary>
    public static string After(List<(string, object?)> args, PointKey key)
    {
        args.AddRange([("after_step", key.Step.Whole), ("after_part", key.Step.Part), ("after_at", key.At), ("after_value", key.Value), ("after_nan", key.IsNan)]);
        return $"({PointOrder}) > (@after_step, @after_part, @after_at, @after_value, @after_nan)";
    }

    public static PointKey Key(Row r) => new(new StepKey(r.Int64(0), r.Int64(1)), r.Int64(2), r.Double(3), r.Bool(4));

    /// <summary>NaN is stored as 0 with a flag, since a database has no order for it.</summary>
    public static PointKey Key(MetricPoint point)
    {
        var nan = double.IsNaN(point.Value);
        return new PointKey(StepKey.Of(point.Step), point.Timestamp.ToUnixTimeMilliseconds(), nan ? 0 : point.Value, nan);
    }

    public static MetricSummary MapSummary(Row r, int i) =>
        new(r.Text(i), new MetricPoint(r.Text(i), r.Bool(i + 2) ? double.NaN : r.Double(i + 1), r.Time(i + 3), new StepKey(r.Int64(i + 4), r.Int64(i + 10)).Step),
            r.DoubleOrNull(i + 5), Step(r, i + 6, i + 11), r.DoubleOrNull(i + 7), Step(r, i + 8, i + 12), r.Int64(i + 9));

    private static decimal? Step(Row r, int whole, int part) => r.IsNull(whole) ? null : new StepKey(r.Int64(whole), r.Int64OrNull(part) ?? 0).Step;

    // A range may name more than 64 bits; a step may not.
    private static decimal Within(decimal step) => Math.Clamp(step, long.MinValue, long.MaxValue);

    private static MetricPoint Point(string name, Row r) => new(name, r.Bool(4) ? double.NaN : r.Double(3), r.Time(2), new StepKey(r.Int64(0), r.Int64(1)).Step);

    private static void Write(Span<Cell> cells, int ws, long series, PointKey key)
    {
        cells[0] = ws;
        cells[1] = series;
        cells[2] = key.Step.Whole;
        cells[3] = key.Step.Part;
        cells[4] = key.At;
        cells[5] = key.Value;
        cells[6] = key.IsNan ? 1 : 0;
    }

    // The update that changes nothing locks the row and returns it, in one statement on both databases.
    private static Series Open(Tx tx, int ws, long run, string name) =>
        tx.QueryOne(
            """
            insert into series (workspace_id, run_key, name, last_value, last_is_nan, last_at, last_step, points) values (@ws, @run, @name, 0, 0, 0, 0, 0)
            on conflict (workspace_id, run_key, name) do update set points = series.points
            returning series_key, points, last_step, last_part, last_at, last_value, last_is_nan, first_step, first_part, first_at, first_value, first_is_nan,
                min_value, min_step, min_part, max_value, max_step, max_part, rolled, rolled_step, rolled_part, rolled_at
            """,
            r => new Series(r.Int64(0))
            {
                Points = r.Int64(1),
                Last = Key(r, 2),
                First = Key(r, 7),
                Min = Extreme(r, 12),
                Max = Extreme(r, 15),
                Rolled = r.Int64(18),
                RolledTo = new PointKey(new StepKey(r.Int64(19), r.Int64(20)), r.Int64(21), double.PositiveInfinity, true),
            },
            ("ws", ws), ("run", run), ("name", name))!;

    private static PointKey Key(Row r, int i) => new(new StepKey(r.Int64(i), r.Int64(i + 1)), r.Int64(i + 2), r.Double(i + 3), r.Bool(i + 4));

    private static (double Value, StepKey Step)? Extreme(Row r, int i) => r.IsNull(i) ? null : (r.Double(i), new StepKey(r.Int64(i + 1), r.Int64OrNull(i + 2) ?? 0));

    private static void Save(Tx tx, int ws, Series s) =>
        tx.Execute(
            """
            update series set points = @points, last_step = @last_step, last_part = @last_part, last_at = @last_at, last_value = @last, last_is_nan = @last_nan,
                first_step = @first_step, first_part = @first_part, first_at = @first_at, first_value = @first, first_is_nan = @first_nan,
                min_value = @min, min_step = @min_step, min_part = @min_part, max_value = @max, max_step = @max_step, max_part = @max_part,
                rolled = @rolled, rolled_step = @rolled_step, rolled_part = @rolled_part, rolled_at = @rolled_at
            where workspace_id = @ws and series_key = @key
            """,
            ("points", s.Points), ("last_step", s.Last.Step.Whole), ("last_part", s.Last.Step.Part), ("last_at", s.Last.At), ("last", s.Last.Value), ("last_nan", s.Last.IsNan),
            ("first_step", s.First.Step.Whole), ("first_part", s.First.Step.Part), ("first_at", s.First.At), ("first", s.First.Value), ("first_nan", s.First.IsNan),
            ("min", s.Min?.Value), ("min_step", s.Min?.Step.Whole), ("min_part", s.Min?.Step.Part), ("max", s.Max?.Value), ("max_step", s.Max?.Step.Whole), ("max_part", s.Max?.Step.Part),
            ("rolled", s.Rolled), ("rolled_step", s.RolledTo.Step.Whole), ("rolled_part", s.RolledTo.Step.Part), ("rolled_at", s.RolledTo.At), ("ws", ws), ("key", s.Key));
}

/// <summary>A series while points are added to it.</summary>
internal sealed class Series(long key)
{
    public long Key { get; } = key;

    public long Points { get; set; }

    public PointKey First { get; set; }

    public PointKey Last { get; set; }

    public (double Value, StepKey Step)? Min { get; set; }

    public (double Value, StepKey Step)? Max { get; set; }

    /// <summary>How many of its first points stand in blocks.</summary>
    public long Rolled { get; set; }

    /// <summary>No point up to here may be added without undoing blocks.</summary>
    public PointKey RolledTo { get; set; }

    private bool _any;

    public void Add(PointKey point)
    {
        var any = _any || Points > 0;
        _any = true;
        // The latest is not the last received: step, then time, then value decide.
        if (!any || point.CompareTo(Last) > 0)
            Last = point;
        if (!any || point.CompareTo(First) < 0)
            First = point;
        if (point.IsNan)
            return;
        if (Min is not { } min || point.Value < min.Value || (point.Value == min.Value && point.Step.CompareTo(min.Step) < 0))
            Min = (point.Value, point.Step);
        if (Max is not { } max || point.Value > max.Value || (point.Value == max.Value && point.Step.CompareTo(max.Step) < 0))
            Max = (point.Value, point.Step);
    }
}

/// <summary>A range of points, ends included; null is open.</summary>
internal sealed record PointRange(decimal? FromStep = null, decimal? ToStep = null, long? FromTime = null, long? ToTime = null)
{
    /// <summary>The condition on points <c>p</c>, beginning with <c>and</c>; empty when there is none.</summary>
    public string Where(List<(string, object?)> args)
    {
        var where = "";
        if (FromStep is { } from)
            where += Step(args, "from", ">=", from);
        if (ToStep is { } to)
            where += Step(args, "to", "<=", to);
        if (FromTime is { } begin)
            where += Bound(args, "from_time", "p.at >=", begin);
        if (ToTime is { } end)
            where += Bound(args, "to_time", "p.at <=", end);
        return where;
    }

    public bool Holds(StepKey step, long at) =>
        (FromStep is not { } from || step.CompareTo(StepKey.Of(from)) >= 0) && (ToStep is not { } to || step.CompareTo(StepKey.Of(to)) <= 0) && (FromTime is not { } begin || at >= begin) && (ToTime is not { } end || at <= end);

    private static string Step(List<(string, object?)> args, string name, string op, decimal step)
    {
        var key = StepKey.Of(step);
        args.AddRange([(name + "_step", key.Whole), (name + "_part", key.Part)]);
        return $" and (p.step, p.part) {op} (@{name}_step, @{name}_part)";
    }

    private static string Bound(List<(string, object?)> args, string name, string condition, long value)
    {
        args.Add((name, value));
        return $" and {condition} @{name}";
    }
}
