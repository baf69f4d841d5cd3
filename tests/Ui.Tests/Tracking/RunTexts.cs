using Holdfast.Tracking;
using Holdfast.Ui.Parts;
using Holdfast.Ui.Tracking;

namespace Holdfast.Ui.Tests.Tracking;

/// <summary>What pages make of texts: Markdown, differences, comparisons.</summary>
public sealed class RunTexts
{
    [Theory]
    [InlineData("# Title\n\nSome **bold** and *slanted* words with `a < b`.", "<h3>Title</h3><p>Some <strong>bold</strong> and <em>slanted</em> words with <code>a &lt; b</code>.</p>")]
    [InlineData("- one\n- two\n  - three\n\n1. first", "<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul><ol><li>first</li></ol>")]
    [InlineData("```\n<b>**x**</b>\n```", "<pre class=\"json\">&lt;b&gt;**x**&lt;/b&gt;</pre>")]
    [InlineData("> quoted", "<blockquote><p>quoted</p></blockquote>")]
    [InlineData("| a | b |\n|---|---|\n| 1 | 2 |", "<table class=\"grid\"><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td class=\"wrap\">1</td><td class=\"wrap\">2</td></tr></tbody></table>")]
    [InlineData("[docs](https://example.org/a?b=1&c=2)", "<p><a href=\"https://example.org/a?b=1&amp;c=2\" rel=\"noopener noreferrer nofollow\">docs</a></p>")]
    [InlineData("learning_rate and snake_case_names", "<p>learning_rate and snake_case_names</p>")]
    public void Markdown_becomes_its_html(string text, string html) => Assert.Equal(html, MarkdownText.Html(text));

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("[x](javascript:alert(1))")]
    [InlineData("[x](JaVaScRiPt:alert(1))")]
    [InlineData("[x](data:text/html,<script>)")]
    [InlineData("[x](//elsewhere.example)")]
    [InlineData("![x](vbscript:x)")]
    [InlineData("[x](https://a\"onclick=\"alert(1))")]
    [InlineData("# <b onclick=x>")]
    [InlineData("> <iframe src=x>")]
    public void Nothing_that_was_written_is_markup(string text)
    {
        var html = MarkdownText.Html(text);
        Assert.DoesNotMatch("<(script|img|iframe|b )", html);
        Assert.DoesNotMatch("href=\"(?!https://)", html);
        Assert.DoesNotMatch("<[^>]* onclick", html);
    }

    [Fact]
    public void Deep_and_long_texts_end()
    {
        Assert.NotEmpty(MarkdownText.Html(string.Concat(Enumerable.Repeat("> ", 5_000)) + "x"));
        Assert.NotEmpty(MarkdownText.Html(new string('*', 100_000)));
        Assert.NotEmpty(MarkdownText.Html(string.Concat(Enumerable.Repeat("[a](", 20_000))));
    }

    [Theory]
    [InlineData("a\nb\nc", "a\nx\nc", " a|-b|+x| c")]
    [InlineData("", "a", "+a")]
    [InlineData("a", "", "-a")]
    [InlineData("a\nb", "a\nb", " a| b")]
    [InlineData("a\nb\nc\nd", "b\nc\nd\ne", "-a| b| c| d|+e")]
    public void A_difference_keeps_what_is_common(string before, string after, string expected) =>
        Assert.Equal(expected, string.Join('|', TextDiff.Lines(before, after).Select(l => l.Mark + l.Text)));

    [Fact]
    public void A_difference_gives_both_texts_back_and_changes_no_more_than_it_must()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var (a, b) = (Words(random), Words(random));
            var lines = TextDiff.Lines(string.Join('\n', a), string.Join('\n', b));
            Assert.Equal(a, lines.Where(l => l.Mark != '+').Select(l => l.Text));
            Assert.Equal(b, lines.Where(l => l.Mark != '-').Select(l => l.Text));
            Assert.Equal(Common(a, b), lines.Count(l => l.Mark == ' '));
        }
    }

    [Fact]
    public void The_best_of_a_metric_is_known_by_its_name()
    {
        Run[] runs = [Of("a", ("val/accuracy", 0.9), ("loss", 0.3), ("epoch", 3)), Of("b", ("val/accuracy", 0.8), ("loss", 0.2), ("epoch", 4)), Of("c")];
        var rows = RunComparison.Metrics(runs, "last").ToDictionary(r => r.Key);
        Assert.Equal([0], rows["val/accuracy"].Best);
        Assert.Equal([1], rows["loss"].Best);
        Assert.Empty(rows["epoch"].Best);
        Assert.True(rows["loss"].Differs);
        Assert.Null(rows["loss"].Values[2]);
    }

    [Theory]
    [InlineData("name,text\na,\"x, y\"\nb,\"two\nlines\"\n", "name|text;a|x, y;b|two\nlines")]
    [InlineData("a\n", "a")]
    public void A_table_file_is_read_with_its_quotes(string text, string expected) =>
        Assert.Equal(expected, string.Join(';', new FilePreview("x.csv", FileKind.Table, text, Cut: false).Rows.Select(r => string.Join('|', r))));

    private static Run Of(string id, params (string Key, double Value)[] metrics) => new(
        id, "0", id, "ada", RunStatus.Finished, null, null, "", LifecycleStage.Active,
        [.. metrics.Select(m => new MetricSummary(m.Key, new MetricPoint(m.Key, m.Value, DateTimeOffset.UnixEpoch), m.Value, 0, m.Value, 0, 1))], [], [], []);

    private static string[] Words(Random random) => [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => ((char)('a' + random.Next(4))).ToString())];

    private static int Common(string[] a, string[] b)
    {
        var best = new int[a.Length + 1, b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                best[i, j] = a[i - 1] == b[j - 1] ? best[i - 1, j - 1] + 1 : Math.Max(best[i - 1, j], best[i, j - 1]);
            }
        }

        return best[a.Length, b.Length];
    }
}
