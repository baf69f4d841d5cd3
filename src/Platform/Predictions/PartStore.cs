using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Predictions;

/// <summary>A part as it was written, before it has a number.</summary>
internal sealed record NewPart(long Hour, string Key, long Lines, long Predictions, long Labels, long Bytes);

/// <summary>A request to delete what is known of one entity.</summary>
internal sealed record Deletion(long Id, ulong Entity, string Actor, long Predictions, long Labels);

/// <summary>The SQL of compacted segments, of what is to be deleted, and of an endpoint's rules.</summary>
internal sealed class PartStore(Db db)
{
    private const string Of = "workspace_id = @ws and endpoint_id = @id";

    public Task<PartIndex> Load(EndpointLog log, CancellationToken ct) => db.Read(
        tx =>
        {
            var parts = tx.Query($"select id, segment, hour, blob_key, line_count, prediction_count, label_count, bytes, columns from prediction_part where {Of} order by segment, hour", Map, Key(log)).ToLookup(p => p.Segment);
            var segments = tx.Query(
                $"select segment, last_seq from prediction_compacted where {Of}",
                r => (Segment: r.Int64(0), Last: r.Int64(1)),
                Key(log));
            return new PartIndex(segments.ToImmutableSortedDictionary(s => s.Segment, s => new CompactedSegment(s.Segment, s.Last, [.. parts[s.Segment]])));
        },
        ct);

    /// <summary>From here on the segment is read from its parts.</summary>
    public Task<CompactedSegment> Add(EndpointLog log, long segment, long last, IReadOnlyList<NewPart> parts, IReadOnlyList<string> columns, CancellationToken ct) => db.Write(
        tx =>
        {
            tx.Execute("insert into prediction_compacted (workspace_id, endpoint_id, segment, last_seq) values (@ws, @id, @segment, @last)", [.. Key(log), ("segment", segment), ("last", last)]);
            var added = parts.Select(p => new PartFile(
                tx.Insert(
                    """
                    insert into prediction_part (workspace_id, endpoint_id, segment, hour, blob_key, line_count, prediction_count, label_count, bytes, columns)
                    values (@ws, @id, @segment, @hour, @key, @lines, @predictions, @labels, @bytes, @columns) returning id
                    """,
                    [.. Key(log), ("segment", segment), ("hour", p.Hour), ("key", p.Key), ("lines", p.Lines), ("predictions", p.Predictions), ("labels", p.Labels), ("bytes", p.Bytes), ("columns", Json(columns))]),
                segment, p.Hour, p.Key, p.Lines, p.Predictions, p.Labels, p.Bytes, columns)).ToImmutableArray();
            return new CompactedSegment(segment, last, added);
        },
        ct: ct);

    /// <summary>Puts another file in the place of a part's; the old one is to be removed.</summary>
    public Task Replace(EndpointLog log, PartFile old, PartFile next, CancellationToken ct) => db.Write(
        tx =>
        {
            Trash(tx, old.Key);
            tx.Execute(
                $"update prediction_part set blob_key = @key, line_count = @lines, prediction_count = @predictions, label_count = @labels, bytes = @bytes where {Of} and id = @part",
                [.. Key(log), ("key", next.Key), ("lines", next.Lines), ("predictions", next.Predictions), ("labels", next.Labels), ("bytes", next.Bytes), ("part", old.Id)]);
        },
        ct: ct);

    /// <summary>Forgets parts; their files are to be removed.</summary>
    public async Task Drop(EndpointLog log, IReadOnlyList<PartFile> parts, CancellationToken ct)
    {
        foreach (var some in parts.Chunk(500))
        {
            await db.Write(
                tx =>
                {
                    foreach (var part in some)
                    {
                        Trash(tx, part.Key);
                        tx.Execute($"delete from prediction_part where {Of} and id = @part", [.. Key(log), ("part", part.Id)]);
                    }
                },
                WriteLane.Bulk, ct);
        }
    }

    public Task Forget(EndpointLog log, long segment, CancellationToken ct) =>
        db.Write(tx => tx.Execute($"delete from prediction_compacted where {Of} and segment = @segment", [.. Key(log), ("segment", segment)]), ct: ct);

    public Task<List<string>> Trash(CancellationToken ct) => db.Read(tx => tx.Query("select blob_key from prediction_trash order by blob_key limit 1000", r => r.Text(0)), ct);

    public Task Emptied(string key, CancellationToken ct) => db.Write(tx => tx.Execute("delete from prediction_trash where blob_key = @key", ("key", key)), ct: ct);

    /// <summary>Predictions before a moment that lie in segments before one.</summary>
    public Task<List<string>> Before(EndpointLog log, long at, long segment, int most, CancellationToken ct) => db.Read(
        tx => tx.Query($"select id from prediction where {Of} and at < @at and segment < @segment order by at, seq limit @most", r => r.Text(0), [.. Key(log), ("at", at), ("segment", segment), ("most", most)]), ct);

    public Task<List<(string PredictionId, long Seq)>> OfEntity(EndpointLog log, ulong entity, long segment, CancellationToken ct) => db.Read(
        tx => tx.Query(
            $"select id, seq from prediction where {Of} and entity = @entity and segment < @segment order by seq",
            r => (r.Text(0), r.Int64(1)),
            [.. Key(log), ("entity", unchecked((long)entity)), ("segment", segment)]),
        ct);

    /// <summary>Where the labels of predictions stand in the log; null for those that are not in it.</summary>
    public Task<List<long?>> LabelSeqs(EndpointLog log, IEnumerable<string> ids, CancellationToken ct) => db.Read(
        tx => ids.SelectMany(prediction => tx.Query(
            $"select log_seq from prediction_label where {Of} and prediction_id = @prediction",
            r => r.Int64OrNull(0),
            [.. Key(log), ("prediction", prediction)])).ToList(),
        ct);

    /// <summary>Deletes predictions of the index, with their labels.</summary>
    public async Task DeleteRows(EndpointLog log, IEnumerable<string> ids, CancellationToken ct)
    {
        foreach (var some in ids.Chunk(400))
        {
            await db.Write(
                tx =>
                {
                    foreach (var prediction in some)
                    {
                        tx.Execute($"delete from prediction_label where {Of} and prediction_id = @prediction", [.. Key(log), ("prediction", prediction)]);
                        tx.Execute($"delete from prediction where {Of} and id = @prediction", [.. Key(log), ("prediction", prediction)]);
                    }
                },
                WriteLane.Bulk, ct);
        }
    }

    public Task<long> AddDeletion(EndpointLog log, ulong entity, string actor, DateTimeOffset now, CancellationToken ct) => db.Write(
        tx => tx.Insert(
            "insert into prediction_deletion (workspace_id, endpoint_id, entity, actor, requested_at, predictions, labels) values (@ws, @id, @entity, @actor, @now, 0, 0) returning id",
            [.. Key(log), ("entity", unchecked((long)entity)), ("actor", actor), ("now", now)]),
        ct: ct);

    public Task<List<Deletion>> OpenDeletions(EndpointLog log, CancellationToken ct) => db.Read(
        tx => tx.Query(
            $"select id, entity, actor, predictions, labels from prediction_deletion where {Of} and finished_at is null order by id",
            r => new Deletion(r.Int64(0), unchecked((ulong)r.Int64(1)), r.Text(2), r.Int64(3), r.Int64(4)),
            Key(log)),
        ct);

    public Task CountDeletion(Deletion deletion, CancellationToken ct) => db.Write(
        tx => tx.Execute("update prediction_deletion set predictions = @predictions, labels = @labels where id = @id", ("predictions", deletion.Predictions), ("labels", deletion.Labels), ("id", deletion.Id)), ct: ct);

    /// <summary>Ends a deletion; nothing that names the entity is left.</summary>
    public static void Finish(Tx tx, EndpointLog log, Deletion deletion, DateTimeOffset now)
    {
        tx.Execute($"delete from prediction_open_label where {Of} and entity = @entity", [.. Key(log), ("entity", unchecked((long)deletion.Entity))]);
        tx.Execute("update prediction_deletion set finished_at = @now, entity = null where id = @id", ("now", now), ("id", deletion.Id));
    }

    /// <summary>The secret of an endpoint's hashes, made at the first call, and its rules.</summary>
    public Task<(byte[] Secret, LogRules Rules)> Settings(EndpointLog log, CancellationToken ct) => db.Write(
        tx =>
        {
            (byte[], string?)? Find() => tx.Query($"select hash_secret, rules from prediction_settings where {Of}", r => ((byte[], string?)?)(r.BytesOrNull(0)!, r.TextOrNull(1)), Key(log)).SingleOrDefault();
            if (Find() is not { } found)
            {
                tx.Execute("insert into prediction_settings (workspace_id, endpoint_id, hash_secret) values (@ws, @id, @secret)", [.. Key(log), ("secret", RandomNumberGenerator.GetBytes(32))]);
                found = Find()!.Value;
            }

            return (found.Item1, found.Item2 is { } rules ? JsonSerializer.Deserialize<LogRules>(rules, HoldfastJson.Options)! : LogRules.Default);
        },
        ct: ct);

    public Task SetRules(EndpointLog log, LogRules rules, CancellationToken ct) => db.Write(
        tx => tx.Execute($"update prediction_settings set rules = @rules where {Of}", [.. Key(log), ("rules", JsonSerializer.Serialize(rules, HoldfastJson.Options))]), ct: ct);

    private static (string, object?)[] Key(EndpointLog log) => [("ws", log.Key.WorkspaceId), ("id", log.Id)];

    private static void Trash(Tx tx, string key) => tx.Execute("insert into prediction_trash (blob_key) values (@key) on conflict (blob_key) do nothing", ("key", key));

    private static string Json(IReadOnlyList<string> columns) => JsonSerializer.Serialize(columns, HoldfastJson.Options);

    private static PartFile Map(Row r) => new(
        r.Int64(0), r.Int64(1), r.Int64(2), r.Text(3), r.Int64(4), r.Int64(5), r.Int64(6), r.Int64(7), JsonSerializer.Deserialize<List<string>>(r.Text(8), HoldfastJson.Options)!);
}
