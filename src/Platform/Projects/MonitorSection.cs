using Holdfast.Kernel.Yaml;
using Holdfast.Monitoring;

namespace Holdfast.Projects;

/// <summary>The section <c>monitors:</c>.</summary>
internal static class MonitorSection
{
    public static MonitorSpec Monitor(string endpoint, YamlMap map)
    {
        var defaults = new MonitorSpec(endpoint, TimeSpan.FromHours(1));
        var (warn, alarm, features) = (defaults.Warn, defaults.Alarm, (Dictionary<string, FeatureThreshold>?)null);
        if (map.Map("features") is { } bands)
        {
            if (bands.Find("test") is { } test && test.AsText() is { } word and not ("auto" or "psi"))
                test.Fault($"'{word}' is not supported yet as the test that decides.", "Use auto.");
            warn = bands.Number("warn") ?? warn;
            alarm = bands.Number("alarm") ?? alarm;
            features = bands.Names("columns").Select(c => (c.Key, Threshold: Threshold(c.Value))).Where(c => c.Threshold is not null).ToDictionary(c => c.Key, c => c.Threshold!, StringComparer.Ordinal);
            foreach (var ignored in bands.Texts("ignore"))
                features[ignored] = new FeatureThreshold(Ignore: true);
            bands.Done();
        }

        LabelSpec? label = null;
        if (map.Map("label") is { } l)
        {
            label = l.Require("column", "Name the column of the label in training data.")?.AsText() is { } column ? new LabelSpec(column, l.Term("delay") ?? default) : null;
            l.Find("delay");
            l.Done();
        }

        var spec = new MonitorSpec(
            endpoint, map.Term("every") ?? defaults.Every, map.Text("baseline"), map.Find("windows")?.AsTexts(), warn, alarm, label, features is { Count: > 0 } ? features : null,
            (int)(map.Find("min_rows")?.AsInteger() ?? defaults.MinRows), map.Find("accuracy_drop")?.AsShare() ?? defaults.AccuracyDrop);
        map.Done();
        return spec;
    }

    private static FeatureThreshold? Threshold(YamlValue value)
    {
        if (value.AsMap() is not { } map)
            return null;
        var threshold = new FeatureThreshold(map.Number("warn"), map.Number("alarm"), map.Flag("ignore"));
        map.Done();
        return threshold;
    }
}
