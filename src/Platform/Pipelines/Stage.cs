using Holdfast.Contracts;

namespace Holdfast.Pipelines;

/// <summary>One step of a pipeline: a command with everything that it reads and writes.</summary>
/// <param name="Name">Unique in its pipeline.</param>
/// <param name="Commands">Shell commands, one after the other.</param>
/// <param name="WorkingDirectory">Folder below the project; empty = the project itself. Paths are relative to it when it is given, as in DVC.</param>
/// <param name="Deps">Files and folders that it reads, relative to the project.</param>
/// <param name="Params">Values that it reads: file and keys; no keys = the whole file.</param>
/// <param name="Outs">Files and folders that it writes, relative to the project.</param>
/// <param name="Env">Which of the run's inputs (<see cref="RunInputs"/>) the stage reads; null = it may read all, so a change of any runs it again.</param>
/// <param name="AlwaysChanged">Never skipped.</param>
/// <param name="Timeout">Longest it may take; null = no limit.</param>
public sealed record Stage(
    string Name, IReadOnlyList<string> Commands, string WorkingDirectory, IReadOnlyList<string> Deps, IReadOnlyList<StageParams> Params, IReadOnlyList<StageOut> Outs,
    IReadOnlyList<string>? Env = null, bool AlwaysChanged = false, TimeSpan? Timeout = null);

/// <summary>Keys of a params file; none = all of it.</summary>
public sealed record StageParams(string File, IReadOnlyList<string> Keys);

/// <summary>Something that a stage writes.</summary>
/// <param name="IsMetrics">A JSON or YAML file whose numbers become metrics.</param>
/// <param name="Persist">Not removed before the stage runs.</param>
public sealed record StageOut(string Path, bool IsMetrics = false, bool Persist = false);

/// <summary>Where the model comes from once the gate has passed.</summary>
/// <param name="Path">Folder with the model package, relative to the project.</param>
public sealed record RegisterSpec(string Model, string Path);

/// <summary>A comparison that a run's metrics must stand.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Min">Least value.</param>
/// <param name="Max">Greatest value.</param>
/// <param name="NoWorseThan"><c>champion</c> (the same metric of the champion's run) or another metric's name.</param>
/// <param name="BetterThan">The same, and it must be beaten.</param>
/// <param name="Margin">For <paramref name="NoWorseThan"/>: how much worse is still fine; for <paramref name="BetterThan"/>: by how much.</param>
/// <param name="LowerIsBetter">Errors and losses.</param>
/// <param name="When"><c>always</c>, <c>train</c>, or <c>retrain</c> (a window of new data and a champion to compare with).</param>
public sealed record GateSpec(
    string Metric, double? Min = null, double? Max = null, string? NoWorseThan = null, string? BetterThan = null, double Margin = 0, bool LowerIsBetter = false, string When = GateSpec.Always)
{
    public const string Always = "always";
    public const string Train = "train";
    public const string Retrain = "retrain";
    public const string Champion = "champion";
}

/// <summary>A pipeline as declared.</summary>
/// <param name="Data">Dataset that it trains on (<c>applications</c>, <c>applications@v3</c>); null = found by the content of its dependencies.</param>
/// <param name="Pass">Variables of the server's own environment that stages may see.</param>
public sealed record PipelineSpec(
    string Name, IReadOnlyList<Stage> Stages, IReadOnlyList<GateSpec> Gates, RegisterSpec? Register = null, string? Data = null, int Seed = 1, IReadOnlyList<string>? Pass = null)
{
    /// <summary>Everything that is wrong with the declaration; empty when it can be applied.</summary>
    public IReadOnlyList<Fault> Faults()
    {
        var at = $"pipelines.{Name}";
        var faults = new List<Fault>(StageGraph.Faults(Stages, at + ".stages"));
        if (Stages.Count == 0)
            faults.Add(new Fault(at, "The pipeline has no stages.", "Declare `stages:`, or name a `dvc:` file."));
        faults.AddRange(Stages.GroupBy(s => s.Name).Where(g => g.Count() > 1).Select(g => new Fault($"{at}.stages.{g.Key}", $"Two stages are called '{g.Key}'.", "Give each its own name.")));
        if (Register is not null && !Stages.Any(s => s.Outs.Any(o => o.Path == Register.Path || o.Path.StartsWith(Register.Path + "/", StringComparison.Ordinal) || Register.Path.StartsWith(o.Path + "/", StringComparison.Ordinal))))
            faults.Add(new Fault(at + ".register.path", $"No stage writes '{Register.Path}'.", "Name the model package in a stage's `outs`."));
        if (Gates.Count > 0 && !Stages.Any(s => s.Outs.Any(o => o.IsMetrics)))
            faults.Add(new Fault(at + ".gates", "No stage declares a metrics file, so the gates have nothing to measure.", "Add `metrics: [metrics.json]` to the stage that evaluates."));
        for (var i = 0; i < Gates.Count; i++)
        {
            var gate = Gates[i];
            if (gate is { Min: null, Max: null, NoWorseThan: null, BetterThan: null })
                faults.Add(new Fault($"{at}.gates[{i}]", $"The gate on '{gate.Metric}' compares with nothing.", "Add min, max, no_worse_than or better_than."));
            if (gate.When is not (GateSpec.Always or GateSpec.Train or GateSpec.Retrain))
                faults.Add(new Fault($"{at}.gates[{i}].when", $"'{gate.When}' is unknown.", "Use always, train or retrain."));
            if (!(gate.Margin >= 0))
                faults.Add(new Fault($"{at}.gates[{i}].margin", $"The margin is {gate.Margin}.", "Use zero or more."));
        }

        return faults;
    }
}

/// <summary>The variables by which a run's inputs reach its stages.</summary>
public static class RunInputs
{
    /// <summary>File with the newest labelled rows; only when retraining.</summary>
    public const string WindowData = "HOLDFAST_WINDOW_DATA";

    /// <summary>File to train on: the window when retraining, else the declared dataset.</summary>
    public const string TrainData = "HOLDFAST_TRAIN_DATA";

    /// <summary>Folder with the champion's model package.</summary>
    public const string Champion = "HOLDFAST_CHAMPION";

    /// <summary>The run's seed.</summary>
    public const string Seed = "HOLDFAST_SEED";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [WindowData, TrainData, Champion, Seed];
}
