using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;

namespace Holdfast.Pipelines;

/// <summary>Values from a YAML or JSON file by dotted key: parameters going in, metrics coming out.</summary>
public static class ParamsFile
{
    /// <summary>Reads a file as one tree.</summary>
    /// <exception cref="HoldfastException">The file is absent, malformed or of a kind that is not read.</exception>
    public static JsonNode? Read(string root, string file)
    {
        var path = Path.Combine(root, file);
        if (!File.Exists(path))
            throw new HoldfastException(ErrorCode.NotFound, $"The file '{file}' is missing.", "Create it, or correct the name.");
        switch (Path.GetExtension(file))
        {
            case ".json":
                try
                {
                    return JsonNode.Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { MaxDepth = 64, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                }
                catch (JsonException e)
                {
                    throw new HoldfastException(ErrorCode.InvalidArgument, $"{file}, line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: not JSON: {e.Message.Split(" LineNumber:")[0]}", "NaN and Infinity are not JSON numbers.", e);
                }

            case ".yaml" or ".yml":
                var (source, map) = YamlSource.Parse(File.ReadAllText(path), file);
                var tree = map is null ? null : new JsonObject(map.Entries().Select(e => KeyValuePair.Create(e.Key, e.Value.ToJson())));
                source.ThrowIfFaulty();
                return tree;
            default:
                throw new HoldfastException(ErrorCode.Unsupported, $"'{file}' is neither JSON nor YAML.", "Use .json, .yaml or .yml.");
        }
    }

    /// <summary>The value of a dotted key; false when it is not there.</summary>
    public static bool TryFind(JsonNode? tree, string key, out JsonNode? value)
    {
        value = tree;
        foreach (var part in key.Split('.'))
        {
            switch (value)
            {
                case JsonObject map when map.TryGetPropertyValue(part, out var child):
                    value = child;
                    break;
                case JsonArray list when int.TryParse(part, out var index) && index >= 0 && index < list.Count:
                    value = list[index];
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>All leaves below a value, by dotted key, as text.</summary>
    public static IEnumerable<(string Key, string Value)> Leaves(JsonNode? tree, string prefix = "") => tree switch
    {
        JsonObject map => map.SelectMany(e => Leaves(e.Value, Join(prefix, e.Key))),
        JsonArray list when list.Any(i => i is JsonObject or JsonArray) => list.SelectMany((v, i) => Leaves(v, Join(prefix, i.ToString(System.Globalization.CultureInfo.InvariantCulture)))),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [(prefix, value.GetValue<string>())],
        null => [(prefix, "null")],
        _ => [(prefix, tree.ToJsonString())],
    };

    /// <summary>All numbers below a value, by dotted key; booleans count as 0 and 1.</summary>
    public static IEnumerable<(string Key, double Value)> Numbers(JsonNode? tree, string prefix = "") => tree switch
    {
        JsonObject map => map.SelectMany(e => Numbers(e.Value, Join(prefix, e.Key))),
        JsonArray list => list.SelectMany((v, i) => Numbers(v, Join(prefix, i.ToString(System.Globalization.CultureInfo.InvariantCulture)))),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => [(prefix, value.Deserialize<double>())],
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => [(prefix, value.GetValue<bool>() ? 1 : 0)],
        _ => [],
    };

    private static string Join(string prefix, string key) => prefix.Length == 0 ? key : $"{prefix}.{key}";
}
