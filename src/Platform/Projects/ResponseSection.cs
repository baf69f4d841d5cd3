using System.Text.Json;
using Holdfast.Alerts;
using Holdfast.Kernel.Yaml;
using Holdfast.Response;

namespace Holdfast.Projects;

/// <summary>The sections <c>channels:</c> and <c>responses:</c>.</summary>
internal static class ResponseSection
{
    public static ChannelSpec? Channel(string name, YamlValue value)
    {
        // `log` needs nothing more.
        if (!value.IsMap)
            return value.AsText() is { } kind ? new ChannelSpec(name, kind) : null;
        var map = value.AsMap()!;
        ChannelSpec? channel = null;
        foreach (var (kind, urlKey) in new[] { ("slack", "webhook"), ("webhook", "url"), ("log", "") })
        {
            if (map.Find(kind) is not { } body)
                continue;
            if (channel is not null)
                body.Fault($"The channel '{name}' has two kinds.", "Declare one channel for each.");
            if (urlKey.Length == 0 || body.IsNull)
            {
                channel = new ChannelSpec(name, kind);
                continue;
            }

            if (body.AsMap() is not { } options)
                continue;
            channel = new ChannelSpec(name, kind, options.Require(urlKey, "Write \"${secret:NAME}\", or an http(s) address.")?.AsText());
            options.Done();
        }

        map.Done();
        if (channel is null)
            value.Fault($"The channel '{name}' has no kind.", "Write slack: {webhook: \"${secret:SLACK}\"}, webhook: {url: …} or log.");
        return channel;
    }

    public static IReadOnlyList<ResponsePolicySpec> Responses(string project, IReadOnlyList<YamlValue> items)
    {
        var policies = new List<ResponsePolicySpec>();
        foreach (var item in items)
        {
            if (item.AsMap() is not { } map)
                continue;
            var on = map.Require("on", "Say which incidents are meant: on: {kind: data_drift}.")?.AsMap();
            var match = on is null ? new PolicyMatch() : new PolicyMatch(on.Text("endpoint"), on.Text("feature"), on.Text("kind"), on.Text("psi"));
            on?.Done();
            var name = map.Text("name") ?? string.Join('/', new[] { match.Endpoint, match.Feature, match.Kind }.OfType<string>().DefaultIfEmpty("any"));
            var full = $"{project}/{name}";
            for (var n = 2; policies.Exists(p => p.Name == full); n++)
                full = $"{project}/{name}-{n}";
            policies.Add(new ResponsePolicySpec(full, match, Actions(map.List("do")), Actions(map.List("after"))));
            map.Done();
        }

        return policies;
    }

    private static List<ActionSpec> Actions(IReadOnlyList<YamlValue> items)
    {
        var actions = new List<ActionSpec>();
        foreach (var item in items)
        {
            if (!item.IsMap)
            {
                if (item.AsText() is { } name)
                    actions.Add(new ActionSpec(name, JsonSerializer.SerializeToElement<object?>(null)));
                continue;
            }

            var entries = item.AsMap()!.Entries();
            if (entries.Count != 1)
            {
                item.Fault("An action has exactly one name.", "Write one action an item: - retrain: {pipeline: credit, window: 90d}.");
                continue;
            }

            actions.Add(new ActionSpec(entries[0].Key, JsonSerializer.SerializeToElement(entries[0].Value.ToJson())));
        }

        return actions;
    }
}
