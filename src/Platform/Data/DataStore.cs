using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Data;

/// <summary>What is known of a file before it becomes a version.</summary>
internal sealed record NewDatasetVersion(string Dataset, string Hash, long Bytes, string FileName, string Source, DatasetSchema Schema, DatasetProfile Profile);

internal sealed class DataStore(Db db, Journal journal, TimeProvider time)
{
    private const string VersionColumns =
        "v.id, d.name, v.version, v.hash, v.row_count, v.column_count, v.bytes, v.file_name, v.source, v.created_at, v.schema_json from dataset_version v join dataset d on d.id = v.dataset_id";

    public Task<DatasetVersion> Add(Principal p, NewDatasetVersion added, DateTimeOffset? at, CancellationToken ct) => db.Write(
        tx =>
        {
            var now = time.GetUtcNow();
            tx.Execute("insert into dataset (workspace_id, name, created_at) values (@ws, @name, @now) on conflict (workspace_id, name) do nothing", ("ws", p.WorkspaceId), ("name", added.Dataset), ("now", now));
            var dataset = tx.Insert("select id from dataset where workspace_id = @ws and name = @name", ("ws", p.WorkspaceId), ("name", added.Dataset));
            if (tx.QueryOne($"select {VersionColumns} where v.workspace_id = @ws and v.dataset_id = @dataset and v.hash = @hash", Map, ("ws", p.WorkspaceId), ("dataset", dataset), ("hash", added.Hash)) is { } same)
                return same;
            var version = (int)tx.Insert("select coalesce(max(version), 0) + 1 from dataset_version where workspace_id = @ws and dataset_id = @dataset", ("ws", p.WorkspaceId), ("dataset", dataset));
            var id = tx.Insert(
                """
                insert into dataset_version (workspace_id, dataset_id, version, hash, row_count, column_count, bytes, file_name, source, created_at, schema_json, profile_json)
                values (@ws, @dataset, @version, @hash, @rows, @columns, @bytes, @file, @source, @now, @schema, @profile) returning id
                """,
                ("ws", p.WorkspaceId), ("dataset", dataset), ("version", version), ("hash", added.Hash), ("rows", added.Profile.Rows), ("columns", added.Schema.Fields.Count), ("bytes", added.Bytes),
                ("file", added.FileName), ("source", added.Source), ("now", now),
                ("schema", JsonSerializer.Serialize(added.Schema, HoldfastJson.Options)), ("profile", JsonSerializer.Serialize(added.Profile, HoldfastJson.Options)));
            journal.Append(tx, p, new DatasetVersionCreated(added.Dataset, version, added.Hash, added.Profile.Rows, added.Schema.Fields.Count, added.Source), added.Dataset, at);
            return new DatasetVersion((int)id, added.Dataset, version, added.Hash, added.Profile.Rows, added.Schema.Fields.Count, added.Bytes, added.FileName, added.Source, now, added.Schema);
        },
        ct: ct);

    public Task<IReadOnlyList<DatasetVersion>> Find(Principal p, DatasetReference reference, CancellationToken ct) => db.Read<IReadOnlyList<DatasetVersion>>(
        tx => tx.Query(
            $"""
            select {VersionColumns} where v.workspace_id = @ws and d.name = @name and (@version = 0 or v.version = @version) and (@prefix = '' or substr(v.hash, 1, {reference.HashPrefix?.Length ?? 1}) = @prefix)
            order by v.version desc limit 2
            """,
            Map,
            ("ws", p.WorkspaceId), ("name", reference.Dataset), ("version", reference.Version ?? 0), ("prefix", reference.HashPrefix ?? "")),
        ct);

    public Task<DatasetVersion?> FindContent(Principal p, string hash, CancellationToken ct) => db.Read(
        tx => tx.QueryOne($"select {VersionColumns} where v.workspace_id = @ws and v.hash = @hash order by v.id desc limit 1", Map, ("ws", p.WorkspaceId), ("hash", hash)),
        ct);

    public Task<DatasetVersion?> FindContentPrefix(Principal p, string digits, CancellationToken ct) => db.Read(
        tx => tx.QueryOne(
            $"select {VersionColumns} where v.workspace_id = @ws and v.hash >= @low and v.hash < @high order by v.id desc limit 1", Map,
            ("ws", p.WorkspaceId), ("low", digits), ("high", digits + "g")),
        ct);

    public Task<Page<Dataset>> List(Principal p, long after, int limit, CancellationToken ct) => db.Read(
        tx =>
        {
            var rows = tx.Query(
                """
                select d.id, d.name, (select count(*) from dataset_version v where v.dataset_id = d.id), d.created_at,
                       (select coalesce(max(v.created_at), d.created_at) from dataset_version v where v.dataset_id = d.id)
                from dataset d where d.workspace_id = @ws and d.id > @after order by d.id limit @limit
                """,
                r => new Dataset(r.Int32(0), r.Text(1), r.Int32(2), r.Time(3), r.Time(4)), ("ws", p.WorkspaceId), ("after", after), ("limit", limit));
            return new Page<Dataset>(rows, rows.Count == limit ? Token(rows[^1].Id) : null, tx.Scalar("select count(*) from dataset where workspace_id = @ws", ("ws", p.WorkspaceId)));
        },
        ct);

    public Task<Page<DatasetVersion>> Versions(Principal p, string dataset, long before, int limit, CancellationToken ct) => db.Read(
        tx =>
        {
            var id = tx.Scalar("select id from dataset where workspace_id = @ws and name = @name", ("ws", p.WorkspaceId), ("name", dataset))
                ?? throw new HoldfastException(ErrorCode.NotFound, $"There is no dataset '{dataset}'.", "List them with: holdfast data list");
            var rows = tx.Query($"select {VersionColumns} where v.workspace_id = @ws and v.dataset_id = @dataset and v.version < @before order by v.version desc limit @limit", Map, ("ws", p.WorkspaceId), ("dataset", id), ("before", before), ("limit", limit));
            return new Page<DatasetVersion>(rows, rows.Count == limit ? Token(rows[^1].Version) : null, tx.Scalar("select count(*) from dataset_version where workspace_id = @ws and dataset_id = @dataset", ("ws", p.WorkspaceId), ("dataset", id)));
        },
        ct);

    public Task<DatasetProfile> Profile(Principal p, int id, CancellationToken ct) => db.Read(
        tx => JsonSerializer.Deserialize<DatasetProfile>(tx.QueryOne("select profile_json from dataset_version where workspace_id = @ws and id = @id", r => r.Text(0), ("ws", p.WorkspaceId), ("id", id))!, HoldfastJson.Options)!,
        ct);

    private static string Token(long position) => position.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static DatasetVersion Map(Row r) => new(
        r.Int32(0), r.Text(1), r.Int32(2), r.Text(3), r.Int64(4), r.Int32(5), r.Int64(6), r.Text(7), r.Text(8), r.Time(9), JsonSerializer.Deserialize<DatasetSchema>(r.Text(10), HoldfastJson.Options)!);
}
