using System.Globalization;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>What a write needs to know of a run.</summary>
internal sealed record RunRow(long Key, string RunId, int ExperimentId, LifecycleStage Stage);

/// <summary>SQL of runs, parameters and tags.</summary>
internal static class RunStore
{
    /// <summary>How many runs one statement loads.</summary>
    public const int Chunk = KeyedRows.Chunk;

    public static long Create(Tx tx, int ws, string runId, int experimentId, string name, string user, DateTimeOffset start, string artifactUri, DateTimeOffset now) =>
        tx.Insert(
            """
            insert into run (workspace_id, run_id, experiment_id, name, user_name, status, started_at, artifact_uri, stage, created_at)
            values (@ws, @id, @experiment, @name, @user, 'RUNNING', @start, @uri, 'active', @now) returning run_key
            """,
            ("ws", ws), ("id", runId), ("experiment", experimentId), ("name", name), ("user", user), ("start", start), ("uri", artifactUri), ("now", now));

    public static RunRow? Find(Tx tx, int ws, string runId) =>
        tx.QueryOne(
            "select run_key, run_id, experiment_id, stage from run where workspace_id = @ws and run_id = @id",
            r => new RunRow(r.Int64(0), r.Text(1), r.Int32(2), Stage(r.Text(3))),
            ("ws", ws), ("id", runId));

    /// <summary>When a run began, in unix milliseconds; 0 when that is not known.</summary>
    public static long StartedAt(Tx tx, int ws, long key) => tx.Scalar("select started_at from run where workspace_id = @ws and run_key = @key", ("ws", ws), ("key", key)) ?? 0;

    public static void Update(Tx tx, int ws, long key, RunStatus? status, DateTimeOffset? end)
    {
        if (status is { } s)
            tx.Execute("update run set status = @status where workspace_id = @ws and run_key = @key", ("status", Word(s)), ("ws", ws), ("key", key));
        if (end is not null)
            tx.Execute("update run set ended_at = @end where workspace_id = @ws and run_key = @key", ("end", end), ("ws", ws), ("key", key));
    }

    public static void SetStage(Tx tx, int ws, long key, bool deleted, DateTimeOffset now) =>
        tx.Execute(
            "update run set stage = @stage, deleted_at = @at where workspace_id = @ws and run_key = @key",
            ("stage", deleted ? "deleted" : "active"), ("at", deleted ? now : null), ("ws", ws), ("key", key));

    /// <summary>Stores a parameter; returns the value that stands there when it is another.</summary>
    public static string? AddParam(Tx tx, int ws, long key, Param param)
    {
        if (tx.Execute(
            "insert into run_param (workspace_id, run_key, key, value) values (@ws, @run, @key, @value) on conflict do nothing",
            ("ws", ws), ("run", key), ("key", param.Key), ("value", param.Value)) == 1)
            return null;
        var old = tx.QueryOne("select value from run_param where workspace_id = @ws and run_key = @run and key = @key", r => r.Text(0), ("ws", ws), ("run", key), ("key", param.Key));
        return old == param.Value ? null : old;
    }

    public static void SetTag(Tx tx, int ws, long key, Tag tag)
    {
        tx.Execute(
            "insert into run_tag (workspace_id, run_key, key, value) values (@ws, @run, @key, @value) on conflict (workspace_id, run_key, key) do update set value = excluded.value",
            ("ws", ws), ("run", key), ("key", tag.Key), ("value", tag.Value));
        if (tag.Key == WellKnownTags.RunName)
            tx.Execute("update run set name = @name where workspace_id = @ws and run_key = @run", ("name", tag.Value), ("ws", ws), ("run", key));
    }

    public static bool DeleteTag(Tx tx, int ws, long key, string tag) =>
        tx.Execute("delete from run_tag where workspace_id = @ws and run_key = @run and key = @key", ("ws", ws), ("run", key), ("key", tag)) == 1;

    public static string? Tag(Tx tx, int ws, long key, string tag) =>
        tx.QueryOne("select value from run_tag where workspace_id = @ws and run_key = @run and key = @key", r => r.Text(0), ("ws", ws), ("run", key), ("key", tag));

    /// <summary>Loads runs whole, in the order of the keys.</summary>
    /// <param name="brief">Without metrics, parameters, tags, inputs and models.</param>
    public static List<Run> Load(Tx tx, int ws, IReadOnlyList<long> keys, bool brief = false)
    {
        var runs = new List<Run>(keys.Count);
        foreach (var chunk in keys.Chunk(Chunk))
        {
            var rows = Lists(
                tx, ws, chunk, "select run_key, run_id, experiment_id, name, user_name, status, started_at, ended_at, artifact_uri, stage from run where workspace_id = @ws and run_key in ({0})",
                (r, i) => new Run(
                    r.Text(i), r.Int64(i + 1).ToString(CultureInfo.InvariantCulture), r.Text(i + 2), r.Text(i + 3), Status(r.Text(i + 4)), r.TimeOrNull(i + 5), r.TimeOrNull(i + 6), r.Text(i + 7), Stage(r.Text(i + 8)),
                    [], [], [], []));
            if (brief)
            {
                runs.AddRange(chunk.Where(rows.ContainsKey).Select(key => rows[key][0]));
                continue;
            }

            var metrics = Lists(tx, ws, chunk, $"select run_key, {SeriesStore.SummaryColumns} from series where workspace_id = @ws and points > 0 and run_key in ({{0}}) order by run_key, name", SeriesStore.MapSummary);
            var parameters = Lists(tx, ws, chunk, "select run_key, key, value from run_param where workspace_id = @ws and run_key in ({0}) order by run_key, key", (r, i) => new Param(r.Text(i), r.Text(i + 1)));
            var tags = Lists(tx, ws, chunk, "select run_key, key, value from run_tag where workspace_id = @ws and run_key in ({0}) order by run_key, key", (r, i) => new Tag(r.Text(i), r.Text(i + 1)));
            var inputs = InputStore.Load(tx, ws, chunk);
            var models = LoggedModelStore.Links(tx, ws, chunk);
            foreach (var key in chunk)
            {
                if (!rows.TryGetValue(key, out var row))
                    continue;
                runs.Add(row[0] with
                {
                    Metrics = metrics.GetValueOrDefault(key) ?? [],
                    Params = parameters.GetValueOrDefault(key) ?? [],
                    Tags = tags.GetValueOrDefault(key) ?? [],
                    Inputs = inputs.GetValueOrDefault(key) ?? [],
                    ModelInputs = Linked(models, key, output: false),
                    ModelOutputs = Linked(models, key, output: true),
                });
            }
        }

        return runs;
    }

    /// <summary>Rows of several runs, grouped.</summary>
    /// <param name="sql">Selects the run's key first; <c>{0}</c> stands for the list.</param>
    public static Dictionary<long, List<T>> Lists<T>(Tx tx, int ws, IReadOnlyList<long> keys, string sql, Func<Row, int, T> map) => KeyedRows.Of(tx, ws, keys, sql, map);

    public static string Word(RunStatus status) => status switch
    {
        RunStatus.Running => "RUNNING",
        RunStatus.Scheduled => "SCHEDULED",
        RunStatus.Finished => "FINISHED",
        RunStatus.Failed => "FAILED",
        _ => "KILLED",
    };

    private static List<RunModel>? Linked(Dictionary<long, List<(bool Output, RunModel Model)>> models, long key, bool output) =>
        models.TryGetValue(key, out var own) && own.Where(m => m.Output == output).Select(m => m.Model).ToList() is { Count: > 0 } found ? found : null;

    private static RunStatus Status(string word) => Enum.Parse<RunStatus>(word, ignoreCase: true);

    private static LifecycleStage Stage(string word) => word == "active" ? LifecycleStage.Active : LifecycleStage.Deleted;
}

/// <summary>Tags with a meaning to clients.</summary>
public static class WellKnownTags
{
    public const string RunName = "mlflow.runName";
    public const string DataContext = "mlflow.data.context";
    public const string LoggedModels = "mlflow.log-model.history";
    public const string ModelVersions = "mlflow.modelVersions";
    public const string ArtifactLocation = "mlflow.artifactLocation";
    public const string TraceName = "mlflow.traceName";
    public const string SourceRun = "mlflow.sourceRun";
    public const string SpansLocation = "mlflow.trace.spansLocation";
    public const string TraceRequestId = "mlflow.traceRequestId";
    public const string TokenUsage = "mlflow.trace.tokenUsage";
    public const string TraceSize = "mlflow.trace.sizeStats";
    public const string IsPrompt = "mlflow.prompt.is_prompt";
}
