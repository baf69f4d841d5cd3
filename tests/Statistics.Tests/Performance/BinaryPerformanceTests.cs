using Holdfast.Statistics.Performance;

namespace Holdfast.Statistics.Tests.Performance;

public sealed class BinaryPerformanceTests
{
    private static readonly Report Report = new("statistics-two-sample.md");
    private static readonly (string Name, Func<BinaryPerformance, Metric> Pick)[] Metrics =
        [("accuracy", p => p.Accuracy), ("precision", p => p.Precision), ("recall", p => p.Recall), ("specificity", p => p.Specificity), ("F1", p => p.F1), ("ROC AUC", p => p.RocAuc)];

    [Fact]
    public void The_sd_is_that_of_the_realised_figure_around_the_estimate()
    {
        int runs = 400 * Draw.Scale(20), n = 300;
        var draw = new Draw(11);
        var scores = draw.Many(n, d => Math.Round(d.Uniform(), 2));
        var predicted = Array.ConvertAll(scores, s => s > 0.6);
        var estimate = BinaryPerformance.Estimated(scores, scores, predicted);
        var realised = new double[Metrics.Length][];
        for (var k = 0; k < Metrics.Length; k++) realised[k] = new double[runs];
        for (var run = 0; run < runs; run++)
        {
            var performance = BinaryPerformance.Realised(scores, predicted, Array.ConvertAll(scores, draw.Coin));
            for (var k = 0; k < Metrics.Length; k++) realised[k][run] = Metrics[k].Pick(performance).Value;
        }
        var rows = new List<object[]>();
        for (var k = 0; k < Metrics.Length; k++)
        {
            var (mean, sd) = Samples.MeanSd(realised[k]);
            var (value, expected) = Metrics[k].Pick(estimate);
            Assert.True(Math.Abs(mean - value) < 4 * expected / Math.Sqrt(runs) + 0.002, $"{Metrics[k].Name}: mean {mean}, estimate {value}");
            Assert.InRange(sd / expected, 1 - 4 / Math.Sqrt(2.0 * runs), 1 + 4 / Math.Sqrt(2.0 * runs));
            rows.Add([Metrics[k].Name, value, mean, expected, sd]);
        }
        Report.Table("Performance without labels, 300 rows", $"{runs:N0} draws of the labels from the probabilities, seed 11.", ["figure", "estimate", "mean realised", "sd by formula", "sd realised"], rows);
    }

    // The whole way: calibrate on a distorted reference, estimate a window of shifted scores, compare with its labels.
    [Theory, InlineData(false), InlineData(true)]
    public void The_gap_is_silent_under_covariate_shift_and_speaks_under_concept_drift(bool concept)
    {
        int runs = 20 * Draw.Scale(50);
        var outside = new int[Metrics.Length];
        for (var run = 0; run < runs; run++)
        {
            var draw = new Draw(300 + run);
            double Chance(double s) => 0.2 + 0.5 * s;
            var reference = draw.Many(2000, d => d.Uniform());
            var calibration = Calibration.Fit(reference, Array.ConvertAll(reference, s => draw.Coin(Chance(s))));
            // Half of the window comes from the upper third: covariate shift inside the support.
            var scores = draw.Many(1000, d => d.Coin(0.5) ? d.Uniform() : 0.67 + 0.33 * d.Uniform());
            var labels = Array.ConvertAll(scores, s => draw.Coin(concept ? 0.1 + 0.5 * s : Chance(s)));
            var gap = PerformanceGap.Compare(scores, calibration.Apply(scores), Array.ConvertAll(scores, s => s > 0.5), labels, calibration);
            MetricGap[] gaps = [gap.Accuracy, gap.Precision, gap.Recall, gap.F1, gap.RocAuc, gap.PositiveRate];
            for (var k = 0; k < gaps.Length; k++)
            {
                Assert.Equal(gaps[k].PValue < 0.05, gaps[k].Low > 0 || gaps[k].High < 0);
                if (gaps[k].PValue < 0.05) outside[k]++;
            }
        }
        string[] names = ["accuracy", "precision", "recall", "F1", "ROC AUC", "positive rate"];
        Report.Table($"Gap of realised and estimated performance, {(concept ? "concept drift" : "covariate shift only")}", $"{runs:N0} runs, seeds 300 to {299 + runs}; 2,000 labelled reference rows, windows of 1,000; share of p < 0.05.", ["figure", "p < 0.05"], names.Select((name, k) => new object[] { name, (double)outside[k] / runs }));
        if (concept) Assert.True(outside[5] > 0.9 * runs && outside[1] > 0.5 * runs, string.Join(' ', outside));
        else Assert.All(outside, x => Assert.True(x <= Draw.Allowed(runs, 0.05), string.Join(' ', outside)));
    }

    [Fact]
    public void What_is_not_defined_is_not_a_number()
    {
        var none = BinaryPerformance.Estimated([0.2, 0.4], [0.2, 0.4], [false, false]);
        Assert.True(double.IsNaN(none.Precision.Value) && none.Recall.Value == 0);
        Assert.Equal(0.7, none.Accuracy.Value, 1e-12);
        Assert.True(double.IsNaN(BinaryPerformance.Realised([0.2, 0.4], [true, true], [true, true]).RocAuc.Value));
        Assert.Equal(1, PerformanceGap.Compare([0.2, 0.4], [0.2, 0.4], [false, false], [false, false]).Precision.PValue);
        Assert.True(double.IsNaN(BinaryPerformance.Estimated([], [], []).Accuracy.Value));
        Assert.Throws<ArgumentOutOfRangeException>(() => BinaryPerformance.Estimated([2], [double.NaN], [true]));
    }
}
