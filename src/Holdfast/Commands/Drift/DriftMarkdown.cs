using System.Globalization;
using System.Text;

namespace Holdfast.Commands.Drift;

/// <summary>The result as Markdown, for a pull request or a job summary.</summary>
internal static class DriftMarkdown
{
    public static string Write(DriftFindings findings)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {DriftWords.Headline(findings)}\n\n{DriftWords.Sizes(findings)}. {DriftWords.Advice(findings.Diagnosis)}\n\n");
        if (DriftWords.Approximate(findings) is { } approximate)
            text.Append(CultureInfo.InvariantCulture, $"{Cell(approximate)}\n\n");
        var bound = findings.Settings.Approximate;
        foreach (var sentence in findings.Diagnosis.Evidence)
            text.Append(CultureInfo.InvariantCulture, $"- {Cell(sentence)}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n| column | type | state | PSI |{(bound ? " ± |" : "")} interval | p | missing | reference | current |\n|---|---|---|---:|{(bound ? "---:|" : "")}---|---:|---|---|---|\n");
        foreach (var f in findings.Features)
        {
            var (reference, current) = DriftWords.Sparklines(f, 12);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {Cell(f.Name)} | {f.Type.ToString().ToLowerInvariant()} | {(f.State == "none" ? "none" : $"**{DriftWords.State(f)}**")} | {(f.IsCompared ? DriftWords.Effect(f.Psi.Corrected) : "")} |{(bound ? $" {DriftWords.Bound(f)} |" : "")} {DriftWords.Interval(f)} | {DriftWords.P(f.AdjustedP)} | {DriftWords.Missing(f.Evidence)} | {Bars(reference)} | {Bars(current)} |\n");
        }

        if (findings.Windows.Count > 0)
            text.Append("\n| window (UTC) | rows | verdict | worst column | PSI |\n|---|---:|---|---|---:|\n");
        foreach (var w in findings.Windows)
        {
            var worst = w.Features.FirstOrDefault(f => f.IsCompared);
            text.Append(CultureInfo.InvariantCulture, $"| {w.Start.UtcDateTime:yyyy-MM-dd HH:mm} | {w.Rows} | {w.Diagnosis.Kind} | {Cell(worst?.Name ?? "")} | {(worst is null ? "" : DriftWords.Effect(worst.Psi.Corrected))} |\n");
        }

        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Bars(string bars) => bars.Trim().Length == 0 ? "" : $"`{bars}`";
}
