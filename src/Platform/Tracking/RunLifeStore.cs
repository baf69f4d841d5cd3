using System.Globalization;
using Holdfast.Storage.Sql;

namespace Holdfast.Tracking;

/// <summary>A deleted run that may be collected.</summary>
internal sealed record DeletedRun(long Key, string RunId, string ArtifactUri);

/// <summary>A deleted logged model that may be collected.</summary>
internal sealed record DeletedModel(long Key, string ModelId, string ArtifactUri);

/// <summary>SQL of what becomes of runs after they were written: going on, moving, being collected.</summary>
internal static class RunLifeStore
{
    /// <summary>The stage of a run whose files are being removed: it cannot be restored any more.</summary>
    public const string Leaving = "leaving";

    private static readonly string[] _ownRows = ["run_param", "run_tag", "run_input_tag", "run_input", "run_model", "run_console", "run_media", "logged_model_metric"];
    private static readonly string[] _modelRows = ["logged_model_param", "logged_model_tag", "logged_model_metric"];

    public static RunStatus Status(Tx tx, int ws, long key) =>
        Enum.Parse<RunStatus>(tx.QueryOne("select status from run where workspace_id = @ws and run_key = @key", r => r.Text(0), ("ws", ws), ("key", key))!, ignoreCase: true);

    public static void Reopen(Tx tx, int ws, long key) =>
        tx.Execute("update run set status = 'RUNNING', ended_at = null where workspace_id = @ws and run_key = @key", ("ws", ws), ("key", key));

    public static void SetTimes(Tx tx, int ws, long key, DateTimeOffset? start, DateTimeOffset? end) =>
        tx.Execute("update run set started_at = @start, ended_at = @end where workspace_id = @ws and run_key = @key", ("start", start), ("end", end), ("ws", ws), ("key", key));

    public static bool IsLeaving(Tx tx, int ws, long key) =>
        tx.Scalar("select count(*) from run where workspace_id = @ws and run_key = @key and stage = @stage", ("ws", ws), ("key", key), ("stage", Leaving)) == 1;

    /// <summary>Moves a run with the logged models that it made. Datasets are an experiment's own, so those that it read are looked up or made in the other one.</summary>
    public static void Move(Tx tx, int ws, RunRow run, int experiment)
    {
        tx.Execute("update run set experiment_id = @to where workspace_id = @ws and run_key = @run", ("to", experiment), ("ws", ws), ("run", run.Key));
        tx.Execute("update logged_model set experiment_id = @to where workspace_id = @ws and source_run_id = @id", ("to", experiment), ("ws", ws), ("id", run.RunId));
        var read = tx.Query("select dataset_key from run_input where workspace_id = @ws and run_key = @run", r => r.Int64(0), ("ws", ws), ("run", run.Key));
        foreach (var old in read)
        {
            tx.Execute(
                """
                insert into input_dataset (workspace_id, experiment_id, name, digest, source_type, source, columns_text, profile)
                select workspace_id, @to, name, digest, source_type, source, columns_text, profile from input_dataset where workspace_id = @ws and dataset_key = @old on conflict do nothing
                """,
                ("to", experiment), ("ws", ws), ("old", old));
            var made = tx.Insert(
                """
                select d.dataset_key from input_dataset d join input_dataset o on o.workspace_id = d.workspace_id and o.name = d.name and o.digest = d.digest
                where d.workspace_id = @ws and d.experiment_id = @to and o.dataset_key = @old
                """,
                ("ws", ws), ("to", experiment), ("old", old));
            tx.Execute("update run_input set dataset_key = @new where workspace_id = @ws and run_key = @run and dataset_key = @old", ("new", made), ("ws", ws), ("run", run.Key), ("old", old));
            tx.Execute("update run_input_tag set dataset_key = @new where workspace_id = @ws and run_key = @run and dataset_key = @old", ("new", made), ("ws", ws), ("run", run.Key), ("old", old));
        }
    }

    /// <summary>Gives a run the logged models of another one.</summary>
    public static void TakeModels(Tx tx, int ws, RunRow from, RunRow to)
    {
        tx.Execute("update logged_model set source_run_id = @to, experiment_id = @experiment where workspace_id = @ws and source_run_id = @from", ("to", to.RunId), ("experiment", to.ExperimentId), ("ws", ws), ("from", from.RunId));
        tx.Execute(
            "insert into run_model (workspace_id, run_key, direction, model_id, step) select workspace_id, @to, direction, model_id, step from run_model where workspace_id = @ws and run_key = @from on conflict do nothing",
            ("to", to.Key), ("ws", ws), ("from", from.Key));
    }

    /// <summary>Gives a run the histograms, texts and pictures of another one. A file's name is its content, so the copy has the same.</summary>
    public static void TakeMedia(Tx tx, int ws, RunRow from, RunRow to) =>
        tx.Execute(
            """
            insert into run_media (workspace_id, run_key, key, kind, step, part, at, digest, content, path, media_type, size, caption)
            select workspace_id, @to, key, kind, step, part, at, digest, content, path, media_type, size, caption from run_media where workspace_id = @ws and run_key = @from on conflict do nothing
            """,
            ("to", to.Key), ("ws", ws), ("from", from.Key));

    /// <summary>Deleted runs by when they were deleted, with those whose removal a crash interrupted.</summary>
    public static List<DeletedRun> Deleted(Tx tx, int ws, DateTimeOffset before) =>
        tx.Query(
            "select run_key, run_id, artifact_uri from run where workspace_id = @ws and (stage = @leaving or (stage = 'deleted' and coalesce(deleted_at, 0) <= @before)) order by run_key",
            r => new DeletedRun(r.Int64(0), r.Text(1), r.Text(2)), ("ws", ws), ("leaving", Leaving), ("before", before));

    /// <summary>From here on the run cannot be restored; false when it was restored in between.</summary>
    public static bool Leave(Tx tx, int ws, long key) =>
        tx.Execute("update run set stage = @leaving where workspace_id = @ws and run_key = @key and stage <> 'active'", ("leaving", Leaving), ("ws", ws), ("key", key)) == 1;

    public static List<DeletedModel> DeletedModels(Tx tx, int ws, DateTimeOffset before) =>
        tx.Query(
            "select model_key, model_id, artifact_uri from logged_model where workspace_id = @ws and stage = 'deleted' and updated_at <= @before order by model_key",
            r => new DeletedModel(r.Int64(0), r.Text(1), r.Text(2)), ("ws", ws), ("before", before));

    /// <summary>Deleted experiments without a run and without a logged model that is in use.</summary>
    public static List<(int Id, string Name, string Location, bool Empty)> DeletedExperiments(Tx tx, int ws, DateTimeOffset before) =>
        tx.Query(
            """
            select e.id, e.name, e.artifact_location,
                (select count(*) from run r where r.workspace_id = e.workspace_id and r.experiment_id = e.id) + (select count(*) from logged_model m where m.workspace_id = e.workspace_id and m.experiment_id = e.id)
            from experiment e where e.workspace_id = @ws and e.stage = 'deleted' and e.updated_at <= @before and e.id <> 0 order by e.id
            """,
            r => (r.Int32(0), r.Text(1), r.Text(2), r.Int64(3) == 0), ("ws", ws), ("before", before));

    /// <summary>The keys of a run's series.</summary>
    public static List<long> Series(Tx tx, int ws, long run) =>
        tx.Query("select series_key from series where workspace_id = @ws and run_key = @run order by series_key", r => r.Int64(0), ("ws", ws), ("run", run));

    public static void RemoveSeries(Tx tx, int ws, long series)
    {
        foreach (var table in new[] { "metric_point", "metric_block" })
            tx.Execute($"delete from {table} where workspace_id = @ws and series_key = @series", ("ws", ws), ("series", series));
        tx.Execute("delete from series where workspace_id = @ws and series_key = @series", ("ws", ws), ("series", series));
    }

    public static void Remove(Tx tx, int ws, DeletedRun run)
    {
        foreach (var table in _ownRows)
            tx.Execute($"delete from {table} where workspace_id = @ws and run_key = @run", ("ws", ws), ("run", run.Key));
        tx.Execute("delete from trace_run where workspace_id = @ws and run_id = @id", ("ws", ws), ("id", run.RunId));
        tx.Execute("delete from run where workspace_id = @ws and run_key = @run", ("ws", ws), ("run", run.Key));
    }

    public static void RemoveModel(Tx tx, int ws, DeletedModel model)
    {
        foreach (var table in _modelRows)
            tx.Execute($"delete from {table} where workspace_id = @ws and model_key = @model", ("ws", ws), ("model", model.Key));
        tx.Execute("delete from run_model where workspace_id = @ws and model_id = @id", ("ws", ws), ("id", model.ModelId));
        tx.Execute("delete from logged_model where workspace_id = @ws and model_key = @model", ("ws", ws), ("model", model.Key));
    }

    public static void RemoveExperiment(Tx tx, int ws, int id)
    {
        tx.Execute("delete from input_dataset where workspace_id = @ws and experiment_id = @id", ("ws", ws), ("id", id));
        tx.Execute("delete from evaluation_dataset_experiment where workspace_id = @ws and experiment_id = @id", ("ws", ws), ("id", id));
        tx.Execute("delete from experiment_tag where workspace_id = @ws and experiment_id = @id", ("ws", ws), ("id", id));
        tx.Execute("delete from experiment where workspace_id = @ws and id = @id", ("ws", ws), ("id", id));
    }

    /// <summary>Runs in use that read a content. Digests are the hash or its beginning: clients cut it to 16, 32 or 36 digits.</summary>
    public static List<long> Readers(Tx tx, int ws, string reference, string hash) =>
        tx.Query(
            """
            select distinct r.run_key from input_dataset d
            join run_input i on i.workspace_id = d.workspace_id and i.dataset_key = d.dataset_key
            join run r on r.workspace_id = i.workspace_id and r.run_key = i.run_key
            where d.workspace_id = @ws and r.stage = 'active' and ((d.source_type = 'holdfast' and d.source = @ref) or d.digest in (@h16, @h32, @h36)) order by r.run_key
            """,
            r => r.Int64(0), ("ws", ws), ("ref", reference), ("h16", Cut(hash, 16)), ("h32", Cut(hash, 32)), ("h36", Cut(hash, 36)));

    /// <summary>What usage is counted from: one row a run that touches the span.</summary>
    public static List<UsedRun> Used(Tx tx, int ws, DateTimeOffset from, DateTimeOffset until) =>
        tx.Query(
            """
            select r.run_id, r.artifact_uri, e.name, r.user_name, r.started_at, r.ended_at,
                (select t.value from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = 'team'),
                (select t.value from experiment_tag t where t.workspace_id = r.workspace_id and t.experiment_id = r.experiment_id and t.key = 'team'),
                (select t.value from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = 'project'),
                (select t.value from experiment_tag t where t.workspace_id = r.workspace_id and t.experiment_id = r.experiment_id and t.key = 'project'),
                (select t.value from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = 'mlflow.parentRunId'),
                (select t.value from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = 'holdfast.env.cpus'),
                (select t.value from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = 'holdfast.env.gpus')
            from run r join experiment e on e.workspace_id = r.workspace_id and e.id = r.experiment_id
            where r.workspace_id = @ws and r.started_at < @until and (r.ended_at is null or r.ended_at > @from)
            """,
            r => new UsedRun(
                r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Time(4), r.TimeOrNull(5), r.TextOrNull(6) ?? r.TextOrNull(7), r.TextOrNull(8) ?? r.TextOrNull(9), r.TextOrNull(10),
                Count(r.TextOrNull(11)) ?? 1, Count(r.TextOrNull(12)) ?? 0),
            ("ws", ws), ("from", from), ("until", until));

    private static string Cut(string hash, int length) => hash[..Math.Min(length, hash.Length)];

    private static int? Count(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>A run as far as it counts for usage.</summary>
internal sealed record UsedRun(
    string RunId, string ArtifactUri, string Experiment, string User, DateTimeOffset Start, DateTimeOffset? End, string? Team, string? Project, string? Parent, int Cpus, int Gpus);
