using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Kernel.Yaml;

/// <summary>One value with its place. A reading of the wrong kind notes a fault and gives null.</summary>
public sealed class YamlValue
{
    private readonly YamlSource _source;
    private readonly YamlNode _node;

    internal YamlValue(YamlSource source, string path, YamlNode node)
    {
        _source = source;
        Path = path;
        _node = node;
    }

    /// <summary>Where it stands: <c>endpoints.credit.rollout.steps[0]</c>.</summary>
    public string Path { get; }

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => _node is YamlMappingNode;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => _node is YamlSequenceNode;

    /// <summary>Whether nothing stands there.</summary>
    public bool IsNull => _node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    /// <summary>The value as text; null (and a fault) for a map or list.</summary>
    public string? AsText() => _node is YamlScalarNode scalar && !IsNull ? scalar.Value : Wrong<string>("a text");

    /// <summary>The value as a number.</summary>
    public double? AsNumber() =>
        _node is YamlScalarNode scalar && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : WrongValue<double>("a number");

    /// <summary>The value as a whole number.</summary>
    public long? AsInteger() =>
        _node is YamlScalarNode scalar && long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : WrongValue<long>("a whole number");

    /// <summary>The value as true or false.</summary>
    public bool? AsFlag() => _node is YamlScalarNode { Value: "true" or "false" } scalar ? scalar.Value == "true" : WrongValue<bool>("true or false");

    /// <summary>The value as a share: <c>5%</c> or <c>0.05</c>.</summary>
    public double? AsShare()
    {
        if (_node is YamlScalarNode { Value: { } text })
        {
            var percent = text.EndsWith('%');
            if (double.TryParse(percent ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= (percent ? 100 : 1))
                return percent ? number / 100 : number;
        }

        return WrongValue<double>("a share between 0% and 100%, such as 5% or 0.05");
    }

    /// <summary>The value as a length of time: <c>48h</c>.</summary>
    public TimeSpan? AsTerm() => _node is YamlScalarNode scalar && Term.TryParse(scalar.Value, out var term) ? term : WrongValue<TimeSpan>("a length of time, such as 30s, 15m, 48h or 90d");

    /// <summary>The value as a map.</summary>
    public YamlMap? AsMap() => _node is YamlMappingNode map ? new YamlMap(_source, Path, map) : Wrong<YamlMap>("a map (key: value)");

    /// <summary>The value as a list; a single value is a list of one.</summary>
    public IReadOnlyList<YamlValue> AsList()
    {
        if (_node is not YamlSequenceNode list)
            return IsNull ? [] : [this];
        var items = new List<YamlValue>();
        foreach (var child in list.Children)
        {
            var item = new YamlValue(_source, $"{Path}[{items.Count}]", child);
            if (!_source.Seen(item.Path, child))
                break;
            items.Add(item);
        }

        return items;
    }

    /// <summary>The texts of a list.</summary>
    public IReadOnlyList<string> AsTexts() => [.. AsList().Select(v => v.AsText()).OfType<string>()];

    /// <summary>The value as JSON: plain scalars become numbers and booleans where they look like it.</summary>
    public JsonNode? ToJson() => _node switch
    {
        YamlMappingNode => new JsonObject(AsMap()!.Entries().Select(e => KeyValuePair.Create(e.Key, e.Value.ToJson()))),
        YamlSequenceNode => new JsonArray([.. AsList().Select(v => v.ToJson())]),
        YamlScalarNode scalar => Scalar(scalar),
        _ => null,
    };

    /// <summary>Notes a fault at this place.</summary>
    public void Fault(string message, string? hint = null) => _source.Fault(Path, _node.Start, message, hint);

    private JsonValue? Scalar(YamlScalarNode scalar)
    {
        if (scalar.Style != ScalarStyle.Plain)
            return JsonValue.Create(scalar.Value);
        if (IsNull)
            return null;
        if (scalar.Value is "true" or "false")
            return JsonValue.Create(scalar.Value == "true");
        if (long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return JsonValue.Create(whole);
        return double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(scalar.Value);
    }

    private T? Wrong<T>(string expected)
        where T : class
    {
        Fault($"{Last()} must be {expected}{Found()}.");
        return null;
    }

    private T? WrongValue<T>(string expected)
        where T : struct
    {
        Fault($"{Last()} must be {expected}{Found()}.");
        return null;
    }

    private string Last() => Path.Length == 0 ? "the file" : $"'{Path[(Path.LastIndexOf('.') + 1)..]}'";

    private string Found() => _node switch
    {
        YamlMappingNode => ", not a map",
        YamlSequenceNode => ", not a list",
        YamlScalarNode when IsNull => ", but nothing stands there",
        YamlScalarNode scalar => $", not {JsonSerializer.Serialize(scalar.Value)}",
        _ => "",
    };
}
