using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Quality;

/// <summary>
/// How well boosted trees tell current rows from reference rows, every row scored by trees that were taught on the other half of the rows
/// (<see cref="ClassifierTwoSample.CrossValidated"/> with two folds, with the scores kept).
/// </summary>
/// <param name="Auc">In [0, 1]; about 0.5 if the sides agree.</param>
/// <param name="Z">Of the one-sided test of 0.5, folds' dependence allowed for.</param>
/// <param name="StandardError">Of the AUC where it is 0.5.</param>
/// <param name="ReferenceWeights">For each reference row, the odds that it is a current one, mean 1: weighted so, the reference has the current mix.</param>
/// <param name="Gains">For each column, how much the trees lean on it, &gt;= 0.</param>
internal sealed record Separation(double Auc, double Z, double StandardError, double[] ReferenceWeights, double[] Gains)
{
    private const int Folds = 2;

    // A row that stands for more than e^5 others says more about the trees than about the data.
    private const double MostLogOdds = 5;

    /// <summary>Rows that the weighted reference is worth.</summary>
    public double EffectiveRows { get; } = Effective(ReferenceWeights);

    /// <summary>Beyond chance: about 1 in 1,000.</summary>
    public bool IsClear => Z > 3;

    public static Separation Of(Matrix reference, Matrix current)
    {
        var weights = new double[reference.Rows];
        var gains = new double[reference.Columns];
        double auc = 0, variance = 0;
        for (var fold = 0; fold < Folds; fold++)
        {
            var rows = Matrix.Stack(Part(reference, fold, false), Part(current, fold, false));
            var labels = Labels(rows.Rows, reference.Rows - Count(reference.Rows, fold));
            var trees = BoostedTrees.Fit(rows, labels, balanced: true);
            double[] before = trees.Scores(Part(reference, fold, true)), after = trees.Scores(Part(current, fold, true));
            auc += RocAuc.Of([.. before, .. after], Labels(before.Length + after.Length, before.Length)) / Folds;
            variance += (before.Length + after.Length + 1.0) / (12.0 * before.Length * after.Length) / (Folds * Folds);
            for (var i = 0; i < gains.Length; i++) gains[i] += trees.Gains[i];
            for (var i = 0; i < before.Length; i++) weights[(i * Folds) + fold] = Math.Exp(Math.Clamp(before[i], -MostLogOdds, MostLogOdds));
        }
        var mean = Samples.MeanSd(weights).Mean;
        for (var i = 0; i < weights.Length; i++) weights[i] /= mean;
        var error = Math.Sqrt(variance * (1 + (Folds / (Folds - 1.0))) / Folds);
        return new Separation(auc, (auc - 0.5) / error, error, weights, gains);
    }

    /// <summary>Share of the weighted reference for which something is true.</summary>
    public double Share(bool[] isTrue)
    {
        double yes = 0;
        for (var i = 0; i < isTrue.Length; i++) yes += isTrue[i] ? ReferenceWeights[i] : 0;
        return yes / isTrue.Length;
    }

    /// <summary>KS distance between a column of the weighted reference and of the current rows; missing values are left out.</summary>
    public double Distance(double[] reference, double[] current)
    {
        var keys = Array.FindAll(reference, double.IsFinite);
        var weights = new List<double>(keys.Length);
        for (var i = 0; i < reference.Length; i++)
        {
            if (double.IsFinite(reference[i])) weights.Add(ReferenceWeights[i]);
        }
        double[] mass = [.. weights], after = Samples.SortedFinite(current);
        if (mass.Length == 0 || after.Length == 0) return 1;
        Array.Sort(keys, mass);
        double total = mass.Sum(), below = 0, most = 0;
        for (int i = 0, j = 0; i < keys.Length || j < after.Length;)
        {
            var at = j >= after.Length || (i < keys.Length && keys[i] <= after[j]) ? keys[i] : after[j];
            for (; i < keys.Length && keys[i] == at; i++) below += mass[i];
            for (; j < after.Length && after[j] == at; j++) { }
            most = Math.Max(most, Math.Abs((below / total) - ((double)j / after.Length)));
        }
        return most;
    }

    private static int Count(int rows, int fold) => (rows - fold + Folds - 1) / Folds;

    private static Matrix Part(Matrix rows, int fold, bool inside)
    {
        var picked = new List<int>(rows.Rows);
        for (var i = 0; i < rows.Rows; i++)
        {
            if (i % Folds == fold == inside) picked.Add(i);
        }
        return rows.SelectRows([.. picked]);
    }

    private static bool[] Labels(int rows, int reference)
    {
        var labels = new bool[rows];
        Array.Fill(labels, true, reference, rows - reference);
        return labels;
    }

    private static double Effective(double[] weights)
    {
        double sum = 0, squares = 0;
        foreach (var weight in weights)
        {
            sum += weight;
            squares += weight * weight;
        }
        return squares == 0 ? 0 : sum * sum / squares;
    }
}
