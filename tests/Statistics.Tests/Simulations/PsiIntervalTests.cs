using Holdfast.Statistics.Comparison;
using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests.Simulations;

/// <summary>Coverage of the interval of PSI, with and without drift, from small to large samples; and what the verdict makes of it.</summary>
public sealed class PsiIntervalTests
{
    private static readonly Report Report = new("statistics-two-sample.md");

    public static TheoryData<int, int, int> Sizes => Draw.Scale(2) == 1
        ? new() { { 100, 100, 200 }, { 2000, 500, 60 } }
        : new() { { 100, 100, 4000 }, { 1000, 50, 4000 }, { 1000, 200, 4000 }, { 1000, 1000, 4000 }, { 10_000, 1000, 2000 }, { 10_000, 10_000, 2000 }, { 100_000, 100_000, 400 } };

    [Theory, MemberData(nameof(Sizes))]
    public void The_interval_covers_the_true_effect(int n, int m, int runs)
    {
        var rows = new List<object[]>();
        foreach (var shift in new[] { 0, 0.1, 0.2, 0.3163, 0.5, 1 })
        {
            int above = 0, below = 0;
            double truths = 0, corrected = 0;
            var states = new int[4];
            for (var run = 0; run < runs; run++)
            {
                var draw = new Draw(5000 + run);
                var bins = ReferenceBins.FromSortedNumeric(Samples.SortedFinite(draw.Many(n, d => d.Normal())));
                var after = bins.CountsOfSorted(Samples.SortedFinite(draw.Many(m, d => d.Normal() + shift)));
                var truth = Truth(bins.Edges, shift);
                var verdict = DriftVerdict.FromCounts(bins.ReferenceCounts, after);
                if (verdict.Low > truth) above++;
                if (verdict.High < truth) below++;
                truths += truth;
                corrected += verdict.Effect;
                states[(int)verdict.State]++;
            }
            // Alarms come from the upper side; the estimate of a large effect from 50 values is itself low, so that the other side may miss a little more.
            Assert.True(above <= Draw.Allowed(runs, 0.025), $"shift {shift}: {above} of {runs} intervals above the truth");
            Assert.True(below <= Draw.Allowed(runs, m < 200 ? 0.075 : 0.05), $"shift {shift}: {below} of {runs} intervals below the truth");
            Assert.True(Math.Abs(corrected / runs - truths / runs) <= 2 * truths / runs * 9 / m + 1.5 * (1.0 / n + 1.0 / m), $"shift {shift}: estimate {corrected / runs} of {truths / runs}");
            if (shift <= 0.2) Assert.True(states[(int)DriftState.Moderate] + states[(int)DriftState.Significant] <= Draw.Allowed(runs, 0.001), $"shift {shift}: false alarms");
            rows.Add([shift, truths / runs, corrected / runs, 1 - (double)(above + below) / runs, (double)above / runs, (double)below / runs, .. states.Select(s => (object)((double)s / runs))]);
        }
        Report.Table(
            $"PSI interval, 95 %, normal shifted, {n:N0} and {m:N0} values", $"{runs:N0} pairs, seeds 5000 to {4999 + runs}; ten bins from the reference; the truth is that of the populations in these bins. Tolerated PSI 0.1, significant from 0.25.",
            ["shift in sd", "true PSI", "mean estimate", "coverage", "interval above truth", "interval below truth", "none", "moderate", "significant", "insufficient"], rows);
    }

    private static double Truth(IReadOnlyList<double> edges, double shift)
    {
        double total = 0;
        for (var k = 0; k <= edges.Count; k++)
        {
            double low = k == 0 ? double.NegativeInfinity : edges[k - 1], high = k == edges.Count ? double.PositiveInfinity : edges[k];
            var p = Distributions.NormalCdf(high) - Distributions.NormalCdf(low);
            var q = Distributions.NormalCdf(high - shift) - Distributions.NormalCdf(low - shift);
            total += (p - q) * Math.Log(p / q);
        }
        return total;
    }
}
