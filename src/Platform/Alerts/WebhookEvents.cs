using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Kernel;

namespace Holdfast.Alerts;

/// <summary>The events that webhooks can ask for, and how one reads in a delivery. Names and fields are those of MLflow's webhooks, so that receivers written for them work.</summary>
internal static class WebhookEvents
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    // Marks of a prompt that its receivers do not want to see.
    private static readonly string[] _promptMarks = ["mlflow.prompt.is_prompt", "_mlflow_prompt_type", PromptText];
    private const string PromptText = "mlflow.prompt.text";

    private static readonly Dictionary<string, Func<JsonObject>> _examples = new()
    {
        ["registered_model.created"] = () => Created("example_model", Example, "An example registered model"),
        ["model_version.created"] = () => new JsonObject
        {
            ["name"] = "example_model",
            ["version"] = "1",
            ["source"] = "models:/123",
            ["run_id"] = "abcd1234abcd5678",
            ["tags"] = Tags(Example),
            ["description"] = "An example model version",
        },
        ["model_version_tag.set"] = () => TagSet("example_model", "1", "example_key", "example_value"),
        ["model_version_tag.deleted"] = () => TagSet("example_model", "1", "example_key", null),
        ["model_version_alias.created"] = () => Alias("example_model", "example_alias", "1"),
        ["model_version_alias.deleted"] = () => Alias("example_model", "example_alias", null),
        ["prompt.created"] = () => Created("example_prompt", Example, "An example prompt"),
        ["prompt_version.created"] = () => new JsonObject
        {
            ["name"] = "example_prompt",
            ["version"] = "1",
            ["template"] = "Hello {{name}}!",
            ["tags"] = Tags(Example),
            ["description"] = "An example prompt version",
        },
        ["prompt_tag.set"] = () => TagSet("example_prompt", null, "example_key", "example_value"),
        ["prompt_tag.deleted"] = () => TagSet("example_prompt", null, "example_key", null),
        ["prompt_version_tag.set"] = () => TagSet("example_prompt", "1", "example_key", "example_value"),
        ["prompt_version_tag.deleted"] = () => TagSet("example_prompt", "1", "example_key", null),
        ["prompt_alias.created"] = () => Alias("example_prompt", "example_alias", "1"),
        ["prompt_alias.deleted"] = () => Alias("example_prompt", "example_alias", null),
    };

    /// <summary>Their names, entity and action.</summary>
    public static IReadOnlyCollection<string> All => _examples.Keys;

    private static Dictionary<string, string> Example => new() { ["example_key"] = "example_value" };

    /// <summary>What an event of the Journal is to webhooks; null when it is nothing to them.</summary>
    public static (string Name, JsonObject Data)? Of(JournalEvent e) => e.Kind switch
    {
        "model.created" when e.DetailAs<ModelCreated>() is var d =>
            d.Prompt ? ("prompt.created", Created(d.Model, Plain(d.Tags), d.Description)) : ("registered_model.created", Created(d.Model, d.Tags, d.Description)),
        "model_version.created" when e.DetailAs<ModelVersionCreated>() is var d => d.Prompt ? ("prompt_version.created", PromptVersion(d)) : ("model_version.created", Version(d)),
        "model_tag.set" when e.DetailAs<ModelTagSet>() is { Prompt: true } d => ("prompt_tag.set", TagSet(d.Model, null, d.Key, d.Value)),
        "model_tag.deleted" when e.DetailAs<ModelTagDeleted>() is { Prompt: true } d => ("prompt_tag.deleted", TagSet(d.Model, null, d.Key, null)),
        "model_version_tag.set" when e.DetailAs<ModelVersionTagSet>() is var d => (d.Prompt ? "prompt_version_tag.set" : "model_version_tag.set", TagSet(d.Model, Number(d.ModelVersion), d.Key, d.Value)),
        "model_version_tag.deleted" when e.DetailAs<ModelVersionTagDeleted>() is var d =>
            (d.Prompt ? "prompt_version_tag.deleted" : "model_version_tag.deleted", TagSet(d.Model, Number(d.ModelVersion), d.Key, null)),
        "alias.set" when e.DetailAs<AliasSet>() is var d => (d.Prompt ? "prompt_alias.created" : "model_version_alias.created", Alias(d.Model, d.Alias, Number(d.ModelVersion))),
        "alias.deleted" when e.DetailAs<AliasDeleted>() is var d => (d.Prompt ? "prompt_alias.deleted" : "model_version_alias.deleted", Alias(d.Model, d.Alias, null)),
        _ => null,
    };

    /// <summary>An example of what an event brings.</summary>
    public static JsonObject ExampleOf(string name) => _examples[name]();

    /// <summary>The body of a delivery.</summary>
    public static string Body(string name, DateTimeOffset at, JsonObject data)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return new JsonObject
        {
            ["entity"] = name[..dot],
            ["action"] = name[(dot + 1)..],
            ["timestamp"] = at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", Culture),
            ["data"] = data,
        }.ToJsonString();
    }

    private static JsonObject Created(string name, IReadOnlyDictionary<string, string>? tags, string? description) => new() { ["name"] = name, ["tags"] = Tags(tags), ["description"] = description ?? "" };

    private static JsonObject Version(ModelVersionCreated d) => new()
    {
        ["name"] = d.Model,
        ["version"] = Number(d.ModelVersion),
        ["source"] = d.Source ?? "",
        ["run_id"] = Null(d.RunId),
        ["tags"] = Tags(d.Tags),
        ["description"] = Null(d.Description),
    };

    private static JsonObject PromptVersion(ModelVersionCreated d) => new()
    {
        ["name"] = d.Model,
        ["version"] = Number(d.ModelVersion),
        ["template"] = d.Tags?.GetValueOrDefault(PromptText),
        ["tags"] = Tags(Plain(d.Tags)),
        ["description"] = Null(d.Description),
    };

    private static JsonObject TagSet(string model, string? version, string key, string? value)
    {
        var data = new JsonObject { ["name"] = model };
        if (version is not null)
            data["version"] = version;
        data["key"] = key;
        if (value is not null)
            data["value"] = value;
        return data;
    }

    private static JsonObject Alias(string model, string alias, string? version)
    {
        var data = new JsonObject { ["name"] = model, ["alias"] = alias };
        if (version is not null)
            data["version"] = version;
        return data;
    }

    private static Dictionary<string, string> Plain(IReadOnlyDictionary<string, string>? tags) =>
        (tags ?? new Dictionary<string, string>()).Where(t => !_promptMarks.Contains(t.Key)).ToDictionary(t => t.Key, t => t.Value);

    private static JsonObject Tags(IReadOnlyDictionary<string, string>? tags)
    {
        var data = new JsonObject();
        foreach (var (key, value) in tags ?? new Dictionary<string, string>())
            data[key] = value;
        return data;
    }

    private static string Number(int version) => version.ToString(Culture);

    private static string? Null(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
