using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Performance;

/// <summary>Realised minus estimated, for one figure.</summary>
/// <param name="Estimated">Estimate without labels.</param>
/// <param name="Realised">What the labels gave.</param>
/// <param name="Gap">Realised - estimated; negative if the model does worse than its scores promise.</param>
/// <param name="Low">Lower limit of the gap.</param>
/// <param name="High">Upper limit of the gap.</param>
/// <param name="PValue">Two-sided p of "the calibration still holds"; 1 where a figure is undefined.</param>
public readonly record struct MetricGap(double Estimated, double Realised, double Gap, double Low, double High, double PValue);

/// <summary>
/// Concept drift, when labels arrive late: if the calibration of the reference still held, realised and estimated performance of the same rows would
/// differ by chance in the labels alone. An interval of the gap that leaves 0 means that P(y | score) changed, whatever the features did.
/// </summary>
/// <param name="Accuracy">Gap of the accuracy.</param>
/// <param name="Precision">Gap of the precision.</param>
/// <param name="Recall">Gap of the recall.</param>
/// <param name="F1">Gap of F1.</param>
/// <param name="RocAuc">Gap of the AUC.</param>
/// <param name="PositiveRate">Gap of the share of positives: the one that sees a shift of all probabilities alike, which accuracy can miss.</param>
public sealed record PerformanceGap(MetricGap Accuracy, MetricGap Precision, MetricGap Recall, MetricGap F1, MetricGap RocAuc, MetricGap PositiveRate)
{
    /// <summary>Compares the estimate with the labels of the same rows.</summary>
    /// <param name="scores">What ranks the rows for the AUC.</param>
    /// <param name="probabilities">Calibrated probabilities.</param>
    /// <param name="predicted">Predicted classes.</param>
    /// <param name="labels">True classes.</param>
    /// <param name="calibration">
    /// What made the probabilities of the scores: its own error, greater where the window has moved to scores of which the reference has few, widens every interval
    /// (<see cref="Calibration.Variance"/>). Null takes the probabilities as exact.
    /// </param>
    /// <param name="level">Confidence of the intervals, in (0, 1). Default 0.95.</param>
    public static PerformanceGap Compare(
        ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> predicted, ReadOnlySpan<bool> labels, Calibration? calibration = null, double level = 0.95)
    {
        if (!(level > 0 && level < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "The confidence level must lie between 0 and 1.");
        if (labels.Length != predicted.Length) throw new ArgumentException($"{labels.Length} labels for {predicted.Length} rows.", nameof(labels));
        var estimated = BinaryPerformance.Estimated(scores, probabilities, predicted);
        var realised = BinaryPerformance.Realised(scores, predicted, labels);
        var z = Distributions.NormalQuantile(0.5 + level / 2);
        var extra = Extra(scores, probabilities, predicted, estimated, calibration ?? Calibration.Identity);
        MetricGap Gap(Metric e, double r, double added)
        {
            var gap = r - e.Value;
            var sd = Math.Sqrt(e.Sd * e.Sd + added);
            // Without spread in the probabilities there is nothing to test, unless the labels contradict a certainty.
            var p = double.IsNaN(gap) ? 1 : sd > 0 ? Math.Min(1, 2 * Distributions.NormalSf(Math.Abs(gap) / sd)) : gap == 0 ? 1 : 0;
            return new MetricGap(e.Value, r, gap, gap - z * sd, gap + z * sd, p);
        }
        double rows = estimated.Rows;
        var rate = new Metric((estimated.TruePositives + estimated.FalseNegatives) / rows, estimated.Accuracy.Sd);
        return new PerformanceGap(
            Gap(estimated.Accuracy, realised.Accuracy.Value, extra[0]), Gap(estimated.Precision, realised.Precision.Value, extra[1]), Gap(estimated.Recall, realised.Recall.Value, extra[2]),
            Gap(estimated.F1, realised.F1.Value, extra[3]), Gap(estimated.RocAuc, realised.RocAuc.Value, extra[4]), Gap(rate, (realised.TruePositives + realised.FalseNegatives) / rows, extra[5]));
    }

    // The calibration's part of each variance, in the order of the figures, by d figure / d label of each row.
    private static double[] Extra(ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> predicted, BinaryPerformance e, Calibration calibration)
    {
        double rows = e.Rows, positive = e.TruePositives + e.FalseNegatives, chosen = e.TruePositives + e.FalsePositives;
        double recall = e.Recall.Value, f1 = e.F1.Value;
        var slopes = new double[5][];
        for (var k = 0; k < slopes.Length; k++) slopes[k] = new double[predicted.Length];
        for (var i = 0; i < predicted.Length; i++)
        {
            double hit = predicted[i] ? 1 : 0;
            slopes[0][i] = (2 * hit - 1) / rows;
            slopes[1][i] = chosen > 0 ? hit / chosen : 0;
            slopes[2][i] = positive > 0 ? (hit - recall) / positive : 0;
            slopes[3][i] = positive + chosen > 0 ? (2 * hit - f1) / (positive + chosen) : 0;
            slopes[4][i] = 1 / rows;
        }
        var auc = BinaryPerformance.Auc(scores, probabilities).Slopes;
        return
        [
            calibration.Variance(scores, probabilities, slopes[0]), calibration.Variance(scores, probabilities, slopes[1]), calibration.Variance(scores, probabilities, slopes[2]),
            calibration.Variance(scores, probabilities, slopes[3]), calibration.Variance(scores, probabilities, auc), calibration.Variance(scores, probabilities, slopes[4]),
        ];
    }
}
