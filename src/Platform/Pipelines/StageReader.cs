using Holdfast.Kernel.Yaml;

namespace Holdfast.Pipelines;

/// <summary>Reads stages in DVC's grammar: <c>cmd, wdir, deps, params, outs, metrics</c> and, of our own, <c>env</c> and <c>timeout</c>.</summary>
public static class StageReader
{
    /// <summary>Reads the stages below a map; faults go to the source.</summary>
    /// <param name="entries">Name and body of each stage.</param>
    /// <param name="folder">Folder of the file, relative to the project; empty at its root.</param>
    /// <param name="text">What is done to every text (templates); null = nothing.</param>
    public static IReadOnlyList<Stage> Read(IReadOnlyList<(string Key, YamlValue Value)> entries, string folder = "", Func<YamlValue, string, string>? text = null)
    {
        var stages = new List<Stage>();
        foreach (var (name, body) in entries)
        {
            if (body.AsMap() is { } map && Read(name, map, folder, text ?? ((_, t) => t)) is { } stage)
                stages.Add(stage);
        }

        return stages;
    }

    private static Stage? Read(string name, YamlMap map, string folder, Func<YamlValue, string, string> text)
    {
        var at = map.Path;
        foreach (var later in new[] { "foreach", "do", "matrix" })
        {
            if (map.Find(later) is { } found)
                found.Fault($"'{later}' is not supported yet.", "Write the stages out.");
        }

        string Filled(YamlValue value) => value.AsText() is { } t ? text(value, t) : "";
        var commands = (map.Require("cmd", "Give the command that the stage runs.")?.AsList() ?? []).Select(Filled).Where(c => c.Length > 0).ToList();
        var wdir = map.Find("wdir") is { } w ? PathOf(w, folder, Filled(w)) : folder;
        var outs = new List<StageOut>();
        ReadOuts(map.List("outs"), metrics: false);
        ReadOuts(map.List("metrics"), metrics: true);
        ReadOuts(map.List("plots"), metrics: false);
        var stage = new Stage(
            name, commands, wdir,
            [.. map.List("deps").Select(d => PathOf(d, wdir, Filled(d)))],
            ReadParams(map.List("params"), wdir, Filled),
            outs,
            map.Find("env") is { } env ? env.AsTexts() : null,
            map.Flag("always_changed"),
            map.Term("timeout"));
        map.Find("desc");
        map.Find("meta");
        if (map.Flag("frozen"))
            map.Fault($"'{at}' is frozen, which is not supported yet.", "Take the stage out, and add what it wrote to the project.");
        map.Done();
        foreach (var input in stage.Env ?? [])
        {
            if (!RunInputs.All.Contains(input))
                map.Fault($"'{input}' in '{at}.env' is no input of a run.", $"Use {string.Join(", ", RunInputs.All)}.");
        }

        return commands.Count == 0 ? null : stage;

        void ReadOuts(IReadOnlyList<YamlValue> items, bool metrics)
        {
            foreach (var item in items)
            {
                if (!item.IsMap)
                {
                    outs.Add(new StageOut(PathOf(item, wdir, Filled(item)), metrics));
                    continue;
                }

                foreach (var (path, options) in item.AsMap()!.Entries())
                {
                    var body = options.IsNull ? null : options.AsMap();
                    outs.Add(new StageOut(PathOf(options, wdir, text(options, path)), metrics, body?.Flag("persist") ?? false));
                }
            }
        }
    }

    private static List<StageParams> ReadParams(IReadOnlyList<YamlValue> items, string wdir, Func<YamlValue, string> filled)
    {
        var own = new List<string>();
        var all = new List<StageParams>();
        foreach (var item in items)
        {
            if (!item.IsMap)
            {
                own.Add(filled(item));
                continue;
            }

            foreach (var (file, keys) in item.AsMap()!.Entries())
                all.Add(new StageParams(PathOf(keys, wdir, file), keys.AsTexts()));
        }

        if (own.Count > 0)
            all.Insert(0, new StageParams(PathOf(items[0], wdir, "params.yaml"), own));
        return all;
    }

    // Paths are kept relative to the project, with forward slashes, and never lead out of it.
    private static string PathOf(YamlValue place, string folder, string path)
    {
        var parts = new List<string>();
        if (Path.IsPathRooted(path) || path.Contains('\\') || path.Contains('\0'))
        {
            place.Fault($"The path '{path}' does not lie in the project.", "Use a path relative to the project, with forward slashes.");
            return path;
        }

        foreach (var part in $"{folder}/{path}".Split('/').Where(s => s is not ("" or ".")))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                place.Fault($"The path '{path}' leads out of the project.", "Copy what is needed into the project, or add it as a dataset.");
                return path;
            }
        }

        if (parts.Count == 0 && path.Length > 0 && path != ".")
            place.Fault($"The path '{path}' is the project itself.", "Name a file or folder in it.");
        return string.Join('/', parts);
    }
}
