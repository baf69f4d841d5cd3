using Holdfast.Pipelines;
using Holdfast.Ui.Parts;
using Holdfast.Ui.Shell;
using Holdfast.Ui.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Pipelines;

/// <summary>One run of a pipeline: its stages as a graph, the gate's word, and the output.</summary>
public sealed partial class PipelineRunPage
{
    private const int MostOutput = 20_000;

    [Parameter] public string Id { get; set; } = "";

    [Inject] private PipelineService Door { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => Model?.Run.IsOver == true ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var run = await Door.Get(Principal, Id, ct);
        return new Shown(run, await Door.FindPipeline(Principal, run.Pipeline, ct), await Door.Log(Principal, Id, ct: ct));
    }

    private static (IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges) Dag(Shown m)
    {
        var declared = m.Pipeline?.Stages.ToDictionary(s => s.Name, StringComparer.Ordinal) ?? [];
        List<GraphNode> nodes =
        [
            .. m.Run.Stages.Select(s => new GraphNode(
                s.Name, s.Name, Figure.Words(s.Status.ToString().ToLowerInvariant()) + (s.FinishedAt - s.StartedAt is { } span && s.Status == StageStatus.Succeeded ? $", {Figure.Duration(span)}" : ""),
                Tone(s.Status), s.RunId is { Length: > 0 } run ? Routes.Run(run) : null)),
        ];
        List<GraphEdge> edges = [.. m.Run.Stages.SelectMany(s => declared.TryGetValue(s.Name, out var stage) ? stage.Needs.Select(need => new GraphEdge(need, s.Name)) : [])];
        return (nodes, edges);
    }

    private static string Tone(StageStatus status) => status switch
    {
        StageStatus.Succeeded or StageStatus.Cached => "good",
        StageStatus.Running => "busy",
        StageStatus.Failed => "bad",
        StageStatus.Cancelled => "watch",
        _ => "plain",
    };

    private static IEnumerable<(string, string?, string?)> About(PipelineRun run)
    {
        yield return ("Cause", Figure.Words(run.Cause), null);
        yield return ("Incident", run.IncidentId, run.IncidentId is { Length: > 0 } incident ? Routes.Incident(incident) : null);
        yield return ("Window of new data", run.WindowDataset, RunView.DataUrl(run.WindowDataset));
        yield return ("Trained on", run.DatasetVersion, RunView.DataUrl(run.DatasetVersion));
        yield return ("Compared with", run.Champion, VersionUrl(run.Champion));
        yield return ("Registered as", run.ModelVersion, VersionUrl(run.ModelVersion));
        yield return ("Tracked run", run.RunId, run.RunId is { Length: > 0 } id ? Routes.Run(id) : null);
        yield return ("Executed by", run.Agent, null);
        yield return ("Seed", run.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), null);
    }

    private static string? VersionUrl(string? reference) =>
        reference?.LastIndexOf('/') is > 0 and var at && int.TryParse(reference.AsSpan(at + 1), out var version) ? Routes.ModelVersion(reference[..at], version) : null;

    // The end of a long output is where the error stands.
    private static string Tail(string text) => text.Length <= MostOutput ? text : "…" + text[^MostOutput..];

    public sealed record Shown(PipelineRun Run, PipelineInfo? Pipeline, PipelineLog Log);
}
