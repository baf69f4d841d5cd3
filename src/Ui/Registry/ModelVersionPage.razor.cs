using Holdfast.Contracts;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Tracking;
using Holdfast.Ui.Parts;
using Holdfast.Ui.Shell;
using Holdfast.Ui.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Registry;

/// <summary>One model version: where it came from, what it takes, how good it was.</summary>
public sealed partial class ModelVersionPage
{
    [Parameter] public string Name { get; set; } = "";

    [Parameter] public int Version { get; set; }

    [Inject] private RegistryService Registry { get; set; } = null!;

    [Inject] private TrackingService Tracking { get; set; } = null!;

    [Inject] private ServingService Serving { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var version = await Registry.GetVersion(Principal, Name, Version, ct);
        Run? run = null;
        try
        {
            run = version.RunId is { Length: > 0 } id ? await Tracking.GetRun(Principal, id, ct) : null;
        }
        catch (HoldfastException missing) when (missing.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
        {
            // The run was logged elsewhere, or is deleted; the version stands without it.
        }

        var others = (await Registry.ListVersions(Principal, Name, ct)).Select(v => v.Version).Where(v => v != Version).OrderDescending().Take(200).ToList();
        return new Shown(version, run, [.. (await Serving.List(Principal, ct)).Where(e => Serves(e, version))], others);
    }

    private static IEnumerable<(string, string?, string?)> Measured(Run run) =>
        run.Metrics.Where(m => !m.Key.StartsWith("system/", StringComparison.Ordinal)).Select(m => (m.Key, (string?)Figure.Number(m.Last.Value), (string?)null));

    private static (IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges) Lineage(Shown m)
    {
        var version = m.Version;
        var nodes = new List<GraphNode>();
        if (version.DatasetVersion is { Length: > 0 } data)
        {
            nodes.Add(new GraphNode("data", data, "dataset version", "plain", RunView.DataUrl(data)));
        }

        if (version.PipelineRun is { Length: > 0 } pipelineRun)
        {
            nodes.Add(new GraphNode("pipeline", pipelineRun[..Math.Min(12, pipelineRun.Length)], "pipeline run", "plain", Routes.PipelineRun(pipelineRun)));
        }

        if (version.RunId is { Length: > 0 } run)
        {
            nodes.Add(new GraphNode("run", m.Run?.Name ?? run[..Math.Min(12, run.Length)], "run", "busy", Routes.Run(run)));
        }

        nodes.Add(RunView.OfVersion(version));
        var edges = nodes.Zip(nodes.Skip(1), (from, to) => new GraphEdge(from.Id, to.Id)).ToList();
        foreach (var endpoint in m.Endpoints)
        {
            nodes.Add(new GraphNode("endpoint/" + endpoint.Spec.Name, endpoint.Spec.Name, Is(endpoint.Plan.Primary, version) ? "endpoint, primary" : "endpoint, candidate", "busy", Routes.Endpoint(endpoint.Spec.Name)));
            edges.Add(new GraphEdge(version.Ref, "endpoint/" + endpoint.Spec.Name));
        }

        return (nodes, edges);
    }

    private static bool Serves(EndpointState endpoint, ModelVersion version) => Is(endpoint.Plan.Primary, version) || Is(endpoint.Plan.Candidate, version);

    private static bool Is(VariantRef? variant, ModelVersion version) => variant?.ToString() == version.Ref;

    private static IEnumerable<(string, string?, string?)> About(ModelVersion version)
    {
        yield return ("Created", version.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", System.Globalization.CultureInfo.InvariantCulture), null);
        yield return ("By", version.User, null);
        yield return ("Source", version.Source, null);
        yield return ("Description", version.Description, null);
        foreach (var (key, value) in version.Tags.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            yield return (key, value, null);
        }
    }

    public sealed record Shown(ModelVersion Version, Run? Run, IReadOnlyList<EndpointState> Endpoints, IReadOnlyList<int> Others);
}
