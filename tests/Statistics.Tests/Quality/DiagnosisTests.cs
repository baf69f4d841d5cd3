using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Multivariate;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Quality;

public sealed class DiagnosisTests
{
    private static double Amount(Draw d) => Math.Round(d.LogNormal(4, 0.9), 2);

    private static FeatureEvidence Feature(string name, double[] reference, double[] current)
    {
        var bins = ReferenceBins.FromNumeric(reference);
        FeatureProfile Profile(double[] values)
        {
            var profile = new FeatureProfile(bins);
            foreach (var value in values) profile.Add(value);
            return profile;
        }
        return FeatureEvidence.FromProfiles(name, Profile(reference), Profile(current));
    }

    private static DiagnosisResult Classify(int seed, int window, Func<Draw, int, double> current, DiagnosisOptions? options = null, PerformanceEvidence? performance = null)
    {
        var draw = new Draw(seed);
        var reference = draw.Many(4000, Amount);
        var changed = new double[window];
        for (var i = 0; i < window; i++) changed[i] = current(draw, i);
        return Diagnosis.Classify(
            new DiagnosisInput(
            [
                Feature("amount", reference, changed),
                Feature("hour", draw.Many(4000, d => d.Below(24)), draw.Many(window, d => d.Below(24))),
                Feature("age_days", draw.Many(4000, d => d.LogNormal(5, 1)), draw.Many(window, d => d.LogNormal(5, 1))),
            ])
            { Performance = performance },
            options);
    }

    private static string Tell(DiagnosisResult r) => $"{r.Kind}/{r.Cause}/{r.Feature}/{r.ScaleFactor}: {string.Join(" | ", r.Evidence.Select(e => e.Detail))}";

    // Their shares in one sample are a fingerprint of it: coded by them, two samples of one population are told apart with an AUC of 0.57.
    [Fact]
    public void Many_rare_categories_are_no_change_of_whole_rows()
    {
        var (clear, runs) = (0, 40 * Draw.Scale(10));
        for (var seed = 1; seed <= runs; seed++)
        {
            var draw = new Draw(seed);
            double[] Numbers() => [.. draw.Many(1000, Amount)];
            string[] Shops() => Array.ConvertAll([.. draw.Many(1000, d => d.Below(150))], x => "s" + x);
            var (numbers, shops) = (Numbers(), Shops());
            var (numbersNow, shopsNow) = (Numbers(), Shops());
            var result = Diagnosis.Classify(new DiagnosisInput([FeatureEvidence.OfNumbers("amount", numbers, numbersNow), FeatureEvidence.OfCategories("shop", shops, shopsNow)])
            {
                Rows = new JointRows([FeatureColumn.Numeric("amount", numbers), FeatureColumn.Categorical("shop", shops)], [FeatureColumn.Numeric("amount", numbersNow), FeatureColumn.Categorical("shop", shopsNow)]),
            });
            if (result.Cause == DriftCause.JointShift) clear++;
        }
        Assert.True(clear <= Draw.Allowed(runs, 0.002), $"{clear} of {runs}");
    }

    [Theory, InlineData(500), InlineData(1000), InlineData(5000)]
    public void A_doubling_is_a_scale_change_by_two(int window)
    {
        var missed = 0;
        for (var seed = 1; seed <= 20 * Draw.Scale(20); seed++)
        {
            var result = Classify(seed, window, (d, _) => 2 * Amount(d));
            Assert.True(result.Kind == DriftKind.DataDrift || result is { Kind: DriftKind.DataFault, Feature: "amount", ScaleFactor: > 1.75 and < 2.3, Confidence: > 0.8 }, $"seed {seed}: {Tell(result)}");
            if (result is not { Cause: DriftCause.ScaleChange, ScaleFactor: 2 }) missed++;
        }
        Assert.True(missed <= Draw.Allowed(20 * Draw.Scale(20), window < 1000 ? 0.05 : 0.02), $"{missed} missed");
    }

    // The two questions need some 500 rows to be told apart for certain; below, a few cases of a hundred go wrong either way.
    [Theory, InlineData(2, false), InlineData(1, true)]
    public void Small_windows_are_right_nine_times_of_ten(double factor, bool tail)
    {
        var right = 0;
        for (var seed = 1; seed <= 100; seed++)
        {
            var result = Classify(seed, 300, (d, _) => tail && d.Coin(0.35) ? 4 * Amount(d) : factor * Amount(d));
            if (result.Kind == DriftKind.DataFault != tail) right++;
        }
        Assert.True(right >= 90, $"{right} of 100");
    }

    [Theory, InlineData(500), InlineData(1000), InlineData(5000)]
    public void A_heavier_upper_tail_is_genuine(int window)
    {
        int faults = 0, runs = 20 * Draw.Scale(20);
        for (var seed = 1; seed <= runs; seed++)
        {
            var result = Classify(seed, window, (d, _) => d.Coin(0.45) ? Math.Round(d.LogNormal(5.4, 0.7), 2) : Amount(d));
            Assert.True(result.Kind == DriftKind.DataFault || result is { Kind: DriftKind.DataDrift, Feature: "amount" }, $"seed {seed}: {Tell(result)}");
            if (result.Kind == DriftKind.DataFault) faults++;
        }
        Assert.True(faults <= Draw.Allowed(runs, 0.005), $"{faults} called a fault");
    }

    [Fact]
    public void A_rise_of_incomes_that_spares_the_poor_is_genuine()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            // Those above the median gain, the more the higher: not one factor for all.
            var result = Classify(seed, 1000, (d, _) =>
            {
                var x = Amount(d);
                return x > 55 ? Math.Round(x * (1 + 0.6 * Math.Log(x / 55)), 2) : x;
            });
            Assert.True(result.Kind != DriftKind.DataFault, $"seed {seed}: {Tell(result)}");
        }
    }

    [Fact]
    public void A_common_rise_by_a_fifth_is_no_fault()
    {
        for (var seed = 1; seed <= 20; seed++)
            Assert.NotEqual(DriftKind.DataFault, Classify(seed, 2000, (d, _) => Math.Round(1.2 * Amount(d), 2)).Kind);
    }

    [Theory, InlineData(150), InlineData(1000)]
    public void Nothing_is_found_where_nothing_changed(int window)
    {
        for (var seed = 1; seed <= 40 * Draw.Scale(10); seed++)
        {
            var result = Classify(seed, window, (d, _) => Amount(d));
            Assert.True(result.Kind == DriftKind.None, $"seed {seed}: {Tell(result)}");
        }
    }

    [Fact]
    public void A_window_doubled_from_its_middle_on_is_a_partial_scale_change()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var result = Classify(seed, 2000, (d, i) => Amount(d) * (i >= 1200 ? 2 : 1));
            Assert.True(result is { Kind: DriftKind.DataFault, Cause: DriftCause.PartialScaleChange, ScaleFactor: 2 }, $"seed {seed}: {Tell(result)}");
        }
    }

    [Fact]
    public void Too_few_rows_give_no_verdict() => Assert.Equal(DriftKind.NotEnoughData, Classify(1, 40, (d, _) => 2 * Amount(d)).Kind);

    [Fact]
    public void Lost_accuracy_on_stable_features_is_a_concept_change()
    {
        var result = Classify(1, 1000, (d, _) => Amount(d), performance: new PerformanceEvidence(0.9, 0.88, 0.92, 0.7, 0.67, 0.73));
        Assert.Equal((DriftKind.ConceptDrift, DriftCause.ConceptChange), (result.Kind, result.Cause));
    }

    [Fact]
    public void Lost_accuracy_on_moved_features_is_data_drift_unless_the_features_do_not_explain_it()
    {
        var performance = new PerformanceEvidence(0.9, 0.88, 0.92, 0.7, 0.67, 0.73);
        double Tail(Draw d, int _) => d.Coin(0.45) ? Math.Round(d.LogNormal(5.4, 0.7), 2) : Amount(d);
        Assert.Equal(DriftKind.DataDrift, Classify(1, 1000, Tail, performance: performance).Kind);
        Assert.Equal(DriftKind.ConceptDrift, Classify(1, 1000, Tail, performance: performance with { Expected = 0.86 }).Kind);
    }

    [Fact]
    public void Predictions_that_move_alone_are_prediction_drift_and_another_model_is_named()
    {
        var psi = Psi.Compare([500, 500], [200, 800]);
        DiagnosisResult With(bool same) => Diagnosis.Classify(new DiagnosisInput([]) { Prediction = new PredictionEvidence(psi, same) });
        Assert.Equal((DriftKind.PredictionDrift, DriftCause.PredictionShift), (With(true).Kind, With(true).Cause));
        Assert.Equal(DriftCause.ModelChanged, With(false).Cause);
    }

    [Fact]
    public void Drift_in_the_treated_slice_only_is_a_feedback_loop()
    {
        var loop = new LoopEvidence("amount", Psi.Compare([500, 500], [200, 800]), Psi.Compare([500, 500], [502, 498]));
        Assert.Equal(DriftKind.FeedbackLoop, Diagnosis.Classify(new DiagnosisInput([]) { Loop = loop, Prediction = new PredictionEvidence(loop.Holdout) }).Kind);
    }

    [Fact]
    public void A_feature_derived_from_the_doubled_one_does_not_hide_the_fault()
    {
        var draw = new Draw(3);
        double[] reference = draw.Many(4000, Amount), current = draw.Many(1000, d => 2 * Amount(d));
        var result = Diagnosis.Classify(new DiagnosisInput(
        [
            Feature("amount", reference, current),
            Feature("log_amount", Array.ConvertAll(reference, x => Math.Log(x + 0.01)), Array.ConvertAll(current, x => Math.Log(x + 0.01))),
            Feature("hour", draw.Many(4000, d => d.Below(24)), draw.Many(1000, d => d.Below(24))),
        ]));
        Assert.True(result is { Kind: DriftKind.DataFault, Cause: DriftCause.ScaleChange, Feature: "amount", ScaleFactor: 2 }, Tell(result));
    }

    [Fact]
    public void Faults_of_one_source_are_one_incident()
    {
        var draw = new Draw(8);
        FeatureEvidence Doubled(string name) => Feature(name, draw.Many(2000, Amount), draw.Many(1000, d => 2 * Amount(d))) with { Source = "payments-api" };
        var result = Diagnosis.Classify(new DiagnosisInput([Doubled("amount"), Doubled("fee"), Feature("hour", draw.Many(2000, d => d.Below(24)), draw.Many(1000, d => d.Below(24)))]));
        Assert.Equal((DriftKind.DataFault, DriftCause.ScaleChange), (result.Kind, result.Cause));
        Assert.Contains(result.Evidence, e => e.Name == "common_source" && e.Value == 2);
    }

    [Fact]
    public void The_same_evidence_gives_the_same_verdict()
    {
        DiagnosisResult First() => Classify(11, 800, (d, _) => 2 * Amount(d));
        var (a, b) = (First(), First());
        Assert.Equal((a.Kind, a.Cause, a.Confidence, a.ScaleFactor), (b.Kind, b.Cause, b.Confidence, b.ScaleFactor));
        Assert.Equal(a.Evidence, b.Evidence);
    }
}
