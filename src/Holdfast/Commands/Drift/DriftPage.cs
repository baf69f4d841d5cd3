using System.Globalization;
using System.Net;
using System.Text;
using Holdfast.Contracts;

namespace Holdfast.Commands.Drift;

/// <summary>The report as one HTML file without script and without anything from elsewhere.</summary>
internal static class DriftPage
{
    public static string Write(FileDriftReport report)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $$"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Drift: {{Text(report.Current)}}</title>
            <style>
            :root { color-scheme: light dark; --line: #8884; --old: #8a94a6; --new: #2f7ed8; }
            body { font: 14px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
            table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
            th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
            th:first-child, td:first-child { text-align: left; }
            .significant { color: #c62828; font-weight: 600; } .moderate { color: #b26a00; font-weight: 600; }
            details { margin: .4rem 0; } .bin { display: grid; grid-template-columns: 14rem 1fr 5rem; gap: .6rem; align-items: center; }
            .bar { height: 7px; border-radius: 2px; } .old { background: var(--old); } .new { background: var(--new); }
            </style></head><body>
            <h1>{{Text(report.Verdict.Replace('_', ' '))}}{{(report.Cause is "none" ? "" : $" — {Text(report.Cause.Replace('_', ' '))}{(report.Feature is null ? "" : $" of {Text(report.Feature)}")}")}}</h1>
            <p>{{Text(report.Reference)}} ({{report.ReferenceRows}} rows) against {{Text(report.Current)}} ({{report.CurrentRows}} rows)</p>
            <ul>
            """);
        foreach (var sentence in report.Evidence)
            page.Append(CultureInfo.InvariantCulture, $"<li>{Text(sentence)}</li>\n");
        page.Append("</ul>\n<table><tr><th>feature</th><th>severity</th><th>PSI</th><th>95 % interval</th><th>KS</th><th>Jensen-Shannon</th><th>missing</th></tr>\n");
        foreach (var f in report.Features)
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(f.Feature)}</td><td class=\"{f.Severity}\">{f.Severity}</td><td>{f.Psi:0.000}</td><td>{f.PsiLow:0.000} to {f.PsiHigh:0.000}</td><td>{f.Ks:0.000}</td><td>{f.JensenShannon:0.000}</td><td>{f.BaselineMissing:P1} → {f.Missing:P1}</td></tr>\n");
        page.Append("</table>\n<h2>Where it moved</h2>\n<p><span style=\"color:var(--old)\">■</span> reference <span style=\"color:var(--new)\">■</span> current</p>\n");
        foreach (var f in report.Features)
            Picture(page, f);
        return page.Append("</body></html>\n").ToString();
    }

    private static void Picture(StringBuilder page, FeatureReport f)
    {
        page.Append(CultureInfo.InvariantCulture, $"<details{(f.Severity is "none" ? "" : " open")}><summary>{Text(f.Feature)}</summary>\n");
        var widest = Math.Max(1e-9, f.Bins.Max(b => Math.Max(b.Baseline, b.Current)));
        foreach (var bin in f.Bins)
        {
            page.Append(CultureInfo.InvariantCulture, $"<div class=\"bin\"><span>{Text(bin.Bin)}</span><span><div class=\"bar old\" style=\"width:{100 * bin.Baseline / widest:0.#}%\"></div><div class=\"bar new\" style=\"width:{100 * bin.Current / widest:0.#}%\"></div></span><span>{bin.Baseline:P1} → {bin.Current:P1}</span></div>\n");
        }

        page.Append("</details>\n");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
