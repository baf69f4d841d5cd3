using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Quality;

/// <summary>Drift of the model's output.</summary>
/// <param name="Psi">PSI of score or class against the reference.</param>
/// <param name="SameModel">False if another model version or configuration answered than in the reference: that alone explains a change.</param>
public sealed record PredictionEvidence(PsiResult Psi, bool SameModel = true)
{
    /// <summary>The column of <see cref="DiagnosisInput.Rows"/> that holds the predictions; null if it is not there. With it, answers that changed for the same features are seen even if their distribution did not move.</summary>
    public string? Column { get; init; }
}

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

    /// <summary>
    /// Accuracy of a binary classifier at one half, with Wilson's intervals, and the one to expect if only the mix of scores had changed: the reference's accuracy in each tenth of the
    /// score, weighted by the window's labelled rows. So a window of which only some scores get labels is not taken for a worse one.
    /// </summary>
    /// <param name="referenceScores">Probability of class 1, in [0, 1].</param>
    /// <param name="referenceLabels">Their labels.</param>
    /// <param name="scores">Scores of the window's labelled rows.</param>
    /// <param name="labels">Their labels.</param>
    /// <param name="level">Confidence of the intervals. Default 0.95.</param>
    /// <exception cref="ArgumentException">Lengths differ, or a side is empty.</exception>
    public static PerformanceEvidence OfScores(ReadOnlySpan<double> referenceScores, ReadOnlySpan<bool> referenceLabels, ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, double level = 0.95)
    {
        if (referenceScores.Length != referenceLabels.Length || scores.Length != labels.Length || scores.Length == 0 || referenceScores.Length == 0)
            throw new ArgumentException($"Every score needs a label and both sides need rows; got {referenceScores.Length} scores and {referenceLabels.Length} labels, then {scores.Length} and {labels.Length}.", nameof(scores));
        var (before, hits) = ByTenth(referenceScores, referenceLabels);
        var (after, hitsAfter) = ByTenth(scores, labels);
        double expected = 0;
        long known = 0, right = hits.Sum(), rightAfter = hitsAfter.Sum();
        for (var i = 0; i < before.Length; i++)
        {
            if (before[i] == 0) continue;
            expected += (double)after[i] * hits[i] / before[i];
            known += after[i];
        }
        var (beforeLow, beforeHigh) = Tests.TwoProportion.WilsonInterval(right, referenceScores.Length, level);
        var (afterLow, afterHigh) = Tests.TwoProportion.WilsonInterval(rightAfter, scores.Length, level);
        return new PerformanceEvidence((double)right / referenceScores.Length, beforeLow, beforeHigh, (double)rightAfter / scores.Length, afterLow, afterHigh)
        {
            Expected = known >= 0.9 * scores.Length ? expected / known : null,
            Labels = scores.Length,
        };
    }

    private static (long[] Rows, long[] Hits) ByTenth(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        long[] rows = new long[10], hits = new long[10];
        for (var i = 0; i < scores.Length; i++)
        {
            var tenth = (int)Math.Clamp(scores[i] * 10, 0, 9);
            rows[tenth]++;
            if (scores[i] >= 0.5 == labels[i]) hits[tenth]++;
        }
        return (rows, hits);
    }
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

    /// <summary>
    /// A sample of whole rows of both sides, if there is one: shows whether a column moved alone, and changes of what the columns do together. Only columns named in
    /// <see cref="Features"/> count as features.
    /// </summary>
    public JointRows? Rows { get; init; }

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

    /// <summary>AUC of a classifier between reference and window that is tolerated: that of two normal laws whose PSI is <see cref="ToleratedPsi"/>, Phi(sqrt(PSI / 2)); 0.588 by default.</summary>
    public double ToleratedAuc => Tests.Distributions.NormalSf(-Math.Sqrt(ToleratedPsi / 2));

    /// <summary>Fewest rows in the window (and reference) for any verdict. Default 100.</summary>
    public int MinimumRows { get; init; } = 100;
}

/// <summary>One piece of evidence, for people.</summary>
/// <param name="Name">What was measured, snake_case.</param>
/// <param name="Feature">The feature, or null.</param>
/// <param name="Value">The figure.</param>
/// <param name="Detail">One sentence with the figures.</param>
public sealed record EvidenceItem(string Name, string? Feature, double Value, string Detail);

/// <summary>One of the features behind a drift.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Effect">Its bias-corrected PSI.</param>
/// <param name="AucFall">How much worse a classifier tells the sides apart without this feature; null where there are no whole rows. About 0: the others carry the same change.</param>
public sealed record RootCause(string Feature, double Effect, double? AucFall);

/// <summary>A verdict with its reasons.</summary>
/// <param name="Kind">The class.</param>
/// <param name="Cause">The cause in snake_case, see <see cref="DriftCause"/>.</param>
/// <param name="Feature">The feature it began with, or null.</param>
/// <param name="Confidence">In [0, 1]; a score made of the strength of the evidence, not a probability.</param>
/// <param name="ScaleFactor">For scale and unit changes: current = factor * reference + shift.</param>
/// <param name="Shift">See <paramref name="ScaleFactor"/>.</param>
/// <param name="Evidence">Everything that was found, the decisive item first.</param>
public sealed record DiagnosisResult(DriftKind Kind, string Cause, string? Feature, double Confidence, double? ScaleFactor, double? Shift, IReadOnlyList<EvidenceItem> Evidence)
{
    /// <summary>The features behind a drift, most important first: importance times effect.</summary>
    public IReadOnlyList<RootCause> RootCauses { get; init; } = [];
}
