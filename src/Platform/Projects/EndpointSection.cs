using System.Globalization;
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
            map.Term("timeout") ?? default, map.Term("shadow_timeout") ?? default, map.Term("lateness"),
            (int)Math.Clamp(map.Find("concurrency")?.AsInteger() ?? 0, int.MinValue, int.MaxValue), map.Text("on_missing") ?? EndpointSpec.Refuse, Range(map.Find("range")), map.Find("fallback_limit")?.AsShare() ?? 0, Log(map));
    }

    private static ScoreRange? Range(YamlValue? place)
    {
        if (place is null)
            return null;
        if (place.AsList() is [var low, var high] && low.AsNumber() is { } least && high.AsNumber() is { } greatest)
            return new ScoreRange(least, greatest);
        place.Fault("A range has two numbers.", "Write the least and the greatest score, such as [0, 1].");
        return null;
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
        var guard = map.Map("guard") is { } g ? GuardSection.Guard(g) : GuardSpec.Default;
        var spec = new RolloutSpec(
            steps, guard, map.Text("on_inconclusive") ?? RolloutSpec.Default.OnInconclusive, map.Text("skip_shadow"), map.Map("calendar") is { } calendar ? Calendar(calendar) : null,
            map.Map("keep") is { } keep ? Keep(keep) : null, map.Text("notify"), map.Map("staging") is { } staging ? Staging(staging) : null);
        map.Done();
        return spec;
    }

    public static AbSpec AbTest(YamlMap map)
    {
        var spec = new AbSpec(
            map.Require("b", "Name the version to test: NAME/4 or NAME@ALIAS.")?.AsText() ?? "", map.Text("a"), map.Find("share")?.AsShare() ?? 0.5, map.Text("outcome") ?? "correct", map.Text("better") ?? "higher",
            map.Number("difference") ?? 0.01, map.Number("alpha") ?? 0.05, map.Term("for") ?? TimeSpan.FromDays(14), map.Text("then") ?? "winner", map.Term("label_horizon") ?? default, map.Number("low"), map.Number("high"));
        map.Done();
        return spec;
    }

    private static CalendarSpec Calendar(YamlMap map)
    {
        var zone = map.Text("zone") ?? "UTC";
        var windows = map.List("windows").Select(v => v.AsMap()).OfType<YamlMap>().Select(w =>
        {
            var window = new WindowSpec(w.Texts("days"), Hour(w, "from", TimeOnly.MinValue), Hour(w, "until", TimeOnly.MinValue));
            w.Done();
            return window;
        }).ToList();
        var freezes = map.List("freezes").Select(v => v.AsMap()).OfType<YamlMap>().Select(f =>
        {
            var freeze = new FreezeSpec(Moment(f, "from"), Moment(f, "until"), f.Text("reason") ?? "");
            f.Done();
            return freeze;
        }).ToList();
        map.Done();
        return new CalendarSpec(zone, windows, freezes);
    }

    private static TimeOnly Hour(YamlMap map, string key, TimeOnly otherwise)
    {
        if (map.Find(key) is not { } value)
            return otherwise;
        if (TimeOnly.TryParseExact(value.AsText(), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var hour))
            return hour;
        value.Fault($"'{key}' is no time of day.", "Write it as \"09:00\", in quotes.");
        return otherwise;
    }

    private static DateTime Moment(YamlMap map, string key)
    {
        if (map.Require(key, "Write a day, such as 2026-12-20, or a moment, such as \"2026-12-20 18:00\".") is not { } value)
            return default;
        if (DateTime.TryParseExact(value.AsText(), ["yyyy-MM-dd", "yyyy-MM-dd HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment))
            return moment;
        value.Fault($"'{key}' is no day.", "Write a day, such as 2026-12-20, or a moment, such as \"2026-12-20 18:00\".");
        return default;
    }

    private static KeepSpec Keep(YamlMap map)
    {
        var keep = new KeepSpec(map.Term("for") ?? KeepSpec.Default.For, map.Text("as") ?? KeepSpec.Shadow, map.Find("share")?.AsShare() ?? KeepSpec.Default.Share);
        map.Done();
        return keep;
    }

    private static StagingSpec Staging(YamlMap map)
    {
        var traffic = map.Find("traffic");
        var word = traffic?.AsText() ?? StagingSpec.Recorded;
        if (word is not (StagingSpec.Recorded or StagingSpec.Supplied))
            traffic!.Fault($"'{word}' is no traffic for staging.", "Use recorded (the endpoint's own newest requests) or supplied (send them to NAME.staging).");
        var staging = new StagingSpec(word, (int)Math.Clamp(map.Find("min_predictions")?.AsInteger() ?? 100, int.MinValue, int.MaxValue), map.Find("max_errors")?.AsShare() ?? 0, map.Flag("approval"));
        map.Done();
        return staging;
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
        var labels = body.Find("min_labels")?.AsInteger() ?? 0;
        var approval = body.Flag("approval");
        IReadOnlyList<double> traffic = kind == StepSpec.Shadow ? [0] : body.Require("traffic", "Give the share of the traffic, such as 5%, or a list.") is { } t ? [.. t.AsList().Select(s => s.AsShare()).OfType<double>()] : [];
        body.Done();
        return traffic.Select(share => new StepSpec(kind, share, term, least, labels, approval));
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
