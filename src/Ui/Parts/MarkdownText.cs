using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Holdfast.Ui.Parts;

/// <summary>
/// Notes and cards as HTML: headings, paragraphs, lists, quotes, fenced code, tables, links, emphasis. Everything that was written is
/// encoded first, so no markup of an author reaches the page; links go to http, https, mailto or within this server alone.
/// </summary>
internal static partial class MarkdownText
{
    private const int Longest = 200_000;

    public static string Html(string? text)
    {
        var lines = (text ?? "").ReplaceLineEndings("\n");
        if (lines.Length > Longest)
        {
            lines = lines[..Longest] + "…";
        }

        var html = new StringBuilder();
        Blocks(lines.Split('\n'), html, 0);
        return html.ToString();
    }

    private static void Blocks(string[] lines, StringBuilder html, int depth)
    {
        for (var i = 0; i < lines.Length;)
        {
            var line = lines[i];
            if (string.IsNullOrWhiteSpace(line))
            {
                i++;
            }
            else if (Fence().IsMatch(line))
            {
                var end = Array.FindIndex(lines, i + 1, l => Fence().IsMatch(l));
                end = end < 0 ? lines.Length : end;
                html.Append("<pre class=\"json\">").Append(Encode(string.Join('\n', lines[(i + 1)..end]))).Append("</pre>");
                i = end + 1;
            }
            else if (Heading().Match(line) is { Success: true } heading)
            {
                // The page has its own h1 and h2.
                var level = Math.Min(6, heading.Groups[1].Length + 2);
                html.Append($"<h{level}>").Append(Inline(heading.Groups[2].Value)).Append($"</h{level}>");
                i++;
            }
            else if (Rule().IsMatch(line))
            {
                html.Append("<hr>");
                i++;
            }
            else if (i + 1 < lines.Length && line.Contains('|', StringComparison.Ordinal) && TableRule().IsMatch(lines[i + 1]))
            {
                i = Table(lines, i, html);
            }
            else if (line.TrimStart().StartsWith('>') && depth < 8)
            {
                var end = While(lines, i, l => l.TrimStart().StartsWith('>'));
                html.Append("<blockquote>");
                Blocks([.. lines[i..end].Select(l => l.TrimStart()[1..].TrimStart())], html, depth + 1);
                html.Append("</blockquote>");
                i = end;
            }
            else if (Item().IsMatch(line) && depth < 8)
            {
                i = List(lines, i, html, depth);
            }
            else
            {
                var end = While(lines, i, l => !string.IsNullOrWhiteSpace(l) && !Heading().IsMatch(l) && !Fence().IsMatch(l) && !Item().IsMatch(l) && !l.TrimStart().StartsWith('>'));
                html.Append("<p>").Append(Inline(string.Join('\n', lines[i..Math.Max(end, i + 1)]))).Append("</p>");
                i = Math.Max(end, i + 1);
            }
        }
    }

    private static int List(string[] lines, int from, StringBuilder html, int depth)
    {
        var first = Item().Match(lines[from]);
        var indent = first.Groups[1].Length;
        var kind = char.IsAsciiDigit(first.Groups[2].Value[0]) ? "ol" : "ul";
        html.Append('<').Append(kind).Append('>');
        var i = from;
        while (i < lines.Length && Item().Match(lines[i]) is { Success: true } item && item.Groups[1].Length == indent)
        {
            var end = While(lines, i + 1, l => !string.IsNullOrWhiteSpace(l) && l.Length - l.TrimStart().Length > indent);
            html.Append("<li>").Append(Inline(item.Groups[3].Value));
            Blocks([.. lines[(i + 1)..end].Select(l => l[Math.Min(l.Length - l.TrimStart().Length, indent + 2)..])], html, depth + 1);
            html.Append("</li>");
            i = end;
        }

        html.Append("</").Append(kind).Append('>');
        return Math.Max(i, from + 1);
    }

    private static int Table(string[] lines, int from, StringBuilder html)
    {
        var end = While(lines, from + 2, l => l.Contains('|', StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(l));
        html.Append("<table class=\"grid\"><thead><tr>");
        html.AppendJoin("", Cells(lines[from]).Select(c => $"<th>{Inline(c)}</th>")).Append("</tr></thead><tbody>");
        foreach (var line in lines[(from + 2)..end])
        {
            html.Append("<tr>").AppendJoin("", Cells(line).Select(c => $"<td class=\"wrap\">{Inline(c)}</td>")).Append("</tr>");
        }

        html.Append("</tbody></table>");
        return end;
    }

    private static IEnumerable<string> Cells(string line) => line.Trim().Trim('|').Split('|').Select(c => c.Trim());

    private static int While(string[] lines, int from, Func<string, bool> fits)
    {
        var i = from;
        while (i < lines.Length && fits(lines[i]))
        {
            i++;
        }

        return i;
    }

    private static string Inline(string text) =>
        // Code first: what stands in it is nothing but itself.
        string.Concat(CodeSpan().Split(text).Select((part, i) => i % 2 == 1 ? $"<code>{Encode(part)}</code>" : Spans(part)));

    private static string Spans(string text)
    {
        var html = Encode(text);
        html = Link().Replace(html, m => Safe(m.Groups[2].Value) ? $"<a href=\"{m.Groups[2].Value}\" rel=\"noopener noreferrer nofollow\">{m.Groups[1].Value}</a>" : m.Groups[1].Value);
        html = Strong().Replace(html, "<strong>$1</strong>");
        html = Emphasis().Replace(html, "<em>$1</em>");
        return html.Replace("  \n", "<br>", StringComparison.Ordinal);
    }

    // The address is encoded already; an entity in it cannot spell another scheme, because a scheme is letters and a colon.
    private static bool Safe(string address) =>
        !address.StartsWith("//", StringComparison.Ordinal) && (address.StartsWith('/') || address.StartsWith('#') || SafeScheme().IsMatch(address));

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    [GeneratedRegex(@"^\s*(```|~~~)")]
    private static partial Regex Fence();

    [GeneratedRegex(@"^(#{1,6})\s+(.*?)\s*#*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\s*([-*_])(\s*\1){2,}\s*$")]
    private static partial Regex Rule();

    [GeneratedRegex(@"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")]
    private static partial Regex TableRule();

    [GeneratedRegex(@"^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$")]
    private static partial Regex Item();

    // Bounded repeats: a long hostile text costs its length times a constant.
    [GeneratedRegex(@"`([^`]+)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex(@"!?\[([^\]\n]{0,500})\]\(([^)\s]{1,2000})\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\*\*(?=\S)(.{1,1000}?)(?<=\S)\*\*")]
    private static partial Regex Strong();

    [GeneratedRegex(@"(?<![\w*])[*_](?=\S)([^*_]{1,1000}?)(?<=\S)[*_](?![\w*])")]
    private static partial Regex Emphasis();

    [GeneratedRegex(@"^(https?://|mailto:)", RegexOptions.IgnoreCase)]
    private static partial Regex SafeScheme();
}
