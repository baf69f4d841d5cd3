using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>SQL of experiments.</summary>
internal static class ExperimentStore
{
    private const string Columns = "e.id, e.name, e.artifact_location, e.stage, e.created_at, e.updated_at";

    /// <summary>Takes the next number and stores the experiment; null when the name is taken.</summary>
    public static int? Create(Tx tx, int ws, string name, Func<int, string> location, DateTimeOffset now)
    {
        var id = (int)tx.Insert(
            "insert into experiment_counter (workspace_id, next_id) values (@ws, 2) on conflict (workspace_id) do update set next_id = experiment_counter.next_id + 1 returning next_id - 1",
            ("ws", ws));
        return Insert(tx, ws, id, name, location(id), now) ? id : null;
    }

    public static bool Insert(Tx tx, int ws, int id, string name, string location, DateTimeOffset now) =>
        tx.Execute(
            """
            insert into experiment (workspace_id, id, name, artifact_location, stage, created_at, updated_at) values (@ws, @id, @name, @location, 'active', @now, @now)
            on conflict do nothing
            """,
            ("ws", ws), ("id", id), ("name", name), ("location", location), ("now", now)) == 1;

    public static Experiment? Get(Tx tx, int ws, long id) =>
        Tags(tx, ws, tx.Query($"select {Columns} from experiment e where e.workspace_id = @ws and e.id = @id", Map, ("ws", ws), ("id", id))).FirstOrDefault();

    public static Experiment? GetByName(Tx tx, int ws, string name) =>
        Tags(tx, ws, tx.Query($"select {Columns} from experiment e where e.workspace_id = @ws and e.name = @name", Map, ("ws", ws), ("name", name))).FirstOrDefault();

    public static List<Experiment> Search(Tx tx, int ws, Filter filter, IReadOnlyList<Ordering> order, ViewType view, int limit, long offset)
    {
        var sql = new FilterSql(tx.Dialect, Compare);
        var where = sql.Where(filter);
        var sort = new SortColumns();
        foreach (var (field, descending) in order)
            sort.Add(field.Type == FieldType.Text ? sql.ByCodePoint(Column(field)) : Column(field), descending);
        if (order.Count == 0)
            sort.Add("e.created_at", descending: true);
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        return Tags(tx, ws, tx.Query(
            $"""
            select * from (select {Columns}{sort.Select} from experiment e where e.workspace_id = @ws and {Stage("e.stage", view)} and {where}) found
            order by {sort.By(order.Count == 0 ? "id asc" : "id desc")} limit @limit offset @offset
            """,
            Map, sql.Args));
    }

    public static void SetStage(Tx tx, int ws, int id, bool deleted, DateTimeOffset now)
    {
        tx.Execute(
            "update experiment set stage = @stage, updated_at = @now where workspace_id = @ws and id = @id",
            ("stage", deleted ? "deleted" : "active"), ("now", now), ("ws", ws), ("id", id));
        tx.Execute(
            "update run set stage = @stage, deleted_at = @deleted where workspace_id = @ws and experiment_id = @id and stage <> @stage",
            ("stage", deleted ? "deleted" : "active"), ("deleted", deleted ? now : null), ("ws", ws), ("id", id));
    }

    public static void Rename(Tx tx, int ws, int id, string name, DateTimeOffset now) =>
        tx.Execute("update experiment set name = @name, updated_at = @now where workspace_id = @ws and id = @id", ("name", name), ("now", now), ("ws", ws), ("id", id));

    public static void SetTag(Tx tx, int ws, int id, string key, string value) =>
        tx.Execute(
            "insert into experiment_tag (workspace_id, experiment_id, key, value) values (@ws, @id, @key, @value) on conflict (workspace_id, experiment_id, key) do update set value = excluded.value",
            ("ws", ws), ("id", id), ("key", key), ("value", value));

    public static bool DeleteTag(Tx tx, int ws, int id, string key) =>
        tx.Execute("delete from experiment_tag where workspace_id = @ws and experiment_id = @id and key = @key", ("ws", ws), ("id", id), ("key", key)) == 1;

    public static string Stage(string column, ViewType view) => view switch
    {
        ViewType.ActiveOnly => $"{column} = 'active'",
        ViewType.DeletedOnly => $"{column} = 'deleted'",
        _ => "1 = 1",
    };

    private static string Compare(FilterSql sql, Comparison c) => c.Field.Kind == "tag"
        ? $"exists (select 1 from experiment_tag t where t.workspace_id = e.workspace_id and t.experiment_id = e.id and t.key = {sql.Bind(c.Field.Key)} and {sql.Compare("t.value", c)})"
        : sql.Compare(Column(c.Field), c);

    private static string Column(FilterField field) => field.Key switch
    {
        "name" => "e.name",
        "experiment_id" => "e.id",
        "creation_time" => "e.created_at",
        "last_update_time" => "e.updated_at",
        _ => throw FilterGrammar.Invalid($"Experiments cannot be ordered by '{field.Kind}.{field.Key}'."),
    };

    private static List<Experiment> Tags(Tx tx, int ws, List<Experiment> experiments)
    {
        var tags = KeyedRows.Of(
            tx, ws, experiments.ConvertAll(e => (long)e.Id), "select experiment_id, key, value from experiment_tag where workspace_id = @ws and experiment_id in ({0}) order by experiment_id, key",
            (r, i) => new Tag(r.Text(i), r.Text(i + 1)));
        return experiments.ConvertAll(e => e with { Tags = tags.GetValueOrDefault(e.Id) ?? [] });
    }

    private static Experiment Map(Row r) =>
        new(r.Int32(0), r.Text(1), r.Text(2), r.Text(3) == "active" ? LifecycleStage.Active : LifecycleStage.Deleted, r.Time(4), r.Time(5), []);
}
