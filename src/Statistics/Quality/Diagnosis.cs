using Holdfast.Statistics.Tests;

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
        if (!EnoughRows(input, options)) return Verdict(DriftKind.NotEnoughData, DriftCause.NotEnoughData, null, 1, evidence);

        if (FindFault(input, drifted, evidence) is { } fault)
            return new DiagnosisResult(DriftKind.DataFault, fault.Cause, fault.Feature, fault.Confidence, fault.Scale, fault.Shift, evidence);
        if (input.Loop is { } loop && loop.Treated.Low > options.ToleratedPsi && loop.Holdout.High < loop.Treated.Low)
        {
            evidence.Insert(0, new EvidenceItem(DriftCause.SelfInduced, loop.Feature, loop.Treated.Corrected, NumericFaults.Text($"PSI {loop.Treated.Corrected:F3} where the model acts, {loop.Holdout.Corrected:F3} in the holdout.")));
            return Verdict(DriftKind.FeedbackLoop, DriftCause.SelfInduced, loop.Feature, 0.85, evidence);
        }
        return Genuine(input, drifted, options, evidence);
    }

    private static DiagnosisResult Genuine(DiagnosisInput input, List<FeatureEvidence> drifted, DiagnosisOptions options, List<EvidenceItem> evidence)
    {
        var fell = PerformanceFell(input.Performance, options, evidence);
        var unexplained = fell && input.Performance is { Expected: { } expected } performance && performance.AfterHigh < expected - options.ToleratedLoss;
        if (unexplained || (fell && drifted.Count == 0))
            return Verdict(DriftKind.ConceptDrift, DriftCause.ConceptChange, drifted.Count > 0 ? drifted[0].Name : null, unexplained ? 0.9 : 0.8, evidence);
        if (drifted.Count > 0)
        {
            var first = drifted[0];
            var segment = first.IsCategorical ? CategoryFaults.NewSegment(first) : null;
            if (segment is not null) evidence.Insert(0, segment);
            var confidence = 0.6 + 0.35 * Math.Min(1, (first.Psi.Low - options.ToleratedPsi) / 0.25);
            return Verdict(DriftKind.DataDrift, segment is null ? DriftCause.PopulationShift : DriftCause.NewSegment, first.Name, confidence, evidence);
        }
        if (input.Prediction is { } prediction && prediction.Psi.Low > options.ToleratedPsi)
        {
            evidence.Insert(0, new EvidenceItem("prediction_psi", null, prediction.Psi.Corrected, NumericFaults.Text($"PSI of the predictions {prediction.Psi.Corrected:F3} [{prediction.Psi.Low:F3}, {prediction.Psi.High:F3}], the features are stable.")));
            return Verdict(DriftKind.PredictionDrift, prediction.SameModel ? DriftCause.PredictionShift : DriftCause.ModelChanged, null, 0.8, evidence);
        }
        return Verdict(DriftKind.None, DriftCause.None, null, Calm(input, options), evidence);
    }

    private static DiagnosisResult Verdict(DriftKind kind, string cause, string? feature, double confidence, List<EvidenceItem> evidence) =>
        new(kind, cause, feature, confidence, null, null, evidence);

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

    private static Fault? FindFault(DiagnosisInput input, List<FeatureEvidence> drifted, List<EvidenceItem> evidence)
    {
        var faults = new List<Fault>();
        var swap = Swap(input.Features);
        if (swap is not null) faults.Add(swap);
        foreach (var feature in input.Features)
        {
            if (swap is not null && feature.Name == swap.Feature) continue;
            var fault = feature.IsCategorical ? OfCategories(feature) : OfNumbers(feature, drifted);
            if (fault is not null) faults.Add(fault);
        }
        SetKnownGapsAside(faults, input.Features, evidence);
        // Repeated rows shift nothing by themselves, so they count only where no feature has a defect of its own.
        if (faults.Count == 0 && Duplicates(input) is { } duplicates) faults.Add(duplicates);
        if (faults.Count == 0) return null;
        faults.Sort((x, y) => y.Confidence.CompareTo(x.Confidence));
        for (var i = faults.Count - 1; i >= 0; i--) evidence.Insert(0, faults[i].Item);
        if (CommonSource(faults, input.Features) is { } common) evidence.Add(common);
        return faults[0] with { Confidence = Confirmed(faults, drifted, input.Features.Count, evidence) };
    }

    // Missing values that the reference also has come with a segment of the population. If their share rises moderately while most of the other features
    // move too, the segment grew: a change of mix, not a broken pipe.
    private static void SetKnownGapsAside(List<Fault> faults, IReadOnlyList<FeatureEvidence> features, List<EvidenceItem> evidence)
    {
        int moved = 0, others = 0;
        foreach (var feature in features)
        {
            if (faults.Exists(f => f.Feature == feature.Name)) continue;
            others++;
            if (feature.Psi.PValue < 1e-4 && feature.Psi.Corrected >= 0.02) moved++;
        }
        if (others == 0 || 2 * moved <= others) return;
        for (var i = faults.Count - 1; i >= 0; i--)
        {
            var fault = faults[i];
            if (fault.Cause != DriftCause.MissingSpike || fault.Value >= 0.2) continue;
            foreach (var feature in features)
            {
                if (feature.Name != fault.Feature || feature.ReferenceMissing < 5) continue;
                evidence.Add(new EvidenceItem("missing_share", fault.Feature, fault.Value, fault.Detail + " The reference has such rows, and most other features moved too."));
                faults.RemoveAt(i);
            }
        }
    }

    private static Fault? OfNumbers(FeatureEvidence feature, List<FeatureEvidence> drifted)
    {
        if (NumericFaults.Missing(feature) is { } missing) return missing;
        if (feature.ReferenceSample.Length == 0 || feature.CurrentSample.Length == 0) return null;
        if (NumericFaults.Constant(feature) is { } constant) return constant;
        if (NumericFaults.Frozen(feature) is { } frozen) return frozen;
        // Whole-sample defects that move the distribution; nothing to look for while it stands still.
        var moved = drifted.Contains(feature) || feature.Psi.PValue < 1e-4 || feature.Ks.PValue < 1e-4;
        if (!moved) return NumericFaults.Precision(feature);
        var fit = AffineTest.Fit(feature.ReferenceSample, feature.CurrentSample);
        return NumericFaults.Affine(feature, fit) ?? NumericFaults.DefaultValue(feature) ?? NumericFaults.Precision(feature) ?? NumericFaults.Partial(feature);
    }

    private static Fault? OfCategories(FeatureEvidence feature) =>
        NumericFaults.Missing(feature) ?? CategoryFaults.Format(feature) ?? CategoryFaults.Explosion(feature);

    private static Fault? Swap(IReadOnlyList<FeatureEvidence> features)
    {
        for (var i = 0; i < features.Count; i++)
        {
            if (features[i].IsCategorical || !(features[i].Ks.PValue < 1e-4)) continue;
            for (var j = i + 1; j < features.Count; j++)
            {
                if (features[j].IsCategorical || !(features[j].Ks.PValue < 1e-4)) continue;
                if (NumericFaults.Swapped(features[i], features[j]) is { } swap) return swap;
            }
        }
        return null;
    }

    private static Fault? Duplicates(DiagnosisInput input)
    {
        if (input.ReferenceRows == 0 || input.CurrentRows == 0) return null;
        double before = (double)input.ReferenceDuplicates / input.ReferenceRows, after = (double)input.CurrentDuplicates / input.CurrentRows;
        var z = TwoProportion.Test(input.ReferenceDuplicates, input.ReferenceRows, input.CurrentDuplicates, input.CurrentRows).Statistic;
        if (after - before < 0.05 || z <= 6) return null;
        return new Fault(DriftCause.DuplicateRows, null, NumericFaults.Strength(z / 6), after, NumericFaults.Text($"Repeated rows went from {before:P1} to {after:P1} (z = {z:F1})."));
    }

    // Several faults of one upstream source are one incident.
    private static EvidenceItem? CommonSource(List<Fault> faults, IReadOnlyList<FeatureEvidence> features)
    {
        string? source = null;
        var hit = 0;
        foreach (var feature in features)
        {
            if (!faults.Exists(f => f.Feature == feature.Name)) continue;
            if (feature.Source is null || (source is not null && source != feature.Source)) return null;
            source = feature.Source;
            hit++;
        }
        return hit < 2 ? null : new EvidenceItem("common_source", null, hit, NumericFaults.Text($"All {hit} faulty features come from {source}."));
    }

    // Features that moved without a defect of their own speak for a changed world; none speaks for the pipe.
    private static double Confirmed(List<Fault> faults, List<FeatureEvidence> drifted, int features, List<EvidenceItem> evidence)
    {
        var unexplained = 0;
        foreach (var feature in drifted)
        {
            if (!faults.Exists(f => f.Feature == feature.Name)) unexplained++;
        }
        var others = features - faults.Count;
        if (others > 0)
            evidence.Add(new EvidenceItem("other_features", null, unexplained, NumericFaults.Text($"{unexplained} of {others} other features moved beyond the tolerance.")));
        return others <= 0 ? faults[0].Confidence : faults[0].Confidence * (1 - 0.3 * unexplained / others);
    }

    private static bool PerformanceFell(PerformanceEvidence? performance, DiagnosisOptions options, List<EvidenceItem> evidence)
    {
        if (performance is null) return false;
        var fell = performance.AfterHigh < performance.BeforeLow - options.ToleratedLoss;
        evidence.Add(new EvidenceItem(
            "performance", null, performance.After,
            NumericFaults.Text($"The quality figure went from {performance.Before:F3} [{performance.BeforeLow:F3}, {performance.BeforeHigh:F3}] to {performance.After:F3} [{performance.AfterLow:F3}, {performance.AfterHigh:F3}].")));
        return fell;
    }

    // Near 1 when every interval ends below the tolerance: then "no drift" is shown, not just not disproved.
    private static double Calm(DiagnosisInput input, DiagnosisOptions options)
    {
        if (input.Features.Count == 0) return 0.5;
        var below = 0;
        foreach (var feature in input.Features)
        {
            if (feature.Psi.High < options.ToleratedPsi) below++;
        }
        return 0.5 + 0.49 * below / input.Features.Count;
    }
}
