using System.Globalization;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The search grammar of traces and its SQL.</summary>
public static class TraceFilter
{
    private static readonly FilterField _experiment = new("attribute", "experiment_id", FieldType.Number);
    private static readonly Dictionary<string, FilterField> _attributes = Attributes();

    /// <summary>MLflow's grammar: comparisons joined by AND.</summary>
    public static FilterGrammar Mlflow { get; } = new(
        new Dictionary<string, string>
        {
            ["tag"] = "tag",
            ["tags"] = "tag",
            ["metadata"] = "metadata",
            ["request_metadata"] = "metadata",
            ["attribute"] = "attribute",
            ["attributes"] = "attribute",
            ["trace"] = "attribute",
            ["span"] = "span",
            ["spans"] = "span",
            ["feedback"] = "feedback",
            ["expectation"] = "expectation",
        },
        _attributes,
        new Dictionary<string, FieldType> { ["tag"] = FieldType.Text, ["metadata"] = FieldType.Text, ["span"] = FieldType.Text, ["feedback"] = FieldType.Text, ["expectation"] = FieldType.Text })
    {
        KeyedLists = true,
        OrderAttributes = new Dictionary<string, FilterField>(_attributes.Where(a => a.Key != "text")) { ["experiment_id"] = _experiment },
    };

    /// <summary>Our own: a superset with OR, NOT and parentheses.</summary>
    public static FilterGrammar Native { get; } = Mlflow with { Extended = true };

    internal static List<long> Search(Tx tx, int ws, IReadOnlyList<int> experiments, Filter filter, IReadOnlyList<Ordering> order, int limit, long offset)
    {
        if (experiments.Count == 0)
            return [];
        var sql = new FilterSql(tx.Dialect, Compare);
        var where = sql.Where(filter);
        var sort = new SortColumns();
        foreach (var ordering in order)
            sort.Add(Sorted(sql, ordering.Field), ordering.Descending);
        sql.Bind("ws", ws);
        sql.Bind("limit", limit);
        sql.Bind("offset", offset);
        var among = string.Join(", ", experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)));
        return tx.Query(
            $"""
            select trace_key from (select t.trace_key, t.requested_at{sort.Select} from trace t where t.workspace_id = @ws and t.experiment_id in ({among}) and {where}) found
            order by {sort.By("requested_at desc", "trace_key desc")} limit @limit offset @offset
            """,
            r => r.Int64(0), sql.Args);
    }

    internal static long Count(Tx tx, int ws, IReadOnlyList<int> experiments, Filter filter)
    {
        if (experiments.Count == 0)
            return 0;
        var sql = new FilterSql(tx.Dialect, Compare);
        var where = sql.Where(filter);
        sql.Bind("ws", ws);
        var among = string.Join(", ", experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)));
        return tx.Scalar($"select count(*) from trace t where t.workspace_id = @ws and t.experiment_id in ({among}) and {where}", sql.Args) ?? 0;
    }

    private static string Compare(FilterSql sql, Comparison c) => c.Field switch
    {
        { Kind: "tag" or "metadata" } => Having(sql, c.Field.Kind, c.Field.Key, c),
        { Kind: "span" } => Span(sql, c),
        { Kind: "feedback" or "expectation" } => Assessed(sql, c),
        { Key: "text" } => Spoken(sql, c),
        { Key: "name" } => Having(sql, "tag", WellKnownTags.TraceName, c),
        // A run's traces are those that it made and those that were linked to it.
        { Key: "run_id" } =>
            $"({Having(sql, "metadata", WellKnownTags.SourceRun, c)} or exists (select 1 from trace_run x where x.workspace_id = t.workspace_id and x.trace_key = t.trace_key and {sql.Compare("x.run_id", c)}))",
        { Key: "status" } when c.Value is string word => sql.Compare("t.state", c with { Value = word.ToUpperInvariant() }),
        _ => sql.Compare(Column(c.Field.Key), c),
    };

    private static string Span(FilterSql sql, Comparison c)
    {
        const string Attributes = "attributes.";
        if (c.Field.Key is "name" or "type" or "status")
            return OfSpans(sql.Compare("x." + c.Field.Key, c));
        if (!c.Field.Key.StartsWith(Attributes, StringComparison.Ordinal) || c.Field.Key.Length == Attributes.Length)
            throw FilterGrammar.Invalid($"Invalid span attribute '{c.Field.Key}'. Supported attributes: name, status, type, attributes.<attribute_name>.");
        return OfSpans(sql.Compare(sql.JsonText("x.attributes", c.Field.Key[Attributes.Length..]), c));
    }

    private static string Assessed(FilterSql sql, Comparison c) =>
        $"exists (select 1 from trace_assessment x where x.workspace_id = t.workspace_id and x.trace_key = t.trace_key and x.name = {sql.Bind(c.Field.Key)} and {sql.Compare(sql.JsonText("x." + c.Field.Kind, "value"), c)})";

    // What was said anywhere: in the names and attributes of spans, and at both ends.
    private static string Spoken(FilterSql sql, Comparison c)
    {
        if (c.Op is not ("like" or "ilike"))
            throw FilterGrammar.Invalid($"Invalid comparator '{c.Op}' for attribute 'text'.", "Use LIKE or ILIKE.");
        return $"({OfSpans($"({sql.Compare("x.name", c)} or {sql.Compare("x.attributes", c)})")} or {sql.Compare("coalesce(t.request_preview, '')", c)} or {sql.Compare("coalesce(t.response_preview, '')", c)})";
    }

    private static string OfSpans(string condition) => $"exists (select 1 from trace_span x where x.workspace_id = t.workspace_id and x.trace_key = t.trace_key and {condition})";

    private static string Having(FilterSql sql, string table, string key, Comparison c) =>
        $"exists (select 1 from trace_{table} x where x.workspace_id = t.workspace_id and x.trace_key = t.trace_key and x.key = {sql.Bind(key)} and {sql.Compare("x.value", c)})";

    private static string Sorted(FilterSql sql, FilterField field) => field switch
    {
        { Kind: "tag" or "metadata" } => Value(sql, field.Kind, field.Key),
        { Kind: "span" or "feedback" or "expectation" } => throw FilterGrammar.Invalid($"Traces cannot be ordered by '{field.Kind}.{field.Key}'."),
        { Key: "name" } => Value(sql, "tag", WellKnownTags.TraceName),
        { Key: "run_id" } => Value(sql, "metadata", WellKnownTags.SourceRun),
        { Type: FieldType.Text } => sql.ByCodePoint(Column(field.Key)),
        _ => Column(field.Key),
    };

    private static string Value(FilterSql sql, string table, string key) =>
        $"(select {sql.ByCodePoint("x.value")} from trace_{table} x where x.workspace_id = t.workspace_id and x.trace_key = t.trace_key and x.key = {sql.Bind(key)})";

    private static string Column(string key) => key switch
    {
        "request_id" => "t.trace_id",
        "client_request_id" => "t.client_request_id",
        "status" => "t.state",
        "timestamp" => "t.requested_at",
        "execution_time" => "t.duration_ms",
        "end_time" => "(t.requested_at + t.duration_ms)",
        "experiment_id" => "t.experiment_id",
        _ => throw new InvalidOperationException(key),
    };

    private static Dictionary<string, FilterField> Attributes()
    {
        var fields = new Dictionary<string, FilterField>();
        void Add(FieldType type, string key, params string[] aliases)
        {
            var field = new FilterField("attribute", key, type, AllowsIn: type == FieldType.Text);
            foreach (var name in aliases.Prepend(key))
                fields[name] = field;
        }

        Add(FieldType.Text, "request_id", "trace_id");
        Add(FieldType.Text, "client_request_id");
        Add(FieldType.Text, "status", "state");
        Add(FieldType.Text, "name");
        Add(FieldType.Text, "run_id");
        Add(FieldType.Text, "text");
        Add(FieldType.Number, "timestamp", "timestamp_ms");
        Add(FieldType.Number, "execution_time", "execution_time_ms");
        Add(FieldType.Number, "end_time", "end_time_ms");
        return fields;
    }
}
