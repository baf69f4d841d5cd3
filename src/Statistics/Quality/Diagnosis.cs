namespace Holdfast.Statistics.Quality;

/// <summary>
/// Names what happened in a window: a broken pipe or a changed world. Pure: the same evidence gives the same verdict. The order of the questions is fixed:
/// enough data, faults of the data, a loop, a concept change that the features do not explain, drift of the population, drift of the predictions alone.
/// A genuine change is called a fault only if undoing one specific defect makes the drift disappear.
/// </summary>
public static class Diagnosis
{
    /// <summary>Classifies. Faults look at samples and counters of each feature, so they are found even where PSI is small (missing values, duplicates).</summary>
    public static DiagnosisResult Classify(DiagnosisInput input, DiagnosisOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        options ??= new DiagnosisOptions();
        var evidence = new List<EvidenceItem>();
        var drifted = Drifted(input, options, evidence);
        if (!EnoughRows(input, options)) return new DiagnosisResult(DriftKind.NotEnoughData, DriftCause.NotEnoughData, null, 1, null, null, evidence);

        var search = new FaultSearch(input, drifted, evidence);
        if (search.Find() is { } fault)
            return new DiagnosisResult(DriftKind.DataFault, fault.Cause, fault.Feature, fault.Confidence, fault.Scale, fault.Shift, evidence);
        if (input.Loop is { } loop && loop.Treated.Low > options.ToleratedPsi && loop.Holdout.High < loop.Treated.Low)
        {
            evidence.Insert(0, new EvidenceItem(DriftCause.SelfInduced, loop.Feature, loop.Treated.Corrected, NumericFaults.Text($"PSI {loop.Treated.Corrected:F3} where the model acts, {loop.Holdout.Corrected:F3} in the holdout.")));
            return new DiagnosisResult(DriftKind.FeedbackLoop, DriftCause.SelfInduced, loop.Feature, 0.85, null, null, evidence);
        }
        return new GenuineChange(input, drifted, options, evidence).Name(search.Possible);
    }

    // Features beyond the tolerance, the one with most importance times effect first.
    private static List<FeatureEvidence> Drifted(DiagnosisInput input, DiagnosisOptions options, List<EvidenceItem> evidence)
    {
        var drifted = new List<FeatureEvidence>();
        foreach (var feature in input.Features)
        {
            if (feature.Psi.Low > options.ToleratedPsi) drifted.Add(feature);
        }
        drifted.Sort((x, y) =>
        {
            var order = (y.Importance * y.Psi.Corrected).CompareTo(x.Importance * x.Psi.Corrected);
            return order != 0 ? order : string.CompareOrdinal(x.Name, y.Name);
        });
        foreach (var feature in drifted)
            evidence.Add(new EvidenceItem("psi", feature.Name, feature.Psi.Corrected, NumericFaults.Text($"PSI of {feature.Name} {feature.Psi.Corrected:F3} [{feature.Psi.Low:F3}, {feature.Psi.High:F3}], tolerated {options.ToleratedPsi:G3}.")));
        return drifted;
    }

    private static bool EnoughRows(DiagnosisInput input, DiagnosisOptions options)
    {
        if (input.Features.Count == 0) return input.Prediction is not null || input.Performance is not null;
        foreach (var feature in input.Features)
        {
            if (feature.ReferenceTotal >= options.MinimumRows && feature.CurrentTotal >= options.MinimumRows) return true;
        }
        return false;
    }
}
