using System.Globalization;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The search grammar of logged models and its SQL.</summary>
public static class LoggedModelFilter
{
    private static readonly Dictionary<string, string> _columns = new()
    {
        ["name"] = "m.name",
        ["model_id"] = "m.model_id",
        ["model_type"] = "m.model_type",
        ["status"] = "m.status",
        ["source_run_id"] = "m.source_run_id",
        ["experiment_id"] = "m.experiment_id",
        ["creation_timestamp"] = "m.created_at",
        ["last_updated_timestamp"] = "m.updated_at",
    };

    /// <summary>MLflow's grammar: comparisons joined by AND.</summary>
    public static FilterGrammar Mlflow { get; } = new(
        new Dictionary<string, string>
        {
            ["attributes"] = "attribute",
            ["metrics"] = "metric",
            ["params"] = "param",
            ["tags"] = "tag",
        },
        Attributes(),
        new Dictionary<string, FieldType> { ["metric"] = FieldType.Number, ["param"] = FieldType.Text, ["tag"] = FieldType.Text })
    {
        KeyedLists = true,
    };

    /// <summary>Our own: a superset with OR, NOT and parentheses.</summary>
    public static FilterGrammar Native { get; } = Mlflow with { Extended = true };

    internal static List<long> Search(
        Tx tx, int ws, IReadOnlyList<int> experiments, Filter filter, IReadOnlyList<MeasuredDataset> datasets, IReadOnlyList<(Ordering Order, MeasuredDataset? Dataset)> order, int limit, long offset)
    {
        if (experiments.Count == 0)
            return [];
        var sql = new FilterSql(tx.Dialect, (s, c) => Compare(s, c, datasets));
        var where = sql.Where(filter);
        if (datasets.Count > 0 && !HasMetric(filter))
            where += $" and exists (select 1 from logged_model_metric x where x.workspace_id = m.workspace_id and x.model_key = m.model_key{MeasuredOn(sql, datasets)})";
        var sort = new SortColumns();
        foreach (var (ordering, dataset) in order)
            sort.Add(Sorted(sql, ordering.Field, dataset), ordering.Descending);
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        var among = string.Join(", ", experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)));
        return tx.Query(
            $"""
            select model_key from (
                select m.model_key, m.created_at{sort.Select} from logged_model m where m.workspace_id = @ws and m.stage = 'active' and m.experiment_id in ({among}) and {where}
            ) found order by {sort.By("created_at desc", "model_key desc")} limit @limit offset @offset
            """,
            r => r.Int64(0), sql.Args);
    }

    private static string Compare(FilterSql sql, Comparison c, IReadOnlyList<MeasuredDataset> datasets) => c.Field.Kind switch
    {
        "metric" =>
            $"exists (select 1 from logged_model_metric x where x.workspace_id = m.workspace_id and x.model_key = m.model_key and x.name = {sql.Bind(c.Field.Key)} and {sql.Compare("x.value", c)}{MeasuredOn(sql, datasets)})",
        "param" or "tag" =>
            $"exists (select 1 from logged_model_{c.Field.Kind} x where x.workspace_id = m.workspace_id and x.model_key = m.model_key and x.key = {sql.Bind(c.Field.Key)} and {sql.Compare("x.value", c)})",
        _ => sql.Compare(_columns[c.Field.Key], c.Field.Key == "status" && c.Value is string word ? c with { Value = Status(word) } : c),
    };

    // READY, as its clients show it, or LOGGED_MODEL_READY, as the wire has it.
    private static string Status(string word) => word.ToUpperInvariant().Replace("LOGGED_MODEL_", "", StringComparison.Ordinal) is var bare && bare == "FAILED" ? "UPLOAD_FAILED" : bare;

    // A model is ordered by the newest point of the metric.
    private static string Sorted(FilterSql sql, FilterField field, MeasuredDataset? dataset) => field.Kind switch
    {
        "metric" =>
            $"(select x.value from logged_model_metric x where x.workspace_id = m.workspace_id and x.model_key = m.model_key and x.name = {sql.Bind(field.Key)}{MeasuredOn(sql, dataset is null ? [] : [dataset])} order by x.at desc, x.step desc, x.value desc limit 1)",
        "attribute" => field.Type == FieldType.Text ? sql.ByCodePoint(_columns[field.Key]) : _columns[field.Key],
        _ => throw FilterGrammar.Invalid($"Invalid order by field name: {field.Kind}s.{field.Key}. Only metrics are supported.", "Order by an attribute or a metric."),
    };

    private static string MeasuredOn(FilterSql sql, IReadOnlyList<MeasuredDataset> datasets) => datasets.Count == 0
        ? ""
        : $" and ({string.Join(" or ", datasets.Select(d => $"(x.dataset_name = {sql.Bind(d.Name)}{(d.Digest is null ? "" : $" and x.dataset_digest = {sql.Bind(d.Digest)}")})"))})";

    private static bool HasMetric(Filter filter) => filter switch
    {
        AllOf all => all.Parts.Any(HasMetric),
        AnyOf any => any.Parts.Any(HasMetric),
        NoneOf none => HasMetric(none.Part),
        Comparison c => c.Field.Kind == "metric",
        _ => false,
    };

    private static Dictionary<string, FilterField> Attributes()
    {
        var fields = _columns.Keys.ToDictionary(
            key => key,
            key => key is "experiment_id" or "creation_timestamp" or "last_updated_timestamp" ? new FilterField("attribute", key, FieldType.Number) : new FilterField("attribute", key, FieldType.Text, AllowsIn: true));
        foreach (var alias in new[] { "creation_time", "creation_timestamp_ms" })
            fields[alias] = fields["creation_timestamp"];
        fields["last_updated_timestamp_ms"] = fields["last_updated_timestamp"];
        return fields;
    }
}
