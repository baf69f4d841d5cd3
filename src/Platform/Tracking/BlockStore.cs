using System.Runtime.InteropServices;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>Some points of a series in one: a block of them, or a single one.</summary>
internal readonly record struct PointBlock(
    StepKey First, StepKey Last, long MinAt, long MaxAt, long LastAt, double LastValue, double? Min, double? Max, double Sum, long Numbers, long Points)
{
    public static PointBlock Of(PointKey point)
    {
        double? value = point.IsNan ? null : point.Value;
        return new PointBlock(point.Step, point.Step, point.At, point.At, point.At, value ?? double.NaN, value, value, value ?? 0, point.IsNan ? 0 : 1, 1);
    }

    /// <summary>This one and the one after it.</summary>
    public PointBlock With(PointBlock next) => new(
        First, next.Last, Math.Min(MinAt, next.MinAt), Math.Max(MaxAt, next.MaxAt), next.LastAt, next.LastValue, Less(Min, next.Min), Greater(Max, next.Max), Sum + next.Sum, Numbers + next.Numbers, Points + next.Points);

    private static double? Less(double? a, double? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private static double? Greater(double? a, double? b) => a is null ? b : b is null ? a : Math.Max(a.Value, b.Value);
}

/// <summary>
/// Blocks of points beside the points: the first 1,024 of a series, the next, and so on, in their order, and each of them as 16 of 64.
/// They are made in the transaction that adds the points, and undone from where a late point falls between them.
/// </summary>
internal static class BlockStore
{
    public const int Fine = 64;
    public const int Coarse = 1_024;
    private const int FineInCoarse = Coarse / Fine;

    private const string Columns =
        "b.n, b.first_step, b.first_part, b.last_step, b.last_part, b.last_at, b.last_value, b.last_is_nan, b.min_at, b.max_at, b.min_value, b.max_value, b.sum_value, b.numbers, b.size";

    /// <summary>Brings the blocks up to the points that were just added.</summary>
    /// <param name="least">The first of the points added.</param>
    public static void Keep(Tx tx, int ws, Series series, PointKey least)
    {
        if (series.Rolled > 0 && least.CompareTo(series.RolledTo) <= 0)
            Undo(tx, ws, series, least);
        while (series.Points - series.Rolled >= Coarse)
            Roll(tx, ws, series);
    }

    /// <summary>
    /// The points of a series within a range, in their order: as blocks where those give at least half as many pieces as wanted, one by one
    /// at the edges, where there are few, and behind the last block.
    /// </summary>
    public static void Read(Tx tx, int ws, long series, PointRange range, int wanted, Action<PointBlock> piece)
    {
        var rolled = tx.Insert("select rolled from series where workspace_id = @ws and series_key = @series", ("ws", ws), ("series", series));
        var coarse = rolled == 0 ? [] : Blocks(tx, ws, series, Coarse, 0, rolled / Coarse, range);
        PointKey? before = null;
        if (coarse.Count > 0)
        {
            var used = coarse;
            if (2 * coarse.Count(b => Inside(range, b.Block)) < wanted)
                used = Blocks(tx, ws, series, Fine, coarse[0].N * FineInCoarse, (coarse[^1].N + 1) * FineInCoarse, range);
            if (2 * used.Count(b => Inside(range, b.Block)) >= wanted)
            {
                foreach (var (n, size, block, last) in used)
                {
                    if (Inside(range, block))
                        piece(block);
                    else
                        Points(tx, ws, series, range, End(tx, ws, series, size, n - 1), last, piece);
                }

                before = End(tx, ws, series, Coarse, (rolled / Coarse) - 1);
            }
        }

        Points(tx, ws, series, range, before, null, piece);
    }

    private static void Points(Tx tx, int ws, long series, PointRange range, PointKey? after, PointKey? upTo, Action<PointBlock> piece)
    {
        var args = new List<(string, object?)> { ("ws", ws), ("series", series) };
        var where = range.Where(args);
        if (after is { } first)
            where += " and " + SeriesStore.After(args, first);
        if (upTo is { } last)
        {
            args.AddRange([("last_step", last.Step.Whole), ("last_part", last.Step.Part), ("last_at", last.At), ("last_value", last.Value), ("last_nan", last.IsNan)]);
            where += $" and ({SeriesStore.PointOrder}) <= (@last_step, @last_part, @last_at, @last_value, @last_nan)";
        }

        tx.Each(
            $"select {SeriesStore.PointColumns} from metric_point p where p.workspace_id = @ws and p.series_key = @series{where} order by {SeriesStore.PointOrder}", r => piece(PointBlock.Of(SeriesStore.Key(r))),
            CollectionsMarshal.AsSpan(args));
    }

    private static void Roll(Tx tx, int ws, Series series)
    {
        var number = series.Rolled / Coarse;
        var args = new List<(string, object?)> { ("ws", ws), ("series", series.Key), ("limit", Coarse) };
        var where = End(tx, ws, series.Key, Coarse, number - 1) is { } end ? " and " + SeriesStore.After(args, end) : "";
        var points = tx.Query(
            $"select {SeriesStore.PointColumns} from metric_point p where p.workspace_id = @ws and p.series_key = @series{where} order by {SeriesStore.PointOrder} limit @limit", SeriesStore.Key,
            CollectionsMarshal.AsSpan(args));
        var whole = Write(tx, ws, series.Key, Fine, number * FineInCoarse, points[..Fine]);
        for (var i = 1; i < FineInCoarse; i++)
            whole = whole.With(Write(tx, ws, series.Key, Fine, (number * FineInCoarse) + i, points.GetRange(i * Fine, Fine)));
        Write(tx, ws, series.Key, Coarse, number, whole, points[^1]);
        series.Rolled += Coarse;
        series.RolledTo = points[^1] with { Value = double.PositiveInfinity, IsNan = true };
    }

    private static void Undo(Tx tx, int ws, Series series, PointKey from)
    {
        var first = tx.Scalar(
            "select min(n) from metric_block where workspace_id = @ws and series_key = @series and size = @size and (last_step, last_part, last_at) >= (@step, @part, @at)",
            ("ws", ws), ("series", series.Key), ("size", Coarse), ("step", from.Step.Whole), ("part", from.Step.Part), ("at", from.At)) ?? series.Rolled / Coarse;
        foreach (var (size, n) in new[] { (Fine, first * FineInCoarse), (Coarse, first) })
            tx.Execute("delete from metric_block where workspace_id = @ws and series_key = @series and size = @size and n >= @n", ("ws", ws), ("series", series.Key), ("size", size), ("n", n));
        series.Rolled = first * Coarse;
        series.RolledTo = End(tx, ws, series.Key, Coarse, first - 1) is { } end ? end with { Value = double.PositiveInfinity, IsNan = true } : default;
    }

    private static PointBlock Write(Tx tx, int ws, long series, int size, long n, List<PointKey> points)
    {
        var block = PointBlock.Of(points[0]);
        for (var i = 1; i < points.Count; i++)
            block = block.With(PointBlock.Of(points[i]));
        Write(tx, ws, series, size, n, block, points[^1]);
        return block;
    }

    private static void Write(Tx tx, int ws, long series, int size, long n, PointBlock b, PointKey last) =>
        tx.Execute(
            """
            insert into metric_block (workspace_id, series_key, size, n, first_step, first_part, last_step, last_part, last_at, last_value, last_is_nan, min_at, max_at, min_value, max_value, sum_value, numbers)
            values (@ws, @series, @size, @n, @first_step, @first_part, @last_step, @last_part, @last_at, @last_value, @last_nan, @min_at, @max_at, @min, @max, @sum, @numbers)
            """,
            ("ws", ws), ("series", series), ("size", size), ("n", n), ("first_step", b.First.Whole), ("first_part", b.First.Part), ("last_step", b.Last.Whole), ("last_part", b.Last.Part),
            ("last_at", last.At), ("last_value", last.Value), ("last_nan", last.IsNan), ("min_at", b.MinAt), ("max_at", b.MaxAt), ("min", b.Min), ("max", b.Max),
            ("sum", double.IsNaN(b.Sum) ? null : b.Sum), ("numbers", b.Numbers));

    // Blocks of one size with n from..until (not included) that touch the range.
    private static List<(long N, int Size, PointBlock Block, PointKey Last)> Blocks(Tx tx, int ws, long series, int size, long from, long until, PointRange range)
    {
        var found = new List<(long N, int Size, PointBlock Block, PointKey Last)>();
        tx.Each(
            $"select {Columns} from metric_block b where b.workspace_id = @ws and b.series_key = @series and b.size = @size and b.n >= @from and b.n < @until order by b.n",
            r =>
            {
                var last = new PointKey(new StepKey(r.Int64(3), r.Int64(4)), r.Int64(5), r.Double(6), r.Bool(7));
                var block = new PointBlock(
                    new StepKey(r.Int64(1), r.Int64(2)), last.Step, r.Int64(8), r.Int64(9), last.At, last.IsNan ? double.NaN : last.Value, r.DoubleOrNull(10), r.DoubleOrNull(11), r.DoubleOrNull(12) ?? double.NaN, r.Int64(13), r.Int64(14));
                if (Touches(range, block))
                    found.Add((r.Int64(0), size, block, last));
            },
            ("ws", ws), ("series", series), ("size", size), ("from", from), ("until", until));
        return found;
    }

    // The last point of a block; null before the first one.
    private static PointKey? End(Tx tx, int ws, long series, int size, long n) => n < 0
        ? null
        : tx.QueryOne<PointKey?>(
            "select last_step, last_part, last_at, last_value, last_is_nan from metric_block where workspace_id = @ws and series_key = @series and size = @size and n = @n", r => SeriesStore.Key(r),
            ("ws", ws), ("series", series), ("size", size), ("n", n));

    private static bool Touches(PointRange range, PointBlock b) =>
        (range.FromStep is not { } from || b.Last.Step >= from) && (range.ToStep is not { } to || b.First.Step <= to) && (range.FromTime is not { } begin || b.MaxAt >= begin) && (range.ToTime is not { } end || b.MinAt <= end);

    private static bool Inside(PointRange range, PointBlock b) => range.Holds(b.First, b.MinAt) && range.Holds(b.Last, b.MaxAt);
}
