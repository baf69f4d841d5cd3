namespace Holdfast.Statistics.Performance;

/// <summary>
/// Performance of a binary classifier over a window: estimated from calibrated probabilities when labels are not there yet (CBPE, confidence-based
/// performance estimation), or realised from labels. The estimate assumes that the calibration still holds: it sees covariate shift inside the support
/// of the reference and is blind to concept drift, which is what <see cref="PerformanceGap"/> is for once labels arrive.
/// </summary>
/// <param name="Rows">Rows of the window.</param>
/// <param name="TruePositives">Sum of p over rows predicted positive.</param>
/// <param name="FalsePositives">Sum of 1 - p over rows predicted positive.</param>
/// <param name="FalseNegatives">Sum of p over rows predicted negative.</param>
/// <param name="TrueNegatives">Sum of 1 - p over rows predicted negative.</param>
/// <param name="Accuracy">(TP + TN) / n.</param>
/// <param name="Precision">TP / (TP + FP).</param>
/// <param name="Recall">TP / (TP + FN).</param>
/// <param name="Specificity">TN / (TN + FP).</param>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
/// <param name="RocAuc">P(score of a positive above that of a negative) + P(equal) / 2: the trapezoid over the distinct scores.</param>
public sealed record BinaryPerformance(
    long Rows, double TruePositives, double FalsePositives, double FalseNegatives, double TrueNegatives,
    Metric Accuracy, Metric Precision, Metric Recall, Metric Specificity, Metric F1, Metric RocAuc)
{
    /// <summary>
    /// The estimate without labels. Each sd is that of the figure when label i is positive with chance p_i: exact for accuracy (sqrt(sum p(1-p)) / n) and
    /// precision, else by the delta method, sqrt(sum p(1-p) (d figure / d y_i)^2); the realised figure of the same rows lies within two of them if the calibration holds.
    /// </summary>
    /// <param name="scores">What ranks the rows for the AUC, usually the raw scores.</param>
    /// <param name="probabilities">Calibrated probabilities of the positive class, in [0, 1].</param>
    /// <param name="predicted">Predicted classes.</param>
    public static BinaryPerformance Estimated(ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> predicted)
    {
        Calibration.Check(probabilities, predicted);
        if (scores.Length != predicted.Length) throw new ArgumentException($"{scores.Length} scores for {predicted.Length} rows.", nameof(scores));
        double tp = 0, fp = 0, fn = 0, tn = 0;
        for (var i = 0; i < predicted.Length; i++)
        {
            var p = probabilities[i];
            if (predicted[i]) (tp, fp) = (tp + p, fp + 1 - p);
            else (fn, tn) = (fn + p, tn + 1 - p);
        }
        double positive = tp + fn, negative = fp + tn, chosen = tp + fp, all = predicted.Length;
        double recall = tp / positive, specificity = tn / negative, f1 = 2 * tp / (positive + chosen);
        double varChosen = 0, varAll = 0, varRecall = 0, varSpecificity = 0, varF1 = 0;
        for (var i = 0; i < predicted.Length; i++)
        {
            var variance = probabilities[i] * (1 - probabilities[i]);
            double hit = predicted[i] ? 1 : 0;
            varAll += variance;
            varChosen += variance * hit;
            varRecall += variance * (hit - recall) * (hit - recall);
            varSpecificity += variance * (1 - hit - specificity) * (1 - hit - specificity);
            varF1 += variance * (2 * hit - f1) * (2 * hit - f1);
        }
        return new BinaryPerformance(
            predicted.Length, tp, fp, fn, tn,
            new Metric((tp + tn) / all, Math.Sqrt(varAll) / all), new Metric(tp / chosen, Math.Sqrt(varChosen) / chosen),
            new Metric(recall, Math.Sqrt(varRecall) / positive), new Metric(specificity, Math.Sqrt(varSpecificity) / negative),
            new Metric(f1, Math.Sqrt(varF1) / (positive + chosen)), Auc(scores, probabilities).Metric);
    }

    /// <summary>The figures of labelled rows; every sd is 0.</summary>
    /// <param name="scores">What ranks the rows for the AUC.</param>
    /// <param name="predicted">Predicted classes.</param>
    /// <param name="labels">True classes.</param>
    public static BinaryPerformance Realised(ReadOnlySpan<double> scores, ReadOnlySpan<bool> predicted, ReadOnlySpan<bool> labels)
    {
        var certain = new double[labels.Length];
        for (var i = 0; i < certain.Length; i++) certain[i] = labels[i] ? 1 : 0;
        return Estimated(scores, certain, predicted);
    }

    // With A_i the expected negatives below row i and B_i the expected positives above it (ties half), dAUC / dy_i = (A_i - B_i) / (PN) - AUC (1/P - 1/N).
    internal static (Metric Metric, double[] Slopes) Auc(ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities)
    {
        var keys = scores.ToArray();
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        var p = new double[keys.Length];
        for (var i = 0; i < p.Length; i++) p[i] = probabilities[order[i]];
        double positive = 0, negative = 0;
        foreach (var chance in p) (positive, negative) = (positive + chance, negative + 1 - chance);
        if (!(positive > 0 && negative > 0)) return (new Metric(double.NaN, double.NaN), new double[p.Length]);
        var gradient = new double[p.Length];
        double pairs = 0, positiveBelow = 0, negativeBelow = 0;
        for (int start = 0, end; start < keys.Length; start = end)
        {
            double here = 0;
            for (end = start; end < keys.Length && keys[end] == keys[start]; end++) here += p[end];
            var others = end - start - here;
            double below = negativeBelow + others / 2, above = positive - positiveBelow - here / 2;
            pairs += here * below;
            gradient.AsSpan(start, end - start).Fill((below - above) / (positive * negative));
            positiveBelow += here;
            negativeBelow += others;
        }
        double auc = pairs / (positive * negative), variance = 0;
        var slopes = new double[p.Length];
        for (var i = 0; i < p.Length; i++)
        {
            var slope = gradient[i] - auc * (1 / positive - 1 / negative);
            variance += p[i] * (1 - p[i]) * slope * slope;
            slopes[order[i]] = slope;
        }
        return (new Metric(auc, Math.Sqrt(variance)), slopes);
    }
}
