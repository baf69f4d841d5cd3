using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class ClassifierTests
{
    private static readonly Report Report = new("statistics-multivariate.md");
    private const string Level = "Share of runs without a change with p <= 0.05; seeds from 0.";
    private static readonly string[] Header = ["model", "form", "runs", "share"];

    [Fact]
    public void The_regression_ends_where_the_gradient_is_zero()
    {
        var draw = new Draw(1);
        var rows = Rows.Normal(2, 300, 4);
        bool[] labels = [.. Enumerable.Range(0, 300).Select(i => draw.Coin(1 / (1 + Math.Exp(-2 * rows[i, 0] + rows[i, 1]))))];
        foreach (var balanced in new[] { false, true })
        {
            var model = LogisticRegression.Fit(rows, labels, c: 0.7, balanced);
            var ones = labels.Count(x => x);
            var gradient = new double[5];
            var scores = model.Scores(rows);
            for (var i = 0; i < 300; i++)
            {
                var weight = 0.7 * (balanced ? 300 / (2.0 * (labels[i] ? ones : 300 - ones)) : 1);
                var residual = weight * (1 / (1 + Math.Exp(-scores[i])) - (labels[i] ? 1 : 0));
                for (var c = 0; c < 4; c++) gradient[c] += residual * rows[i, c];
                gradient[4] += residual;
            }
            for (var c = 0; c < 4; c++) Assert.Equal(0, gradient[c] + model.Coefficients[c], 1e-9);
            Assert.Equal(0, gradient[4], 1e-9);
        }
    }

    [Fact]
    public void Separable_classes_and_a_single_class_have_finite_coefficients()
    {
        var rows = Matrix.FromColumns([-2, -1, 1, 2.0]);
        var model = LogisticRegression.Fit(rows, [false, false, true, true]);
        Assert.True(model.Coefficients[0] is > 0.5 and < 5);
        Assert.Equal(0, model.Intercept, 1e-9);
        Assert.Equal([0.0], LogisticRegression.Fit(rows, [true, true, true, true]).Coefficients.ToArray());
    }

    [Fact]
    public void Area_under_the_curve_counts_pairs_and_half_of_ties()
    {
        Assert.Equal(5.5 / 6, RocAuc.Of([0.1, 0.4, 0.4, 0.3, 0.9], [false, false, true, false, true]), 1e-15);
        Assert.Equal(1, RocAuc.Of([1, 2], [false, true]));
        Assert.Equal(0.5, RocAuc.Of([3, 3, 3], [false, true, true]));
        Assert.True(double.IsNaN(RocAuc.Of([1, 2], [true, true])));
    }

    [Theory, InlineData(3, 150, 100), InlineData(1, 200, 200), InlineData(6, 100, 300)]
    public void Keeps_its_level(int columns, int n, int m)
    {
        int runs = 60 * Draw.Scale(20), split = 0, folds = 0;
        for (var run = 0; run < runs; run++)
        {
            Matrix reference = Rows.Normal(2 * run, n, columns), current = Rows.Normal(2 * run + 1, m, columns);
            if (ClassifierTwoSample.Split(reference, current).Test.PValue <= 0.05) split++;
            if (ClassifierTwoSample.CrossValidated(reference, current).Test.PValue <= 0.05) folds++;
        }
        Report.Row("Classifier two-sample test: level at 5 %", Level, Header, [$"logistic, {columns} columns, {n} and {m} rows", "split", runs, (double)split / runs], keys: 2);
        Report.Row("Classifier two-sample test: level at 5 %", Level, Header, [$"logistic, {columns} columns, {n} and {m} rows", "folds", runs, (double)folds / runs], keys: 2);
        Assert.True(split <= Draw.Allowed(runs, 0.05), $"split {split} of {runs}");
        Assert.True(folds <= Draw.Allowed(runs, 0.05), $"folds {folds} of {runs}");
    }

    [Fact]
    public void A_change_of_the_joint_law_alone_is_seen_with_products_only()
    {
        Matrix reference = Rows.Correlated(1, 1000, 0), current = Rows.Correlated(2, 1000, 0.7);
        var quadratic = ClassifierTwoSample.Split(reference, current);
        Assert.True(quadratic.Auc > 0.65 && quadratic.Test.PValue < 1e-6, $"{quadratic.Auc}");
        Assert.True(quadratic.Importances[0] > 0.1 && quadratic.Importances[1] > 0.1);
        Assert.True(ClassifierTwoSample.CrossValidated(reference, current).Test.PValue < 1e-6);
        Assert.True(ClassifierTwoSample.Split(reference, current, new ClassifierOptions { Model = ClassifierModel.Linear }).Test.PValue > 0.01);
    }

    [Fact]
    public void A_change_of_shape_that_leaves_all_second_moments_is_seen_by_trees_only()
    {
        // Parity: each column is a fair sign with noise, every two are independent, only the product of three changed.
        Matrix Signs(int seed, double parity)
        {
            var draw = new Draw(seed);
            var rows = Rows.Normal(seed + 100, 1500, 3);
            for (var i = 0; i < rows.Rows; i++)
            {
                double a = draw.Coin(0.5) ? 1 : -1, b = draw.Coin(0.5) ? 1 : -1, c = draw.Coin(parity) ? a * b : -a * b;
                (rows[i, 0], rows[i, 1], rows[i, 2]) = (a + 0.2 * rows[i, 0], b + 0.2 * rows[i, 1], c + 0.2 * rows[i, 2]);
            }
            return rows;
        }
        Matrix reference = Signs(1, 0.5), current = Signs(2, 1);
        var trees = ClassifierTwoSample.Split(reference, current, new ClassifierOptions { Model = ClassifierModel.BoostedTrees });
        Assert.True(trees.Test.PValue < 1e-6, $"{trees.Auc}");
        Assert.All(trees.Importances, fall => Assert.True(fall > 0.05, $"{fall}"));
        Assert.All(trees.Coefficients, gain => Assert.True(gain > 0));
        Assert.True(ClassifierTwoSample.Split(reference, current).Test.PValue > 0.01);
    }

    [Fact]
    public void Trees_keep_the_level_and_fit_a_step()
    {
        int runs = 60 * Draw.Scale(10), alarms = 0;
        var options = new ClassifierOptions { Model = ClassifierModel.BoostedTrees };
        for (var run = 0; run < runs; run++)
        {
            if (ClassifierTwoSample.Split(Rows.Normal(2 * run, 200, 3), Rows.Normal(2 * run + 1, 150, 3), options).Test.PValue <= 0.05) alarms++;
        }
        Report.Row("Classifier two-sample test: level at 5 %", Level, Header, ["boosted trees, 3 columns, 200 and 150 rows", "split", runs, (double)alarms / runs], keys: 2);
        Assert.True(alarms <= Draw.Allowed(runs, 0.05), $"{alarms} of {runs}");

        var rows = Rows.Normal(1, 400, 2);
        bool[] labels = [.. Enumerable.Range(0, 400).Select(i => rows[i, 1] > 0.3)];
        var trees = BoostedTrees.Fit(rows, labels);
        Assert.True(RocAuc.Of(trees.Scores(rows), labels) > 0.995);
        Assert.True(trees.Gains[1] > 20 * trees.Gains[0]);
        Assert.Equal(trees.Scores(rows), BoostedTrees.Fit(rows, labels).Scores(rows));
        Assert.All(BoostedTrees.Fit(rows, new bool[400]).Scores(rows), score => Assert.Equal(0, score));
    }

    [Fact]
    public void Without_the_broken_column_or_with_its_unit_restored_nothing_is_left()
    {
        var reference = Rows.Normal(3, 1200, 4);
        var current = Rows.Normal(4, 1200, 4).WithColumn(2, x => 1.8 * x + 32);
        var whole = ClassifierTwoSample.Split(reference, current);
        Assert.Equal(1, whole.Auc, 0.001);
        Assert.Equal(2, Array.IndexOf(whole.Importances, whole.Importances.Max()));
        Assert.Equal(2, Array.IndexOf(whole.Coefficients, whole.Coefficients.Max()));
        Assert.Equal(0.5, ClassifierTwoSample.AucWithout(reference, current, [2]), 0.06);
        Assert.True(ClassifierTwoSample.AucWithout(reference, current, [1]) > 0.99);
        Assert.Equal(0.5, ClassifierTwoSample.AucAfterUndo(reference, current, 2, x => (x - 32) / 1.8), 0.06);
        Assert.Equal(0.5, ClassifierTwoSample.AucWithout(reference, current, [0, 1, 2, 3]));
    }

    [Fact]
    public void The_same_rows_and_seed_give_the_same_result()
    {
        Matrix reference = Rows.Normal(5, 200, 3), current = Rows.Normal(6, 200, 3, 0.2);
        ClassifierResult first = ClassifierTwoSample.CrossValidated(reference, current), second = ClassifierTwoSample.CrossValidated(reference, current);
        Assert.Equal(first.Importances, second.Importances);
        Assert.Equal(first.Auc, second.Auc);
        Assert.NotEqual(first.Importances, ClassifierTwoSample.CrossValidated(reference, current, 5, new ClassifierOptions { Seed = 1 }).Importances);
    }

    [Fact]
    public void Too_few_rows_give_no_alarm_and_missing_values_are_refused()
    {
        var few = ClassifierTwoSample.Split(Rows.Normal(1, 3, 2), Rows.Normal(2, 3, 2));
        Assert.True(double.IsNaN(few.Auc));
        Assert.Equal(1, few.Test.PValue);
        var constant = ClassifierTwoSample.Split(new Matrix(20, 2), new Matrix(20, 2));
        Assert.Equal((0.5, 0.5), (constant.Auc, constant.Test.PValue));
        Assert.Throws<ArgumentException>(() => ClassifierTwoSample.Split(new Matrix(9, 1) { [1, 0] = double.NaN }, new Matrix(9, 1)));
    }
}
