using System.Globalization;
using System.Text.Json;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>SQL of evaluation datasets and their records.</summary>
internal static class EvaluationStore
{
    private const string Columns = "d.dataset_key, d.dataset_id, d.name, d.digest, d.schema_json, d.profile, d.created_by, d.updated_by, d.created_at, d.updated_at";
    private static readonly string[] _parts = ["evaluation_dataset_tag", "evaluation_dataset_experiment", "evaluation_record", "evaluation_dataset"];

    /// <summary>MLflow's search grammar.</summary>
    public static FilterGrammar Grammar { get; } = new(
        new Dictionary<string, string> { ["tags"] = "tag", ["tag"] = "tag" }, Attributes("name", "created_by", "last_updated_by", "created_time", "last_update_time"),
        new Dictionary<string, FieldType> { ["tag"] = FieldType.Text })
    {
        OrderAttributes = Attributes("name", "created_time", "last_update_time"),
    };

    public static long Create(Tx tx, int ws, EvaluationDataset d) =>
        tx.Insert(
            """
            insert into evaluation_dataset (workspace_id, dataset_id, name, digest, created_by, updated_by, created_at, updated_at)
            values (@ws, @id, @name, @digest, @by, @by, @at, @at) returning dataset_key
            """,
            ("ws", ws), ("id", d.DatasetId), ("name", d.Name), ("digest", d.Digest), ("by", d.CreatedBy), ("at", d.CreatedAt));

    public static (long Key, EvaluationDataset Dataset)? Find(Tx tx, int ws, string id) =>
        tx.QueryOne($"select {Columns} from evaluation_dataset d where d.workspace_id = @ws and d.dataset_id = @id", r => ((long, EvaluationDataset)?)Map(r), ("ws", ws), ("id", id)) is var (key, found)
            ? (key, Whole(tx, ws, key, found)) : null;

    public static List<EvaluationDataset> Search(Tx tx, int ws, IReadOnlyList<int>? experiments, Filter filter, IReadOnlyList<Ordering> order, int limit, long offset)
    {
        var sql = new FilterSql(tx.Dialect, (s, c) => c.Field.Kind == "tag"
            ? $"exists (select 1 from evaluation_dataset_tag x where x.workspace_id = d.workspace_id and x.dataset_key = d.dataset_key and x.key = {s.Bind(c.Field.Key)} and {s.Compare("x.value", c)})"
            : s.Compare(Column(c.Field.Key), c));
        var where = sql.Where(filter);
        if (experiments is not null)
        {
            var among = experiments.Count == 0 ? "-1" : string.Join(", ", experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)));
            where += $" and exists (select 1 from evaluation_dataset_experiment x where x.workspace_id = d.workspace_id and x.dataset_key = d.dataset_key and x.experiment_id in ({among}))";
        }

        var by = order.Select(o => (o.Field.Type == FieldType.Text ? sql.ByCodePoint(Column(o.Field.Key)) : Column(o.Field.Key)) + (o.Descending ? " desc" : " asc")).ToList();
        if (by.Count == 0)
            by.Add("d.created_at desc");
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        return [.. tx.Query($"select {Columns} from evaluation_dataset d where d.workspace_id = @ws and {where} order by {string.Join(", ", by)}, d.dataset_key desc limit @limit offset @offset", Map, sql.Args)
            .Select(d => Whole(tx, ws, d.Key, d.Dataset))];
    }

    public static void Delete(Tx tx, int ws, long key)
    {
        foreach (var table in _parts)
            tx.Execute($"delete from {table} where workspace_id = @ws and dataset_key = @key", ("ws", ws), ("key", key));
    }

    public static void SetTag(Tx tx, int ws, long key, string tag, string value) =>
        tx.Execute(
            "insert into evaluation_dataset_tag (workspace_id, dataset_key, key, value) values (@ws, @dataset, @key, @value) on conflict (workspace_id, dataset_key, key) do update set value = excluded.value",
            ("ws", ws), ("dataset", key), ("key", tag), ("value", value));

    public static void DeleteTag(Tx tx, int ws, long key, string tag) =>
        tx.Execute("delete from evaluation_dataset_tag where workspace_id = @ws and dataset_key = @dataset and key = @key", ("ws", ws), ("dataset", key), ("key", tag));

    public static void AddExperiment(Tx tx, int ws, long key, int experiment) =>
        tx.Execute("insert into evaluation_dataset_experiment (workspace_id, dataset_key, experiment_id) values (@ws, @dataset, @experiment) on conflict do nothing", ("ws", ws), ("dataset", key), ("experiment", experiment));

    public static void RemoveExperiment(Tx tx, int ws, long key, int experiment) =>
        tx.Execute("delete from evaluation_dataset_experiment where workspace_id = @ws and dataset_key = @dataset and experiment_id = @experiment", ("ws", ws), ("dataset", key), ("experiment", experiment));

    public static void Touch(Tx tx, int ws, long key, string digest, string? schema, string? profile, string? by, DateTimeOffset now) =>
        tx.Execute(
            "update evaluation_dataset set digest = @digest, schema_json = coalesce(@schema, schema_json), profile = coalesce(@profile, profile), updated_by = @by, updated_at = @now where workspace_id = @ws and dataset_key = @key",
            ("digest", digest), ("schema", schema), ("profile", profile), ("by", by), ("now", now), ("ws", ws), ("key", key));

    public static long Count(Tx tx, int ws, long key) => tx.Scalar("select count(*) from evaluation_record where workspace_id = @ws and dataset_key = @key", ("ws", ws), ("key", key)) ?? 0;

    public static EvaluationRecord? FindRecord(Tx tx, int ws, long key, string hash) =>
        tx.QueryOne(
            "select record_id, inputs, outputs, expectations, tags, source, created_by, updated_by, created_at, updated_at from evaluation_record where workspace_id = @ws and dataset_key = @key and input_hash = @hash",
            Record, ("ws", ws), ("key", key), ("hash", hash));

    public static void PutRecord(Tx tx, int ws, long key, string hash, EvaluationRecord r) =>
        tx.Execute(
            """
            insert into evaluation_record (workspace_id, dataset_key, record_id, input_hash, inputs, outputs, expectations, tags, source, created_by, updated_by, created_at, updated_at)
            values (@ws, @dataset, @id, @hash, @inputs, @outputs, @expectations, @tags, @source, @createdby, @updatedby, @created, @updated)
            on conflict (workspace_id, dataset_key, input_hash) do update set outputs = excluded.outputs, expectations = excluded.expectations, tags = excluded.tags, updated_by = excluded.updated_by,
                updated_at = excluded.updated_at
            """,
            ("ws", ws), ("dataset", key), ("id", r.RecordId), ("hash", hash), ("inputs", r.Inputs.GetRawText()), ("outputs", r.Outputs?.GetRawText()), ("expectations", r.Expectations?.GetRawText()),
            ("tags", r.Tags?.GetRawText()), ("source", r.Source?.GetRawText()), ("createdby", r.CreatedBy), ("updatedby", r.UpdatedBy), ("created", r.CreatedAt), ("updated", r.UpdatedAt));

    /// <summary>In the order in which they came.</summary>
    public static List<EvaluationRecord> Records(Tx tx, int ws, long key, int limit, long offset) =>
        tx.Query(
            """
            select record_id, inputs, outputs, expectations, tags, source, created_by, updated_by, created_at, updated_at from evaluation_record
            where workspace_id = @ws and dataset_key = @key order by record_key limit @limit offset @offset
            """,
            Record, ("ws", ws), ("key", key), ("limit", limit), ("offset", offset));

    private static EvaluationDataset Whole(Tx tx, int ws, long key, EvaluationDataset d) => d with
    {
        Tags = tx.Query("select key, value from evaluation_dataset_tag where workspace_id = @ws and dataset_key = @key order by key", r => (r.Text(0), r.Text(1)), ("ws", ws), ("key", key)).ToDictionary(t => t.Item1, t => t.Item2),
        ExperimentIds = tx.Query(
            "select experiment_id from evaluation_dataset_experiment where workspace_id = @ws and dataset_key = @key order by experiment_id", r => r.Int64(0).ToString(CultureInfo.InvariantCulture), ("ws", ws), ("key", key)),
    };

    private static (long Key, EvaluationDataset Dataset) Map(Row r) => (
        r.Int64(0),
        new EvaluationDataset(r.Text(1), r.Text(2), r.Text(3), r.TextOrNull(4), r.TextOrNull(5), r.TextOrNull(6), r.TextOrNull(7), r.Time(8), r.Time(9), new Dictionary<string, string>(), []));

    private static EvaluationRecord Record(Row r) => new(
        r.Text(0), Json(r.Text(1))!.Value, Json(r.TextOrNull(2)), Json(r.TextOrNull(3)), Json(r.TextOrNull(4)), Json(r.TextOrNull(5)), r.TextOrNull(6), r.TextOrNull(7), r.Time(8), r.Time(9));

    private static JsonElement? Json(string? text)
    {
        if (text is null)
            return null;
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static string Column(string key) => key switch
    {
        "name" => "d.name",
        "created_by" => "d.created_by",
        "last_updated_by" => "d.updated_by",
        "created_time" => "d.created_at",
        "last_update_time" => "d.updated_at",
        _ => throw FilterGrammar.Invalid($"Evaluation datasets cannot be ordered by '{key}'."),
    };

    private static Dictionary<string, FilterField> Attributes(params string[] keys) =>
        keys.ToDictionary(k => k, k => new FilterField("attribute", k, k.EndsWith("_time", StringComparison.Ordinal) ? FieldType.Number : FieldType.Text));
}
