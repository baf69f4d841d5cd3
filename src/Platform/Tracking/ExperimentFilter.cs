using Holdfast.Tracking.Filters;

namespace Holdfast.Tracking;

/// <summary>The search grammar of experiments.</summary>
public static class ExperimentFilter
{
    private static readonly FilterField _name = new("attribute", "name", FieldType.Text);
    private static readonly FilterField _created = new("attribute", "creation_time", FieldType.Number);
    private static readonly FilterField _updated = new("attribute", "last_update_time", FieldType.Number);

    /// <summary>MLflow's grammar.</summary>
    public static FilterGrammar Mlflow { get; } = new(
        new Dictionary<string, string> { ["attribute"] = "attribute", ["attributes"] = "attribute", ["attr"] = "attribute", ["tag"] = "tag", ["tags"] = "tag" },
        new Dictionary<string, FilterField> { ["name"] = _name, ["creation_time"] = _created, ["last_update_time"] = _updated },
        new Dictionary<string, FieldType> { ["tag"] = FieldType.Text })
    {
        OrderAttributes = new Dictionary<string, FilterField>
        {
            ["name"] = _name,
            ["creation_time"] = _created,
            ["last_update_time"] = _updated,
            ["experiment_id"] = new("attribute", "experiment_id", FieldType.Number),
        },
    };

    /// <summary>Our own: with OR, NOT and parentheses.</summary>
    public static FilterGrammar Native { get; } = Mlflow with { Extended = true };
}
