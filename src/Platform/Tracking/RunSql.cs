using System.Globalization;
using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>What a search of runs asks, parsed.</summary>
/// <param name="Experiments">Only runs of these; null for all.</param>
internal sealed record RunSearch(
    IReadOnlyList<int>? Experiments, Filter Filter, IReadOnlyList<Ordering> Order, ViewType View, int Limit, long Offset, IReadOnlyList<FieldColumn> Columns);

/// <summary>What a search of runs found.</summary>
/// <param name="Keys">The page, and one more when there is a next one.</param>
/// <param name="Values">For each key the values of the columns asked for.</param>
/// <param name="Total">How many match in all; null where that was not counted.</param>
internal sealed record RunRows(List<long> Keys, IReadOnlyList<IReadOnlyList<RunValue>>? Values, long? Total);

/// <summary>The search of runs as one statement; the way of PostgreSQL. SQLite's is <see cref="RunIndex"/>.</summary>
internal static class RunSql
{
    public static RunRows Search(Tx tx, int ws, RunSearch search)
    {
        if (search.Experiments is { Count: 0 })
            return new RunRows([], [], 0);
        var sql = new FilterSql(tx.Dialect, Compare);
        var where = sql.Where(search.Filter);
        var joins = new List<string>();
        var sort = new SortColumns();
        foreach (var ordering in search.Order)
            Order(sql, ordering, joins, sort);
        if (!search.Order.Any(o => o.Field is { Kind: "attribute", Key: "start_time" }))
            sort.Add("r.started_at", descending: true);
        sql.Bind("ws", ws);
        sql.Bind("limit", search.Limit);
        sql.Bind("offset", search.Offset);
        var among = search.Experiments is null ? "" : $" and r.experiment_id in ({string.Join(", ", search.Experiments.Select(e => e.ToString(CultureInfo.InvariantCulture)))})";
        var keys = tx.Query(
            $"""
            select run_key from (
                select r.run_key, r.run_id{sort.Select} from run r {string.Join(' ', joins)} where r.workspace_id = @ws{among} and {ExperimentStore.Stage("r.stage", search.View)} and {where}
            ) found order by {sort.By("run_id asc")} limit @limit offset @offset
            """,
            r => r.Int64(0), sql.Args);
        return new RunRows(keys, search.Columns.Count == 0 ? null : Values(tx, ws, keys, search.Columns), null);
    }

    private static List<IReadOnlyList<RunValue>> Values(Tx tx, int ws, List<long> keys, IReadOnlyList<FieldColumn> columns)
    {
        var rows = keys.ConvertAll(_ => new RunValue[columns.Count]);
        var places = keys.Select((key, i) => (key, i)).ToDictionary(x => x.key, x => x.i);
        for (var c = 0; c < columns.Count; c++)
        {
            var (name, field) = columns[c];
            rows.ForEach(row => row[c] = new RunValue(name));
            foreach (var chunk in keys.Chunk(RunStore.Chunk))
            {
                var sql = new FilterSql(tx.Dialect, Compare);
                var text = RunFields.Select(sql, field with { AsNumber = false, Type = field.AsNumber ? FieldType.Text : field.Type });
                sql.Bind("ws", ws);
                tx.Each(
                    text.Replace("{0}", $" and x.run_key in ({string.Join(", ", chunk.Select(k => k.ToString(CultureInfo.InvariantCulture)))})", StringComparison.Ordinal),
                    r =>
                    {
                        ref var value = ref rows[places[r.Int64(0)]][c];
                        if (field.Type == FieldType.Text || field.AsNumber)
                            value = RunFields.Value(name, value.Text is { } before ? before + ", " + r.Text(1) : r.Text(1), field.AsNumber);
                        else
                            value = new RunValue(name, r.Bool(2) ? double.NaN : r.Double(1));
                    },
                    sql.Args);
            }
        }

        return [.. rows];
    }

    private static string Compare(FilterSql sql, Comparison c) => c.Field.Kind switch
    {
        "metric" => $"exists (select 1 from series s where s.workspace_id = r.workspace_id and s.run_key = r.run_key and s.points > 0 and s.name = {sql.Bind(c.Field.Key)} and {Metric(sql, c)})",
        "param" => $"exists (select 1 from run_param p where p.workspace_id = r.workspace_id and p.run_key = r.run_key and p.key = {sql.Bind(c.Field.Key)} and {sql.Compare("p.value", c)})",
        "tag" => $"exists (select 1 from run_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = {sql.Bind(c.Field.Key)} and {sql.Compare("t.value", c)})",
        "dataset" when c.Field.Key == "context" =>
            $"exists (select 1 from run_input_tag t where t.workspace_id = r.workspace_id and t.run_key = r.run_key and t.key = {sql.Bind(WellKnownTags.DataContext)} and {sql.Compare("t.value", c)})",
        "dataset" =>
            $"exists (select 1 from run_input i join input_dataset d on d.dataset_key = i.dataset_key and d.workspace_id = i.workspace_id where i.workspace_id = r.workspace_id and i.run_key = r.run_key and {sql.Compare("d." + c.Field.Key, c)})",
        // Two-valued, so that "not" takes in what has no value.
        _ => $"coalesce({sql.Compare(RunFields.Attribute(c.Field, "r"), Status(c))}, 1 = 0)",
    };

    /// <summary>The words of a status are stored large.</summary>
    public static Comparison Status(Comparison c) => c switch
    {
        { Field: { Kind: "attribute", Key: "status" }, Value: string word } => c with { Value = word.ToUpperInvariant() },
        { Field: { Kind: "attribute", Key: "status" }, Value: List<string> words } => c with { Value = words.ConvertAll(w => w.ToUpperInvariant()) },
        _ => c,
    };

    private static string Metric(FilterSql sql, Comparison c)
    {
        var nan = RunFields.Nan(c.Field, "s");
        if (c.Op == "nan")
            return nan + " = 1";
        var compared = sql.Compare(RunFields.Metric(sql, c.Field, "s"), c);
        return nan == "0" || c.Op == "present" || c.Field.NanAsZero ? compared : $"({nan} = 0 and {compared})";
    }

    // Missing values come last in both directions; of a metric, NaN comes between the numbers and the missing.
    private static void Order(FilterSql sql, Ordering ordering, List<string> joins, SortColumns sort)
    {
        var alias = "j" + joins.Count.ToString(CultureInfo.InvariantCulture);
        switch (ordering.Field.Kind)
        {
            case "metric":
                joins.Add($"left join series {alias} on {alias}.workspace_id = r.workspace_id and {alias}.run_key = r.run_key and {alias}.points > 0 and {alias}.name = {sql.Bind(ordering.Field.Key)}");
                var value = RunFields.Metric(sql, ordering.Field, alias);
                sort.Add(value, ordering.Descending, RunFields.Nan(ordering.Field, alias));
                break;
            case "param" or "tag":
                var table = ordering.Field.Kind == "param" ? "run_param" : "run_tag";
                joins.Add($"left join {table} {alias} on {alias}.workspace_id = r.workspace_id and {alias}.run_key = r.run_key and {alias}.key = {sql.Bind(ordering.Field.Key)}");
                sort.Add(ordering.Field.AsNumber ? sql.Number(alias + ".value") : sql.ByCodePoint(alias + ".value"), ordering.Descending);
                break;
            case "attribute":
                var column = RunFields.Attribute(ordering.Field, "r");
                sort.Add(ordering.Field.Type == FieldType.Text ? sql.ByCodePoint(column) : column, ordering.Descending);
                break;
            default:
                throw Unordered(ordering.Field);
        }
    }

    public static Contracts.HoldfastException Unordered(FilterField field) =>
        FilterGrammar.Invalid($"Runs cannot be ordered by '{field.Kind}.{field.Key}'.", "Order by an attribute, a metric, a parameter or a tag.");
}
