using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>
/// SQL of metrics: the points, and one row a series with its last, least and greatest value, which is what searching and
/// listing ask. The layout of the points is known here alone.
/// </summary>
internal static class SeriesStore
{
    public const string SummaryColumns = "name, last_value, last_is_nan, last_at, last_step, min_value, min_step, max_value, max_step, points";

    /// <summary>Adds points of a run. An exact duplicate (step, time and value) is the same point.</summary>
    public static void Append(Tx tx, int ws, long run, IReadOnlyList<MetricPoint> points)
    {
        // In the order of the names: two writers of the same series can wait for each other, but not in a circle.
        foreach (var group in points.GroupBy(p => p.Key, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var series = Open(tx, ws, run, group.Key);
            var before = series.Points;
            foreach (var point in group)
            {
                var nan = double.IsNaN(point.Value);
                var value = nan ? 0 : point.Value;
                var at = point.Timestamp.ToUnixTimeMilliseconds();
                var added = tx.Execute(
                    "insert into metric_point (workspace_id, series_key, step, at, value, is_nan) values (@ws, @series, @step, @at, @value, @nan) on conflict do nothing",
                    ("ws", ws), ("series", series.Key), ("step", point.Step), ("at", at), ("value", value), ("nan", nan));
                if (added == 1)
                    series.Add(point.Step, at, value, nan);
            }

            if (series.Points != before)
                Save(tx, ws, series);
        }
    }

    /// <summary>Points by time, step and value.</summary>
    public static List<MetricPoint> History(Tx tx, int ws, long run, string name, int limit, long offset) =>
        tx.Query(
            """
            select p.value, p.is_nan, p.at, p.step from metric_point p join series s on s.series_key = p.series_key and s.workspace_id = p.workspace_id
            where s.workspace_id = @ws and s.run_key = @run and s.name = @name order by p.at, p.step, p.is_nan, p.value limit @limit offset @offset
            """,
            r => new MetricPoint(name, r.Bool(1) ? double.NaN : r.Double(0), r.Time(2), r.Int64(3)),
            ("ws", ws), ("run", run), ("name", name), ("limit", limit), ("offset", offset));

    /// <summary>Distinct steps of a metric, ascending.</summary>
    public static List<long> Steps(Tx tx, int ws, long run, string name) =>
        tx.Query(
            """
            select distinct p.step from metric_point p join series s on s.series_key = p.series_key and s.workspace_id = p.workspace_id
            where s.workspace_id = @ws and s.run_key = @run and s.name = @name order by p.step
            """,
            r => r.Int64(0), ("ws", ws), ("run", run), ("name", name));

    /// <summary>Points within a range of steps, by step, time and value.</summary>
    public static List<MetricPoint> Range(Tx tx, int ws, long run, string name, long first, long last) =>
        tx.Query(
            """
            select p.value, p.is_nan, p.at, p.step from metric_point p join series s on s.series_key = p.series_key and s.workspace_id = p.workspace_id
            where s.workspace_id = @ws and s.run_key = @run and s.name = @name and p.step >= @first and p.step <= @last order by p.step, p.at, p.value
            """,
            r => new MetricPoint(name, r.Bool(1) ? double.NaN : r.Double(0), r.Time(2), r.Int64(3)),
            ("ws", ws), ("run", run), ("name", name), ("first", first), ("last", last));

    public static MetricSummary MapSummary(Row r, int i) =>
        new(r.Text(i), new MetricPoint(r.Text(i), r.Bool(i + 2) ? double.NaN : r.Double(i + 1), r.Time(i + 3), r.Int64(i + 4)),
            r.DoubleOrNull(i + 5), r.Int64OrNull(i + 6), r.DoubleOrNull(i + 7), r.Int64OrNull(i + 8), r.Int64(i + 9));

    // The update that changes nothing locks the row and returns it, in one statement on both databases.
    private static Series Open(Tx tx, int ws, long run, string name) =>
        tx.QueryOne(
            """
            insert into series (workspace_id, run_key, name, last_value, last_is_nan, last_at, last_step, points) values (@ws, @run, @name, 0, 0, 0, 0, 0)
            on conflict (workspace_id, run_key, name) do update set points = series.points
            returning series_key, last_value, last_is_nan, last_at, last_step, min_value, min_step, max_value, max_step, points, first_value, first_is_nan, first_at, first_step
            """,
            r => new Series(r.Int64(0))
            {
                LastValue = r.Double(1),
                LastIsNan = r.Bool(2),
                LastAt = r.Int64(3),
                LastStep = r.Int64(4),
                Min = r.DoubleOrNull(5),
                MinStep = r.Int64OrNull(6),
                Max = r.DoubleOrNull(7),
                MaxStep = r.Int64OrNull(8),
                Points = r.Int64(9),
                FirstValue = r.Double(10),
                FirstIsNan = r.Bool(11),
                FirstAt = r.Int64(12),
                FirstStep = r.Int64(13),
            },
            ("ws", ws), ("run", run), ("name", name))!;

    private static void Save(Tx tx, int ws, Series s) =>
        tx.Execute(
            """
            update series set last_value = @value, last_is_nan = @nan, last_at = @at, last_step = @step, min_value = @min, min_step = @min_step, max_value = @max, max_step = @max_step, points = @points,
                first_value = @first, first_is_nan = @first_nan, first_at = @first_at, first_step = @first_step
            where workspace_id = @ws and series_key = @key
            """,
            ("value", s.LastValue), ("nan", s.LastIsNan), ("at", s.LastAt), ("step", s.LastStep), ("min", s.Min), ("min_step", s.MinStep), ("max", s.Max), ("max_step", s.MaxStep),
            ("points", s.Points), ("first", s.FirstValue), ("first_nan", s.FirstIsNan), ("first_at", s.FirstAt), ("first_step", s.FirstStep), ("ws", ws), ("key", s.Key));

    private sealed class Series(long key)
    {
        public long Key { get; } = key;

        public double LastValue { get; set; }

        public bool LastIsNan { get; set; }

        public long LastAt { get; set; }

        public long LastStep { get; set; }

        public double FirstValue { get; set; }

        public bool FirstIsNan { get; set; }

        public long FirstAt { get; set; }

        public long FirstStep { get; set; }

        public double? Min { get; set; }

        public long? MinStep { get; set; }

        public double? Max { get; set; }

        public long? MaxStep { get; set; }

        public long Points { get; set; }

        public void Add(long step, long at, double value, bool nan)
        {
            // The latest is not the last received: step, then time, then value decide.
            if (Points == 0 || (step, at, value).CompareTo((LastStep, LastAt, LastValue)) > 0)
                (LastStep, LastAt, LastValue, LastIsNan) = (step, at, value, nan);
            if (Points == 0 || (step, at, value).CompareTo((FirstStep, FirstAt, FirstValue)) < 0)
                (FirstStep, FirstAt, FirstValue, FirstIsNan) = (step, at, value, nan);
            Points++;
            if (nan)
                return;
            if (Min is null || value < Min || (value == Min && step < MinStep))
                (Min, MinStep) = (value, step);
            if (Max is null || value > Max || (value == Max && step < MaxStep))
                (Max, MaxStep) = (value, step);
        }
    }
}
