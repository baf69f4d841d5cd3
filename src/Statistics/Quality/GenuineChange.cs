namespace Holdfast.Statistics.Quality;

/// <summary>
/// Names a change that is no fault of the data: of the model's answers, of the relation to the labels, of the population, of what the features do together.
/// </summary>
internal sealed class GenuineChange(DiagnosisInput input, List<FeatureEvidence> drifted, DiagnosisOptions options, List<EvidenceItem> evidence)
{
    private const int MostRanked = 3;

    // Beyond it the classifier is slow and rows that differ in something are found anywhere.
    private const int MostJointFeatures = 100;
    private const double Reach = 1.96;

    public DiagnosisResult Name(IReadOnlyDictionary<string, AffineFit> possibleScale)
    {
        var fell = PerformanceFell();
        var moved = input.Prediction is { } p && p.Psi.Low > options.ToleratedPsi;
        if (fell && drifted.Count == 0 && (moved || AnswersChanged()))
            return Verdict(DriftKind.PerformanceDrift, input.Prediction!.SameModel ? DriftCause.PredictionShift : DriftCause.ModelChanged, null, 0.85);
        // Without an expectation the features must speak: if none moved, they cannot explain the fall. With one, it has spoken.
        var unexplained = fell && (input.Performance!.Expected is { } expected ? input.Performance.AfterHigh < expected - options.ToleratedLoss : drifted.Count == 0);
        if (unexplained)
            return Verdict(DriftKind.ConceptDrift, DriftCause.ConceptChange, drifted.Count > 0 ? drifted[0].Name : null, input.Performance!.Expected is null ? 0.8 : 0.9);
        if (drifted.Count > 0) return Population(possibleScale);
        if (Joint() is { } joint) return joint;
        if (moved)
        {
            var psi = input.Prediction!.Psi;
            Say("prediction_psi", null, psi.Corrected, $"PSI of the predictions {psi.Corrected:F3} [{psi.Low:F3}, {psi.High:F3}], the features are stable.");
            return Verdict(DriftKind.PredictionDrift, input.Prediction.SameModel ? DriftCause.PredictionShift : DriftCause.ModelChanged, null, 0.8);
        }
        return Verdict(DriftKind.None, DriftCause.None, null, Calm());
    }

    private DiagnosisResult Population(IReadOnlyDictionary<string, AffineFit> possibleScale)
    {
        var causes = Ranked();
        var first = drifted[0];
        var confidence = 0.6 + (0.35 * Math.Min(1, (first.Psi.Low - options.ToleratedPsi) / 0.25));
        if (possibleScale.TryGetValue(first.Name, out var fit))
        {
            Say(DriftCause.PossibleScaleChange, first.Name, fit.BestScale,
                $"All values of {first.Name} are {fit.BestScale:G4} times those of the reference: undoing it takes the KS distance from {fit.KsBefore:F3} to {fit.KsAfterUndo:F3}. Nothing else confirms a change of scale, so it may also be a real change.");
            return Verdict(DriftKind.DataDrift, DriftCause.PossibleScaleChange, first.Name, confidence) with { ScaleFactor = fit.BestScale, RootCauses = causes };
        }
        var segment = first.IsCategorical ? CategoryFaults.NewSegment(first) : null;
        if (segment is not null) evidence.Insert(0, segment);
        return Verdict(DriftKind.DataDrift, segment is null ? DriftCause.PopulationShift : DriftCause.NewSegment, first.Name, confidence) with { RootCauses = causes };
    }

    // Which of the drifted features the difference hangs on: those without which a classifier does worse carry a change of their own, the others follow.
    private List<RootCause> Ranked()
    {
        var whole = drifted.Count > 1 && input.Features.Count <= MostJointFeatures ? Separate(null) : null;
        var causes = new List<RootCause>();
        foreach (var feature in drifted)
        {
            var fall = whole is { } all && causes.Count < MostRanked && Separate(feature.Name) is { } rest ? all.Separation.Auc - rest.Separation.Auc : (double?)null;
            causes.Add(new RootCause(feature.Name, feature.Psi.Corrected, fall));
            if (fall is { } f) evidence.Add(new EvidenceItem("auc_fall", feature.Name, f, NumericFaults.Text($"A classifier tells the rows apart with an AUC of {whole!.Value.Separation.Auc:F3}, without {feature.Name} with {whole.Value.Separation.Auc - f:F3}.")));
        }
        return causes;
    }

    // Identical marginals, another joint law: what the feature level misses.
    private DiagnosisResult? Joint()
    {
        if (input.Features.Count > MostJointFeatures || Separate(null) is not var (separation, leans)) return null;
        if (separation.Auc - (Reach * separation.StandardError) <= options.ToleratedAuc) return null;
        var first = leans.OrderByDescending(l => l.Value).Take(2).Select(l => l.Feature).ToList();
        Say("joint_auc", first[0], separation.Auc,
            $"A classifier tells the rows apart with an AUC of {separation.Auc:F3} ({separation.Auc - (Reach * separation.StandardError):F3} at least, {options.ToleratedAuc:F3} tolerated) though no feature moved by itself: look at {string.Join(" together with ", first)}.");
        return Verdict(DriftKind.DataDrift, DriftCause.JointShift, first[0], 0.75) with { RootCauses = [.. first.Select(f => new RootCause(f, input.Features.First(x => x.Name == f).Psi.Corrected, null))] };
    }

    // A fixed model answers the same features alike. If the features cannot be told apart but the features with the answers can, another model answered.
    private bool AnswersChanged()
    {
        if (input.Prediction?.Column is not { } column || input.Rows is null || Separate(null) is not var (features, _) || features.IsClear) return false;
        if (input.Rows.Separate([.. Names(null), column]) is not var (both, _) || !both.IsClear || both.Auc <= features.Auc + (2 * both.StandardError)) return false;
        Say("answers_changed", column, both.Auc, $"The features cannot be told apart (AUC {features.Auc:F3}), the features with {column} can (AUC {both.Auc:F3}): the same rows are answered in another way.");
        return true;
    }

    private (Separation Separation, (string Feature, double Value)[] Leans)? Separate(string? without) => input.Rows?.Separate(Names(without));

    private IEnumerable<string> Names(string? without) => input.Features.Where(f => f.Name != without && !f.IsTime).Select(f => f.Name);

    private bool PerformanceFell()
    {
        if (input.Performance is not { } performance) return false;
        evidence.Add(new EvidenceItem(
            "performance", null, performance.After,
            NumericFaults.Text($"The quality figure went from {performance.Before:F3} [{performance.BeforeLow:F3}, {performance.BeforeHigh:F3}] to {performance.After:F3} [{performance.AfterLow:F3}, {performance.AfterHigh:F3}].")));
        return performance.AfterHigh < performance.BeforeLow - options.ToleratedLoss;
    }

    // Near 1 when every interval ends below the tolerance: then "no drift" is shown, not just not disproved.
    private double Calm()
    {
        if (input.Features.Count == 0) return 0.5;
        var below = 0;
        foreach (var feature in input.Features)
        {
            if (feature.Psi.High < options.ToleratedPsi) below++;
        }
        return 0.5 + (0.49 * below / input.Features.Count);
    }

    private void Say(string name, string? feature, double value, FormattableString sentence) => evidence.Insert(0, new EvidenceItem(name, feature, value, NumericFaults.Text(sentence)));

    private DiagnosisResult Verdict(DriftKind kind, string cause, string? feature, double confidence) => new(kind, cause, feature, confidence, null, null, evidence);
}
