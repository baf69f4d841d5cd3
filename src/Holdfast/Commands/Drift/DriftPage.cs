using System.Globalization;
using System.Net;
using System.Text;

namespace Holdfast.Commands.Drift;

/// <summary>
/// The result as one HTML page to send to somebody: no script, nothing from elsewhere, light and dark by the reader's setting. The verdict and what to
/// do stand first, the figures of every column after them.
/// </summary>
internal static class DriftPage
{
    private const int MostOpen = 12;
    private const int MostPictures = 200;

    public static string Write(DriftFindings findings)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Drift: {Text(findings.Current.Name)}</title>\n<style>{Style}</style></head><body>\n");
        Head(page, findings);
        Summary(page, findings);
        Evidence(page, findings.Diagnosis);
        if (findings.Windows.Count > 0)
            Windows(page, findings);
        Pictures(page, findings, "Where it moved", f => Concerned(findings, f));
        Table(page, findings);
        Pictures(page, findings, "The other columns", f => !Concerned(findings, f));
        page.Append(CultureInfo.InvariantCulture, $"<footer>PSI is corrected for its bias; its interval holds for all columns together at {1 - findings.Settings.Alpha:P0}. Drift means that the whole interval lies above the tolerated {findings.Settings.Tolerate:0.###}; moderate from {findings.Settings.Warn:0.###}, significant from {findings.Settings.Alarm:0.###}. Made by Holdfast.</footer>\n</body></html>\n");
        return page.ToString();
    }

    private static void Head(StringBuilder page, DriftFindings findings)
    {
        var d = findings.Diagnosis;
        page.Append(
            CultureInfo.InvariantCulture,
            $"<header class=\"{Tone(d)}\"><span class=\"badge\">{Text(d.Kind.Replace('_', ' '))}</span><h1>{Text(DriftWords.Headline(findings))}</h1><p>{Text(DriftWords.Advice(d))}</p></header>\n");
    }

    private static void Summary(StringBuilder page, DriftFindings findings)
    {
        var compared = findings.Features.Where(f => f.IsCompared).ToList();
        page.Append("<dl class=\"tiles\">");
        Tile(page, "reference", findings.Reference.Name, DriftWords.Count(findings.Reference.Rows, "row"));
        Tile(page, "current", findings.Current.Name, DriftWords.Count(findings.Current.Rows, "row"));
        Tile(page, "columns that moved", $"{compared.Count(DriftWords.Moved)} of {compared.Count}", $"{compared.Count(f => f.State == "significant")} significant");
        if (findings.Performance is { } p)
            Tile(page, "right predictions", $"{Percent(p.Before)} → {Percent(p.After)}", p.Expected is { } e ? $"{Percent(e)} expected from the scores" : $"between {Percent(p.AfterLow)} and {Percent(p.AfterHigh)}");
        else
            Tile(page, "confidence", Percent(findings.Diagnosis.Confidence), "in this diagnosis");
        page.Append("</dl>\n");
        if (DriftWords.Approximate(findings) is { } approximate)
            page.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Text(approximate)}</p>\n");
    }

    private static void Tile(StringBuilder page, string name, string value, string note) =>
        page.Append(CultureInfo.InvariantCulture, $"<div><dt>{Text(name)}</dt><dd>{Text(value)}</dd><dd class=\"note\">{Text(note)}</dd></div>");

    private static void Evidence(StringBuilder page, FoundDiagnosis diagnosis)
    {
        if (diagnosis.Evidence.Count == 0)
            return;
        page.Append("<section><h2>Evidence</h2><ul>");
        foreach (var sentence in diagnosis.Evidence.Take(40))
            page.Append(CultureInfo.InvariantCulture, $"<li>{Text(sentence)}</li>");
        page.Append("</ul></section>\n");
    }

    private static void Windows(StringBuilder page, DriftFindings findings)
    {
        page.Append("<section><h2>Over time</h2><p class=\"note\">PSI of each window of the current file against the whole reference; the dashed line is the tolerated effect.</p>");
        page.Append(DriftDrawing.OverTime(findings));
        page.Append("<details><summary>All windows</summary><div class=\"scroll\"><table><tr><th>window (UTC)</th><th>rows</th><th>verdict</th><th>worst column</th><th>PSI</th></tr>");
        foreach (var w in findings.Windows)
        {
            var worst = w.Features.FirstOrDefault(f => f.IsCompared);
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{w.Start.UtcDateTime:yyyy-MM-dd HH:mm}</td><td>{w.Rows:N0}</td><td class=\"{Tone(w.Diagnosis)}\">{Text(w.Diagnosis.Kind.Replace('_', ' '))}</td><td>{Text(worst?.Name ?? "")}</td><td>{(worst is null ? "" : DriftWords.Effect(worst.Psi.Corrected))}</td></tr>");
        }

        page.Append("</table></div></details></section>\n");
    }

    private static void Table(StringBuilder page, DriftFindings findings)
    {
        page.Append("<section><h2>All columns, worst first</h2>");
        var bound = findings.Settings.Approximate;
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"scroll\"><table><tr><th>column</th><th>type</th><th>state</th><th>PSI</th>{(bound ? "<th>±</th>" : "")}<th>interval</th><th>p</th><th>KS</th><th>Wasserstein / sd</th><th>Jensen-Shannon</th><th>missing</th></tr>\n");
        foreach (var f in findings.Features)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td>{Text(f.Name)}</td><td>{f.Type.ToString().ToLowerInvariant()}</td><td class=\"{f.State}\">{DriftWords.State(f)}</td><td>{(f.IsCompared ? DriftWords.Effect(f.Psi.Corrected) : "")}</td>{(bound ? $"<td>{DriftWords.Bound(f)}</td>" : "")}<td>{DriftWords.Interval(f).Replace("..", " to ", StringComparison.Ordinal)}</td><td>{Text(DriftWords.P(f.AdjustedP))}</td><td>{Output.Number(f.Ks?.Statistic, "0.000")}</td><td>{Output.Number(f.Wasserstein, "0.000")}</td><td>{(f.IsCompared ? Output.Number(f.JensenShannon, "0.000") : "")}</td><td>{Text(DriftWords.Missing(f.Evidence))}</td></tr>\n");
        }

        page.Append("</table></div></section>\n");
    }

    private static void Pictures(StringBuilder page, DriftFindings findings, string title, Func<MeasuredFeature, bool> wanted)
    {
        var features = findings.Features.Where(f => f.IsCompared && wanted(f)).Take(MostPictures).ToList();
        if (features.Count == 0)
            return;
        page.Append(CultureInfo.InvariantCulture, $"<section><h2>{title}</h2><p class=\"legend\"><span class=\"key old\"></span> reference <span class=\"key new\"></span> current</p>\n");
        var open = 0;
        foreach (var f in features)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<details class=\"card\"{(Concerned(findings, f) && open++ < MostOpen ? " open" : "")}><summary><b>{Text(f.Name)}</b> <span class=\"{f.State}\">{(f.State == "none" ? "" : DriftWords.State(f))}</span> <span class=\"note\">PSI {DriftWords.Effect(f.Psi.Corrected)} ({DriftWords.Interval(f).Replace("..", " to ", StringComparison.Ordinal)})</span></summary>\n<div class=\"pictures\">");
            page.Append(DriftDrawing.Shape(f));
            page.Append(DriftDrawing.Contributions(f));
            if (findings.Diagnosis.Columns.Contains(f.Name) && findings.Diagnosis.Factor is { } factor && f.Quantiles.Reference.Length > 0 && f.Quantiles.Current.Length > 0)
                page.Append(DriftDrawing.Quantiles(f, factor));
            page.Append(DriftDrawing.Missing(f));
            page.Append("</div></details>\n");
        }

        page.Append("</section>\n");
    }

    private static bool Concerned(DriftFindings findings, MeasuredFeature f) => f.State != "none" || findings.Diagnosis.Columns.Contains(f.Name);

    private static string Tone(FoundDiagnosis d) => d.Kind switch
    {
        "no_drift" => "calm",
        "insufficient_data" => "moderate",
        _ => d.Severity,
    };

    private static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """

        :root { color-scheme: light dark; --ink: #1d2330; --soft: #5c6575; --paper: #fff; --card: #f6f7f9; --line: #dfe3e9; --old: #8b95a7; --new: #2463c5; --calm: #1b7f4b; --warn: #9a5b00; --bad: #b3261e; --badback: #fdecea; --warnback: #fff4e0; --calmback: #e8f6ee; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #a2abbb; --paper: #14171d; --card: #1c2129; --line: #323945; --old: #7f8a9d; --new: #6aa5ff; --calm: #5fce93; --warn: #f0b65a; --bad: #ff8a80; --badback: #3a1d1d; --warnback: #352a16; --calmback: #15301f; } }
        body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper); max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
        header { border-left: 6px solid var(--old); background: var(--card); padding: 1rem 1.25rem; border-radius: 6px; }
        header h1 { font-size: 1.5rem; line-height: 1.25; margin: .35rem 0 .3rem; overflow-wrap: anywhere; } header p { margin: 0; }
        header.significant { border-color: var(--bad); background: var(--badback); } header.moderate { border-color: var(--warn); background: var(--warnback); } header.calm { border-color: var(--calm); background: var(--calmback); }
        .badge { font-size: .78rem; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; }
        .significant > .badge, td.significant, span.significant { color: var(--bad); font-weight: 600; } .moderate > .badge, td.moderate, span.moderate { color: var(--warn); font-weight: 600; } .calm > .badge, td.calm { color: var(--calm); }
        h2 { font-size: 1.1rem; margin: 1.8rem 0 .6rem; } .note, footer { color: var(--soft); font-size: .87rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: .75rem; margin: 1rem 0 0; }
        .tiles div { background: var(--card); border-radius: 6px; padding: .7rem .9rem; min-width: 0; } dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; } dd.note { font-size: .85rem; font-weight: 400; }
        ul { margin: 0; padding-left: 1.2rem; } li { margin: .2rem 0; overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
        th, td { text-align: right; padding: .3rem .55rem; border-bottom: 1px solid var(--line); white-space: nowrap; } th { color: var(--soft); font-weight: 500; }
        th:first-child, td:first-child, th:nth-child(2), td:nth-child(2), th:nth-child(3), td:nth-child(3) { text-align: left; }
        .card { background: var(--card); border-radius: 6px; margin: .5rem 0; padding: .55rem .9rem; } summary { cursor: pointer; overflow-wrap: anywhere; }
        .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1rem; margin-top: .6rem; align-items: start; } figure { margin: 0; } figcaption { color: var(--soft); font-size: .84rem; margin-bottom: .2rem; }
        svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; } .axis { stroke: var(--line); } .o { fill: var(--old); opacity: .65; } .n { fill: var(--new); opacity: .55; } .line { fill: none; stroke: var(--new); stroke-width: 1.8; } .fit { stroke: var(--bad); stroke-width: 1.4; } .same { stroke: var(--soft); stroke-dasharray: 4 3; } .dot { fill: var(--new); }
        .key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .2rem 0 .6rem; vertical-align: -1px; } .key.old { background: var(--old); } .key.new { background: var(--new); } .legend { margin: 0 0 .4rem -.6rem; }
        footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .8rem; }

        """;
}
