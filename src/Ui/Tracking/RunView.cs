using System.Globalization;
using Holdfast.Registry;
using Holdfast.Tracking;
using Holdfast.Ui.Parts;
using Holdfast.Ui.Shell;

namespace Holdfast.Ui.Tracking;

/// <summary>What several pages say of a run.</summary>
internal static class RunView
{
    public static TimeSpan? Duration(Run run, TimeProvider time) => run switch
    {
        { StartTime: null } => null,
        { StartTime: { } start, EndTime: { } end } => end - start,
        { StartTime: { } start, Status: RunStatus.Running } => time.GetUtcNow() - start,
        _ => null,
    };

    /// <summary>What went in, the run, and what came out.</summary>
    public static (IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges) Lineage(Run run, IReadOnlyList<ModelVersion> versions)
    {
        var nodes = new List<GraphNode>();
        var edges = new List<GraphEdge>();
        foreach (var (input, i) in run.Inputs.Select((input, i) => (input, i)))
        {
            nodes.Add(new GraphNode($"in{i}", input.Name, input.Digest, "plain", DataUrl(input.Name, input.Digest)));
            edges.Add(new GraphEdge($"in{i}", "run"));
        }

        nodes.Add(new GraphNode("run", run.Name, "run", "busy", Routes.Run(run.RunId)));
        foreach (var version in versions)
        {
            nodes.Add(OfVersion(version));
            edges.Add(new GraphEdge("run", version.Ref));
        }

        return (nodes, edges);
    }

    /// <summary>A model version as a box.</summary>
    public static GraphNode OfVersion(ModelVersion version) =>
        new(version.Ref, $"{version.Model} v{version.Version}", version.Aliases.Count > 0 ? "@" + string.Join(" @", version.Aliases) : "model version", "good", Routes.ModelVersion(version.Model, version.Version));

    /// <summary>The page of a dataset version that a reference like <c>name@v3</c> names; null when it is none of ours.</summary>
    public static string? DataUrl(string? reference)
    {
        if (reference is null || reference.LastIndexOf("@v", StringComparison.Ordinal) is not (> 0 and var at))
        {
            return null;
        }

        var name = reference[..at];
        name = name.StartsWith("data/", StringComparison.Ordinal) ? name[5..] : name;
        return int.TryParse(reference.AsSpan(at + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? Routes.DatasetVersion(name, version) : null;
    }

    private static string? DataUrl(string name, string digest) => DataUrl(name) ?? DataUrl($"{name}@{digest}");
}
