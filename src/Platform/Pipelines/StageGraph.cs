using Holdfast.Contracts;

namespace Holdfast.Pipelines;

/// <summary>Which stage must run before which: a stage depends on another when it reads what that one writes, or something inside or around it.</summary>
public static class StageGraph
{
    /// <summary>The stages in an order in which every one comes after those it needs; declared order where the graph leaves a choice.</summary>
    /// <exception cref="HoldfastException">A cycle, or two stages that write the same.</exception>
    public static IReadOnlyList<Stage> Order(IReadOnlyList<Stage> stages)
    {
        if (Faults(stages, "stages") is { Count: > 0 } faults)
            throw new HoldfastException("The stages cannot be put in order.", faults);
        return Sort(stages, out _);
    }

    /// <summary>The stages that a stage needs directly.</summary>
    public static IReadOnlyList<Stage> Needs(Stage stage, IReadOnlyList<Stage> stages)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return [.. stages.Where(other => other != stage && stage.Deps.Any(d => other.Outs.Any(o => Overlap(d, o.Path))))];
    }

    /// <summary>What makes the graph unusable.</summary>
    public static IReadOnlyList<Fault> Faults(IReadOnlyList<Stage> stages, string path)
    {
        ArgumentNullException.ThrowIfNull(stages);
        var faults = new List<Fault>();
        for (var i = 0; i < stages.Count; i++)
        {
            foreach (var mine in stages[i].Outs)
            {
                if (stages[i].Deps.FirstOrDefault(d => Overlap(d, mine.Path)) is { } own)
                    faults.Add(new Fault($"{path}.{stages[i].Name}", $"The stage '{stages[i].Name}' writes '{mine.Path}', which it also reads ('{own}').", "Write to another path."));
                foreach (var other in stages.Take(i))
                {
                    if (other.Outs.FirstOrDefault(o => Overlap(o.Path, mine.Path)) is { } same)
                        faults.Add(new Fault($"{path}.{stages[i].Name}", $"The stages '{other.Name}' and '{stages[i].Name}' both write '{(same.Path.Length < mine.Path.Length ? same.Path : mine.Path)}'.", "Give each stage its own outputs."));
                }
            }
        }

        if (faults.Count == 0)
        {
            Sort(stages, out var cycle);
            if (cycle is not null)
                faults.Add(new Fault($"{path}.{cycle[0].Name}", $"The stages need each other in a circle: {string.Join(" -> ", cycle.Append(cycle[0]).Select(s => s.Name))}.", "Take one of the dependencies out, or split a stage."));
        }

        return faults;
    }

    private static List<Stage> Sort(IReadOnlyList<Stage> stages, out List<Stage>? cycle)
    {
        var sorted = new List<Stage>();
        var open = new List<Stage>();
        foreach (var stage in stages)
        {
            cycle = Visit(stage);
            if (cycle is not null)
                return sorted;
        }

        cycle = null;
        return sorted;

        List<Stage>? Visit(Stage stage)
        {
            if (sorted.Contains(stage))
                return null;
            if (open.IndexOf(stage) is >= 0 and var at)
                return [.. open.Skip(at)];
            open.Add(stage);
            foreach (var needed in Needs(stage, stages))
            {
                if (Visit(needed) is { } found)
                    return found;
            }

            open.Remove(stage);
            sorted.Add(stage);
            return null;
        }
    }

    private static bool Overlap(string a, string b) =>
        a == b || a.StartsWith(b + "/", StringComparison.Ordinal) || b.StartsWith(a + "/", StringComparison.Ordinal);
}
