using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Parts;

/// <summary>A box. <paramref name="Tone"/> is one of <c>good</c>, <c>busy</c>, <c>watch</c>, <c>bad</c>, <c>plain</c>.</summary>
public sealed record GraphNode(string Id, string Name, string? Note, string Tone, string? Url);

/// <summary>An arrow.</summary>
public sealed record GraphEdge(string From, string To);

/// <summary>Lays boxes out in layers: a box stands one layer right of the furthest box that points at it.</summary>
public sealed partial class Graph
{
    private const int BoxWidth = 184;
    private const int BoxHeight = 44;
    private const int GapX = 52;
    private const int GapY = 14;

    private readonly List<string> _lines = [];
    private readonly List<(GraphNode Node, int X, int Y)> _boxes = [];
    private int _width;
    private int _height;

    [Parameter, EditorRequired] public (IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges) Picture { get; set; }

    [Parameter, EditorRequired] public string Label { get; set; } = "";

    /// <inheritdoc />
    protected override void OnParametersSet()
    {
        _lines.Clear();
        _boxes.Clear();
        var layers = Layers();
        var tallest = layers.Count == 0 ? 0 : layers.Max(l => l.Count);
        _width = (layers.Count * (BoxWidth + GapX)) - GapX + 4;
        _height = Math.Max(BoxHeight, (tallest * (BoxHeight + GapY)) - GapY) + 4;
        var places = new Dictionary<string, (int X, int Y)>(StringComparer.Ordinal);
        for (var layer = 0; layer < layers.Count; layer++)
        {
            var top = (_height - ((layers[layer].Count * (BoxHeight + GapY)) - GapY)) / 2;
            for (var i = 0; i < layers[layer].Count; i++)
            {
                var node = layers[layer][i];
                places[node.Id] = (2 + (layer * (BoxWidth + GapX)), top + (i * (BoxHeight + GapY)));
                _boxes.Add((node, places[node.Id].X, places[node.Id].Y));
            }
        }

        foreach (var edge in Picture.Edges)
        {
            if (places.TryGetValue(edge.From, out var from) && places.TryGetValue(edge.To, out var to))
            {
                var (x1, y1, x2, y2) = (from.X + BoxWidth, from.Y + (BoxHeight / 2), to.X - 1, to.Y + (BoxHeight / 2));
                var bend = Math.Max(20, (x2 - x1) / 2);
                _lines.Add(string.Create(CultureInfo.InvariantCulture, $"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"));
            }
        }
    }

    internal List<List<GraphNode>> Layers()
    {
        var depth = Picture.Nodes.ToDictionary(n => n.Id, _ => 0, StringComparer.Ordinal);
        // As many rounds as boxes are enough without a cycle, and end with one.
        for (var round = 0; round < Picture.Nodes.Count; round++)
        {
            foreach (var edge in Picture.Edges)
            {
                if (depth.TryGetValue(edge.From, out var from) && depth.TryGetValue(edge.To, out var to) && to < from + 1 && from + 1 < Picture.Nodes.Count)
                {
                    depth[edge.To] = from + 1;
                }
            }
        }

        return [.. Picture.Nodes.GroupBy(n => depth[n.Id]).OrderBy(g => g.Key).Select(g => g.ToList())];
    }

    // Razor keeps the element named text for itself, so the one of SVG is built by hand.
    private static RenderFragment SvgText(int y, int x, string words, string? kind) => builder =>
    {
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "x", x + (BoxWidth / 2));
        builder.AddAttribute(2, "y", y);
        builder.AddAttribute(3, "text-anchor", "middle");
        builder.AddAttribute(4, "class", kind);
        builder.AddContent(5, words);
        builder.CloseElement();
    };

    private static string Short(string words, int most) => words.Length <= most ? words : words[..(most - 1)] + "…";
}
