using Holdfast.Tracking;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Tracking;

/// <summary>One trace: its steps over time, and what went into and came out of the one that is chosen.</summary>
public sealed partial class TracePage
{
    [Parameter] public string Id { get; set; } = "";

    [SupplyParameterFromQuery] private string? Span { get; set; }

    [Inject] private TrackingService Tracking { get; set; } = null!;

    /// <inheritdoc />
    protected override TimeSpan? Renewed => Model?.Trace.State is TraceState.InProgress or null ? TimeSpan.FromSeconds(5) : TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    protected override async Task<Shown> Load(CancellationToken ct)
    {
        var found = await Tracking.GetTraceWithSpans(Principal, Id, ct);
        return new Shown(found.Trace, await Tracking.GetExperiment(Principal, found.Trace.ExperimentId, ct), SpanTree.WithDepth(found.Spans), Span);
    }

    public sealed record Shown(Trace Trace, Experiment Experiment, IReadOnlyList<(TraceSpan Span, int Depth)> Spans, string? Wanted)
    {
        public long First => Spans.Count == 0 ? 0 : Spans.Min(s => s.Span.StartNs);

        public long Last => Spans.Count == 0 ? 0 : Spans.Max(s => s.Span.EndNs ?? s.Span.StartNs);

        public int Failed => Spans.Count(s => s.Span.Status == "ERROR");

        public SpanUsage? Usage { get; } = SpanReading.Usage([.. Spans.Select(s => s.Span)]);

        /// <summary>The step that the address names, else the first.</summary>
        public TraceSpan Chosen => Spans.FirstOrDefault(s => s.Span.SpanId == Wanted).Span ?? Spans[0].Span;
    }
}
