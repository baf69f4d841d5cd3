using System.Globalization;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The search grammar of runs and its SQL.</summary>
public static class RunFilter
{
    private static readonly Dictionary<string, FilterField> _attributes = Attributes();

    /// <summary>MLflow's grammar: comparisons joined by AND.</summary>
    public static FilterGrammar Mlflow { get; } = new(
        new Dictionary<string, string>
        {
            ["metric"] = "metric",
            ["metrics"] = "metric",
            ["param"] = "param",
            ["params"] = "param",
            ["parameter"] = "param",
            ["parameters"] = "param",
            ["tag"] = "tag",
            ["tags"] = "tag",
            ["attribute"] = "attribute",
            ["attributes"] = "attribute",
            ["attr"] = "attribute",
            ["run"] = "attribute",
            ["dataset"] = "dataset",
            ["datasets"] = "dataset",
        },
        _attributes,
        new Dictionary<string, FieldType> { ["metric"] = FieldType.Number, ["param"] = FieldType.Text, ["tag"] = FieldType.Text })
    {
        Fixed = new Dictionary<string, IReadOnlyList<string>> { ["dataset"] = ["name", "digest", "context"] },
    };

    /// <summary>Our own: a superset with OR, NOT and parentheses.</summary>
    public static FilterGrammar Native { get; } = Mlflow with { Extended = true };

    internal static List<long> Search(Tx tx, int ws, IReadOnlyList<int>? experiments, Filter filter, IReadOnlyList<Ordering> order, ViewType view, int limit, long offset)
    {
        if (experiments is { Count: 0 })
            return [];
        var sql = new FilterSql(tx.Dialect, Compare);
        var where = sql.Where(filter);
        var joins = new List<string>();
        var by = new List<string>();
        foreach (var ordering in order)
            Order(sql, ordering, joins, by);
        if (!order.Any(o => o.Field is { Kind: "attribute", Key: "start_time" }))
            by.AddRange(["case when r.started_at is null then 1 else 0 end", "r.started_at desc"]);
        by.Add("r.run_id asc");
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        var among = experiments is null ? "" : $" and r.experiment_id in ({string.Join(", ", experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)))})";
        return tx.Query(
            $"select r.run_key from run r {string.Join(' ', joins)} where r.workspace_id = @ws{among} and {ExperimentStore.Stage("r.stage", view)} and {where} order by {string.Join(", ", by)} limit @limit offset @offset",
            r => r.Int64(0), sql.Args);
    }

    private static string Compare(FilterSql sql, Comparison c) => c.Field.Kind switch
    {
        "metric" => $"exists (select 1 from series s where s.workspace_id = r.workspace_id and s.run_key = r.run_key and s.points > 0 and s.name = {sql.Bind(c.Field.Key)} and {sql.Compare("s.last_value", c)})",
        "param" => $"exists (select 1 from run_param p where p.workspace_id = r.workspace_id and p.run_key = r.run_key and p.key = {sql.Bind(c.Field.Key)} and {sql.Compare("p.value", c)})",
        "tag" => $"exists (select 1 from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = {sql.Bind(c.Field.Key)} and {sql.Compare("t.value", c)})",
        "dataset" when c.Field.Key == "context" =>
            $"exists (select 1 from run_input_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = {sql.Bind(WellKnownTags.DataContext)} and {sql.Compare("t.value", c)})",
        "dataset" =>
            $"exists (select 1 from run_input i join input_dataset d on d.dataset_key = i.dataset_key and d.workspace_id = i.workspace_id where i.workspace_id = r.workspace_id and i.run_key = r.run_key and {sql.Compare("d." + c.Field.Key, c)})",
        _ => sql.Compare(Column(c.Field), c.Field.Key == "status" && c.Value is string word ? c with { Value = word.ToUpperInvariant() } : c),
    };

    // Missing values come last in both directions; of a metric, NaN comes between the numbers and the missing.
    private static void Order(FilterSql sql, Ordering ordering, List<string> joins, List<string> by)
    {
        var direction = ordering.Descending ? " desc" : " asc";
        var alias = "o" + joins.Count.ToString(CultureInfo.InvariantCulture);
        switch (ordering.Field.Kind)
        {
            case "metric":
                joins.Add($"left join series {alias} on {alias}.workspace_id = r.workspace_id and {alias}.run_key = r.run_key and {alias}.points > 0 and {alias}.name = {sql.Bind(ordering.Field.Key)}");
                by.Add($"case when {alias}.series_key is null then 2 when {alias}.last_is_nan = 1 then 1 else 0 end");
                by.Add($"{alias}.last_value{direction}");
                break;
            case "param" or "tag":
                var table = ordering.Field.Kind == "param" ? "run_param" : "run_tag";
                joins.Add($"left join {table} {alias} on {alias}.workspace_id = r.workspace_id and {alias}.run_key = r.run_key and {alias}.key = {sql.Bind(ordering.Field.Key)}");
                by.Add($"case when {alias}.value is null then 1 else 0 end");
                by.Add(sql.ByCodePoint(alias + ".value") + direction);
                break;
            case "attribute":
                var column = Column(ordering.Field);
                by.Add($"case when {column} is null then 1 else 0 end");
                by.Add((ordering.Field.Type == FieldType.Text ? sql.ByCodePoint(column) : column) + direction);
                break;
            default:
                throw FilterGrammar.Invalid($"Runs cannot be ordered by '{ordering.Field.Kind}.{ordering.Field.Key}'.", "Order by an attribute, a metric, a parameter or a tag.");
        }
    }

    private static string Column(FilterField field) => field.Key switch
    {
        "run_id" => "r.run_id",
        "run_name" => "r.name",
        "user_id" => "r.user_name",
        "status" => "r.status",
        "artifact_uri" => "r.artifact_uri",
        "start_time" => "r.started_at",
        "end_time" => "r.ended_at",
        _ => throw new InvalidOperationException(field.Key),
    };

    private static Dictionary<string, FilterField> Attributes()
    {
        var fields = new Dictionary<string, FilterField>();
        void Add(FieldType type, string key, params string[] aliases)
        {
            var field = new FilterField("attribute", key, type, AllowsIn: key == "run_id");
            foreach (var name in aliases.Prepend(key))
                fields[name] = field;
        }

        Add(FieldType.Text, "run_id");
        Add(FieldType.Text, "run_name", "run name", "Run name", "Run Name");
        Add(FieldType.Text, "user_id");
        Add(FieldType.Text, "status");
        Add(FieldType.Text, "artifact_uri");
        Add(FieldType.Number, "start_time", "created", "Created");
        Add(FieldType.Number, "end_time");
        return fields;
    }
}
