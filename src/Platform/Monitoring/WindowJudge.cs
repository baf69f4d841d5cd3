using System.Globalization;
using Holdfast.Contracts;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;

namespace Holdfast.Monitoring;

/// <summary>Right answers among labels.</summary>
internal sealed record Accuracy(long Right, long Labels)
{
    public double Share => Labels == 0 ? double.NaN : (double)Right / Labels;
}

/// <summary>Everything that a verdict on a window rests on.</summary>
/// <param name="Term">The declared term, for people.</param>
/// <param name="From">Rows before it are left out (another model's time); null = all.</param>
/// <param name="Scores">Scores of the same model version when it was new; empty = not known yet.</param>
/// <param name="Before">Accuracy of the same version when it was new.</param>
/// <param name="After">Its newest accuracy, over windows whose labels have come.</param>
internal sealed record JudgeInput(
    MonitorSpec Spec, string Term, WindowRows Window, DateTimeOffset? From, Baseline? Baseline, string? Model, int ModelVersion,
    double[] Scores, Accuracy? Before, Accuracy? After, PerformanceReport Performance);

/// <summary>The verdict on one window: a pure function of its rows, the baseline and the declaration.</summary>
internal static class WindowJudge
{
    private const int LeastHead = 50;

    public static DriftReport Judge(JudgeInput input)
    {
        var rows = input.Window.ByTime(input.From);
        var report = Empty(input, rows.Length);
        if (input.Baseline is null)
            return report with { Verdict = "no_baseline", Evidence = ["There is no baseline yet: no model version with known training data answers, and none is pinned."] };
        if (rows.Length < input.Spec.MinRows)
            return report with { Verdict = "insufficient_data", Evidence = [$"{rows.Length} rows; {input.Spec.MinRows} are needed."] };
        var compared = Compare(input, rows);
        var score = Score(input, rows);
        var (diagnosis, changed) = Diagnose(input, rows, compared, score);
        var worst = compared.Select(c => c.Report.Severity).Append(score?.Report.Severity ?? "none").MaxBy(Rank)!;
        report = report with
        {
            Severity = diagnosis?.Kind is DriftKind.DataFault or DriftKind.ConceptDrift ? "significant" : worst,
            Features = [.. compared.Select(c => c.Report)],
            Score = score?.Report,
            Rule = Rule(input.Spec, compared.Count),
        };
        return diagnosis is null
            ? report with { Verdict = "no_drift" }
            : report with
            {
                Verdict = Verdict(diagnosis.Kind),
                Cause = diagnosis.Kind is DriftKind.DataFault or DriftKind.DataDrift or DriftKind.PredictionDrift or DriftKind.ConceptDrift ? diagnosis.Cause : "",
                Feature = diagnosis.Feature,
                ScaleFactor = diagnosis.ScaleFactor,
                Confidence = Math.Round(diagnosis.Confidence, 3),
                StartsAt = changed,
                Evidence = [.. diagnosis.Evidence.Select(e => e.Detail)],
            };
    }

    /// <summary>Whether the inputs of a window are right again after a fault: the feature is within its band and not missing more than it was.</summary>
    public static bool IsClean(DriftReport report, string? feature) =>
        report.Verdict is "no_drift"
        && report.Features.All(f => (f.Feature != feature || f.Severity == "none") && f.Missing - f.BaselineMissing < 0.05);

    /// <summary>When a change in a feature began, over rows in order of time; the time of the first row when all have changed.</summary>
    public static DateTimeOffset Began(FeatureProfile reference, WindowRows window, string feature, IReadOnlyList<SampledRow> rows, int newest)
    {
        var start = ChangePoint.Locate(Bins(reference, window, feature, rows), reference.Bins.ReferenceCounts, newest);
        return rows[Math.Min(start, rows.Count - 1)].At;
    }

    private static int[] Bins(FeatureProfile reference, WindowRows window, string feature, IReadOnlyList<SampledRow> rows) => reference.Bins.IsCategorical
        ? [.. window.Texts(feature, rows).Select(reference.Bins.IndexOf)]
        : [.. window.Numbers(feature, rows).Select(reference.Bins.IndexOf)];

    private static DriftReport Empty(JudgeInput input, int rows) => new(
        input.Spec.Endpoint, input.Term, input.Window.Start, input.Window.End, input.Model, input.ModelVersion, input.Baseline?.Reference, input.Baseline?.Rows ?? 0, rows,
        "none", "no_drift", "", null, null, 0, null, [], null, input.Performance, "", []);

    private static string Rule(MonitorSpec spec, int comparisons) => string.Create(
        CultureInfo.InvariantCulture,
        $"significant: bias-corrected PSI >= {spec.Alarm:G3} and its interval above {spec.Warn:G3}; intervals hold for all {comparisons} features together at 95 % (Bonferroni); p-values are adjusted by Benjamini-Hochberg");

    private static int Rank(string severity) => severity switch { "significant" => 2, "moderate" => 1, _ => 0 };

    private static string Verdict(DriftKind kind) => kind switch
    {
        DriftKind.DataFault => "data_fault",
        DriftKind.DataDrift => "data_drift",
        DriftKind.PredictionDrift => "prediction_drift",
        DriftKind.ConceptDrift => "concept_drift",
        DriftKind.FeedbackLoop => "feedback_loop",
        DriftKind.NotEnoughData => "localising",
        _ => "no_drift",
    };

    private static string Severity(PsiResult psi, double warn, double alarm) =>
        psi.Low <= warn || psi.Corrected < warn ? "none" : psi.Corrected >= alarm ? "significant" : "moderate";

    private sealed record Compared(FeatureReport Report, FeatureEvidence Evidence);

    private static List<Compared> Compare(JudgeInput input, SampledRow[] rows)
    {
        var logged = input.Window.Features.ToHashSet(StringComparer.Ordinal);
        var names = input.Baseline!.Features.Keys.Where(n => logged.Contains(n) && !input.Spec.Ignores(n)).Order(StringComparer.Ordinal).ToList();
        var level = 1 - 0.05 / Math.Max(1, names.Count);
        var result = new List<Compared>(names.Count);
        foreach (var name in names)
            result.Add(CompareOne(input, name, rows, level));
        Span<double> ks = [.. result.Select(c => c.Report.KsP ?? 1)];
        Span<double> chi = [.. result.Select(c => c.Report.ChiSquaredP)];
        double[] ksAdjusted = MultipleTesting.BenjaminiHochberg(ks), chiAdjusted = MultipleTesting.BenjaminiHochberg(chi);
        for (var i = 0; i < result.Count; i++)
            result[i] = result[i] with { Report = result[i].Report with { KsP = result[i].Report.KsP is null ? null : ksAdjusted[i], ChiSquaredP = chiAdjusted[i] } };
        return result;
    }

    private static Compared CompareOne(JudgeInput input, string name, IReadOnlyList<SampledRow> rows, double level)
    {
        var reference = input.Baseline!.Features[name];
        var current = Profile(reference, input.Window, name, rows);
        var (warn, alarm) = input.Spec.BandsOf(name);
        var psi = Psi.Compare(reference.Counts, current.Counts, level);
        var evidence = Evidence(name, reference, current, psi, input.From is null ? input.Window : null);
        return new Compared(Report(name, Severity(psi, warn, alarm), reference, current, psi, evidence), evidence);
    }

    private static FeatureProfile Profile(FeatureProfile reference, WindowRows window, string name, IReadOnlyList<SampledRow> rows)
    {
        var profile = new FeatureProfile(reference.Bins, sampleSize: WindowRows.Capacity);
        if (reference.Bins.IsCategorical)
        {
            foreach (var text in window.Texts(name, rows))
                profile.Add(text);
        }
        else
        {
            foreach (var number in window.Numbers(name, rows))
                profile.Add(number);
        }

        return profile;
    }

    // Missing values are counted over all rows of the window, not only over the sampled ones.
    private static FeatureEvidence Evidence(string name, FeatureProfile reference, FeatureProfile current, PsiResult psi, WindowRows? whole)
    {
        var evidence = FeatureEvidence.FromProfiles(name, reference, current) with { Psi = psi };
        return whole is null ? evidence : evidence with { CurrentTotal = whole.Total, CurrentMissing = (long)Math.Round(whole.MissingShare(name) * whole.Total) };
    }

    private static FeatureReport Report(string name, string severity, FeatureProfile reference, FeatureProfile current, PsiResult psi, FeatureEvidence evidence)
    {
        var bins = new BinShare[reference.Bins.Count];
        double n = Math.Max(1, reference.Total - reference.Missing), m = Math.Max(1, current.Total - current.Missing);
        for (var b = 0; b < bins.Length; b++)
            bins[b] = new BinShare(reference.Bins.Label(b), reference.Counts[b] / n, current.Counts[b] / m);
        var categorical = reference.Bins.IsCategorical;
        return new FeatureReport(
            name, severity, psi.Corrected, psi.Low, psi.High, psi.Raw,
            categorical || double.IsNaN(evidence.Ks.Statistic) ? null : evidence.Ks.Statistic, categorical ? null : evidence.Ks.PValue,
            JensenShannon.Distance(reference.Counts, current.Counts), ChiSquared.TwoSample(reference.Counts, current.Counts).PValue,
            evidence.CurrentTotal == 0 ? 0 : (double)evidence.CurrentMissing / evidence.CurrentTotal, reference.MissingShare, current.Total, bins);
    }

    private static Compared? Score(JudgeInput input, SampledRow[] rows)
    {
        double[] scores = [.. rows.Select(r => r.Score).Where(double.IsFinite)];
        if (input.Scores.Length < input.Spec.MinRows || scores.Length < input.Spec.MinRows)
            return null;
        var reference = Baseline.OfNumbers(input.Scores);
        var current = new FeatureProfile(reference.Bins, sampleSize: WindowRows.Capacity);
        foreach (var score in scores)
            current.Add(score);
        var psi = Psi.Compare(reference.Counts, current.Counts);
        var evidence = Evidence("score", reference, current, psi, null);
        return new Compared(Report("score", Severity(psi, input.Spec.Warn, input.Spec.Alarm), reference, current, psi, evidence), evidence);
    }

    private static (DiagnosisResult? Diagnosis, DateTimeOffset? Began) Diagnose(JudgeInput input, SampledRow[] rows, List<Compared> compared, Compared? score)
    {
        var drifted = compared.Any(c => c.Report.Severity == "significant") || score?.Report.Severity == "significant";
        var gaps = compared.Any(c => c.Report.Missing - c.Report.BaselineMissing >= 0.05);
        var performance = Performance(input);
        if (!drifted && !gaps && (performance is null || performance.AfterHigh >= performance.BeforeLow - input.Spec.AccuracyDrop))
            return (null, null);
        var options = new DiagnosisOptions { ToleratedPsi = input.Spec.Warn, ToleratedLoss = input.Spec.AccuracyDrop, MinimumRows = Math.Min(100, input.Spec.MinRows) };
        var prediction = score is null ? null : new PredictionEvidence(score.Evidence.Psi);
        var result = Diagnosis.Classify(new DiagnosisInput([.. compared.Select(c => c.Evidence)]) { Prediction = prediction, Performance = performance }, options);
        if (result.Kind is DriftKind.None or DriftKind.NotEnoughData)
            return (null, null);
        // A moderate drift is watched and answered by nobody; a fault is one only where it has moved a feature or emptied it.
        if (result.Kind == DriftKind.DataDrift && !drifted)
            return (null, null);
        if (result.Feature is null || !input.Baseline!.Features.TryGetValue(result.Feature, out var reference))
            return (result, null);
        return result.Kind == DriftKind.DataDrift
            ? Localised(input, rows, compared, result, options)
            : (result, Began(reference, input.Window, result.Feature, rows, Math.Max(LeastHead, rows.Length / 4)));
    }

    // A window that the change divides mixes two states, and a mixture looks like a genuine shift. So a drift is only called one by
    // the rows after the change; while they are too few, the verdict waits.
    private static (DiagnosisResult, DateTimeOffset?) Localised(JudgeInput input, SampledRow[] rows, List<Compared> compared, DiagnosisResult whole, DiagnosisOptions options)
    {
        var name = whole.Feature!;
        var reference = input.Baseline!.Features[name];
        var cut = ChangePoint.Locate(Bins(reference, input.Window, name, rows), reference.Bins.ReferenceCounts, Math.Max(LeastHead, rows.Length / 4));
        var began = rows[Math.Min(cut, rows.Length - 1)].At;
        if (cut < LeastHead || Psi.Compare(reference.Counts, Profile(reference, input.Window, name, [.. rows.Take(cut)]).Counts).Corrected >= input.Spec.Warn)
            return (whole, began);
        SampledRow[] tail = [.. rows.Skip(cut)];
        if (tail.Length < Math.Max(100, input.Spec.MinRows / 2))
            return (whole with { Kind = DriftKind.NotEnoughData }, began);
        var level = 1 - 0.05 / Math.Max(1, compared.Count);
        var evidence = compared.Select(c =>
        {
            var before = input.Baseline.Features[c.Evidence.Name];
            var after = Profile(before, input.Window, c.Evidence.Name, tail);
            return Evidence(c.Evidence.Name, before, after, Psi.Compare(before.Counts, after.Counts, level), null);
        });
        var result = Diagnosis.Classify(new DiagnosisInput([.. evidence]) { Performance = Performance(input) }, options);
        return (result.Kind is DriftKind.None or DriftKind.NotEnoughData ? whole with { Kind = DriftKind.NotEnoughData } : result, began);
    }

    private static PerformanceEvidence? Performance(JudgeInput input)
    {
        if (input.Before is not { Labels: > 0 } before || input.After is not { Labels: > 0 } after)
            return null;
        var (beforeLow, beforeHigh) = TwoProportion.WilsonInterval(before.Right, before.Labels);
        var (afterLow, afterHigh) = TwoProportion.WilsonInterval(after.Right, after.Labels);
        return new PerformanceEvidence(before.Share, beforeLow, beforeHigh, after.Share, afterLow, afterHigh) { Labels = after.Labels };
    }
}
