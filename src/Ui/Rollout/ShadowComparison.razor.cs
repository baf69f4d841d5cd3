using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Ui.Shell;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Ui.Rollout;

/// <summary>Compares the answers of a rollout's shadow step pair by pair; nothing where no request was copied.</summary>
public sealed partial class ShadowComparison
{
    private const int Most = 2_000;
    private const int Drawn = 800;
    private const int Examples = 8;
    private IReadOnlyList<(PredictionEntry Entry, string? Label)> _pairs = [];
    private IReadOnlyList<(PredictionEntry Entry, string? Label)> _different = [];
    private IReadOnlyList<(string Name, string Primary, string Candidate)> _figures = [];
    private object? _picture;
    private bool _cut;

    [CascadingParameter] private Principal Principal { get; set; } = null!;

    [Inject] private PredictionService Predictions { get; set; } = null!;

    [Parameter, EditorRequired] public string Endpoint { get; set; } = "";

    [Parameter, EditorRequired] public RolloutInfo Rollout { get; set; } = null!;

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        try
        {
            var found = await Predictions.Query(Principal, new PredictionQuery(Endpoint, Rollout.StartedAt, null, null, null, Most, null));
            var copied = found.Items.Where(i => i.Entry.RolloutId == Rollout.Id && i.Entry.Shadow is { Error: not "skipped" }).Select(i => (i.Entry, i.Label)).ToList();
            _cut = found.NextToken is not null;
            Compare(copied);
        }
        catch (HoldfastException gone) when (gone.Code == ErrorCode.NotFound)
        {
            _pairs = [];
        }
    }

    private void Compare(List<(PredictionEntry Entry, string? Label)> copied)
    {
        var both = copied.Where(c => c.Entry.Error is null && c.Entry.Shadow!.Error is null && double.IsFinite(c.Entry.Score) && double.IsFinite(c.Entry.Shadow.Score)).ToList();
        _pairs = both;
        _picture = new
        {
            points = both.Take(Drawn).Select(c => new[] { c.Entry.Score, c.Entry.Shadow!.Score, c.Entry.Prediction == c.Entry.Shadow.Prediction ? 0 : 1 }).ToArray(),
        };
        _different = [.. both.Where(c => c.Entry.Shadow!.Score != c.Entry.Score).OrderByDescending(c => Math.Abs(c.Entry.Shadow!.Score - c.Entry.Score)).Take(Examples)];
        if (both.Count == 0)
            return;
        var known = both.Where(c => c.Label is not null).ToList();
        var figures = new List<(string, string, string)>
        {
            ("Mean score", Figure.Number(both.Average(c => c.Entry.Score)), Figure.Number(both.Average(c => c.Entry.Shadow!.Score))),
            ("Median latency", Ms(copied.Select(c => c.Entry.LatencyMs), 0.5), Ms(copied.Select(c => c.Entry.Shadow!.LatencyMs), 0.5)),
            ("99th percentile", Ms(copied.Select(c => c.Entry.LatencyMs), 0.99), Ms(copied.Select(c => c.Entry.Shadow!.LatencyMs), 0.99)),
            ("Errors", Share(copied.Count(c => c.Entry.Error is not null), copied.Count), Share(copied.Count(c => c.Entry.Shadow!.Error is not null), copied.Count)),
        };
        if (known.Count > 0)
            figures.Add(($"Right of {Figure.Count(known.Count)} labels", Share(known.Count(c => Truth.Same(c.Entry.Prediction, c.Label!)), known.Count), Share(known.Count(c => Truth.Same(c.Entry.Shadow!.Prediction, c.Label!)), known.Count)));
        figures.Add(("Same answer", "", Share(both.Count(c => c.Entry.Prediction == c.Entry.Shadow!.Prediction), both.Count)));
        _figures = figures;
    }

    private static string Ms(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return Figure.Number(sorted[(int)(share * (sorted.Length - 1))]) + " ms";
    }

    private static string Share(int part, int whole) => Figure.Percent(whole == 0 ? null : (double)part / whole);
}
