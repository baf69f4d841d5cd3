using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;

namespace Holdfast.Pipelines;

/// <summary>Reads a <c>dvc.yaml</c>: its stages, with <c>${key}</c> filled from <c>params.yaml</c> and <c>vars</c>.</summary>
public static partial class DvcFile
{
    /// <summary>Reads the file from a project.</summary>
    /// <exception cref="HoldfastException">All faults of the file at once.</exception>
    public static IReadOnlyList<Stage> Read(string project, string file = "dvc.yaml")
    {
        var path = Path.Combine(project, file);
        if (!File.Exists(path))
            throw new HoldfastException(ErrorCode.NotFound, $"There is no '{file}' in the project.", "Create it, or declare the stages in holdfast.yaml.");
        var (source, root) = YamlSource.Parse(File.ReadAllText(path), file);
        var stages = root is null ? [] : Read(source, root, project, (Path.GetDirectoryName(file) ?? "").Replace('\\', '/'));
        source.ThrowIfFaulty();
        return stages;
    }

    private static IReadOnlyList<Stage> Read(YamlSource source, YamlMap root, string project, string folder)
    {
        var context = new JsonObject();
        if (File.Exists(Path.Combine(project, folder, "params.yaml")))
            Merge(context, ParamsFile.Read(Path.Combine(project, folder), "params.yaml"));
        foreach (var item in root.List("vars"))
        {
            if (item.IsMap)
                Merge(context, item.ToJson());
            else if (item.AsText() is { } name)
                Merge(context, ReadVars(item, Path.Combine(project, folder), name));
        }

        var stages = StageReader.Read(root.Names("stages"), folder, (place, text) => Fill(place, text, context));
        foreach (var known in new[] { "params", "metrics", "plots", "artifacts", "datasets" })
            root.Find(known);
        root.Done();
        foreach (var fault in StageGraph.Faults(stages, "stages"))
            source.Add(fault);
        return stages;
    }

    private static JsonNode? ReadVars(YamlValue place, string folder, string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        try
        {
            var tree = ParamsFile.Read(folder, colon < 0 ? name : name[..colon]);
            if (colon < 0)
                return tree;
            return new JsonObject(name[(colon + 1)..].Split(',').Where(k => ParamsFile.TryFind(tree, k.Trim(), out _)).Select(k => KeyValuePair.Create(k.Trim(), ParamsFile.TryFind(tree, k.Trim(), out var v) ? v?.DeepClone() : null)));
        }
        catch (HoldfastException e)
        {
            place.Fault(e.Message, e.Hint);
            return null;
        }
    }

    private static void Merge(JsonObject into, JsonNode? from)
    {
        foreach (var (key, value) in from as JsonObject ?? [])
        {
            if (into[key] is JsonObject had && value is JsonObject more)
                Merge(had, more);
            else
                into[key] = value?.DeepClone();
        }
    }

    private static string Fill(YamlValue place, string text, JsonObject context) => Template().Replace(text, match =>
    {
        if (match.Groups["escaped"].Success)
            return match.Value[1..];
        var key = match.Groups["key"].Value.Trim();
        if (!ParamsFile.TryFind(context, Index().Replace(key, ".$1"), out var value))
        {
            place.Fault($"'${{{key}}}' stands neither in params.yaml nor in vars.", "Add it there, or write \\${...} for a variable of the shell.");
            return match.Value;
        }

        return value switch
        {
            JsonObject map => string.Join(' ', ParamsFile.Leaves(map).Where(l => l.Value != "false").Select(l => l.Value == "true" ? $"--{l.Key}" : $"--{l.Key} {l.Value}")),
            JsonArray list => string.Join(' ', list.Select(i => i?.ToString())),
            null => "",
            _ => ParamsFile.Leaves(value).Single().Value,
        };
    });

    [GeneratedRegex(@"(?<escaped>\\)?\$\{(?<key>.*?)\}")]
    private static partial Regex Template();

    [GeneratedRegex(@"\[(\d+)\]")]
    private static partial Regex Index();
}
