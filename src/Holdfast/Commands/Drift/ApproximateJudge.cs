using System.Globalization;
using Holdfast.Statistics.Quality;

namespace Holdfast.Commands.Drift;

/// <summary>
/// The verdict from figures with bounds: it is given where it is the same with the files as close and as far apart as the bounds allow; where it is not, the
/// answer is that there is not enough data, for a column or for the whole.
/// </summary>
internal static class ApproximateJudge
{
    /// <summary>A column whose state the bounds leave open.</summary>
    public const string Open = "insufficient_data";

    public static (FoundDiagnosis Diagnosis, IReadOnlyList<MeasuredFeature> Features) Judge(
        IReadOnlyList<MeasuredFeature> measured, DriftSettings settings, PerformanceEvidence? performance, RepeatedRows repeated, double referenceError, double currentError, IReadOnlyList<string> absent, JointRows? rows)
    {
        var (found, features) = DriftJudge.Judge(measured, settings, performance, repeated, absent, rows);
        var near = DriftJudge.Judge([.. measured.Select(m => m.Approximation!.Near.Of(m))], settings, performance, repeated.Moved(referenceError, -currentError), absent, rows);
        var far = DriftJudge.Judge([.. measured.Select(m => m.Approximation!.Far.Of(m))], settings, performance, repeated.Moved(-referenceError, currentError), absent, rows);
        var (least, most) = (near.Features.ToDictionary(f => f.Name), far.Features.ToDictionary(f => f.Name));
        features = [.. features.Select(f => f with
        {
            State = least[f.Name].State == most[f.Name].State ? f.State : Open,
            Approximation = f.Approximation! with { P = Math.Max(Math.Abs(f.AdjustedP - least[f.Name].AdjustedP), Math.Abs(f.AdjustedP - most[f.Name].AdjustedP)) },
        })];
        var open = features.Where(f => f.State == Open).ToList();
        var sentences = open.Select(f => Sentence(f, least[f.Name].State, most[f.Name].State)).ToList();
        if (Verdict(near.Diagnosis) == Verdict(found) && Verdict(far.Diagnosis) == Verdict(found))
            return (found with { Severity = Lower(found, near.Diagnosis), Columns = [.. found.Columns.Where(c => open.TrueForAll(f => f.Name != c) || least[c].State != "none" || found.Kind == "data_fault")], Evidence = [.. found.Evidence, .. sentences] }, features);
        var decisive = open.Count > 0 ? DriftWords.List([.. open.Select(f => f.Name)]) : DriftWords.List([.. near.Diagnosis.Columns.Union(far.Diagnosis.Columns)]);
        var whole = $"The error of the sketches leaves open whether it is {Words(near.Diagnosis)} or {Words(far.Diagnosis)}{(decisive.Length == 0 ? "" : $": {decisive} must be compared exactly")}. Run it without --approximate, or with a larger --memory.";
        return (new FoundDiagnosis("insufficient_data", "none", null, null, found.Confidence, [], [whole, .. sentences, .. found.Evidence]) { IsOpen = true }, features);
    }

    private static (string Kind, string? Cause) Verdict(FoundDiagnosis diagnosis) => (diagnosis.Kind, diagnosis.Cause);

    // What is certain: the lesser of the two ends.
    private static string Lower(FoundDiagnosis found, FoundDiagnosis near) => near.Severity == "moderate" ? near.Severity : found.Severity;

    private static string Words(FoundDiagnosis diagnosis) => diagnosis.Kind.Replace('_', ' ') + (diagnosis.Cause is null ? "" : $" ({diagnosis.Cause.Replace('_', ' ')})");

    private static string Sentence(MeasuredFeature f, string least, string most) => string.Create(
        CultureInfo.InvariantCulture,
        $"{f.Name}: between {least} and {most}, as its PSI {f.Psi.Corrected:F4} [{f.Psi.Low:F4}, {f.Psi.High:F4}] is known to ±{f.Approximation!.Psi:G2} only; without --approximate it is decided.");
}
