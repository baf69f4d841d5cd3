using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Quality;

/// <summary>Drift of the model's output.</summary>
/// <param name="Psi">PSI of score or class against the reference.</param>
/// <param name="SameModel">False if another model version or configuration answered than in the reference: that alone explains a change.</param>
public sealed record PredictionEvidence(PsiResult Psi, bool SameModel = true);

/// <summary>Quality measured with labels; the figure in [0, 1], more is better (accuracy).</summary>
/// <param name="Before">In the reference.</param>
/// <param name="BeforeLow">Its lower confidence limit.</param>
/// <param name="BeforeHigh">Its upper confidence limit.</param>
/// <param name="After">In the window.</param>
/// <param name="AfterLow">Its lower confidence limit.</param>
/// <param name="AfterHigh">Its upper confidence limit.</param>
public sealed record PerformanceEvidence(double Before, double BeforeLow, double BeforeHigh, double After, double AfterLow, double AfterHigh)
{
    /// <summary>Expected figure in the window if only the features had changed (estimated without labels, or by reweighting the reference), if known.</summary>
    public double? Expected { get; init; }

    /// <summary>Labelled rows in the window.</summary>
    public long Labels { get; init; }
}

/// <summary>Feature drift seen apart in rows the model acted on and in a random holdout.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Treated">PSI of the treated rows since the deployment.</param>
/// <param name="Holdout">PSI of the holdout rows over the same time.</param>
public sealed record LoopEvidence(string Feature, PsiResult Treated, PsiResult Holdout);

/// <summary>All evidence for one diagnosis.</summary>
/// <param name="Features">The features, any order.</param>
public sealed record DiagnosisInput(IReadOnlyList<FeatureEvidence> Features)
{
    /// <summary>Drift of the predictions, if watched.</summary>
    public PredictionEvidence? Prediction { get; init; }

    /// <summary>Quality with labels, if any came.</summary>
    public PerformanceEvidence? Performance { get; init; }

    /// <summary>Treated against holdout rows, if there is a holdout.</summary>
    public LoopEvidence? Loop { get; init; }

    /// <summary>Rows in the reference that repeat an earlier row of it (<see cref="DuplicateRows.Count"/>).</summary>
    public long ReferenceDuplicates { get; init; }

    /// <summary>Rows in the reference that were checked for repetition.</summary>
    public long ReferenceRows { get; init; }

    /// <summary>Rows in the window that repeat an earlier row of it.</summary>
    public long CurrentDuplicates { get; init; }

    /// <summary>Rows in the window that were checked for repetition.</summary>
    public long CurrentRows { get; init; }
}

/// <summary>Limits of a diagnosis.</summary>
public sealed record DiagnosisOptions
{
    /// <summary>PSI that is tolerated; drift is called when the interval's lower limit exceeds it. Default 0.1, the "watch" band.</summary>
    public double ToleratedPsi { get; init; } = 0.1;

    /// <summary>Fall of the quality figure that is tolerated, in points / 100. Default 0.01.</summary>
    public double ToleratedLoss { get; init; } = 0.01;

    /// <summary>Fewest rows in the window (and reference) for any verdict. Default 100.</summary>
    public int MinimumRows { get; init; } = 100;
}

/// <summary>One piece of evidence, for people.</summary>
/// <param name="Name">What was measured, snake_case.</param>
/// <param name="Feature">The feature, or null.</param>
/// <param name="Value">The figure.</param>
/// <param name="Detail">One sentence with the figures.</param>
public sealed record EvidenceItem(string Name, string? Feature, double Value, string Detail);

/// <summary>A verdict with its reasons.</summary>
/// <param name="Kind">The class.</param>
/// <param name="Cause">The cause in snake_case, see <see cref="DriftCause"/>.</param>
/// <param name="Feature">The feature it began with, or null.</param>
/// <param name="Confidence">In [0, 1]; a score made of the strength of the evidence, not a probability.</param>
/// <param name="ScaleFactor">For scale and unit changes: current = factor * reference + shift.</param>
/// <param name="Shift">See <paramref name="ScaleFactor"/>.</param>
/// <param name="Evidence">Everything that was found, the decisive item first.</param>
public sealed record DiagnosisResult(DriftKind Kind, string Cause, string? Feature, double Confidence, double? ScaleFactor, double? Shift, IReadOnlyList<EvidenceItem> Evidence);
