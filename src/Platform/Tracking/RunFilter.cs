using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The search grammars of runs.</summary>
public static class RunFilter
{
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
        Attributes(native: false),
        new Dictionary<string, FieldType> { ["metric"] = FieldType.Number, ["param"] = FieldType.Text, ["tag"] = FieldType.Text })
    {
        Fixed = new Dictionary<string, IReadOnlyList<string>> { ["dataset"] = ["name", "digest", "context"] },
        NanAsZero = true,
    };

    /// <summary>
    /// Our own, a superset in which NaN is no number: OR, NOT, parentheses, lists, patterns, tests for null, the least and greatest value of a
    /// metric, its value where another one was best, numbers in parameters, dates.
    /// </summary>
    public static FilterGrammar Native { get; } = Mlflow with { Extended = true, Series = true, NanAsZero = false, Attributes = Attributes(native: true) };

    private static Dictionary<string, FilterField> Attributes(bool native)
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
        if (native)
        {
            Add(FieldType.Number, "duration");
            Add(FieldType.Number, "experiment_id");
        }

        return fields;
    }
}
