using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Kernel.Yaml;
using Holdfast.Monitoring;
using Holdfast.Pipelines;
using Holdfast.Response;
using Holdfast.Rollout;
using Holdfast.Serving;

namespace Holdfast.Projects;

/// <summary>Everything that a project declares.</summary>
/// <param name="Rollouts">Steps by endpoint, for the endpoints that declare them.</param>
/// <param name="Responses">The policies, named after the project.</param>
public sealed record ProjectFile(
    string Name, IReadOnlyList<ChannelSpec> Channels, IReadOnlyList<EndpointSpec> Endpoints, IReadOnlyDictionary<string, RolloutSpec> Rollouts, IReadOnlyList<MonitorSpec> Monitors,
    IReadOnlyList<ResponsePolicySpec> Responses, IReadOnlyList<PipelineSpec> Pipelines)
{
    /// <summary>A/B tests by endpoint.</summary>
    public IReadOnlyDictionary<string, AbSpec> AbTests { get; init; } = new Dictionary<string, AbSpec>();

    /// <summary>The usual name of the file.</summary>
    public const string FileName = "holdfast.yaml";

    /// <summary>Reads the project in a folder: <c>holdfast.yaml</c>, or a bare <c>dvc.yaml</c> as one pipeline.</summary>
    /// <param name="name">The project's name where the file gives none.</param>
    /// <exception cref="HoldfastException">All faults at once, each with line and column.</exception>
    public static ProjectFile Read(string folder, string file = FileName, string? name = null)
    {
        var path = Path.Combine(folder, file);
        name ??= NameOf(folder);
        if (File.Exists(path))
            return Parse(File.ReadAllText(path), folder, file, name);
        if (file == FileName && File.Exists(Path.Combine(folder, "dvc.yaml")))
            return new ProjectFile(name, [], [], new Dictionary<string, RolloutSpec>(), [], [], [new PipelineSpec(name, DvcFile.Read(folder), [])]);
        throw new HoldfastException(ErrorCode.NotFound, $"There is no {file} in {folder}.", "Create one, or name another file with -f; docs/rooms/projects.md shows all sections.");
    }

    /// <summary>Reads a project from the text of its file; other files that it names are looked up in the folder.</summary>
    public static ProjectFile Parse(string text, string folder, string file = FileName, string name = "project")
    {
        var (source, root) = YamlSource.Parse(text, file);
        source.ThrowIfFaulty();
        var project = Read(source, root!, folder, name);
        foreach (var fault in project.Faults())
            source.Add(fault);
        source.ThrowIfFaulty();
        return project;
    }

    /// <summary>What forbids nothing but surprises: told when the project is applied.</summary>
    public IReadOnlyList<string> Notes()
    {
        var notes = new List<string>();
        foreach (var monitor in Monitors)
        {
            if (monitor.Label is not { } label || !Rollouts.TryGetValue(monitor.Endpoint, out var rollout) || rollout.Guard.Accuracy is not { Require: false })
                continue;
            var term = rollout.Steps.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.For);
            if (label.Delay > term)
                notes.Add($"The rollout of '{monitor.Endpoint}' takes {Term.Text(term)}, its labels come {Term.Text(label.Delay)} late: the accuracy guard can only roll back after the rollout. Set `accuracy: {{require: true}}` to wait for it.");
        }

        return notes;
    }

    private IEnumerable<Fault> Faults() =>
        Channels.SelectMany(c => c.Faults())
            .Concat(Endpoints.Where(e => !Names.IsValid(e.Name)).Select(e => new Fault($"endpoints.{e.Name}", $"'{e.Name}' is not a name for an endpoint.", Names.Rule)))
            .Concat(Rollouts.SelectMany(r => r.Value.Faults(r.Key)))
            .Concat(AbTests.SelectMany(t => t.Value.Faults(t.Key)))
            .Concat(Monitors.SelectMany(m => m.Faults()))
            .Concat(Pipelines.Where(p => !Names.IsValid(p.Name)).Select(p => new Fault($"pipelines.{p.Name}", $"'{p.Name}' is not a name for a pipeline.", Names.Rule)))
            .Concat(Pipelines.SelectMany(p => p.Faults()))
            .Concat(Responses.SelectMany((r, i) => r.Faults().Select(f => f with { Field = f.Field.Replace($"responses.{r.Name}", $"responses[{i}]", StringComparison.Ordinal) })));

    private static ProjectFile Read(YamlSource source, YamlMap root, string folder, string name)
    {
        var named = root.Text("project") ?? name;
        var endpoints = new List<EndpointSpec>();
        var rollouts = new Dictionary<string, RolloutSpec>(StringComparer.Ordinal);
        var tests = new Dictionary<string, AbSpec>(StringComparer.Ordinal);
        foreach (var (endpoint, body) in root.Names("endpoints"))
        {
            if (body.AsMap() is not { } map)
                continue;
            endpoints.Add(EndpointSection.Endpoint(endpoint, map, folder));
            if (map.Map("rollout") is { } rollout)
                rollouts[endpoint] = EndpointSection.Rollout(rollout);
            if (map.Map("ab_test") is { } test)
                tests[endpoint] = EndpointSection.AbTest(test);
            map.Done();
        }

        var project = new ProjectFile(
            named,
            [.. root.Names("channels").Select(c => ResponseSection.Channel(c.Key, c.Value)).OfType<ChannelSpec>()],
            endpoints,
            rollouts,
            [.. root.Names("monitors").Select(m => m.Value.AsMap() is { } map ? MonitorSection.Monitor(m.Key, map) : null).OfType<MonitorSpec>()],
            ResponseSection.Responses(named, root.List("responses")),
            [.. root.Names("pipelines").Select(p => p.Value.AsMap() is { } map ? PipelineSection.Pipeline(p.Key, map, folder, source) : null).OfType<PipelineSpec>()])
        {
            AbTests = tests,
        };
        root.Done();
        if (!Names.IsValid(named))
            source.Add(new Fault("project", $"'{named}' is not a name for a project.", Names.Rule));
        return project;
    }

    // A folder may be called anything; a project's name is of the usual kind.
    private static string NameOf(string folder)
    {
        var name = string.Concat(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).Trim('-', '.', '_');
        return Names.IsValid(name) ? name : "project";
    }
}
