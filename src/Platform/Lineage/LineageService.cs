using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Tracking;

namespace Holdfast.Lineage;

/// <summary>The door of lineage: it keeps nothing, it asks the rooms what they know and follows it both ways.</summary>
public sealed class LineageService(TrackingService tracking, DataService data, RegistryService registry, ServingService serving)
{
    private const int MostNodes = 500;

    /// <summary>Where a thing comes from and what came of it.</summary>
    /// <param name="kind"><c>dataset_version</c>, <c>run</c>, <c>model_version</c> or <c>endpoint</c>.</param>
    /// <param name="reference">Such as <c>credit@v3</c>, a run id, <c>credit/3</c> or <c>credit@champion</c>, <c>credit-risk</c>.</param>
    public async Task<LineageGraph> Trace(Principal p, string kind, string reference, bool up = true, bool down = true, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        var root = await Node(p, kind, reference, ct);
        var nodes = new Dictionary<string, LineageNode>(StringComparer.Ordinal) { [root.Id] = root };
        var edges = new HashSet<LineageEdge>();
        var cut = up && await Follow(p, root, nodes, edges, Origins, ct);
        cut |= down && await Follow(p, root, nodes, edges, Results, ct);
        return new LineageGraph(root.Id, [.. nodes.Values], [.. edges], cut);
    }

    /// <summary>What a reference without a kind names: a model version, a dataset version, an endpoint or a run, in that order.</summary>
    public async Task<string> KindOf(Principal p, string reference, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(reference);
        if (reference.Contains('/', StringComparison.Ordinal) && !reference.StartsWith("data/", StringComparison.Ordinal))
            return "model_version";
        if (reference.Contains('@', StringComparison.Ordinal))
            return DataService.IsReference(reference) && await data.Find(p, reference, ct) is not null ? "dataset_version" : "model_version";
        if (await serving.Find(p, reference, ct) is not null)
            return "endpoint";
        if (DataService.IsReference(reference) && await data.Find(p, reference, ct) is not null)
            return "dataset_version";
        if (await registry.FindModel(p, reference, ct) is not null)
            return "model_version";
        return await tracking.FindRun(p, reference, ct) is not null
            ? "run"
            : throw new HoldfastException(ErrorCode.NotFound, $"Nothing is called '{reference}'.", "Write a dataset version (credit@v3), the id of a run, a model version (credit-risk/4) or an endpoint.");
    }

    private async Task<LineageNode> Node(Principal p, string kind, string reference, CancellationToken ct) => kind switch
    {
        "dataset_version" => Of(await data.Get(p, reference, ct)),
        "run" => Of(await tracking.GetRun(p, reference, ct)),
        "model_version" => Of(await registry.Resolve(p, reference, ct)),
        "endpoint" => Of(await serving.Get(p, reference, ct)),
        _ => throw new HoldfastException(ErrorCode.InvalidArgument, $"'{kind}' has no lineage.", "One of dataset_version, run, model_version, endpoint."),
    };

    private delegate Task<IReadOnlyList<(LineageNode Node, LineageEdge Edge)>> Step(Principal p, LineageNode at, CancellationToken ct);

    // Breadth first, so that what is cut off is what is farthest.
    private static async Task<bool> Follow(Principal p, LineageNode root, Dictionary<string, LineageNode> nodes, HashSet<LineageEdge> edges, Step step, CancellationToken ct)
    {
        var open = new Queue<LineageNode>([root]);
        var seen = new HashSet<string>(StringComparer.Ordinal) { root.Id };
        while (open.TryDequeue(out var at))
        {
            foreach (var (node, edge) in (await step(p, at, ct)).Where(f => f.Node.Id != at.Id))
            {
                if (!nodes.ContainsKey(node.Id) && nodes.Count >= MostNodes)
                    return true;
                nodes.TryAdd(node.Id, node);
                edges.Add(edge);
                if (seen.Add(node.Id))
                    open.Enqueue(node);
            }
        }

        return false;
    }

    private async Task<IReadOnlyList<(LineageNode, LineageEdge)>> Origins(Principal p, LineageNode at, CancellationToken ct)
    {
        var found = new List<(LineageNode, LineageEdge)>();
        void Add(LineageNode node, string what) => found.Add((node, new LineageEdge(node.Id, at.Id, what)));
        switch (at.Kind)
        {
            case "run":
                var run = await tracking.GetRun(p, at.Ref, ct);
                foreach (var input in run.Inputs)
                    Add(await Input(p, input, ct), "read by");
                foreach (var child in await Tagged(p, "mlflow.parentRunId", at.Ref, ct))
                    Add(Of(child), "part of");
                if (run.Tag("holdfast.forked_from") is { } source && await RunOrNull(p, source, ct) is { } origin)
                    Add(Of(origin), "forked to");
                break;
            case "model_version":
                var version = await registry.Resolve(p, at.Ref, ct);
                if (version.RunId is { Length: > 0 } made && await RunOrNull(p, made, ct) is { } maker)
                    Add(Of(maker), "made");
                if (version.DatasetVersion is { Length: > 0 } trained)
                    Add(await data.Find(p, trained, ct) is { } known ? Of(known) : new LineageNode("dataset:" + trained, "dataset", trained, trained), "trained");
                break;
            case "endpoint":
                foreach (var (reference, what) in Served(await serving.Get(p, at.Ref, ct)))
                {
                    if (await VersionOrNull(p, reference, ct) is { } served)
                        Add(Of(served), what);
                }

                break;
        }

        return found;
    }

    private async Task<IReadOnlyList<(LineageNode, LineageEdge)>> Results(Principal p, LineageNode at, CancellationToken ct)
    {
        var found = new List<(LineageNode, LineageEdge)>();
        void Add(LineageNode node, string what) => found.Add((node, new LineageEdge(at.Id, node.Id, what)));
        switch (at.Kind)
        {
            case "dataset_version":
                var dataset = await data.Get(p, at.Ref, ct);
                foreach (var run in await tracking.RunsThatRead(p, dataset.Ref, dataset.Hash, ct))
                    Add(Of(run), "read by");
                foreach (var version in await registry.VersionsOfDataset(p, dataset.Ref, ct))
                    Add(Of(version), "trained");
                break;
            case "run":
                foreach (var version in await registry.VersionsOfRun(p, at.Ref, ct))
                    Add(Of(version), "made");
                foreach (var fork in await Tagged(p, "holdfast.forked_from", at.Ref, ct))
                    Add(Of(fork), "forked to");
                if ((await tracking.GetRun(p, at.Ref, ct)).Tag("mlflow.parentRunId") is { } parent && await RunOrNull(p, parent, ct) is { } whole)
                    Add(Of(whole), "part of");
                break;
            case "model_version":
                foreach (var endpoint in await serving.List(p, ct))
                {
                    foreach (var (_, what) in Served(endpoint).Where(s => s.Reference == at.Ref))
                        Add(Of(endpoint), what);
                }

                break;
        }

        return found;
    }

    private static IEnumerable<(string Reference, string What)> Served(EndpointState endpoint)
    {
        if (endpoint.Plan.Primary is { } primary)
            yield return (primary.ToString()!, "serves as primary");
        if (endpoint.Plan.Candidate is { } candidate)
            yield return (candidate.ToString()!, "serves as candidate");
    }

    private async Task<LineageNode> Input(Principal p, RunInput input, CancellationToken ct)
    {
        if (input.SourceType == "holdfast" && await data.Find(p, input.Source, ct) is { } named)
            return Of(named);
        if (input.Digest.Length >= 16 && await data.FindContentPrefix(p, input.Digest, ct) is { } same)
            return Of(same);
        return new LineageNode($"dataset:{input.Name}#{input.Digest}", "dataset", $"{input.Name}#{input.Digest}", input.Name, input.Context);
    }

    private async Task<IReadOnlyList<Run>> Tagged(Principal p, string tag, string value, CancellationToken ct) =>
        (await tracking.SearchRuns(p, new RunQuery(Filter: $"tags.`{tag}` = '{value}'", Max: MostNodes), ct: ct)).Items;

    private async Task<Run?> RunOrNull(Principal p, string id, CancellationToken ct)
    {
        try
        {
            return await tracking.GetRun(p, id, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }

    private async Task<ModelVersion?> VersionOrNull(Principal p, string reference, CancellationToken ct)
    {
        try
        {
            return await registry.Resolve(p, reference, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return null;
        }
    }

    private static LineageNode Of(DatasetVersion d) => new("dataset_version:" + d.Ref, "dataset_version", d.Ref, d.Ref, string.Create(CultureInfo.InvariantCulture, $"{d.Rows} rows"));

    private static LineageNode Of(Run r) => new("run:" + r.RunId, "run", r.RunId, r.Name, r.Stage == LifecycleStage.Deleted ? "deleted" : r.Status.ToString().ToLowerInvariant());

    private static LineageNode Of(ModelVersion v) => new("model_version:" + v.Ref, "model_version", v.Ref, v.Ref, v.Aliases.Count == 0 ? null : string.Join(", ", v.Aliases));

    private static LineageNode Of(EndpointState e) => new("endpoint:" + e.Spec.Name, "endpoint", e.Spec.Name, e.Spec.Name);
}
