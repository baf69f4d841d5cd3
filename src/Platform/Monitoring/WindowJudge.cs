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
            return report with { Verdict = "no_baseline", Evidence = ["There is no baseline yet: no model version with known training data answers, and none is pinned. Add the training file before the pipeline runs (holdfast data add FILE), or declare `baseline:` in the monitor."] };
        if (rows.Length < input.Spec.MinRows)
            return report with { Verdict = "insufficient_data", Evidence = [$"{rows.Length} rows; {input.Spec.MinRows} are needed."] };
        var score = Score(input, rows);
        var finding = Diagnose(input, rows, Compare(input, rows, input.From is null ? input.Window : null), score);
        var (diagnosis, compared) = (finding.Diagnosis, finding.Compared);
        var worst = compared.Select(c => c.Report.Severity).Append(score?.Report.Severity ?? "none").MaxBy(Rank)!;
        report = report with
        {
            Severity = diagnosis?.Kind is DriftKind.DataFault or DriftKind.ConceptDrift or DriftKind.PerformanceDrift ? "significant" : worst,
            Rows = finding.Rows ?? report.Rows,
            Features = [.. compared.Select(c => c.Report)],
            Score = score?.Report,
            Rule = Rule(input.Spec, compared.Count),
        };
        return diagnosis is null
            ? report with { Verdict = "no_drift" }
            : report with
            {
                Verdict = Verdict(diagnosis.Kind),
                Cause = diagnosis.Kind is DriftKind.DataFault or DriftKind.DataDrift or DriftKind.PredictionDrift or DriftKind.PerformanceDrift or DriftKind.ConceptDrift ? diagnosis.Cause : "",
                Feature = diagnosis.Feature,
                ScaleFactor = diagnosis.ScaleFactor,
                Confidence = Math.Round(diagnosis.Confidence, 3),
                StartsAt = finding.Began,
                Evidence = [.. diagnosis.Evidence.Select(e => e.Detail), .. finding.Rows is { } judged ? [Divided(rows.Length, judged, finding.Began!.Value)] : (string[])[]],
            };
    }

    /// <summary>Whether the inputs of a window are right again after a fault: the feature is within its band and not missing more than it was.</summary>
    public static bool IsClean(DriftReport report, string? feature) =>
        report.Verdict is "no_drift"
        && report.Features.All(f => (f.Feature != feature || f.Severity == "none") && f.Missing - f.BaselineMissing < 0.05);

    /// <summary>When a change in a feature began, over rows in order of time; the time of the first row when all have changed.</summary>
    public static DateTimeOffset Began(FeatureProfile reference, WindowRows window, string feature, IReadOnlyList<SampledRow> rows, int newest)
    {
        var start = Locate(reference, window, feature, rows, newest);
        return rows[Math.Min(start, rows.Count - 1)].At;
    }

    // Missing values are a bin of their own here: that they began is a change too.
    private static int Locate(FeatureProfile reference, WindowRows window, string feature, IReadOnlyList<SampledRow> rows, int newest)
    {
        var bins = reference.Bins.IsCategorical
            ? window.Texts(feature, rows).Select(reference.Bins.IndexOf)
            : window.Numbers(feature, rows).Select(reference.Bins.IndexOf);
        return ChangePoint.Locate([.. bins.Select(b => b < 0 ? reference.Bins.Count : b)], [.. reference.Counts, reference.Missing], newest);
    }

    private static bool IsAsBefore(FeatureProfile reference, FeatureProfile head, double warn) =>
        Psi.Compare(reference.Counts, head.Counts).Corrected < warn && head.MissingShare - reference.MissingShare < 0.05;

    private static DriftReport Empty(JudgeInput input, int rows) => new(
        input.Spec.Endpoint, input.Term, input.Window.Start, input.Window.End, input.Model, input.ModelVersion, input.Baseline?.Reference, input.Baseline?.Rows ?? 0, rows,
        "none", "no_drift", "", null, null, 0, null, [], null, input.Performance, "", []);

    private static string Rule(MonitorSpec spec, int comparisons) => string.Create(
        CultureInfo.InvariantCulture,
        $"significant: bias-corrected PSI >= {spec.Alarm:G3} and its interval above {spec.Warn:G3}; intervals hold for all {comparisons} features together at 95 % (Bonferroni); p-values are adjusted by Benjamini-Hochberg");

    private static string Divided(int all, int judged, DateTimeOffset began) =>
        string.Create(CultureInfo.InvariantCulture, $"The change began about {began:yyyy-MM-dd HH:mm} UTC: the {judged} rows since then are judged, not the {all - judged} before.");

    private static int Rank(string severity) => severity switch { "significant" => 2, "moderate" => 1, _ => 0 };

    private static string Verdict(DriftKind kind) => kind switch
    {
        DriftKind.DataFault => "data_fault",
        DriftKind.DataDrift => "data_drift",
        DriftKind.PredictionDrift => "prediction_drift",
        DriftKind.ConceptDrift => "concept_drift",
        DriftKind.PerformanceDrift => "performance_drift",
        DriftKind.FeedbackLoop => "feedback_loop",
        DriftKind.NotEnoughData => "localising",
        _ => "no_drift",
    };

    private static string Severity(PsiResult psi, double warn, double alarm) =>
        psi.Low <= warn || psi.Corrected < warn ? "none" : psi.Corrected >= alarm ? "significant" : "moderate";

    private sealed record Compared(FeatureReport Report, FeatureEvidence Evidence);

    /// <summary>What came out, and the comparisons that it rests on.</summary>
    /// <param name="Began">When the change began.</param>
    /// <param name="Rows">How many rows were judged, where they are not all of the window.</param>
    private sealed record Finding(DiagnosisResult? Diagnosis, List<Compared> Compared, DateTimeOffset? Began = null, int? Rows = null);

    private static List<Compared> Compare(JudgeInput input, SampledRow[] rows, WindowRows? whole)
    {
        var logged = input.Window.Features.ToHashSet(StringComparer.Ordinal);
        var names = input.Baseline!.Features.Keys.Where(n => logged.Contains(n) && !input.Spec.Ignores(n)).Order(StringComparer.Ordinal).ToList();
        var level = 1 - 0.05 / Math.Max(1, names.Count);
        var result = new List<Compared>(names.Count);
        foreach (var name in names)
            result.Add(CompareOne(input, name, rows, level, whole));
        Span<double> ks = [.. result.Select(c => c.Report.KsP ?? 1)];
        Span<double> chi = [.. result.Select(c => c.Report.ChiSquaredP)];
        double[] ksAdjusted = MultipleTesting.BenjaminiHochberg(ks), chiAdjusted = MultipleTesting.BenjaminiHochberg(chi);
        for (var i = 0; i < result.Count; i++)
            result[i] = result[i] with { Report = result[i].Report with { KsP = result[i].Report.KsP is null ? null : ksAdjusted[i], ChiSquaredP = chiAdjusted[i] } };
        return result;
    }

    private static Compared CompareOne(JudgeInput input, string name, IReadOnlyList<SampledRow> rows, double level, WindowRows? whole)
    {
        var reference = input.Baseline!.Features[name];
        var current = Profile(reference, input.Window, name, rows);
        var (warn, alarm) = input.Spec.BandsOf(name);
        var psi = Psi.Compare(reference.Counts, current.Counts, level);
        var evidence = Evidence(name, reference, current, psi, whole);
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

    private static Finding Diagnose(JudgeInput input, SampledRow[] rows, List<Compared> compared, Compared? score)
    {
        var none = new Finding(null, compared);
        var drifted = IsDrifted(compared) || score?.Report.Severity == "significant";
        var gaps = compared.Any(c => c.Report.Missing - c.Report.BaselineMissing >= 0.05);
        var performance = Performance(input);
        if (!drifted && !gaps && (performance is null || performance.AfterHigh >= performance.BeforeLow - input.Spec.AccuracyDrop))
            return none;
        var prediction = score is null ? null : new PredictionEvidence(score.Evidence.Psi);
        var result = Classify(input, compared, prediction);
        if (result.Kind is DriftKind.None or DriftKind.NotEnoughData)
            return none;
        // A moderate drift is watched and answered by nobody; a fault is one only where it has moved a feature or emptied it.
        if (result.Kind == DriftKind.DataDrift && !drifted)
            return none;
        return result.Feature is null || !input.Baseline!.Features.ContainsKey(result.Feature)
            ? new Finding(result, compared)
            : Localised(input, rows, new Finding(result, compared), result.Feature);
    }

    // A window that the change divides mixes two states: a mixture looks like a genuine shift, or like a factor between the two. So
    // the rows after the change are judged alone; while they are too few, the verdict waits.
    private static Finding Localised(JudgeInput input, SampledRow[] rows, Finding whole, string feature)
    {
        var reference = input.Baseline!.Features[feature];
        var cut = Locate(reference, input.Window, feature, rows, Math.Max(LeastHead, rows.Length / 4));
        var began = rows[Math.Min(cut, rows.Length - 1)].At;
        if (cut < LeastHead || !IsAsBefore(reference, Profile(reference, input.Window, feature, [.. rows.Take(cut)]), input.Spec.Warn))
            return whole with { Began = began };
        var wait = whole with { Diagnosis = whole.Diagnosis! with { Kind = DriftKind.NotEnoughData }, Began = began };
        SampledRow[] tail = [.. rows.Skip(cut)];
        if (tail.Length < Math.Max(100, input.Spec.MinRows / 2))
            return wait;
        var compared = Compare(input, tail, null);
        var result = Classify(input, compared, null);
        return result.Kind is DriftKind.None or DriftKind.NotEnoughData || (result.Kind == DriftKind.DataDrift && !IsDrifted(compared))
            ? wait
            : new Finding(result, compared, began, tail.Length);
    }

    private static bool IsDrifted(List<Compared> compared) => compared.Any(c => c.Report.Severity == "significant");

    private static DiagnosisResult Classify(JudgeInput input, List<Compared> compared, PredictionEvidence? prediction) => Diagnosis.Classify(
        new DiagnosisInput([.. compared.Select(c => c.Evidence)]) { Prediction = prediction, Performance = Performance(input) },
        new DiagnosisOptions { ToleratedPsi = input.Spec.Warn, ToleratedLoss = input.Spec.AccuracyDrop, MinimumRows = Math.Min(100, input.Spec.MinRows) });

    private static PerformanceEvidence? Performance(JudgeInput input)
    {
        if (input.Before is not { Labels: > 0 } before || input.After is not { Labels: > 0 } after)
            return null;
        var (beforeLow, beforeHigh) = TwoProportion.WilsonInterval(before.Right, before.Labels);
        var (afterLow, afterHigh) = TwoProportion.WilsonInterval(after.Right, after.Labels);
        return new PerformanceEvidence(before.Share, beforeLow, beforeHigh, after.Share, afterLow, afterHigh) { Labels = after.Labels };
    }
}
