using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Rollout;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Rollout;

/// <summary>The figures of both sides of a rollout; nothing where they are no longer kept.</summary>
public sealed partial class SideBySide
{
    private const int MostClasses = 6;
    private ComparisonInfo? _sides;

    [CascadingParameter] private Principal Principal { get; set; } = null!;

    [Inject] private RolloutService Rollouts { get; set; } = null!;

    [Parameter, EditorRequired] public RolloutInfo Rollout { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        try
        {
            _sides = await Rollouts.Compare(Principal, Rollout.Id) is { } found && found.Primary.Answers + found.Candidate.Answers > 0 ? found : null;
        }
        catch (HoldfastException gone) when (gone.Code == ErrorCode.NotFound)
        {
            _sides = null;
        }
    }

    private static IEnumerable<(string Name, string Primary, string Candidate)> Rows(SideInfo p, SideInfo c) =>
    [
        ("Answers", Figure.Count(p.Answers), Figure.Count(c.Answers)),
        ("Errors", Share(p.Errors, p.Answers), Share(c.Errors, c.Answers)),
        ("of them late", Share(p.Timeouts, p.Answers), Share(c.Timeouts, c.Answers)),
        ("Fell back", Share(p.FellBack, p.Answers), Share(c.FellBack, c.Answers)),
        ("Median latency", Ms(p.P50), Ms(c.P50)),
        ("99th percentile", Ms(p.P99), Ms(c.P99)),
        .. p.Predictions.Keys.Union(c.Predictions.Keys).Order(StringComparer.Ordinal).Take(MostClasses).Select(k => ($"Predicts {k}", Share(p.Predictions.GetValueOrDefault(k), p.Predictions.Values.Sum()), Share(c.Predictions.GetValueOrDefault(k), c.Predictions.Values.Sum()))),
    ];

    private static object Bins(IReadOnlyList<double> edges, ComparisonInfo sides) => new
    {
        bins = Enumerable.Range(0, sides.Primary.Scores.Count).Select(i => i == 0 ? $"< {Figure.Number(edges[0])}" : i == edges.Count ? $"≥ {Figure.Number(edges[^1])}" : $"{Figure.Number(edges[i - 1])} to {Figure.Number(edges[i])}"),
        primary = Shares(sides.Primary.Scores),
        candidate = Shares(sides.Candidate.Scores),
    };

    private static IEnumerable<double> Shares(IReadOnlyList<long> counts) => counts.Select(n => 100.0 * n / Math.Max(1, counts.Sum()));

    private static string Ms(double? ms) => ms is null ? "–" : Figure.Number(ms) + " ms";

    private static string Share(long part, long whole) => Figure.Percent(whole == 0 ? null : (double)part / whole);
}
