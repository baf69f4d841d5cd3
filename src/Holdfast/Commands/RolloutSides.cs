using System.Globalization;
using Holdfast.Contracts;

namespace Holdfast.Commands;

/// <summary>Both sides of a rollout beside each other: latencies, errors, distribution of the predictions.</summary>
internal static class RolloutSides
{
    private const int MostDisagreements = 5;

    public static async Task Write(ServerConnection server, RolloutInfo rollout, CancellationToken ct)
    {
        ComparisonInfo sides;
        try
        {
            sides = await server.Client.Rollouts.Compare(rollout.Id, kept: false, ct);
        }
        catch (HoldfastException e) when (e.Code == ErrorCode.NotFound)
        {
            return;
        }

        var (p, c) = (sides.Primary, sides.Candidate);
        List<(string Name, string Primary, string Candidate)> rows =
        [
            ("answers", Count(p.Answers), Count(c.Answers)),
            ("errors", Of(p.Errors, p.Answers), Of(c.Errors, c.Answers)),
            ("timeouts", Of(p.Timeouts, p.Answers), Of(c.Timeouts, c.Answers)),
            ("missing features", Of(p.MissingFeatures, p.Answers), Of(c.MissingFeatures, c.Answers)),
            ("latency p50, ms", Output.Number(p.P50), Output.Number(c.P50)),
            ("latency p95, ms", Output.Number(p.P95), Output.Number(c.P95)),
            ("latency p99, ms", Output.Number(p.P99), Output.Number(c.P99)),
            .. p.Predictions.Keys.Union(c.Predictions.Keys).Order(StringComparer.Ordinal).Select(k => ($"predicts {k}", Of(p.Predictions.GetValueOrDefault(k), p.Predictions.Values.Sum()), Of(c.Predictions.GetValueOrDefault(k), c.Predictions.Values.Sum()))),
        ];
        if (sides.ScoreEdges is { } edges)
            rows.AddRange(Enumerable.Range(0, p.Scores.Count).Select(i => (Range(edges, i), Of(p.Scores[i], p.Scores.Sum()), Of(c.Scores[i], c.Scores.Sum()))));
        Output.Line("");
        Output.Table(rows, "", ("", r => r.Name), ("primary", r => r.Primary), ("candidate", r => r.Candidate));
        if (sides.Shift is { } shift)
            Output.Line($"PSI of the scores {Output.Number(shift, "0.000")}");
        if (sides.Pairs == 0)
            return;
        Output.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{sides.Disagreed} of {sides.Pairs} requests answered differently (at every look between {sides.DisagreedLow:P2} and {sides.DisagreedHigh:P2})"));
        if (sides.ScoreDifferenceLow is not null)
            Output.Line($"scores differ by {Output.Number(sides.ScoreDifference)} on average, at every look between {Output.Number(sides.ScoreDifferenceLow)} and {Output.Number(sides.ScoreDifferenceHigh)}");
        Output.Table(
            [.. sides.Disagreements.TakeLast(MostDisagreements)], "No disagreement.", ("prediction", d => d.PredictionId), ("at", d => Output.Time(d.At)),
            ("primary", d => $"{d.PrimaryPrediction} ({Output.Number(d.PrimaryScore)})"), ("candidate", d => $"{d.CandidatePrediction} ({Output.Number(d.CandidateScore)})"));
    }

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Of(long part, long all) => all == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{part:N0} ({(double)part / all:P2})");

    private static string Range(IReadOnlyList<double> edges, int i) =>
        i == 0 ? $"score < {Output.Number(edges[0])}" : i == edges.Count ? $"score >= {Output.Number(edges[^1])}" : $"score {Output.Number(edges[i - 1])} to {Output.Number(edges[i])}";
}
