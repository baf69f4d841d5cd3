using System.Text.RegularExpressions;
using Holdfast.Tracking;
using Holdfast.Ui.Shell;

namespace Holdfast.Ui.Tracking;

/// <summary>One thing of several runs, side by side.</summary>
/// <param name="Key">Name of the parameter or metric.</param>
/// <param name="Values">One a run, in their order; null where a run has none.</param>
/// <param name="Differs">Whether two runs have different values, or one has none.</param>
/// <param name="Best">The runs with the best value, by position; empty where none is better.</param>
internal sealed record ComparedRow(string Key, IReadOnlyList<string?> Values, bool Differs, IReadOnlyList<int> Best);

/// <summary>What differs between runs, and which is best.</summary>
internal static partial class RunComparison
{
    public static IReadOnlyList<ComparedRow> Params(IReadOnlyList<Run> runs) => Rows(runs, r => r.Params.Select(p => p.Key), (r, key) => r.Param(key));

    public static IReadOnlyList<ComparedRow> Tags(IReadOnlyList<Run> runs) =>
        Rows(runs, r => r.Tags.Select(t => t.Key).Where(k => k is not (WellKnownTags.RunName or RunView.Notes or RunView.ColourTag)), (r, key) => r.Tag(key));

    /// <summary>Metrics by their last, least or greatest value.</summary>
    public static IReadOnlyList<ComparedRow> Metrics(IReadOnlyList<Run> runs, string value) =>
        [.. runs.SelectMany(r => r.Metrics.Select(m => m.Key)).Where(k => !k.StartsWith("system/", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(key => Metric(runs, key, value))];

    /// <summary>Whether more of a metric is better: 1, less: -1, not known: 0. Guessed from its name, as holdfast-runs.js does.</summary>
    public static int Better(string key) => LessIsBetter().IsMatch(key) ? -1 : MoreIsBetter().IsMatch(key) ? 1 : 0;

    private static ComparedRow Metric(IReadOnlyList<Run> runs, string key, string value)
    {
        var numbers = runs.Select(r => Value(r.Metrics.FirstOrDefault(m => m.Key == key), value)).ToList();
        var known = numbers.OfType<double>().Where(double.IsFinite).ToList();
        var best = Better(key) switch { 0 => (double?)null, _ when known.Count < 2 || known.Distinct().Count() < 2 => null, 1 => known.Max(), _ => known.Min() };
        return new ComparedRow(
            key, numbers.ConvertAll(n => n is null ? null : Figure.Number(n)), numbers.Distinct().Count() > 1, best is null ? [] : [.. Enumerable.Range(0, runs.Count).Where(i => numbers[i] == best)]);
    }

    private static double? Value(MetricSummary? metric, string value) => value switch { "min" => metric?.Min, "max" => metric?.Max, _ => metric?.Last.Value };

    private static IReadOnlyList<ComparedRow> Rows(IReadOnlyList<Run> runs, Func<Run, IEnumerable<string>> keys, Func<Run, string, string?> value) =>
        [
            .. runs.SelectMany(keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(key =>
            {
                var values = runs.Select(r => value(r, key)).ToList();
                return new ComparedRow(key, values, values.Distinct(StringComparer.Ordinal).Count() > 1, []);
            }),
        ];

    [GeneratedRegex("loss|err|rmse|mae|mse|perplexity|latency|_ms|seconds|duration|time|wer|cer|fid|nll|gap", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LessIsBetter();

    [GeneratedRegex("acc|auc|f1|precision|recall|score|r2|map|bleu|rouge|reward|hit|ndcg|throughput", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MoreIsBetter();
}
