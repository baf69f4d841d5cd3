using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Contracts;

namespace Holdfast.Pipelines;

/// <summary>Everything that a stage's result depends on, and the key that names it: same key, same outputs.</summary>
/// <param name="Key">SHA-256 over command, dependencies, parameter values, the run's inputs and the names of the outputs.</param>
/// <param name="Deps">The dependencies by content.</param>
/// <param name="Params">The parameter values.</param>
public sealed record StageInputs(string Key, IReadOnlyList<StoredOut> Deps, IReadOnlyDictionary<string, string> Params)
{
    /// <summary>Looks at a stage in its project.</summary>
    /// <param name="inputs">What names the run's inputs by content: variable and hash or value.</param>
    /// <exception cref="HoldfastException">A dependency or parameter is missing.</exception>
    public static async Task<StageInputs> Of(string project, Stage stage, IReadOnlyDictionary<string, string> inputs, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(inputs);
        var faults = new List<Fault>();
        var deps = new List<StoredOut>();
        foreach (var path in stage.Deps)
        {
            if (await StoredContent.Look(project, path, ct) is { } dep)
                deps.Add(dep);
            else
                faults.Add(new Fault($"stages.{stage.Name}.deps", $"'{path}' is missing.", "Add it to the project, or let a stage before write it."));
        }

        var values = ReadParams(project, stage, faults);
        if (faults.Count > 0)
            throw new HoldfastException($"The stage '{stage.Name}' cannot run: {string.Join(" ", faults.Select(f => f.Message))}", faults);
        var key = new JsonObject
        {
            ["format"] = 1,
            ["cmd"] = new JsonArray([.. stage.Commands.Select(c => JsonValue.Create(c))]),
            ["wdir"] = stage.WorkingDirectory,
            ["deps"] = new JsonObject(deps.OrderBy(d => d.Path, StringComparer.Ordinal).Select(d => KeyValuePair.Create(d.Path, (JsonNode?)d.Hash))),
            ["params"] = new JsonObject(values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value))),
            ["outs"] = new JsonArray([.. stage.Outs.Select(o => o.Path).Order(StringComparer.Ordinal).Select(o => JsonValue.Create(o))]),
            ["inputs"] = new JsonObject(inputs.Where(i => stage.Env is null || stage.Env.Contains(i.Key)).OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value))),
        };
        return new StageInputs(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToJsonString()))), deps, values);
    }

    private static SortedDictionary<string, string> ReadParams(string project, Stage stage, List<Fault> faults)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in stage.Params)
        {
            try
            {
                var tree = ParamsFile.Read(project, file.File);
                // Keys of the usual file stand alone, those of another carry its name.
                var prefix = Path.GetFileName(file.File) == "params.yaml" ? "" : file.File + ":";
                foreach (var key in file.Keys.Count == 0 ? [""] : file.Keys)
                {
                    var value = tree;
                    if (key.Length > 0 && !ParamsFile.TryFind(tree, key, out value))
                        faults.Add(new Fault($"stages.{stage.Name}.params", $"'{key}' is not in {file.File}.", "Add it there, or correct the name."));
                    else
                        foreach (var (name, text) in ParamsFile.Leaves(value, key))
                            values[prefix + name] = text;
                }
            }
            catch (HoldfastException e)
            {
                faults.Add(new Fault($"stages.{stage.Name}.params", e.Message, e.Hint));
            }
        }

        return values;
    }

    /// <summary>The metrics in a stage's metrics files.</summary>
    public static IReadOnlyDictionary<string, double> ReadMetrics(string project, Stage stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        var metrics = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var file in stage.Outs.Where(o => o.IsMetrics))
        {
            foreach (var (key, value) in ParamsFile.Numbers(ParamsFile.Read(project, file.Path)))
                metrics[key] = value;
        }

        return metrics;
    }
}
