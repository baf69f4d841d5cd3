using Holdfast.Storage.Sql;
using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>What a field of runs is in SQL.</summary>
internal static class RunFields
{
    /// <summary>
    /// The statement that reads a field of many runs: run_key, value (a number or a text) and, of a number, 1 where it is NaN.
    /// <c>{0}</c> stands for a further condition on <c>x.run_key</c>. Runs without the field are left out; a dataset's field may come twice.
    /// </summary>
    public static string Select(FilterSql sql, FilterField field) => field.Kind switch
    {
        "metric" => $"select x.run_key, {Metric(sql, field, "x")}, {Nan(field, "x")} from series x where x.workspace_id = @ws and x.name = {sql.Bind(field.Key)} and x.points > 0 and {Metric(sql, field, "x")} is not null{{0}}",
        "param" or "tag" => $"select x.run_key, x.value from run_{field.Kind} x where x.workspace_id = @ws and x.key = {sql.Bind(field.Key)}{{0}}",
        "dataset" when field.Key == "context" => $"select x.run_key, x.value from run_input_tag x where x.workspace_id = @ws and x.key = {sql.Bind(WellKnownTags.DataContext)}{{0}}",
        "dataset" => $"select x.run_key, d.{field.Key} from run_input x join input_dataset d on d.dataset_key = x.dataset_key and d.workspace_id = x.workspace_id where x.workspace_id = @ws{{0}}",
        _ => $"select x.run_key, {Attribute(field, "x")}{(field.Type == FieldType.Number ? ", 0" : "")} from run x where x.workspace_id = @ws and {Attribute(field, "x")} is not null{{0}}",
    };

    /// <summary>A value of a series, as a number or null.</summary>
    /// <param name="s">Alias of the series.</param>
    public static string Metric(FilterSql sql, FilterField field, string s)
    {
        if (field.At is { } other)
            return AtBest(sql, other, s);
        return field.Of switch
        {
            SeriesValue.Last => s + ".last_value",
            SeriesValue.First => s + ".first_value",
            SeriesValue.Min => s + ".min_value",
            SeriesValue.Max => s + ".max_value",
            SeriesValue.Count => $"cast({s}.points as double precision)",
            SeriesValue.LastStep => Step(s + ".last"),
            SeriesValue.FirstStep => Step(s + ".first"),
            SeriesValue.MinStep => Step(s + ".min"),
            _ => Step(s + ".max"),
        };
    }

    /// <summary>1 where the value is NaN, which is stored as 0.</summary>
    public static string Nan(FilterField field, string s) => field switch
    {
        { At: not null } => "0",
        { Of: SeriesValue.Last } => s + ".last_is_nan",
        { Of: SeriesValue.First } => s + ".first_is_nan",
        _ => "0",
    };

    /// <summary>An attribute of a run.</summary>
    /// <param name="r">Alias of the run.</param>
    public static string Attribute(FilterField field, string r) => field.Key switch
    {
        "run_id" => r + ".run_id",
        "run_name" => r + ".name",
        "user_id" => r + ".user_name",
        "status" => r + ".status",
        "artifact_uri" => r + ".artifact_uri",
        "start_time" => Number(r + ".started_at"),
        "end_time" => Number(r + ".ended_at"),
        "experiment_id" => Number(r + ".experiment_id"),
        "duration" => $"(({r}.ended_at - {r}.started_at) / 1000.0e0)",
        _ => throw new InvalidOperationException(field.Key),
    };

    /// <summary>The value of a text, read as a number where that was asked.</summary>
    public static RunValue Value(string name, string text, bool asNumber) => asNumber ? new RunValue(name, NumberText.Read(text)) : new RunValue(name, Text: text);

    private static string Number(string column) => $"cast({column} as double precision)";

    private static string Step(string column) => $"({Number(column + "_step")} + coalesce({column}_part, 0) / 1000000.0e0)";

    // The newest point at or before the step at which the other metric was best. NaN there counts as no value.
    private static string AtBest(FilterSql sql, FilterField other, string s)
    {
        var best = other.Of == SeriesValue.Min ? "min" : "max";
        return $"""
            (select case when p.is_nan = 0 then p.value end from metric_point p where p.workspace_id = {s}.workspace_id and p.series_key = {s}.series_key and (p.step, p.part) <=
            (select o.{best}_step, coalesce(o.{best}_part, 0) from series o where o.workspace_id = {s}.workspace_id and o.run_key = {s}.run_key and o.name = {sql.Bind(other.Key)} and o.points > 0)
            order by p.step desc, p.part desc, p.at desc, p.value desc limit 1)
            """;
    }
}
