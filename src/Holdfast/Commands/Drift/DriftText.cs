using System.Globalization;
using Holdfast.Kernel;

namespace Holdfast.Commands.Drift;

/// <summary>The result for a terminal: the verdict in one line, then the columns, worst first, with the shape of both files. Colours only where asked for.</summary>
internal sealed class DriftText(TextWriter output, int width, bool colours)
{
    private const int Wide = 104;
    private const int MostRows = 40;

    public void Write(DriftFindings findings)
    {
        output.WriteLine(Paint(DriftWords.Headline(findings) + ".", Colour(findings.Diagnosis.Severity, findings.Diagnosis.Kind)));
        Wrapped($"{DriftWords.Sizes(findings)}. {DriftWords.Advice(findings.Diagnosis)}", "");
        if (DriftWords.Approximate(findings) is { } approximate)
            Wrapped(approximate, "");
        foreach (var sentence in findings.Diagnosis.Evidence.Take(12))
            Wrapped(sentence, "  ");
        if (findings.Diagnosis.Evidence.Count > 12)
            output.WriteLine($"  … and {findings.Diagnosis.Evidence.Count - 12} sentences more in --output json");
        output.WriteLine();
        Table(findings.Features);
        if (findings.Settings.Window is not null)
            Windows(findings);
    }

    private void Table(IReadOnlyList<MeasuredFeature> features)
    {
        var wide = width >= Wide;
        var bars = wide ? 12 : 8;
        // Worst first, so what is left out is what matters least.
        var shown = features.Take(Math.Clamp(features.Count(f => f.State != "none"), MostRows, 5 * MostRows)).ToList();
        var bound = shown.Exists(f => f.Approximation is not null);
        var name = Math.Clamp(shown.Select(f => f.Name.Length).DefaultIfEmpty(6).Max(), 6, (wide ? width - 90 : width - 64) - (bound ? 9 : 0));
        Row(wide, name, bars, "column", "type", "state", "PSI", bound ? "±" : null, "interval", "p", "missing", wide ? "reference" : "before", wide ? "current" : "now", null);
        foreach (var f in shown)
        {
            var (reference, current) = DriftWords.Sparklines(f, bars);
            Row(
                wide, name, bars, f.Name, f.Type.ToString().ToLowerInvariant(), DriftWords.State(f), f.IsCompared ? DriftWords.Effect(f.Psi.Corrected) : "", bound ? DriftWords.Bound(f) : null, DriftWords.Interval(f), DriftWords.P(f.AdjustedP),
                DriftWords.Missing(f.Evidence), reference, current, Colour(f.State, ""));
        }

        if (shown.Count < features.Count)
            output.WriteLine($"… and {features.Count - shown.Count} columns more; --output json has all");
    }

    private void Row(bool wide, int name, int bars, string column, string type, string state, string psi, string? bound, string interval, string p, string missing, string reference, string current, string? colour)
    {
        var line = Cut(column, name).PadRight(name) + "  ";
        if (wide)
            line += type.PadRight(11) + "  ";
        line += Paint(state.PadRight(11), colour) + "  " + psi.PadLeft(6) + (bound is null ? "" : "  " + bound.PadLeft(7)) + "  " + interval.PadRight(14) + "  " + p.PadLeft(6) + "  ";
        if (wide)
            line += missing.PadRight(15) + "  ";
        output.WriteLine((line + Cut(reference, bars).PadRight(bars) + "  " + Cut(current, bars)).TrimEnd());
    }

    private void Windows(DriftFindings findings)
    {
        output.WriteLine();
        output.WriteLine($"Windows of {Term.Text(findings.Settings.Window!.Value)} against the whole reference:");
        output.WriteLine("window (UTC)            rows  verdict            first column, cause or PSI");
        foreach (var w in findings.Windows)
        {
            var first = w.Features.FirstOrDefault(f => w.Diagnosis.Columns.Count == 0 ? f.IsCompared : f.Name == w.Diagnosis.Columns[0]);
            var verdict = Paint(w.Diagnosis.Kind.PadRight(17), Colour(w.Diagnosis.Severity, w.Diagnosis.Kind));
            var cause = w.Diagnosis.Cause is { } named ? $" {named}" : first is null ? "" : $" {DriftWords.Effect(first.Psi.Corrected)}";
            output.WriteLine($"{w.Start.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}  {w.Rows,10}  {verdict}  {Cut(first?.Name ?? "", width - 49 - cause.Length)}{cause}");
        }

        output.WriteLine();
        output.WriteLine("PSI over the windows:");
        var top = findings.Windows.SelectMany(w => w.Features).Where(f => f.IsCompared).Select(f => f.Psi.Corrected).DefaultIfEmpty(0).Max();
        var columns = findings.Features.Where(f => f.IsCompared).Take(10).ToList();
        var name = Math.Clamp(columns.Select(f => f.Name.Length).DefaultIfEmpty(6).Max(), 6, 24);
        foreach (var column in columns)
        {
            var course = findings.Windows.Select(w => w.Features.First(f => f.Name == column.Name).Psi.Corrected).ToList();
            output.WriteLine($"{Cut(column.Name, name).PadRight(name)}  {DriftWords.Sparkline(Shortened(course, width - name - 22), Math.Max(top, findings.Settings.Alarm))}  {DriftWords.Effect(course[0])} → {DriftWords.Effect(course[^1])}");
        }
    }

    // Wider than the terminal: neighbours share a character, the larger one counts.
    private static List<double> Shortened(List<double> course, int most)
    {
        if (course.Count <= most)
            return course;
        return [.. Enumerable.Range(0, most).Select(i => course.Skip(i * course.Count / most).Take(Math.Max(1, ((i + 1) * course.Count / most) - (i * course.Count / most))).Max())];
    }

    private void Wrapped(string text, string indent)
    {
        var line = indent;
        foreach (var word in text.Split(' '))
        {
            if (line.Length > indent.Length && line.Length + 1 + word.Length > width)
            {
                output.WriteLine(line);
                line = indent + (indent.Length == 0 ? "" : "  ");
            }

            line += (line.AsSpan().IsWhiteSpace() ? "" : " ") + word;
        }

        output.WriteLine(line);
    }

    private string Paint(string text, string? colour) => colours && colour is not null ? $"\u001b[{colour}m{text}\u001b[0m" : text;

    private static string? Colour(string severity, string kind) => (severity, kind) switch
    {
        (_, "no_drift") => "32",
        (_, "insufficient_data") => "33",
        ("significant", _) => "1;31",
        ("moderate", _) => "33",
        _ => null,
    };

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..Math.Max(1, length - 1)] + "…";
}
