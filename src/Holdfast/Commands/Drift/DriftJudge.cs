using System.Globalization;
using Holdfast.Statistics.Comparison;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Tests;

namespace Holdfast.Commands.Drift;

/// <summary>From the figures of all columns to a verdict: corrects the p-values, sets the states, asks the diagnosis, and puts its answer into the document's words.</summary>
internal static class DriftJudge
{
    // The search for exchanged columns compares all pairs that moved.
    private const int MostPaired = 200;
    private static readonly string[] Genuine = [DriftCause.None, DriftCause.NotEnoughData, DriftCause.PopulationShift, DriftCause.JointShift, DriftCause.NewSegment, DriftCause.ConceptChange, DriftCause.PredictionShift, DriftCause.ModelChanged, DriftCause.SelfInduced];

    /// <summary>Judges.</summary>
    /// <param name="absent">Columns of the reference that the current file lacks.</param>
    /// <param name="rows">A sample of whole rows; null if a file cannot give them.</param>
    public static (FoundDiagnosis Diagnosis, IReadOnlyList<MeasuredFeature> Features) Judge(
        IReadOnlyList<MeasuredFeature> measured, DriftSettings settings, PerformanceEvidence? performance, RepeatedRows repeated, IReadOnlyList<string> absent, JointRows? rows)
    {
        var adjusted = MultipleTesting.BenjaminiHochberg([.. measured.Select(m => m.P)]);
        var features = measured.Select((m, i) => m with { AdjustedP = adjusted[i], State = State(m, settings) }).OrderByDescending(m => m.Psi.Corrected).ThenBy(m => m.Name, StringComparer.Ordinal).ToList();
        var inputs = features.Where(f => f.Name != settings.Target && f.Name != settings.Prediction).ToList();
        var prediction = features.Find(f => f.Name == settings.Prediction);
        var result = Diagnosis.Classify(
            new DiagnosisInput([.. inputs.Select((f, i) => i < MostPaired ? f.Evidence : f.Evidence with { Ks = TestResult.Undefined })])
            {
                Prediction = prediction is null ? null : new PredictionEvidence(prediction.Psi) { Column = prediction.Name },
                Rows = rows,
                Performance = performance,
                ReferenceDuplicates = repeated.Reference,
                ReferenceRows = repeated.ReferenceRows,
                CurrentDuplicates = repeated.Current,
                CurrentRows = repeated.CurrentRows,
            },
            new DiagnosisOptions { ToleratedPsi = settings.Tolerate, MinimumRows = DriftPower.LeastRows });
        var found = absent.Count > 0 ? Absent(absent, result) : Found(result, features, inputs, settings, performance);
        if (found.Kind == "insufficient_data")
            features = [.. features.Select(f => f with { State = "none" })];
        return (found with { Evidence = [.. found.Evidence, .. Notes(features)] }, features);
    }

    private static string State(MeasuredFeature feature, DriftSettings settings) => DriftPower.Verdict(feature, settings).State switch
    {
        DriftState.Moderate => "moderate",
        DriftState.Significant => "significant",
        _ => "none",
    };

    private static FoundDiagnosis Absent(IReadOnlyList<string> absent, DiagnosisResult result) => new(
        "data_fault", "significant", DriftCause.MissingSpike, null, 1, absent,
        [$"The current file has no column {string.Join(", ", absent.Take(20).Select(a => $"'{a}'"))}{(absent.Count > 20 ? $" and {absent.Count - 20} more" : "")}.", .. Sentences(result)]);

    private static FoundDiagnosis Found(DiagnosisResult result, List<MeasuredFeature> features, List<MeasuredFeature> inputs, DriftSettings settings, PerformanceEvidence? performance)
    {
        var moved = inputs.Where(f => f.State != "none").Select(f => f.Name).ToList();
        switch (result.Kind)
        {
            case DriftKind.NotEnoughData:
                return new FoundDiagnosis("insufficient_data", "none", null, null, result.Confidence, [], [.. DriftPower.Sentences(features, settings), .. Sentences(result)]);
            case DriftKind.DataFault:
                return Fault(result, features);
            case DriftKind.DataDrift when moved.Count > 0:
                return Drift(result, features, moved, performance, settings);
            case DriftKind.DataDrift when result.Cause == DriftCause.JointShift:
                return new FoundDiagnosis("data_drift", result.Evidence[0].Value >= new DiagnosisOptions { ToleratedPsi = settings.Alarm }.ToleratedAuc ? "significant" : "moderate", null, null, result.Confidence, [.. result.RootCauses.Select(c => c.Feature)], Sentences(result));
            case DriftKind.PerformanceDrift:
                return Answers(result, features.Find(f => f.Name == settings.Prediction)!, inputs.Count);
            case DriftKind.ConceptDrift:
                return new FoundDiagnosis("concept_drift", "significant", null, null, result.Confidence, settings.Target is null ? moved : [settings.Target, .. moved], Sentences(result));
            case DriftKind.PredictionDrift when features.Find(f => f.Name == settings.Prediction)?.State is { } state and not "none":
                return new FoundDiagnosis("prediction_drift", state, null, null, result.Confidence, [settings.Prediction!], Sentences(result));
            case DriftKind.FeedbackLoop:
                return new FoundDiagnosis("feedback_loop", "significant", null, null, result.Confidence, moved, Sentences(result));
        }

        return features.Find(f => f.Name == settings.Target) is { State: not "none" } target
            ? new FoundDiagnosis(
                "concept_drift", target.State, null, null, 0.7, [target.Name],
                [Invariant($"The labels moved (PSI {target.Psi.Corrected:F3} [{target.Psi.Low:F3}, {target.Psi.High:F3}]) while the features did not: the same inputs have other outcomes now."), .. Sentences(result)])
            : DriftPower.IsTooLittle(features, settings)
                ? new FoundDiagnosis("insufficient_data", "none", null, null, result.Confidence, [], [.. DriftPower.Sentences(features, settings), .. Sentences(result)])
                : new FoundDiagnosis("no_drift", "none", null, null, result.Confidence, [], [.. DriftPower.Sentences(features, settings), .. Open(inputs, settings), .. Sentences(result)]);
    }

    // "Not shown" is not "shown not to be": the reader is told where the files are too small to rule a significant change out.
    private static IEnumerable<string> Open(List<MeasuredFeature> inputs, DriftSettings settings)
    {
        var open = inputs.Except(DriftPower.Blind(inputs, settings)).Where(f => f.Psi.High >= settings.Alarm).Select(f => f.Name).ToList();
        if (open.Count > 0)
            yield return Invariant($"Too few rows to rule out a significant change of {DriftWords.List(open)}: the interval reaches PSI {inputs.Max(f => f.Psi.High):F2}.");
    }

    private static FoundDiagnosis Fault(DiagnosisResult result, List<MeasuredFeature> features)
    {
        var cause = result.Cause;
        var columns = result.Evidence.Where(e => e.Feature is not null && e.Name is not ("psi" or "missing_share" or "explained")).Select(e => e.Feature!).ToList();
        if (cause == DriftCause.ColumnsSwapped)
            columns.InsertRange(1, features.Where(f => f.Name != result.Feature && result.Evidence[0].Detail.Contains($" the reference of {f.Name} and ", StringComparison.Ordinal)).Select(f => f.Name));
        var others = features.Where(f => f.State != "none" && !columns.Contains(f.Name)).Select(f => f.Name).ToList();
        return new FoundDiagnosis(
            "data_fault", "significant", cause, result.ScaleFactor, result.Confidence, [.. columns.Distinct()],
            others.Count == 0 ? Sentences(result) : [.. Sentences(result), $"Apart from it, {DriftWords.List(others)} moved: compare again once the fault is repaired."]);
    }

    // Features moved and no defect explains it.
    private static FoundDiagnosis Drift(DiagnosisResult result, List<MeasuredFeature> features, List<string> moved, PerformanceEvidence? performance, DriftSettings settings)
    {
        var severity = features.Any(f => moved.Contains(f.Name) && f.State == "significant") ? "significant" : "moderate";
        var evidence = Sentences(result);
        if (result.Cause == DriftCause.PossibleScaleChange)
            return new FoundDiagnosis("data_drift", severity, result.Cause, result.ScaleFactor, result.Confidence, [result.Feature!, .. moved.Where(m => m != result.Feature)], evidence);
        if (performance is { Expected: { } expected } && performance.AfterHigh < performance.BeforeLow - 0.01)
            evidence = [.. evidence, Invariant($"With the scores as they are now, {expected:F3} was to be expected: the change of the inputs explains the fall.")];
        return new FoundDiagnosis("data_drift", severity, Cause(result.Cause), null, result.Confidence, moved, evidence);
    }

    // The quality fell, and the same inputs are answered in another way: a fixed model does not do that.
    private static FoundDiagnosis Answers(DiagnosisResult result, MeasuredFeature prediction, int inputs)
    {
        var others = inputs == 0 ? "and no features are given that could explain it" : "while the features did not";
        var moved = prediction.State == "none" ? [] : new[] { Invariant($"The predictions moved (PSI {prediction.Psi.Corrected:F3} [{prediction.Psi.Low:F3}, {prediction.Psi.High:F3}]) {others}, and their quality fell: suspect another model version or its configuration.") };
        return new FoundDiagnosis("performance_drift", "significant", null, null, result.Confidence, [prediction.Name], [.. moved, .. Sentences(result)]);
    }

    private static string? Cause(string cause) => Genuine.Contains(cause) ? null : cause;

    private static List<string> Sentences(DiagnosisResult result) =>
        [.. result.Evidence.Select(e => e.Feature is null || e.Detail.Contains(e.Feature, StringComparison.Ordinal) ? e.Detail : $"{e.Feature}: {e.Detail}")];

    private static IEnumerable<string> Notes(List<MeasuredFeature> features)
    {
        foreach (var f in features)
        {
            if (f.Unreadable.Count > 0)
                yield return Invariant($"{f.Name}: {f.Unreadable.Count} values of the current file are not {(f.Type == FeatureType.Time ? "times" : "numbers")}, such as '{f.Unreadable.Example}'; they count as missing.");
            if (f.Infinite > 0)
                yield return Invariant($"{f.Name}: {f.Infinite} values of the current file are infinite; they count as missing.");
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
