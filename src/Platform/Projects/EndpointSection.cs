using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;

namespace Holdfast.Projects;

/// <summary>The section <c>endpoints:</c>.</summary>
internal static class EndpointSection
{
    private const string FallbackHint = "Name a rules file of the project, such as rules/credit.yaml.";

    public static EndpointSpec Endpoint(string name, YamlMap map, string folder)
    {
        var clock = map.Find("clock");
        var word = clock?.AsText() ?? "wall";
        if (word is not ("wall" or "event"))
            clock!.Fault($"'{word}' is no clock.", "Use wall, or event for replays.");
        return new EndpointSpec(
            name, map.Text("model"), map.Find("fallback") is { } fallback ? Rules(fallback, folder) : "", word, map.Text("key"),
            map.Term("timeout") ?? default, map.Term("shadow_timeout") ?? default, map.Term("lateness"), Log(map));
    }

    private static LogRules? Log(YamlMap map)
    {
        var rules = new LogRules(map.Term("retention"), map.Texts("redact"), map.Texts("hash"), map.Find("events") is { } events ? Target(events) : null);
        return rules.Equals(LogRules.Default) ? null : rules;
    }

    private static EventTarget? Target(YamlValue events)
    {
        if (!events.IsMap)
            return events.AsText() is { } url ? new EventTarget(url) : null;
        var map = events.AsMap()!;
        var target = new EventTarget(map.Require("to", "Give the address that takes the events.")?.AsText() ?? "", map.Text("format") ?? EventTarget.KServe);
        map.Done();
        return target;
    }

    public static RolloutSpec Rollout(YamlMap map)
    {
        var steps = map.Find("steps") is { } declared ? declared.AsList().SelectMany(Step).ToList() : [.. RolloutSpec.Default.Steps];
        var guard = map.Map("guard") is { } g ? Guard(g) : GuardSpec.Default;
        var inconclusive = map.Text("on_inconclusive") ?? RolloutSpec.Default.OnInconclusive;
        map.Done();
        return new RolloutSpec(steps, guard, inconclusive);
    }

    private static IEnumerable<StepSpec> Step(YamlValue item)
    {
        if (item.AsMap() is not { } map)
            return [];
        var entries = map.Entries();
        if (entries.Count != 1)
        {
            item.Fault("A step has exactly one kind.", "Write - canary: {traffic: 5%, for: 1h}.");
            return [];
        }

        var (kind, value) = entries[0];
        if (kind is not (StepSpec.Shadow or StepSpec.Canary or StepSpec.Gradual))
        {
            value.Fault($"'{kind}' is no kind of step.", "Use shadow, canary or gradual.");
            return [];
        }

        if (value.IsNull)
            return [new StepSpec(kind, kind == StepSpec.Shadow ? 0 : 0.05, TimeSpan.Zero)];
        if (value.AsMap() is not { } body)
            return [];
        var term = body.Term("for") ?? TimeSpan.Zero;
        var least = body.Find("min_predictions")?.AsInteger() ?? 0;
        IReadOnlyList<double> traffic = kind == StepSpec.Shadow ? [0] : body.Require("traffic", "Give the share of the traffic, such as 5%, or a list.") is { } t ? [.. t.AsList().Select(s => s.AsShare()).OfType<double>()] : [];
        body.Done();
        return traffic.Select(share => new StepSpec(kind, share, term, least));
    }

    private static GuardSpec Guard(YamlMap map)
    {
        var guard = new GuardSpec(
            Rule(map, "error_rate", GuardSpec.Default.ErrorRate), Rule(map, "latency_p99", GuardSpec.Default.LatencyP99), Rule(map, "accuracy", GuardSpec.Default.Accuracy),
            map.Number("alpha") ?? GuardSpec.Default.Alpha, map.Term("latency_floor")?.TotalMilliseconds ?? GuardSpec.Default.LatencyFloorMs);
        map.Done();
        return guard;
    }

    private static GuardRule? Rule(YamlMap map, string key, GuardRule? otherwise)
    {
        if (map.Find(key) is not { } value)
            return otherwise;
        if (value.IsMap)
        {
            var body = value.AsMap()!;
            var rule = new GuardRule(body.Find("tolerance")?.AsShare() ?? 0, body.Find("absolute")?.AsShare(), body.Flag("require"));
            body.Done();
            return rule;
        }

        if (value.AsText() is not { } text)
            return null;
        try
        {
            return GuardRule.Parse(text, key);
        }
        catch (HoldfastException e)
        {
            value.Fault(e.Message, e.Hint);
            return null;
        }
    }

    private static string Rules(YamlValue place, string folder)
    {
        if (place.AsText() is not { } path)
            return "";
        var full = Path.GetFullPath(Path.Combine(folder, path));
        if (Path.IsPathRooted(path) || !full.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            place.Fault($"The file '{path}' does not lie in the project.", FallbackHint);
            return "";
        }

        if (!File.Exists(full))
        {
            place.Fault($"The file '{path}' is missing.", FallbackHint);
            return "";
        }

        var text = File.ReadAllText(full);
        try
        {
            RulesBackend.Parse(text, path).Dispose();
        }
        catch (HoldfastException e)
        {
            if (e.Faults.Count == 0)
                place.Fault(e.Message, e.Hint);
            foreach (var fault in e.Faults)
                place.Fault($"{path}: {fault.Field}: {fault.Message}", fault.Hint);
        }

        return text;
    }
}
