using Holdfast.Contracts;
using Holdfast.Kernel.Yaml;
using Holdfast.Rollout;

namespace Holdfast.Projects;

/// <summary>The section <c>guard:</c> of a rollout.</summary>
internal static class GuardSection
{
    public static GuardSpec Guard(YamlMap map)
    {
        var otherwise = GuardSpec.Default;
        var guard = new GuardSpec(
            Rule(map, "error_rate", otherwise.ErrorRate), Rule(map, "latency_p99", otherwise.LatencyP99), Rule(map, "accuracy", otherwise.Accuracy),
            map.Number("alpha") ?? otherwise.Alpha, map.Term("latency_floor")?.TotalMilliseconds ?? otherwise.LatencyFloorMs,
            Rule(map, "timeouts", null), Rule(map, "fallbacks", null), Rule(map, "missing_features", null), Rule(map, "out_of_range", null),
            [.. map.List("means").Select(v => v.AsMap()).OfType<YamlMap>().Select(Mean)],
            map.Map("disagreement") is { } disagreement ? Disagreement(disagreement) : null,
            map.Number("prediction_shift"), map.Number("warn") ?? otherwise.Warn, map.Term("label_horizon") ?? default);
        map.Done();
        return guard.Means!.Count == 0 ? guard with { Means = null } : guard;
    }

    private static MeanRule Mean(YamlMap map)
    {
        var tolerance = map.Number("tolerance") ?? 0;
        var of = map.Require("of", "Name a figure: score, latency, log_loss, squared_error, or an expression such as amount * label.")?.AsText() ?? "score";
        var rule = new MeanRule(
            map.Text("name") ?? of, of, map.Text("better") ?? "lower", tolerance, map.Require("margin", "Give the deterioration to exclude, in the figure's unit.")?.AsNumber() ?? tolerance + 1,
            map.Number("low"), map.Number("high"), map.Flag("require"));
        map.Done();
        return rule;
    }

    private static DisagreementRule Disagreement(YamlMap map)
    {
        var most = map.Find("at_most")?.AsShare() ?? 0.02;
        var rule = new DisagreementRule(map.Number("beyond") ?? 0.1, most, map.Find("margin")?.AsShare() ?? Math.Min(0.99, 2 * most));
        map.Done();
        return rule;
    }

    private static GuardRule? Rule(YamlMap map, string key, GuardRule? otherwise)
    {
        if (map.Find(key) is not { } value)
            return otherwise;
        if (value.IsMap)
        {
            var body = value.AsMap()!;
            var rule = new GuardRule(
                body.Find("tolerance")?.AsShare() ?? 0, body.Find("absolute")?.AsShare(), body.Flag("require"), body.Find("limit")?.AsShare(),
                key == "out_of_range" ? body.Number("low") : null, key == "out_of_range" ? body.Number("high") : null);
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
}
