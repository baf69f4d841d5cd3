using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Pipelines;

/// <summary>A registered pipeline with where its files are.</summary>
internal sealed record StoredPipeline(PipelineSpec Spec, string Project, string Snapshot, string? Commit, string? ManagedBy, DateTimeOffset UpdatedAt);

/// <summary>A run with what only its execution needs.</summary>
internal sealed record StoredRun(long Key, int WorkspaceId, PipelineRun Run, PipelineSpec Spec, string Snapshot, string? Commit, bool Register, string Actor, bool CancelRequested, bool GateDone, DateTimeOffset? EventAt);

/// <summary>What a stage once made.</summary>
internal sealed record StageResult(string? RunId, IReadOnlyList<StoredOut> Outs, IReadOnlyDictionary<string, double> Metrics);

/// <summary>The SQL of pipelines and their runs.</summary>
internal static class PipelineStore
{
    private const string RunColumns =
        """
        id, workspace_id, public_id, pipeline, status, cause, snapshot, git_commit, spec_json, window_dataset, dataset_version, champion, model_version, incident_id, register_model, seed, agent, actor,
        run_id, failed_stage, reason, checks_json, cancel_requested, event_at, created_at, started_at, finished_at
        """;

    public static bool PutPipeline(Tx tx, int ws, StoredPipeline p, DateTimeOffset now)
    {
        var json = Json(p.Spec);
        if (FindPipeline(tx, ws, p.Spec.Name) is { } had && Json(had.Spec) == json && had.Snapshot == p.Snapshot && had.Commit == p.Commit && had.ManagedBy == p.ManagedBy && had.Project == p.Project)
            return false;
        tx.Execute(
            """
            insert into pipeline (workspace_id, name, project, snapshot, git_commit, spec_json, managed_by, created_at, updated_at) values (@ws, @name, @project, @snapshot, @commit, @spec, @by, @now, @now)
            on conflict (workspace_id, name) do update set project = excluded.project, snapshot = excluded.snapshot, git_commit = excluded.git_commit, spec_json = excluded.spec_json,
                managed_by = excluded.managed_by, updated_at = excluded.updated_at
            """,
            ("ws", ws), ("name", p.Spec.Name), ("project", p.Project), ("snapshot", p.Snapshot), ("commit", p.Commit), ("spec", json), ("by", p.ManagedBy), ("now", now));
        return true;
    }

    public static StoredPipeline? FindPipeline(Tx tx, int ws, string name) =>
        tx.QueryOne("select spec_json, project, snapshot, git_commit, managed_by, updated_at from pipeline where workspace_id = @ws and name = @name", MapPipeline, ("ws", ws), ("name", name));

    public static List<StoredPipeline> Pipelines(Tx tx, int ws) =>
        tx.Query("select spec_json, project, snapshot, git_commit, managed_by, updated_at from pipeline where workspace_id = @ws order by name", MapPipeline, ("ws", ws));

    public static bool RemovePipeline(Tx tx, int ws, string name) => tx.Execute("delete from pipeline where workspace_id = @ws and name = @name", ("ws", ws), ("name", name)) > 0;

    public static void Insert(Tx tx, StoredRun r, string? idempotencyKey)
    {
        var id = tx.Insert(
            """
            insert into pipeline_run (workspace_id, public_id, pipeline, status, cause, snapshot, git_commit, spec_json, window_dataset, dataset_version, champion, incident_id, register_model, seed, agent, actor,
                idempotency_key, event_at, created_at)
            values (@ws, @id, @pipeline, @status, @cause, @snapshot, @commit, @spec, @window, @dataset, @champion, @incident, @register, @seed, @agent, @actor, @once, @at, @now) returning id
            """,
            ("ws", r.WorkspaceId), ("id", r.Run.Id), ("pipeline", r.Run.Pipeline), ("status", Word(r.Run.Status)), ("cause", r.Run.Cause), ("snapshot", r.Snapshot), ("commit", r.Commit), ("spec", Json(r.Spec)),
            ("window", r.Run.WindowDataset), ("dataset", r.Run.DatasetVersion), ("champion", r.Run.Champion), ("incident", r.Run.IncidentId), ("register", r.Register), ("seed", r.Run.Seed), ("agent", r.Run.Agent),
            ("actor", r.Actor), ("once", idempotencyKey), ("at", r.EventAt), ("now", r.Run.CreatedAt));
        var position = 0;
        foreach (var stage in r.Run.Stages)
        {
            tx.Execute(
                "insert into pipeline_stage (workspace_id, pipeline_run_id, position, name, status) values (@ws, @run, @position, @name, 'pending')",
                ("ws", r.WorkspaceId), ("run", id), ("position", position++), ("name", stage.Name));
        }
    }

    public static StoredRun? Find(Tx tx, int ws, string id) =>
        tx.QueryOne($"select {RunColumns} from pipeline_run where workspace_id = @ws and public_id = @id", r => Map(r), ("ws", ws), ("id", id)) is { } found ? WithStages(tx, found) : null;

    public static StoredRun? FindOnce(Tx tx, int ws, string key) =>
        tx.QueryOne($"select {RunColumns} from pipeline_run where workspace_id = @ws and idempotency_key = @key", r => Map(r), ("ws", ws), ("key", key)) is { } found ? WithStages(tx, found) : null;

    public static List<StoredRun> List(Tx tx, int ws, string pipeline, long before, int limit) =>
        [.. tx.Query(
            $"select {RunColumns} from pipeline_run where workspace_id = @ws and (@pipeline = '' or pipeline = @pipeline) and id < @before order by id desc limit @limit",
            r => Map(r), ("ws", ws), ("pipeline", pipeline), ("before", before), ("limit", limit)).Select(r => WithStages(tx, r))];

    public static List<(int WorkspaceId, string Id)> Open(Tx tx, string agent) =>
        tx.Query("select workspace_id, public_id from pipeline_run where status in ('queued', 'running') and agent = @agent order by id", r => (r.Int32(0), r.Text(1)), ("agent", agent));

    public static void Begin(Tx tx, long key, string runId, DateTimeOffset now) =>
        tx.Execute("update pipeline_run set status = 'running', run_id = @run, started_at = coalesce(started_at, @now) where id = @key", ("run", runId), ("now", now), ("key", key));

    public static void Finish(Tx tx, long key, PipelineRunStatus status, string? stage, string? reason, DateTimeOffset now) =>
        tx.Execute("update pipeline_run set status = @status, failed_stage = @stage, reason = @reason, finished_at = @now where id = @key", ("status", Word(status)), ("stage", stage), ("reason", reason), ("now", now), ("key", key));

    public static void SetChecks(Tx tx, long key, IReadOnlyList<GateCheck> checks) => tx.Execute("update pipeline_run set checks_json = @checks where id = @key", ("checks", Json(checks)), ("key", key));

    public static void SetModel(Tx tx, long key, string model) => tx.Execute("update pipeline_run set model_version = @model where id = @key", ("model", model), ("key", key));

    public static void SetDataset(Tx tx, long key, string dataset) => tx.Execute("update pipeline_run set dataset_version = @dataset where id = @key and dataset_version is null", ("dataset", dataset), ("key", key));

    public static void RequestCancel(Tx tx, long key) => tx.Execute("update pipeline_run set cancel_requested = 1 where id = @key", ("key", key));

    public static void BeginStage(Tx tx, long run, string stage, string key, string runId, DateTimeOffset now) =>
        tx.Execute(
            "update pipeline_stage set status = 'running', stage_key = @key, run_id = @trackedrun, started_at = @now, finished_at = null, exit_code = null, reason = null where pipeline_run_id = @run and name = @stage",
            ("key", key), ("trackedrun", runId), ("now", now), ("run", run), ("stage", stage));

    public static void FinishStage(Tx tx, long run, string stage, StageStatus status, string? runId, int? exitCode, string? reason, IReadOnlyList<StoredOut> outs, IReadOnlyDictionary<string, double> metrics, DateTimeOffset now) =>
        tx.Execute(
            """
            update pipeline_stage set status = @status, run_id = coalesce(@trackedrun, run_id), exit_code = @exit, reason = @reason, outs_json = @outs, metrics_json = @metrics,
                started_at = coalesce(started_at, @now), finished_at = @now where pipeline_run_id = @run and name = @stage
            """,
            ("status", Word(status)), ("trackedrun", runId), ("exit", exitCode), ("reason", reason), ("outs", Json(outs)), ("metrics", Json(metrics)), ("now", now), ("run", run), ("stage", stage));

    public static string? StageKey(Tx tx, long run, string stage) =>
        tx.QueryOne("select stage_key from pipeline_stage where pipeline_run_id = @run and name = @stage", r => r.TextOrNull(0), ("run", run), ("stage", stage));

    public static IReadOnlyList<StoredOut> Outs(Tx tx, long run) =>
        [.. tx.Query("select outs_json from pipeline_stage where pipeline_run_id = @run and outs_json is not null order by position", r => r.Text(0), ("run", run)).SelectMany(t => Parse<List<StoredOut>>(t))];

    public static IReadOnlyList<StoredOut> StageOuts(Tx tx, long run, string stage) =>
        tx.QueryOne("select outs_json from pipeline_stage where pipeline_run_id = @run and name = @stage and outs_json is not null", r => r.Text(0), ("run", run), ("stage", stage)) is { } text ? Parse<List<StoredOut>>(text) : [];

    public static void PutResult(Tx tx, int ws, string key, StageResult result, bool trusted, DateTimeOffset now) =>
        tx.Execute(
            """
            insert into stage_result (workspace_id, stage_key, trusted, run_id, outs_json, metrics_json, created_at) values (@ws, @key, @trusted, @run, @outs, @metrics, @now)
            on conflict (workspace_id, stage_key, trusted) do update set run_id = excluded.run_id, outs_json = excluded.outs_json, metrics_json = excluded.metrics_json, created_at = excluded.created_at
            """,
            ("ws", ws), ("key", key), ("trusted", trusted), ("run", result.RunId), ("outs", Json(result.Outs)), ("metrics", Json(result.Metrics)), ("now", now));

    public static StageResult? FindResult(Tx tx, int ws, string key, bool trustedOnly) =>
        tx.QueryOne(
            "select run_id, outs_json, metrics_json from stage_result where workspace_id = @ws and stage_key = @key and trusted >= @least order by trusted desc limit 1",
            r => new StageResult(r.TextOrNull(0), Parse<List<StoredOut>>(r.Text(1)), Parse<Dictionary<string, double>>(r.Text(2))), ("ws", ws), ("key", key), ("least", trustedOnly));

    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static StoredRun WithStages(Tx tx, StoredRun run) => run with
    {
        Run = run.Run with
        {
            Stages = tx.Query(
                "select name, status, run_id, started_at, finished_at, exit_code, reason, metrics_json from pipeline_stage where pipeline_run_id = @run order by position",
                r => new StageRun(
                    r.Text(0), Enum.Parse<StageStatus>(r.Text(1), ignoreCase: true), r.TextOrNull(2), r.TimeOrNull(3), r.TimeOrNull(4), r.Int32OrNull(5), r.TextOrNull(6),
                    r.TextOrNull(7) is { } metrics ? Parse<Dictionary<string, double>>(metrics) : new Dictionary<string, double>()),
                ("run", run.Key)),
        },
    };

    private static StoredRun Map(Row r) => new(
        r.Int64(0), r.Int32(1),
        new PipelineRun(
            r.Text(2), r.Text(3), Enum.Parse<PipelineRunStatus>(r.Text(4), ignoreCase: true), r.Text(5), [], r.TextOrNull(19), r.TextOrNull(20), r.TextOrNull(21) is { } checks ? Parse<List<GateCheck>>(checks) : [],
            r.TextOrNull(9), r.TextOrNull(10), r.TextOrNull(11), r.TextOrNull(12), r.TextOrNull(18), r.TextOrNull(13), r.Int32(15), r.Text(16), r.Time(24), r.TimeOrNull(25), r.TimeOrNull(26)),
        Parse<PipelineSpec>(r.Text(8)), r.Text(6), r.TextOrNull(7), r.Bool(14), r.Text(17), r.Bool(22), !r.IsNull(21), r.TimeOrNull(23));

    private static StoredPipeline MapPipeline(Row r) => new(Parse<PipelineSpec>(r.Text(0)), r.Text(1), r.Text(2), r.TextOrNull(3), r.TextOrNull(4), r.Time(5));

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, HoldfastJson.Options);

    private static T Parse<T>(string json) => JsonSerializer.Deserialize<T>(json, HoldfastJson.Options)!;
}
