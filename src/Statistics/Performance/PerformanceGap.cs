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
    /// <param name="calibrationRows">
    /// Labelled rows that the calibration was fitted on or checked with: its own error widens every variance by 1 + window / reference rows (delta method, for a window
    /// distributed as the reference). 0 takes the probabilities as exact.
    /// </param>
    /// <param name="level">Confidence of the intervals, in (0, 1). Default 0.95.</param>
    public static PerformanceGap Compare(
        ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> predicted, ReadOnlySpan<bool> labels, long calibrationRows = 0, double level = 0.95)
    {
        if (!(level > 0 && level < 1)) throw new ArgumentOutOfRangeException(nameof(level), level, "The confidence level must lie between 0 and 1.");
        if (labels.Length != predicted.Length) throw new ArgumentException($"{labels.Length} labels for {predicted.Length} rows.", nameof(labels));
        var estimated = BinaryPerformance.Estimated(scores, probabilities, predicted);
        var realised = BinaryPerformance.Realised(scores, predicted, labels);
        var widen = Math.Sqrt(calibrationRows > 0 ? 1 + (double)predicted.Length / calibrationRows : 1);
        var reach = widen * Distributions.NormalQuantile(0.5 + level / 2);
        MetricGap Gap(Metric e, double r)
        {
            var gap = r - e.Value;
            // Without spread in the probabilities there is nothing to test, unless the labels contradict a certainty.
            var p = double.IsNaN(gap) ? 1 : e.Sd > 0 ? Math.Min(1, 2 * Distributions.NormalSf(Math.Abs(gap) / (widen * e.Sd))) : gap == 0 ? 1 : 0;
            return new MetricGap(e.Value, r, gap, gap - reach * e.Sd, gap + reach * e.Sd, p);
        }
        double rows = estimated.Rows;
        var rate = new Metric((estimated.TruePositives + estimated.FalseNegatives) / rows, estimated.Accuracy.Sd);
        return new PerformanceGap(
            Gap(estimated.Accuracy, realised.Accuracy.Value), Gap(estimated.Precision, realised.Precision.Value), Gap(estimated.Recall, realised.Recall.Value),
            Gap(estimated.F1, realised.F1.Value), Gap(estimated.RocAuc, realised.RocAuc.Value), Gap(rate, (realised.TruePositives + realised.FalseNegatives) / rows));
    }
}
