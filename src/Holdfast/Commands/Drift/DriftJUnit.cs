namespace Holdfast.Commands.Drift;

/// <summary>The result as JUnit XML: the diagnosis and each column as a test.</summary>
internal static class DriftJUnit
{
    public static string Write(DriftFindings findings)
    {
        var d = findings.Diagnosis;
        var detail = string.Join('\n', d.Evidence);
        var first = new JUnitCase(
            "diagnosis",
            d.Status is "no_drift" or "insufficient_data" ? null : DriftWords.Headline(findings), detail,
            d.Status == "insufficient_data" ? DriftWords.Headline(findings) : null);
        return JUnitReport.Write("holdfast drift", [first, .. findings.Features.Select(f => Case(f, d)), .. findings.Windows.Select(Case)]);
    }

    private static JUnitCase Case(MeasuredFeature f, FoundDiagnosis d)
    {
        var figures = $"PSI {DriftWords.Effect(f.Psi.Corrected)} {(f.Approximation is null ? "" : $"±{DriftWords.Bound(f)} ")}({DriftWords.Interval(f)}), p {DriftWords.P(f.AdjustedP)}";
        if (d.Status == "data_fault" && d.Columns.Contains(f.Name))
            return new JUnitCase(f.Name, $"data fault: {DriftWords.Cause(d)}", figures);
        if (f.State == ApproximateJudge.Open)
            return new JUnitCase(f.Name, Skipped: $"the error of the sketches leaves it open: {figures}");
        if (d.Status == "insufficient_data")
            return new JUnitCase(f.Name, Skipped: "not enough data");
        return f.State == "none" ? new JUnitCase(f.Name) : new JUnitCase(f.Name, $"{f.State} drift: {figures}");
    }

    private static JUnitCase Case(FoundWindow w)
    {
        var name = $"window {w.Start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm", System.Globalization.CultureInfo.InvariantCulture)}Z";
        return w.Diagnosis.Status switch
        {
            "no_drift" => new JUnitCase(name),
            "insufficient_data" => new JUnitCase(name, Skipped: "not enough data"),
            _ => new JUnitCase(name, $"{w.Diagnosis.Kind} in {DriftWords.List(w.Diagnosis.Columns)}", string.Join('\n', w.Diagnosis.Evidence)),
        };
    }
}
