using System.CommandLine;
using Holdfast.Lineage;

namespace Holdfast.Commands;

/// <summary><c>holdfast lineage REF</c>.</summary>
internal static class LineageCommand
{
    public static Command Create()
    {
        var reference = new Argument<string>("reference") { Description = "A dataset version (credit@v3), a run's id, a model version (credit/3, credit@champion) or an endpoint." };
        var direction = new Option<string>("--direction") { Description = "up: where it comes from; down: what came of it; both.", DefaultValueFactory = _ => "both" };
        return new Command("lineage", "Where something comes from and what came of it: dataset version, run, model version, endpoint.") { reference, direction }.WithServer(async (parsed, server, ct) =>
        {
            var graph = await server.Api.Get<LineageGraph>($"/api/v1/lineage?ref={Uri.EscapeDataString(parsed.GetRequiredValue(reference))}&direction={Uri.EscapeDataString(parsed.GetRequiredValue(direction))}", ct);
            if (Output.IsJson(parsed))
            {
                Output.Json(graph);
                return ExitCodes.Fine;
            }

            var nodes = graph.Nodes.ToDictionary(n => n.Id);
            Output.Line(Name(nodes[graph.Root]));
            if (graph.Edges.Any(e => e.To == graph.Root))
            {
                Output.Line("from");
                Tree(graph, nodes, graph.Root, up: true, 1, []);
            }

            if (graph.Edges.Any(e => e.From == graph.Root))
            {
                Output.Line("to");
                Tree(graph, nodes, graph.Root, up: false, 1, []);
            }

            if (graph.Cut)
                await Console.Error.WriteLineAsync("There is more than is shown.");
            return ExitCodes.Fine;
        });
    }

    private static void Tree(LineageGraph graph, Dictionary<string, LineageNode> nodes, string at, bool up, int depth, HashSet<string> seen)
    {
        foreach (var edge in graph.Edges.Where(e => (up ? e.To : e.From) == at))
        {
            var next = up ? edge.From : edge.To;
            Output.Line($"{new string(' ', depth * 2)}{edge.What}: {Name(nodes[next])}");
            if (seen.Add(next))
                Tree(graph, nodes, next, up, depth + 1, seen);
        }
    }

    private static string Name(LineageNode node) =>
        $"{node.Kind.Replace('_', ' ')} {node.Ref}{(node.Title != node.Ref ? $" ({node.Title})" : "")}{(node.State is null ? "" : $", {node.State}")}";
}
