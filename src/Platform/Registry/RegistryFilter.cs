using Holdfast.Tracking;
using Holdfast.Tracking.Filters;

namespace Holdfast.Registry;

/// <summary>The search grammars of registered models and of versions.</summary>
public static class RegistryFilter
{
    private static readonly Dictionary<string, string> _prefixes = new()
    {
        ["attribute"] = "attribute",
        ["attributes"] = "attribute",
        ["attr"] = "attribute",
        ["tag"] = "tag",
        ["tags"] = "tag",
    };

    private static readonly Dictionary<string, FieldType> _keyed = new() { ["tag"] = FieldType.Text };

    /// <summary>Of registered models, as MLflow has it.</summary>
    public static FilterGrammar Models { get; } = new(_prefixes, Fields(("name", FieldType.Text)), _keyed)
    {
        OrderAttributes = Aliased(Fields(("name", FieldType.Text), ("last_updated_timestamp", FieldType.Number), ("creation_timestamp", FieldType.Number)), ("timestamp", "last_updated_timestamp")),
    };

    /// <summary>Of versions, as MLflow has it.</summary>
    public static FilterGrammar Versions { get; } = new(
        _prefixes, Fields(("name", FieldType.Text), ("run_id", FieldType.Text), ("source_path", FieldType.Text), ("version_number", FieldType.Number)), _keyed)
    {
        OrderAttributes = Fields(
            ("name", FieldType.Text), ("version_number", FieldType.Number), ("creation_timestamp", FieldType.Number), ("last_updated_timestamp", FieldType.Number)),
    };

    /// <summary>Of registered models, with OR, NOT and parentheses.</summary>
    public static FilterGrammar NativeModels { get; } = Models with { Extended = true };

    /// <summary>Of versions, with OR, NOT and parentheses.</summary>
    public static FilterGrammar NativeVersions { get; } = Versions with { Extended = true };

    /// <summary>Whether a filter speaks of a tag.</summary>
    public static bool Names(Filter filter, string tag) => filter switch
    {
        AllOf all => all.Parts.Any(x => Names(x, tag)),
        AnyOf any => any.Parts.Any(x => Names(x, tag)),
        NoneOf none => Names(none.Part, tag),
        Comparison c => c.Field.Kind == "tag" && c.Field.Key == tag,
        _ => false,
    };

    /// <summary>
    /// Whether a comparison asks for prompts (true), for what is none (false), or for something else (null). Clients ask for models
    /// as <c>tag.`mlflow.prompt.is_prompt` != 'true'</c>, which models do not bear: here the missing tag counts as not true.
    /// </summary>
    internal static bool? WantsPrompts(Comparison c) =>
        c.Field is { Kind: "tag", Key: WellKnownTags.IsPrompt } && c.Op is "=" or "!=" && c.Value is string value ? (c.Op == "=") == value.Equals("true", StringComparison.OrdinalIgnoreCase) : null;

    private static Dictionary<string, FilterField> Fields(params (string Key, FieldType Type)[] fields) =>
        fields.ToDictionary(f => f.Key, f => new FilterField("attribute", f.Key, f.Type, AllowsIn: f.Key == "run_id"));

    private static Dictionary<string, FilterField> Aliased(Dictionary<string, FilterField> fields, params (string Alias, string Key)[] aliases)
    {
        foreach (var (alias, key) in aliases)
            fields[alias] = fields[key];
        return fields;
    }
}
