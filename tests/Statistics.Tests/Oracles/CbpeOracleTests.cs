using System.Text.Json;
using Holdfast.Statistics.Performance;
using static Holdfast.Statistics.Tests.Oracles.Oracle;

namespace Holdfast.Statistics.Tests.Oracles;

/// <summary>Performance without labels on the electricity market data: our formulas against an independent program, and NannyML's CBPE.</summary>
public sealed class CbpeOracleTests
{
    private sealed record Rows(double[] Scores, bool[] Predicted, bool[] Labels)
    {
        public Rows Chunk(int start, int size) => new(Scores[start..(start + size)], Predicted[start..(start + size)], Labels[start..(start + size)]);
    }

    private static Rows Load(string file)
    {
        var columns = Columns(file);
        return new Rows(Numbers(columns["y_pred_proba"]), Array.ConvertAll(columns["y_pred"], c => c == "1"), Array.ConvertAll(columns["y"], c => c == "1"));
    }

    private static IEnumerable<(JsonElement Expected, Rows Rows)> Chunks()
    {
        var current = Load("cbpe_elec.cur.csv");
        var expected = Expected("cbpe_elec");
        var size = expected.GetProperty("chunk_size").GetInt32();
        foreach (var chunk in expected.GetProperty("chunks").EnumerateArray())
            yield return (chunk, current.Chunk(chunk.GetProperty("start").GetInt32(), size));
    }

    [Fact]
    public void Estimates_from_raw_scores_and_realised_figures_agree()
    {
        var count = 0;
        foreach (var (expected, rows) in Chunks())
        {
            count++;
            var raw = expected.GetProperty("estimated_uncalibrated");
            var e = BinaryPerformance.Estimated(rows.Scores, rows.Scores, rows.Predicted);
            foreach (var (name, value) in new[] { ("accuracy", e.Accuracy.Value), ("precision", e.Precision.Value), ("recall", e.Recall.Value), ("specificity", e.Specificity.Value), ("f1", e.F1.Value), ("roc_auc", e.RocAuc.Value), ("tp", e.TruePositives), ("fp", e.FalsePositives), ("fn", e.FalseNegatives), ("tn", e.TrueNegatives) })
                Close(raw.GetProperty(name).GetDouble(), value, 1e-9, $"chunk {count} {name}");
            var realised = expected.GetProperty("realised");
            var r = BinaryPerformance.Realised(rows.Scores, rows.Predicted, rows.Labels);
            foreach (var (name, value) in new[] { ("accuracy", r.Accuracy.Value), ("f1", r.F1.Value), ("roc_auc", r.RocAuc.Value) })
                Close(realised.GetProperty(name).GetDouble(), value, 1e-9, $"chunk {count} realised {name}");
        }
        Assert.Equal(12, count);
    }

    // NannyML calibrates on the whole reference with scikit-learn's isotonic regression and ranks the AUC by the calibrated values, so its figures are
    // defined and must agree. Its AUC tells apart thresholds that differ in the last bit only, which changes ties on a plateau: 1e-6 there.
    // Its own boundaries are value -+ 3 sd of the reference, not of the window, and are not what BinaryPerformance gives; the accuracy's can be had.
    [Fact]
    public void Calibrated_estimates_agree_with_NannyML()
    {
        var reference = Load("cbpe_elec.ref.csv");
        Assert.True(Expected("cbpe_elec").GetProperty("nannyml_needs_calibration").GetBoolean());
        var calibration = Calibration.Fit(reference.Scores, reference.Labels);
        Assert.Equal(CalibrationMethod.Isotonic, calibration.Method);
        foreach (var (expected, rows) in Chunks())
        {
            var nannyml = expected.GetProperty("nannyml");
            var p = calibration.Apply(rows.Scores);
            var e = BinaryPerformance.Estimated(p, p, rows.Predicted);
            foreach (var (name, metric, tolerance) in new[] { ("accuracy", e.Accuracy, 1e-9), ("precision", e.Precision, 1e-9), ("recall", e.Recall, 1e-9), ("specificity", e.Specificity, 1e-9), ("f1", e.F1, 1e-9), ("roc_auc", e.RocAuc, 1e-6) })
                Close(nannyml.GetProperty(name).GetProperty("value").GetDouble(), metric.Value, tolerance, $"{expected.GetProperty("start")} {name}");
        }
    }

    [Fact]
    public void The_band_of_the_reference_agrees_with_NannyML()
    {
        var reference = Load("cbpe_elec.ref.csv");
        var chunks = Enumerable.Range(0, 4).Select(i => reference.Chunk(1000 * i, 1000)).Select(c => BinaryPerformance.Realised(c.Scores, c.Predicted, c.Labels)).ToArray();
        var nannyml = Expected("cbpe_elec").GetProperty("chunks")[0].GetProperty("nannyml");
        foreach (var (name, pick) in new (string, Func<BinaryPerformance, Metric>)[] { ("accuracy", r => r.Accuracy), ("f1", r => r.F1), ("roc_auc", r => r.RocAuc), ("precision", r => r.Precision), ("recall", r => r.Recall), ("specificity", r => r.Specificity) })
        {
            var band = ReferenceBand.FromChunks([.. chunks.Select(c => pick(c).Value)]);
            Close(nannyml.GetProperty(name).GetProperty("lower_threshold").GetDouble(), band.Low, 1e-9, name + " low");
            Close(nannyml.GetProperty(name).GetProperty("upper_threshold").GetDouble(), band.High, 1e-9, name + " high");
        }
    }

    // The market changed: calibrated estimates promise more than labels show, which only the gap can see.
    [Fact]
    public void The_gap_sees_the_concept_drift_of_the_market()
    {
        var reference = Load("cbpe_elec.ref.csv");
        var calibration = Calibration.Fit(reference.Scores, reference.Labels);
        var drifted = Chunks().Count(c => PerformanceGap.Compare(c.Rows.Scores, calibration.Apply(c.Rows.Scores), c.Rows.Predicted, c.Rows.Labels, calibration).Accuracy.PValue < 0.001);
        Assert.True(drifted >= 6, $"{drifted} of 12 chunks");
    }
}
