using System.Globalization;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>What a write needs to know of a logged model.</summary>
internal sealed record LoggedModelRow(long Key, string ModelId, int ExperimentId, LifecycleStage Stage);

/// <summary>SQL of logged models, their parameters, tags and metrics, and of the runs that read or wrote them.</summary>
internal static class LoggedModelStore
{
    public static long Create(Tx tx, int ws, string modelId, int experimentId, string name, string? modelType, string? sourceRunId, string artifactUri, DateTimeOffset now) =>
        tx.Insert(
            """
            insert into logged_model (workspace_id, model_id, experiment_id, name, model_type, source_run_id, status, artifact_uri, stage, created_at, updated_at)
            values (@ws, @id, @experiment, @name, @type, @run, 'PENDING', @uri, 'active', @now, @now) returning model_key
            """,
            ("ws", ws), ("id", modelId), ("experiment", experimentId), ("name", name), ("type", modelType), ("run", sourceRunId), ("uri", artifactUri), ("now", now));

    public static LoggedModelRow? Find(Tx tx, int ws, string modelId) =>
        tx.QueryOne(
            "select model_key, model_id, experiment_id, stage from logged_model where workspace_id = @ws and model_id = @id",
            r => new LoggedModelRow(r.Int64(0), r.Text(1), r.Int32(2), r.Text(3) == "active" ? LifecycleStage.Active : LifecycleStage.Deleted),
            ("ws", ws), ("id", modelId));

    public static void SetStatus(Tx tx, int ws, long key, LoggedModelStatus status, DateTimeOffset now) =>
        tx.Execute("update logged_model set status = @status, updated_at = @now where workspace_id = @ws and model_key = @key", ("status", Word(status)), ("now", now), ("ws", ws), ("key", key));

    public static void Delete(Tx tx, int ws, long key, DateTimeOffset now) =>
        tx.Execute("update logged_model set stage = 'deleted', updated_at = @now where workspace_id = @ws and model_key = @key", ("now", now), ("ws", ws), ("key", key));

    /// <summary>Stores a parameter; returns the value that stands there when it is another.</summary>
    public static string? AddParam(Tx tx, int ws, long key, Param param)
    {
        if (tx.Execute(
            "insert into logged_model_param (workspace_id, model_key, key, value) values (@ws, @model, @key, @value) on conflict do nothing",
            ("ws", ws), ("model", key), ("key", param.Key), ("value", param.Value)) == 1)
            return null;
        var old = tx.QueryOne("select value from logged_model_param where workspace_id = @ws and model_key = @model and key = @key", r => r.Text(0), ("ws", ws), ("model", key), ("key", param.Key));
        return old == param.Value ? null : old;
    }

    public static void SetTag(Tx tx, int ws, long key, Tag tag) =>
        tx.Execute(
            "insert into logged_model_tag (workspace_id, model_key, key, value) values (@ws, @model, @key, @value) on conflict (workspace_id, model_key, key) do update set value = excluded.value",
            ("ws", ws), ("model", key), ("key", tag.Key), ("value", tag.Value));

    public static bool DeleteTag(Tx tx, int ws, long key, string tag) =>
        tx.Execute("delete from logged_model_tag where workspace_id = @ws and model_key = @model and key = @key", ("ws", ws), ("model", key), ("key", tag)) == 1;

    /// <summary>Adds a point that a run measured. An exact duplicate is the same point.</summary>
    public static void AddMetric(Tx tx, int ws, long key, long run, MetricPoint point)
    {
        var nan = double.IsNaN(point.Value);
        tx.Execute(
            """
            insert into logged_model_metric (workspace_id, model_key, name, run_key, step, at, value, is_nan, dataset_name, dataset_digest)
            values (@ws, @model, @name, @run, @step, @at, @value, @nan, @dataset, @digest) on conflict do nothing
            """,
            ("ws", ws), ("model", key), ("name", point.Key), ("run", run), ("step", (long)Math.Floor(point.Step)), ("at", point.Timestamp.ToUnixTimeMilliseconds()), ("value", nan ? 0 : point.Value), ("nan", nan),
            ("dataset", point.Model?.DatasetName ?? ""), ("digest", point.Model?.DatasetDigest ?? ""));
    }

    public static void Link(Tx tx, int ws, long run, bool output, RunModel model) =>
        tx.Execute(
            "insert into run_model (workspace_id, run_key, direction, model_id, step) values (@ws, @run, @direction, @model, @step) on conflict do nothing",
            ("ws", ws), ("run", run), ("direction", output ? "output" : "input"), ("model", model.ModelId), ("step", model.Step));

    /// <summary>What runs read and wrote.</summary>
    public static Dictionary<long, List<(bool Output, RunModel Model)>> Links(Tx tx, int ws, IReadOnlyList<long> runs) =>
        RunStore.Lists(
            tx, ws, runs, "select run_key, direction, model_id, step from run_model where workspace_id = @ws and run_key in ({0}) order by run_key, direction, step, model_id",
            (r, i) => (r.Text(i) == "output", new RunModel(r.Text(i + 1), r.Int64(i + 2))));

    /// <summary>Loads models whole, in the order of the keys.</summary>
    public static List<LoggedModel> Load(Tx tx, int ws, IReadOnlyList<long> keys)
    {
        if (keys.Count == 0)
            return [];
        var parameters = RunStore.Lists(tx, ws, keys, "select model_key, key, value from logged_model_param where workspace_id = @ws and model_key in ({0}) order by model_key, key", (r, i) => new Param(r.Text(i), r.Text(i + 1)));
        var tags = RunStore.Lists(tx, ws, keys, "select model_key, key, value from logged_model_tag where workspace_id = @ws and model_key in ({0}) order by model_key, key", (r, i) => new Tag(r.Text(i), r.Text(i + 1)));
        var metrics = RunStore.Lists(
            tx, ws, keys,
            """
            select x.model_key, m.model_id, r.run_id, x.name, x.value, x.is_nan, x.at, x.step, x.dataset_name, x.dataset_digest
            from logged_model_metric x join run r on r.run_key = x.run_key and r.workspace_id = x.workspace_id join logged_model m on m.model_key = x.model_key and m.workspace_id = x.workspace_id
            where x.workspace_id = @ws and x.model_key in ({0}) order by x.model_key, x.name, x.at, x.step, x.value
            """,
            Metric);
        var rows = RunStore.Lists(
            tx, ws, keys,
            "select model_key, model_id, experiment_id, name, model_type, source_run_id, status, artifact_uri, created_at, updated_at from logged_model where workspace_id = @ws and model_key in ({0})",
            (r, i) => new LoggedModel(
                r.Text(i), r.Int64(i + 1).ToString(CultureInfo.InvariantCulture), r.Text(i + 2), r.TextOrNull(i + 3), r.TextOrNull(i + 4), Status(r.Text(i + 5)), r.Text(i + 6), r.Time(i + 7), r.Time(i + 8), [], [], []));
        return [.. keys.Where(rows.ContainsKey).Select(key => rows[key][0] with
        {
            Params = parameters.GetValueOrDefault(key) ?? [],
            Tags = tags.GetValueOrDefault(key) ?? [],
            Metrics = metrics.GetValueOrDefault(key) ?? [],
        })];
    }

    /// <summary>The status as it is stored and as filters write it.</summary>
    public static string Word(LoggedModelStatus status) => status switch
    {
        LoggedModelStatus.Pending => "PENDING",
        LoggedModelStatus.Ready => "READY",
        LoggedModelStatus.UploadFailed => "UPLOAD_FAILED",
        _ => "UNSPECIFIED",
    };

    private static LoggedModelStatus Status(string word) => word switch
    {
        "PENDING" => LoggedModelStatus.Pending,
        "READY" => LoggedModelStatus.Ready,
        "UPLOAD_FAILED" => LoggedModelStatus.UploadFailed,
        _ => LoggedModelStatus.Unspecified,
    };

    private static LoggedModelMetric Metric(Row r, int i) => new(
        r.Text(i + 1),
        new MetricPoint(r.Text(i + 2), r.Bool(i + 4) ? double.NaN : r.Double(i + 3), r.Time(i + 5), r.Int64(i + 6))
        {
            Model = new MeasuredModel(r.Text(i), r.Text(i + 7) is { Length: > 0 } name ? name : null, r.Text(i + 8) is { Length: > 0 } digest ? digest : null),
        });
}
