using Holdfast.Statistics.Quality;

namespace Holdfast.Commands.Drift;

/// <summary>What was found, in the words of the document.</summary>
/// <param name="Kind">Such as <c>data_fault</c>.</param>
/// <param name="Severity"><c>none</c>, <c>moderate</c> or <c>significant</c>.</param>
/// <param name="Cause">Such as <c>scale_change</c>; null where no single defect explains it.</param>
/// <param name="Factor">Of a scale or unit change: current = factor * reference.</param>
/// <param name="Columns">The columns concerned, the first one first.</param>
/// <param name="Evidence">Sentences, the decisive one first.</param>
internal sealed record FoundDiagnosis(string Kind, string Severity, string? Cause, double? Factor, double Confidence, IReadOnlyList<string> Columns, IReadOnlyList<string> Evidence)
{
    /// <summary>The data would suffice, but the error of the sketches leaves the answer open.</summary>
    public bool IsOpen { get; init; }

    /// <summary><c>no_drift</c>, <c>drift</c>, <c>data_fault</c> or <c>insufficient_data</c>.</summary>
    public string Status => Kind switch
    {
        "no_drift" or "data_fault" or "insufficient_data" => Kind,
        _ => "drift",
    };
}

/// <summary>One side of the comparison.</summary>
internal sealed record ComparedFile(string Name, long Rows);

/// <summary>One window of the current file against the whole reference.</summary>
internal sealed record FoundWindow(DateTimeOffset Start, DateTimeOffset End, long Rows, FoundDiagnosis Diagnosis, IReadOnlyList<MeasuredFeature> Features);

/// <summary>Everything that <c>holdfast drift</c> has to say; the writers (terminal, JSON, HTML, Markdown, JUnit) only arrange it.</summary>
/// <param name="Features">Worst first.</param>
/// <param name="Skipped">Columns that are no features, and why.</param>
internal sealed record DriftFindings(
    ComparedFile Reference, ComparedFile Current, DriftSettings Settings, FoundDiagnosis Diagnosis, IReadOnlyList<MeasuredFeature> Features, IReadOnlyList<(string Column, string Why)> Skipped)
{
    /// <summary>Drift over time, in order; empty if not asked for.</summary>
    public IReadOnlyList<FoundWindow> Windows { get; init; } = [];

    /// <summary>Accuracy before and after, where labels and predictions were named.</summary>
    public PerformanceEvidence? Performance { get; init; }
}
