using Holdfast.Statistics.Multivariate;
using Holdfast.Statistics.Quality;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>Applicants with four features, a calibrated score and labels, before and after one change.</summary>
/// <param name="Name">What changed.</param>
/// <param name="Expected">The diagnosis that is right.</param>
/// <param name="Change">What changes in the second half.</param>
internal sealed record SimulatedWorld(string Name, DriftKind Expected, SimulatedWorld.Rules Change)
{
    private const int Rows = 2000;
    private static readonly string[] Names = ["income", "age", "amount", "tenure"];
    private static readonly double[] Law = [1.2, -0.8, 1.0, 0.5];

    /// <summary>The rules of a world.</summary>
    public sealed record Rules
    {
        /// <summary>Weights by which labels come about.</summary>
        public double[] Truth { get; init; } = Law;

        /// <summary>Weights by which the served model scores.</summary>
        public double[] Model { get; init; } = Law;

        /// <summary>Correlation of income and amount.</summary>
        public double Correlation { get; init; } = 0.6;

        /// <summary>Mean of the income, in sds.</summary>
        public double Income { get; init; }

        /// <summary>Scores are dealt to the rows at random: as distributed as before, and worthless.</summary>
        public bool Shuffled { get; init; }

        /// <summary>Only applicants with a score below it get a label.</summary>
        public double LabelledBelow { get; init; } = double.PositiveInfinity;

        /// <summary>Whether labels come at all.</summary>
        public bool Labels { get; init; } = true;

        /// <summary>Factor of the amount as it arrives, after the label was made of the true one.</summary>
        public double Amount { get; init; } = 1;

        /// <summary>The accepted come back with more income; the holdout does not.</summary>
        public bool Loop { get; init; }
    }

    public static IReadOnlyList<SimulatedWorld> All { get; } =
    [
        new("nothing changed", DriftKind.None, new()),
        new("concept turned round, features unchanged", DriftKind.ConceptDrift, new() { Truth = [-1.2, 0.8, -1.0, -0.5] }),
        new("concept changed in part, features unchanged", DriftKind.ConceptDrift, new() { Truth = [0.2, 0.8, 1.0, 0.5] }),
        new("a wrong model served, with labels", DriftKind.PerformanceDrift, new() { Model = [2.5, 1.5, -1.0, 1.5] }),
        new("a wrong model served, without labels", DriftKind.PredictionDrift, new() { Model = [3, -2, 2.5, 1.5], Labels = false }),
        new("scores dealt at random, with labels", DriftKind.PerformanceDrift, new() { Shuffled = true }),
        new("labels only for the accepted", DriftKind.None, new() { LabelledBelow = 0.5 }),
        new("joint change, identical marginals", DriftKind.DataDrift, new() { Correlation = -0.6, Labels = false }),
        new("population moved, concept unchanged", DriftKind.DataDrift, new() { Income = 0.8 }),
        new("amount times 100", DriftKind.DataFault, new() { Amount = 100 }),
        new("the model moves its own input", DriftKind.FeedbackLoop, new() { Loop = true, Labels = false }),
    ];

    public DiagnosisResult Run(int seed)
    {
        var draw = new Draw(seed);
        var (before, after) = (new Side(draw, new Rules()), new Side(draw, Change));
        var level = 1 - (0.05 / Names.Length);
        var scores = FeatureEvidence.OfNumbers("score", before.Scores, after.Scores).Psi;
        return Diagnosis.Classify(new DiagnosisInput([.. Names.Select((n, i) => FeatureEvidence.OfNumbers(n, before.Features[i], after.Features[i], level))])
        {
            Rows = new JointRows(before.Columns(), after.Columns()),
            Prediction = new PredictionEvidence(scores) { Column = "score" },
            Performance = Change.Labels ? PerformanceEvidence.OfScores(before.Scores, before.Labels, after.Labelled(s => s), after.LabelsOf()) : null,
            Loop = Change.Loop ? Returning(draw) : null,
        });
    }

    // Incomes after a year: the accepted invested and earn more, the holdout was treated by chance and is as it was.
    private static LoopEvidence Returning(Draw draw)
    {
        double[] before = draw.Many(Rows, Income), holdout = draw.Many(Rows / 2, Income), treated = draw.Many(Rows, d => Income(d) * 1.8);
        return new LoopEvidence("income", FeatureEvidence.OfNumbers("income", before, treated).Psi, FeatureEvidence.OfNumbers("income", before, holdout).Psi);
    }

    private static double Income(Draw draw) => Math.Round(2000 * draw.LogNormal(0, 0.6), 2);

    private sealed class Side
    {
        private readonly Rules _rules;

        public Side(Draw draw, Rules rules)
        {
            _rules = rules;
            Features = [new double[Rows], new double[Rows], new double[Rows], new double[Rows]];
            (Scores, Labels) = (new double[Rows], new bool[Rows]);
            for (var i = 0; i < Rows; i++)
            {
                double income = draw.Normal() + rules.Income, age = draw.Normal(), amount = (rules.Correlation * (income - rules.Income)) + (Math.Sqrt(1 - (rules.Correlation * rules.Correlation)) * draw.Normal()), tenure = draw.Normal();
                double[] z = [income, age, amount, tenure];
                Labels[i] = draw.Coin(Logistic(z, rules.Truth));
                Features[0][i] = Math.Round(2000 * Math.Exp(0.6 * income), 2);
                Features[1][i] = Math.Round(40 + (12 * age));
                Features[2][i] = Math.Round(rules.Amount * Math.Round(100 * Math.Exp(0.9 * amount), 2), 2);
                Features[3][i] = Math.Round(5 * Math.Exp(0.4 * tenure), 1);
                Scores[i] = Logistic(z, rules.Model);
            }
            if (rules.Shuffled) Scores = [.. draw.Shuffled(Rows).Select(i => Scores[i])];
        }

        public double[][] Features { get; }

        public double[] Scores { get; }

        public bool[] Labels { get; }

        public double[] Labelled(Func<double, double> of) => [.. Scores.Where(s => s < _rules.LabelledBelow).Select(of)];

        public bool[] LabelsOf() => [.. Labels.Where((_, i) => Scores[i] < _rules.LabelledBelow)];

        public FeatureColumn[] Columns() => [.. Names.Select((n, i) => FeatureColumn.Numeric(n, Features[i])), FeatureColumn.Numeric("score", Scores)];

        private static double Logistic(double[] z, double[] weights) => 1 / (1 + Math.Exp(-z.Zip(weights, (a, b) => a * b).Sum()));
    }
}
