using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;
using Holdfast.Pipelines;

namespace Holdfast.Projects;

/// <summary>The section <c>pipelines:</c>.</summary>
internal static class PipelineSection
{
    public static PipelineSpec? Pipeline(string name, YamlMap map, string folder, YamlSource source)
    {
        var stages = Stages(map, folder, source);
        RegisterSpec? register = null;
        if (map.Map("register") is { } r)
        {
            var model = r.Require("model", "Name the registered model.")?.AsText();
            var path = r.Require("path", "Name the folder of the model package, an output of a stage.")?.AsText();
            r.Done();
            register = model is null || path is null ? null : new RegisterSpec(model, path.TrimEnd('/'));
        }

        var spec = new PipelineSpec(
            name, stages, [.. map.List("gates").Select(Gate).OfType<GateSpec>()], register, map.Text("data"), (int)(map.Find("seed")?.AsInteger() ?? 1), map.Find("env")?.AsTexts());
        map.Done();
        return spec;
    }

    private static IReadOnlyList<Stage> Stages(YamlMap map, string folder, YamlSource source)
    {
        var dvc = map.Find("dvc");
        var own = map.Names("stages");
        if (dvc is null)
            return StageReader.Read(own);
        if (own.Count > 0)
            dvc.Fault("'dvc' and 'stages' stand together.", "Keep one of them.");
        if (dvc.AsText() is not { } file)
            return [];
        if (Path.IsPathRooted(file) || file.Split('/', '\\').Contains(".."))
        {
            dvc.Fault($"The file '{file}' does not lie in the project.", "Use a path relative to the project.");
            return [];
        }

        try
        {
            return DvcFile.Read(folder, file);
        }
        catch (HoldfastException e) when (e.Faults.Count > 0)
        {
            foreach (var fault in e.Faults)
                source.Add(new Fault($"{dvc.Path}:{fault.Field}", fault.Message, fault.Hint));
            return [];
        }
        catch (HoldfastException e)
        {
            dvc.Fault(e.Message, e.Hint);
            return [];
        }
    }

    private static GateSpec? Gate(YamlValue item)
    {
        if (item.AsMap() is not { } map)
            return null;
        var metric = map.Require("metric", "Name a metric of the pipeline's metrics files.")?.AsText();
        var direction = map.Find("direction");
        var word = direction?.AsText() ?? "higher";
        if (word is not ("higher" or "lower"))
            direction!.Fault($"'{word}' is no direction.", "Use higher (the default) or lower: what is better.");
        var gate = new GateSpec(
            metric ?? "", map.Number("min"), map.Number("max"), map.Text("no_worse_than"), map.Text("better_than"), map.Number("margin") ?? 0, word == "lower", map.Text("when") ?? GateSpec.Always);
        map.Done();
        return metric is null ? null : gate;
    }
}
