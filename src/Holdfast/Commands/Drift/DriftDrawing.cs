using System.Globalization;
using System.Net;
using System.Text;
using Holdfast.Statistics;

namespace Holdfast.Commands.Drift;

/// <summary>The pictures of the page, as inline SVG.</summary>
internal static class DriftDrawing
{
    private const int Width = 340;
    private const int Height = 170;
    private const int Floor = 146;
    private const int MostBins = 12;

    /// <summary>Both files' shape, one over the other: bars of equal width for numbers, the most frequent values for categories.</summary>
    public static string Shape(MeasuredFeature f)
    {
        if (f.Shape is not { } shape)
            return f.Evidence.ReferenceCategories is null ? "" : Categories(f);
        var top = Math.Max(shape.Reference.Max(), shape.Current.Max());
        var svg = Start(f.Type == FeatureType.Text ? "Length of the texts" : "Distribution");
        var step = (double)Width / shape.Reference.Length;
        for (var i = 0; i < shape.Reference.Length; i++)
        {
            Bar(svg, "o", i * step, step, shape.Reference[i] / top);
            Bar(svg, "n", i * step, step, shape.Current[i] / top);
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"0\" x2=\"{Width}\" y1=\"{Floor}\" y2=\"{Floor}\"/>");
        Label(svg, 0, Floor + 16, "start", Number(shape.Low));
        Label(svg, Width / 2.0, Floor + 16, "middle", Number((shape.Low + shape.High) / 2));
        Label(svg, Width, Floor + 16, "end", Number(shape.High));
        return End(svg);
    }

    /// <summary>Which ranges the PSI comes from: the term of each bin.</summary>
    public static string Contributions(MeasuredFeature f)
    {
        var bins = Enumerable.Range(0, f.Bins.Count).Where(i => f.Reference[i] + f.Current[i] > 0).OrderByDescending(i => f.Psi.Contributions[i]).Take(MostBins).Order().ToList();
        if (bins.Count < 2)
            return "";
        var (n, m) = (Math.Max(1.0, f.Reference.Sum()), Math.Max(1.0, f.Current.Sum()));
        var top = Math.Max(1e-12, bins.Max(i => f.Psi.Contributions[i]));
        var svg = Start("Where the PSI comes from (share before → now)", (18 * bins.Count) + 4);
        for (var k = 0; k < bins.Count; k++)
        {
            var i = bins[k];
            Label(svg, 108, (18 * k) + 14, "end", Cut(Range(f, i), 18));
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"n\" x=\"114\" y=\"{(18 * k) + 4}\" width=\"{Math.Max(1, 120 * f.Psi.Contributions[i] / top):0.#}\" height=\"12\" rx=\"2\"><title>{f.Psi.Contributions[i]:0.####}</title></rect>");
            Label(svg, Width, (18 * k) + 14, "end", string.Create(CultureInfo.InvariantCulture, $"{100 * f.Reference[i] / n:0.#} → {100 * f.Current[i] / m:0.#} %"));
        }

        return End(svg);
    }

    /// <summary>Quantiles of both files against each other. On the dashed line nothing changed; a straight line elsewhere is a change of scale or unit.</summary>
    public static string Quantiles(MeasuredFeature f, double slope)
    {
        var (x, y) = f.Quantiles;
        double lowX = x[0], highX = x[^1], lowY = Math.Min(y[0], x[0]), highY = Math.Max(y[^1], x[^1]);
        if (!(highX > lowX) || !(highY > lowY))
            return "";
        // The diagnosis has the slope; the line passes through the middle of the quantiles.
        var shift = Samples.Quantile([.. y.Select((v, i) => v - (slope * x[i])).Order()], 0.5);
        double X(double v) => 40 + ((Width - 50) * (v - lowX) / (highX - lowX));
        double Y(double v) => Floor - ((Floor - 8) * (v - lowY) / (highY - lowY));
        var svg = Start(string.Create(CultureInfo.InvariantCulture, $"Quantiles: current = {slope:G4} × reference{(Math.Abs(shift) < 0.01 * (highY - lowY) ? "" : $" {(shift < 0 ? "−" : "+")} {Math.Abs(shift):G3}")}"));
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"40\" x2=\"{Width}\" y1=\"{Floor}\" y2=\"{Floor}\"/><line class=\"axis\" x1=\"40\" x2=\"40\" y1=\"4\" y2=\"{Floor}\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"same\" x1=\"{X(lowX):0.#}\" y1=\"{Y(lowX):0.#}\" x2=\"{X(highX):0.#}\" y2=\"{Y(highX):0.#}\"/><line class=\"fit\" x1=\"{X(lowX):0.#}\" y1=\"{Y((slope * lowX) + shift):0.#}\" x2=\"{X(highX):0.#}\" y2=\"{Y((slope * highX) + shift):0.#}\"/>");
        for (var i = 1; i < x.Length; i += 4)
            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{X(x[i]):0.#}\" cy=\"{Y(y[i]):0.#}\" r=\"2.4\"/>");
        Label(svg, 40, Floor + 16, "start", Number(lowX));
        Label(svg, Width, Floor + 16, "end", Number(highX) + " reference");
        Label(svg, 36, 14, "end", Number(highY));
        Label(svg, 36, Floor, "end", Number(lowY));
        return End(svg);
    }

    /// <summary>The share of missing values, before and now; nothing where none is missing.</summary>
    public static string Missing(MeasuredFeature f)
    {
        var e = f.Evidence;
        if (e.ReferenceMissing + e.CurrentMissing == 0)
            return "";
        var svg = Start($"Missing values (p {DriftWords.P(f.MissingP)})", 44);
        Row(svg, 0, "o", "reference", e.ReferenceMissing, e.ReferenceTotal);
        Row(svg, 1, "n", "current", e.CurrentMissing, e.CurrentTotal);
        return End(svg);
    }

    /// <summary>PSI of the worst columns over the windows.</summary>
    public static string OverTime(DriftFindings findings)
    {
        var columns = findings.Features.Where(f => f.IsCompared).Take(6).Select(f => f.Name).ToList();
        var top = Math.Max(findings.Settings.Alarm * 1.2, findings.Windows.SelectMany(w => w.Features).Where(f => columns.Contains(f.Name)).Max(f => f.Psi.Corrected));
        var svg = new StringBuilder("<div class=\"pictures\">");
        foreach (var name in columns)
        {
            var course = findings.Windows.Select(w => Math.Max(0, w.Features.First(f => f.Name == name).Psi.Corrected)).ToList();
            double X(int i) => course.Count == 1 ? Width / 2.0 : (double)Width * i / (course.Count - 1);
            double Y(double v) => Floor - ((Floor - 8) * Math.Min(1, v / top));
            var one = Start(name);
            one.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"0\" x2=\"{Width}\" y1=\"{Floor}\" y2=\"{Floor}\"/><line class=\"same\" x1=\"0\" x2=\"{Width}\" y1=\"{Y(findings.Settings.Tolerate):0.#}\" y2=\"{Y(findings.Settings.Tolerate):0.#}\"/>");
            one.Append(CultureInfo.InvariantCulture, $"<polyline class=\"line\" points=\"{string.Join(' ', course.Select((v, i) => string.Create(CultureInfo.InvariantCulture, $"{X(i):0.#},{Y(v):0.#}")))}\"/>");
            Label(one, 0, Floor + 16, "start", findings.Windows[0].Start.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
            Label(one, Width, Floor + 16, "end", findings.Windows[^1].Start.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
            Label(one, 2, 14, "start", "PSI up to " + DriftWords.Effect(course.Max()));
            svg.Append(End(one));
        }

        return svg.Append("</div>").ToString();
    }

    private static string Categories(MeasuredFeature f)
    {
        var shown = Math.Min(MostBins, f.Bins.Count);
        var (n, m) = (Math.Max(1.0, f.Reference.Sum()), Math.Max(1.0, f.Current.Sum()));
        var rows = Enumerable.Range(0, f.Bins.Count).Where(i => f.Reference[i] + f.Current[i] > 0).OrderByDescending(i => (f.Reference[i] / n) + (f.Current[i] / m)).Take(shown).ToList();
        var top = Math.Max(1e-9, rows.Select(i => Math.Max(f.Reference[i] / n, f.Current[i] / m)).DefaultIfEmpty(0).Max());
        var svg = Start("Shares of the values", (26 * rows.Count) + 4);
        for (var k = 0; k < rows.Count; k++)
        {
            var (before, now) = (f.Reference[rows[k]] / n, f.Current[rows[k]] / m);
            Label(svg, 108, (26 * k) + 18, "end", Cut(Range(f, rows[k]), 18));
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"o\" x=\"114\" y=\"{(26 * k) + 4}\" width=\"{220 * before / top:0.#}\" height=\"9\" rx=\"2\"/><rect class=\"n\" x=\"114\" y=\"{(26 * k) + 14}\" width=\"{220 * now / top:0.#}\" height=\"9\" rx=\"2\"/>");
        }

        return End(svg);
    }

    private static void Row(StringBuilder svg, int row, string style, string name, long missing, long total)
    {
        var share = total == 0 ? 0 : (double)missing / total;
        Label(svg, 60, (20 * row) + 15, "end", name);
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{style}\" x=\"66\" y=\"{(20 * row) + 4}\" width=\"{200 * share:0.#}\" height=\"13\" rx=\"2\"/>");
        Label(svg, 72 + (200 * share), (20 * row) + 15, "start", DriftWords.Percent(missing, total));
    }

    // Below a value with a bin of its own the edge is the next smaller number: said as "less than".
    private static string Range(MeasuredFeature f, int bin)
    {
        var edges = f.Bins.Edges;
        if (bin + 1 >= edges.Count || Math.BitIncrement(edges[bin]) != edges[bin + 1])
            return f.Bins.Label(bin);
        return bin == 0 ? $"< {Number(edges[1])}" : $"({Number(edges[bin - 1])}, {Number(edges[bin + 1])})";
    }

    private static void Bar(StringBuilder svg, string style, double x, double width, double share)
    {
        var height = (Floor - 6) * share;
        if (height > 0)
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{style}\" x=\"{x + 0.5:0.##}\" y=\"{Floor - height:0.##}\" width=\"{width - 1:0.##}\" height=\"{height:0.##}\"/>");
    }

    private static StringBuilder Start(string caption, int height = Height) =>
        new StringBuilder().Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{Text(caption)}</figcaption><svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{Text(caption)}\">");

    private static string End(StringBuilder svg) => svg.Append("</svg></figure>\n").ToString();

    private static void Label(StringBuilder svg, double x, double y, string anchor, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{Text(text)}</text>");

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
