using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Holdfast.Tracking.Filters;

namespace Holdfast.Registry;

internal sealed record ModelRow(long Key, string Name, string? Description, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>SQL of registered models, their tags and aliases.</summary>
internal static class ModelStore
{
    private const string Columns = "m.model_key, m.name, m.description, m.created_at, m.updated_at";

    /// <summary>Stores a model; null when the name is taken.</summary>
    public static long? Create(Tx tx, int ws, string name, string? description, DateTimeOffset now) =>
        tx.Scalar(
            """
            insert into registered_model (workspace_id, name, description, next_version, created_at, updated_at) values (@ws, @name, @description, 1, @now, @now)
            on conflict do nothing returning model_key
            """,
            ("ws", ws), ("name", name), ("description", description), ("now", now));

    public static ModelRow? Find(Tx tx, int ws, string name) =>
        tx.QueryOne($"select {Columns} from registered_model m where m.workspace_id = @ws and m.name = @name", Map, ("ws", ws), ("name", name));

    public static List<ModelRow> Search(Tx tx, int ws, Filter filter, IReadOnlyList<Ordering> order, bool prompts, int limit, long offset)
    {
        var sql = new FilterSql(tx.Dialect, (s, c) => c.Field.Kind != "tag"
            ? s.Compare("m.name", c)
            : RegistryFilter.WantsPrompts(c) is { } wanted
                ? (wanted ? "" : "not ") + Tagged(s.Bind(WellKnownTags.IsPrompt), "t.value = 'true'")
                : Tagged(s.Bind(c.Field.Key), s.Compare("t.value", c)));
        var where = sql.Where(filter);
        if (!prompts)
            where += " and not " + Tagged(sql.Bind(WellKnownTags.IsPrompt), "t.value = 'true'");
        var sort = new SortColumns();
        foreach (var (field, descending) in order)
        {
            sort.Add(
                field.Key switch
                {
                    "name" => sql.ByCodePoint("m.name"),
                    "last_updated_timestamp" => "m.updated_at",
                    "creation_timestamp" => "m.created_at",
                    _ => throw FilterGrammar.Invalid($"Registered models cannot be ordered by '{field.Kind}.{field.Key}'."),
                },
                descending);
        }

        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        return tx.Query(
            $"select * from (select {Columns}{sort.Select} from registered_model m where m.workspace_id = @ws and {where}) found order by {sort.By(sql.ByCodePoint("name") + " asc")} limit @limit offset @offset",
            Map, sql.Args);
    }

    private static string Tagged(string key, string condition) =>
        $"exists (select 1 from registered_model_tag t where t.workspace_id = m.workspace_id and t.model_key = m.model_key and t.key = {key} and {condition})";

    public static bool Rename(Tx tx, int ws, long key, string name, DateTimeOffset now)
    {
        if (Find(tx, ws, name) is not null)
            return false;
        tx.Execute("update registered_model set name = @name, updated_at = @now where workspace_id = @ws and model_key = @key", ("name", name), ("now", now), ("ws", ws), ("key", key));
        return true;
    }

    public static void Describe(Tx tx, int ws, long key, string? description, DateTimeOffset now) =>
        tx.Execute("update registered_model set description = @text, updated_at = @now where workspace_id = @ws and model_key = @key", ("text", description), ("now", now), ("ws", ws), ("key", key));

    public static void Touch(Tx tx, int ws, long key, DateTimeOffset now) =>
        tx.Execute("update registered_model set updated_at = @now where workspace_id = @ws and model_key = @key", ("now", now), ("ws", ws), ("key", key));

    public static int NextVersion(Tx tx, int ws, long key) =>
        (int)tx.Insert("update registered_model set next_version = next_version + 1 where workspace_id = @ws and model_key = @key returning next_version - 1", ("ws", ws), ("key", key));

    public static void Delete(Tx tx, int ws, long key)
    {
        tx.Execute(
            "delete from model_version_tag where workspace_id = @ws and version_key in (select version_key from model_version where workspace_id = @ws and model_key = @key)", ("ws", ws), ("key", key));
        foreach (var table in new[] { "model_version", "registered_model_alias", "registered_model_tag", "registered_model" })
            tx.Execute($"delete from {table} where workspace_id = @ws and model_key = @key", ("ws", ws), ("key", key));
    }

    public static void SetTag(Tx tx, int ws, long key, string tag, string value) =>
        tx.Execute(
            "insert into registered_model_tag (workspace_id, model_key, key, value) values (@ws, @model, @key, @value) on conflict (workspace_id, model_key, key) do update set value = excluded.value",
            ("ws", ws), ("model", key), ("key", tag), ("value", value));

    public static bool DeleteTag(Tx tx, int ws, long key, string tag) =>
        tx.Execute("delete from registered_model_tag where workspace_id = @ws and model_key = @model and key = @key", ("ws", ws), ("model", key), ("key", tag)) == 1;

    public static bool IsPrompt(Tx tx, int ws, long key) =>
        tx.Scalar("select 1 from registered_model_tag where workspace_id = @ws and model_key = @model and key = @key and value = 'true'", ("ws", ws), ("model", key), ("key", WellKnownTags.IsPrompt)) is not null;

    public static void SetAlias(Tx tx, int ws, long key, string alias, int version) =>
        tx.Execute(
            "insert into registered_model_alias (workspace_id, model_key, alias, version) values (@ws, @model, @alias, @version) on conflict (workspace_id, model_key, alias) do update set version = excluded.version",
            ("ws", ws), ("model", key), ("alias", alias), ("version", version));

    public static void DeleteAlias(Tx tx, int ws, long key, string alias) =>
        tx.Execute("delete from registered_model_alias where workspace_id = @ws and model_key = @model and alias = @alias", ("ws", ws), ("model", key), ("alias", alias));

    public static int? Alias(Tx tx, int ws, long key, string alias) =>
        (int?)tx.Scalar("select version from registered_model_alias where workspace_id = @ws and model_key = @model and alias = @alias", ("ws", ws), ("model", key), ("alias", alias));

    public static List<(string Alias, int Version)> Aliases(Tx tx, int ws, long key) =>
        tx.Query("select alias, version from registered_model_alias where workspace_id = @ws and model_key = @model order by alias", r => (r.Text(0), r.Int32(1)), ("ws", ws), ("model", key));

    public static RegisteredModel Whole(Tx tx, int ws, ModelRow row) => Whole(tx, ws, [row])[0];

    /// <summary>Models with tags, aliases and latest versions.</summary>
    public static List<RegisteredModel> Whole(Tx tx, int ws, IReadOnlyList<ModelRow> rows)
    {
        var keys = rows.Select(r => r.Key).ToList();
        var tags = KeyedRows.Of(tx, ws, keys, "select model_key, key, value from registered_model_tag where workspace_id = @ws and model_key in ({0}) order by model_key, key", (r, i) => new Tag(r.Text(i), r.Text(i + 1)));
        var aliases = KeyedRows.Of(
            tx, ws, keys, "select model_key, alias, version from registered_model_alias where workspace_id = @ws and model_key in ({0}) order by model_key, alias", (r, i) => (Alias: r.Text(i), Version: r.Int32(i + 1)));
        var latest = VersionStore.LatestByStage(tx, ws, keys);
        return [.. rows.Select(row => new RegisteredModel(
            row.Name, row.Description, row.CreatedAt, row.UpdatedAt, tags.GetValueOrDefault(row.Key) ?? [], (aliases.GetValueOrDefault(row.Key) ?? []).ToDictionary(a => a.Alias, a => a.Version),
            latest.GetValueOrDefault(row.Key) ?? []))];
    }

    private static ModelRow Map(Row r) => new(r.Int64(0), r.Text(1), r.TextOrNull(2), r.Time(3), r.Time(4));
}
