using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Lineage;
using Holdfast.Ui.Shell;
using Holdfast.Ui.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>The lineage of one thing, both ways; nothing where it stands alone.</summary>
public sealed partial class LineageGraph
{
    private (IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges) _picture = ([], []);
    private bool _cut;

    [CascadingParameter] private Principal Principal { get; set; } = null!;

    [Inject] private LineageService Lineage { get; set; } = null!;

    /// <summary><c>dataset_version</c>, <c>run</c>, <c>model_version</c> or <c>endpoint</c>.</summary>
    [Parameter, EditorRequired] public string Kind { get; set; } = "";

    [Parameter, EditorRequired] public string Reference { get; set; } = "";

    /// <summary>What the page shows of it: with another one the lineage is asked again.</summary>
    [Parameter] public object? Of { get; set; }

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        try
        {
            var found = await Lineage.Trace(Principal, Kind, Reference);
            _picture = ([.. found.Nodes.Select(n => Node(n, n.Id == found.Root))], [.. found.Edges.Select(e => new GraphEdge(e.From, e.To))]);
            _cut = found.Cut;
        }
        catch (HoldfastException gone) when (gone.Code is ErrorCode.NotFound or ErrorCode.InvalidArgument)
        {
            _picture = ([], []);
        }
    }

    private static GraphNode Node(LineageNode node, bool root) =>
        new(node.Id, node.Title, node.Kind.Replace('_', ' ') + (string.IsNullOrEmpty(node.State) ? "" : ", " + node.State), root ? "good" : node.Kind is "run" or "endpoint" ? "busy" : "plain", Url(node));

    internal static string? Url(LineageNode node) => node.Kind switch
    {
        "run" => Routes.Run(node.Ref),
        "endpoint" => Routes.Endpoint(node.Ref),
        "dataset_version" => RunView.DataUrl(node.Ref),
        "model_version" when node.Ref.LastIndexOf('/') is > 0 and var at && int.TryParse(node.Ref.AsSpan(at + 1), System.Globalization.CultureInfo.InvariantCulture, out var version) => Routes.ModelVersion(node.Ref[..at], version),
        _ => null,
    };
}
