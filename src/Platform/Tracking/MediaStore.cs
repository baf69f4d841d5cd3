using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>What a row of media holds beside its number.</summary>
internal sealed record MediaRow(string Key, MediaKind Kind, StepKey Step, long At, string Digest, string? Content, string? Path, string MediaType, long Size, string? Caption);

/// <summary>SQL of histograms, texts, images and the like.</summary>
internal static class MediaStore
{
    private const string Columns = "m.media_key, m.key, m.kind, m.step, m.part, m.at, m.media_type, m.size, m.path, m.caption, m.content";

    /// <summary>Stores an entry; the same content at the same step and time again is the same entry.</summary>
    public static MediaEntry Add(Tx tx, int ws, long run, MediaRow row)
    {
        (string, object?)[] key = [("ws", ws), ("run", run), ("key", row.Key), ("kind", Word(row.Kind)), ("step", row.Step.Whole), ("part", row.Step.Part), ("at", row.At), ("digest", row.Digest)];
        tx.Execute(
            """
            insert into run_media (workspace_id, run_key, key, kind, step, part, at, digest, content, path, media_type, size, caption)
            values (@ws, @run, @key, @kind, @step, @part, @at, @digest, @content, @path, @type, @size, @caption) on conflict do nothing
            """,
            [.. key, ("content", row.Content), ("path", row.Path), ("type", row.MediaType), ("size", row.Size), ("caption", row.Caption)]);
        return tx.QueryOne(
            $"select {Columns} from run_media m where m.workspace_id = @ws and m.run_key = @run and m.key = @key and m.kind = @kind and m.step = @step and m.part = @part and m.at = @at and m.digest = @digest", Map, key)!;
    }

    public static MediaEntry? Get(Tx tx, int ws, long run, long id) =>
        tx.QueryOne($"select {Columns} from run_media m where m.workspace_id = @ws and m.run_key = @run and m.media_key = @id", Map, ("ws", ws), ("run", run), ("id", id));

    public static bool Delete(Tx tx, int ws, long run, long id) =>
        tx.Execute("delete from run_media where workspace_id = @ws and run_key = @run and media_key = @id", ("ws", ws), ("run", run), ("id", id)) == 1;

    public static List<MediaSeries> Keys(Tx tx, int ws, long run) =>
        tx.Query(
            """
            select m.key, m.kind, count(*), min(m.step + m.part / 1000000.0e0), max(m.step + m.part / 1000000.0e0) from run_media m
            where m.workspace_id = @ws and m.run_key = @run group by m.key, m.kind order by m.key, m.kind
            """,
            r => new MediaSeries(r.Text(0), Kind(r.Text(1)), r.Int64(2), Decimal(r.Double(3)), Decimal(r.Double(4))), ("ws", ws), ("run", run));

    /// <summary>Entries by step, time and number.</summary>
    public static List<MediaEntry> List(Tx tx, int ws, long run, string? key, MediaKind? kind, PointRange range, int limit, long offset)
    {
        var (where, args) = Where(ws, run, key, kind, range);
        return tx.Query($"select {Columns} from run_media m where {where} order by m.step, m.part, m.at, m.media_key limit @limit offset @offset", Map, [.. args, ("limit", limit), ("offset", offset)]);
    }

    /// <summary>Entries evenly spread over those that match, the first and the last among them.</summary>
    public static List<MediaEntry> Sample(Tx tx, int ws, long run, string? key, MediaKind? kind, PointRange range, int wanted)
    {
        var (where, args) = Where(ws, run, key, kind, range);
        var ids = tx.Query($"select m.media_key from run_media m where {where} order by m.step, m.part, m.at, m.media_key", r => r.Int64(0), [.. args]);
        var taken = ids.Count <= wanted ? ids : Enumerable.Range(0, wanted).Select(i => ids[wanted == 1 ? ids.Count - 1 : (int)((long)i * (ids.Count - 1) / (wanted - 1))]).Distinct().ToList();
        var found = new Dictionary<long, MediaEntry>();
        foreach (var chunk in taken.Chunk(KeyedRows.Chunk))
        {
            tx.Each(
                $"select {Columns} from run_media m where m.workspace_id = @ws and m.run_key = @run and m.media_key in ({string.Join(", ", chunk.Select(id => id.ToString(CultureInfo.InvariantCulture)))})",
                r => found.Add(r.Int64(0), Map(r)), ("ws", ws), ("run", run));
        }

        return taken.ConvertAll(id => found[id]);
    }

    private static (string Where, List<(string, object?)> Args) Where(int ws, long run, string? key, MediaKind? kind, PointRange range)
    {
        var args = new List<(string, object?)> { ("ws", ws), ("run", run) };
        var where = "m.workspace_id = @ws and m.run_key = @run" + range.Where(args).Replace("p.", "m.", StringComparison.Ordinal);
        if (key is not null)
        {
            where += " and m.key = @key";
            args.Add(("key", key));
        }

        if (kind is { } k)
        {
            where += " and m.kind = @kind";
            args.Add(("kind", Word(k)));
        }

        return (where, args);
    }

    private static string Word(MediaKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    private static MediaKind Kind(string word) => Enum.Parse<MediaKind>(word, ignoreCase: true);

    private static decimal Decimal(double step) => Math.Abs(step) < 1e15 ? Math.Round((decimal)step, 6) : (decimal)step;

    private static MediaEntry Map(Row r)
    {
        var kind = Kind(r.Text(2));
        var entry = new MediaEntry(r.Int64(0), r.Text(1), kind, new StepKey(r.Int64(3), r.Int64(4)).Step, r.Time(5), r.Text(6), r.Int64(7), r.TextOrNull(8), r.TextOrNull(9));
        return kind switch
        {
            MediaKind.Histogram => entry with { Histogram = JsonSerializer.Deserialize<Histogram>(r.Text(10), HoldfastJson.Options) },
            MediaKind.Text => entry with { Text = r.Text(10) },
            _ => entry,
        };
    }
}
