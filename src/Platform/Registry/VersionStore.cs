using System.Globalization;
using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Holdfast.Tracking.Filters;

namespace Holdfast.Registry;

/// <summary>SQL of model versions.</summary>
internal static class VersionStore
{
    private const string Columns =
        """
        v.version_key, m.name, v.version, v.source, v.run_id, v.dataset_version, v.pipeline_run, v.signature, v.status, v.created_at, v.package_key,
        v.updated_at, v.description, v.stage, v.user_name, v.run_link, v.storage_uri, v.logged_model_id, v.model_key
        """;

    private const string From = "from model_version v join registered_model m on m.model_key = v.model_key and m.workspace_id = v.workspace_id where v.workspace_id = @ws";

    public static long Create(Tx tx, int ws, long model, int version, VersionContent content, string user, DateTimeOffset now) =>
        tx.Insert(
            """
            insert into model_version (workspace_id, model_key, version, source, storage_uri, run_id, run_link, logged_model_id, dataset_version, pipeline_run, signature, status, stage, description,
                user_name, package_key, idempotency_key, created_at, updated_at)
            values (@ws, @model, @version, @source, @storage, @run, @link, @logged, @dataset, @pipeline, @signature, 'ready', 'None', @description, @user, @package, @once, @now, @now) returning version_key
            """,
            ("ws", ws), ("model", model), ("version", version), ("source", content.Source), ("storage", content.StorageUri), ("run", content.RunId), ("link", content.RunLink), ("logged", content.LoggedModelId),
            ("dataset", content.DatasetVersion), ("pipeline", content.PipelineRun), ("signature", content.Signature is null ? null : JsonSerializer.Serialize(content.Signature, HoldfastJson.Options)),
            ("description", content.Description), ("user", user), ("package", content.PackageKey), ("once", content.IdempotencyKey), ("now", now));

    public static ModelVersion? Get(Tx tx, int ws, string model, int version) =>
        One(tx, ws, $"select {Columns} {From} and m.name = @model and v.version = @version", ("ws", ws), ("model", model), ("version", version));

    public static ModelVersion? GetOnce(Tx tx, int ws, string idempotencyKey) =>
        One(tx, ws, $"select {Columns} {From} and v.idempotency_key = @once", ("ws", ws), ("once", idempotencyKey));

    public static ModelVersion? Newest(Tx tx, int ws, string model) =>
        One(tx, ws, $"select {Columns} {From} and m.name = @model order by v.version desc limit 1", ("ws", ws), ("model", model));

    public static List<ModelVersion> List(Tx tx, int ws, string model) =>
        All(tx, ws, $"select {Columns} {From} and m.name = @model order by v.version desc", ("ws", ws), ("model", model));

    public static List<ModelVersion> OfRun(Tx tx, int ws, string runId) =>
        All(tx, ws, $"select {Columns} {From} and v.run_id = @run order by v.version_key", ("ws", ws), ("run", runId));

    public static List<ModelVersion> OfDataset(Tx tx, int ws, string datasetVersion) =>
        All(tx, ws, $"select {Columns} {From} and v.dataset_version = @data order by v.version_key", ("ws", ws), ("data", datasetVersion));

    /// <summary>The highest version of each stage of a model.</summary>
    public static List<ModelVersion> LatestByStage(Tx tx, int ws, long model) => LatestByStage(tx, ws, [model]).GetValueOrDefault(model) ?? [];

    /// <summary>The same of several models, by their keys.</summary>
    public static Dictionary<long, List<ModelVersion>> LatestByStage(Tx tx, int ws, IReadOnlyList<long> models)
    {
        var latest = KeyedRows.Of(tx, ws, models, "select v.model_key, max(v.version) from model_version v where v.workspace_id = @ws and v.model_key in ({0}) group by v.model_key, v.stage", (r, i) => r.Int64(i));
        return latest.ToDictionary(
            m => m.Key,
            m => All(
                tx, ws, $"select {Columns} {From} and v.model_key = @model and v.version in ({string.Join(", ", m.Value.Select(v => v.ToString(CultureInfo.InvariantCulture)))}) order by v.version",
                ("ws", ws), ("model", m.Key)));
    }

    public static List<ModelVersion> Search(Tx tx, int ws, Filter filter, IReadOnlyList<Ordering> order, bool prompts, int limit, long offset)
    {
        var sql = new FilterSql(tx.Dialect, (s, c) => c.Field.Kind != "tag"
            ? s.Compare(Column(c.Field), c)
            : RegistryFilter.WantsPrompts(c) is { } wanted
                ? (wanted ? "" : "not ") + Tagged(s.Bind(WellKnownTags.IsPrompt), "t.value = 'true'")
                : Tagged(s.Bind(c.Field.Key), s.Compare("t.value", c)));
        var where = sql.Where(filter);
        if (!prompts)
            where += " and not " + Tagged(sql.Bind(WellKnownTags.IsPrompt), "t.value = 'true'");
        var sort = new SortColumns();
        foreach (var (field, descending) in order)
            sort.Add(field.Type == FieldType.Text ? sql.ByCodePoint(Column(field)) : Column(field), descending);
        if (order.Count == 0)
            sort.Add("v.updated_at", descending: true);
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        return All(
            tx, ws,
            $"select * from (select {Columns}{sort.Select} {From} and {where}) found order by {sort.By(sql.ByCodePoint("name") + " asc", "version desc")} limit @limit offset @offset", sql.Args);
    }

    private static string Tagged(string key, string condition) =>
        $"exists (select 1 from model_version_tag t where t.workspace_id = v.workspace_id and t.version_key = v.version_key and t.key = {key} and {condition})";

    public static void Describe(Tx tx, int ws, int id, string? description, DateTimeOffset now) =>
        tx.Execute("update model_version set description = @text, updated_at = @now where workspace_id = @ws and version_key = @id", ("text", description), ("now", now), ("ws", ws), ("id", id));

    public static void SetStage(Tx tx, int ws, int id, string stage, DateTimeOffset now) =>
        tx.Execute("update model_version set stage = @stage, updated_at = @now where workspace_id = @ws and version_key = @id", ("stage", stage), ("now", now), ("ws", ws), ("id", id));

    public static void ArchiveOthers(Tx tx, int ws, long model, string stage, int except, DateTimeOffset now) =>
        tx.Execute(
            "update model_version set stage = 'Archived', updated_at = @now where workspace_id = @ws and model_key = @model and stage = @stage and version_key <> @id",
            ("now", now), ("ws", ws), ("model", model), ("stage", stage), ("id", except));

    public static void Delete(Tx tx, int ws, long model, ModelVersion version)
    {
        tx.Execute("delete from model_version_tag where workspace_id = @ws and version_key = @id", ("ws", ws), ("id", version.Id));
        tx.Execute("delete from registered_model_alias where workspace_id = @ws and model_key = @model and version = @version", ("ws", ws), ("model", model), ("version", version.Version));
        tx.Execute("delete from model_version where workspace_id = @ws and version_key = @id", ("ws", ws), ("id", version.Id));
        CardStore.Sweep(tx, ws);
    }

    public static void SetTag(Tx tx, int ws, long id, string key, string value) =>
        tx.Execute(
            "insert into model_version_tag (workspace_id, version_key, key, value) values (@ws, @id, @key, @value) on conflict (workspace_id, version_key, key) do update set value = excluded.value",
            ("ws", ws), ("id", id), ("key", key), ("value", value));

    public static bool DeleteTag(Tx tx, int ws, long id, string key) =>
        tx.Execute("delete from model_version_tag where workspace_id = @ws and version_key = @id and key = @key", ("ws", ws), ("id", id), ("key", key)) == 1;

    private static ModelVersion? One(Tx tx, int ws, string sql, params ReadOnlySpan<(string, object?)> args) => All(tx, ws, sql, args).FirstOrDefault();

    // Whole versions, in three statements for a hundred of them.
    private static List<ModelVersion> All(Tx tx, int ws, string sql, params ReadOnlySpan<(string, object?)> args)
    {
        var rows = tx.Query(sql, Map, args);
        var tags = KeyedRows.Of(
            tx, ws, rows.ConvertAll(r => (long)r.Version.Id), "select version_key, key, value from model_version_tag where workspace_id = @ws and version_key in ({0})", (r, i) => (Key: r.Text(i), Value: r.Text(i + 1)));
        var aliases = KeyedRows.Of(
            tx, ws, [.. rows.Select(r => r.Model).Distinct()], "select model_key, alias, version from registered_model_alias where workspace_id = @ws and model_key in ({0}) order by model_key, alias",
            (r, i) => (Alias: r.Text(i), Version: r.Int32(i + 1)));
        return rows.ConvertAll(row => row.Version with
        {
            Tags = (tags.GetValueOrDefault(row.Version.Id) ?? []).OrderBy(t => t.Key, StringComparer.Ordinal).ToDictionary(t => t.Key, t => t.Value),
            Aliases = [.. (aliases.GetValueOrDefault(row.Model) ?? []).Where(a => a.Version == row.Version.Version).Select(a => a.Alias)],
        });
    }

    private static string Column(FilterField field) => field.Key switch
    {
        "name" => "m.name",
        "run_id" => "v.run_id",
        "source_path" => "v.source",
        "version_number" => "v.version",
        "creation_timestamp" => "v.created_at",
        "last_updated_timestamp" => "v.updated_at",
        _ => throw FilterGrammar.Invalid($"Model versions cannot be ordered by '{field.Kind}.{field.Key}'."),
    };

    private static (long Model, ModelVersion Version) Map(Row r) => (
        r.Int64(18),
        new ModelVersion(
            r.Int32(0), r.Text(1), r.Int32(2), r.Text(3), r.TextOrNull(4), r.TextOrNull(5), r.TextOrNull(6),
            r.TextOrNull(7) is { } signature ? JsonSerializer.Deserialize<Signature>(signature, HoldfastJson.Options) : null,
            r.Text(8), new Dictionary<string, string>(), r.Time(9), r.Text(10))
        {
            UpdatedAt = r.Time(11),
            Description = r.TextOrNull(12) ?? "",
            Stage = r.Text(13),
            User = r.Text(14),
            RunLink = r.TextOrNull(15),
            StorageUri = r.Text(16),
            LoggedModelId = r.TextOrNull(17),
        });
}

/// <summary>What a new version's row holds beside its number.</summary>
internal sealed record VersionContent(
    string Source, string StorageUri, string PackageKey, string? RunId = null, string? RunLink = null, string? LoggedModelId = null, string? DatasetVersion = null, string? PipelineRun = null,
    Signature? Signature = null, string? Description = null, string? IdempotencyKey = null);
