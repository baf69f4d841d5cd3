namespace Holdfast.Statistics.Multivariate;

/// <summary>
/// Logistic regression with an L2 penalty: minimises |w|^2 / 2 + C sum_i v_i ln(1 + exp(-y_i (w'x_i + b))), y = +1 or -1, v = row weights; the intercept b is
/// not penalised. By Newton's method (iteratively reweighted least squares) with step halving, until no coefficient moves by more than 1e-10 of the largest.
/// The problem is strictly convex, so there is one answer, and no seed.
/// </summary>
public sealed class LogisticRegression
{
    private const int MostSteps = 100;
    private const double Tolerance = 1e-10;
    private readonly double[] _coefficients;

    private LogisticRegression(double[] coefficients, double intercept, int steps) => (_coefficients, Intercept, Steps) = (coefficients, intercept, steps);

    /// <summary>w, one for each column.</summary>
    public ReadOnlySpan<double> Coefficients => _coefficients;

    /// <summary>b.</summary>
    public double Intercept { get; }

    /// <summary>Newton steps taken.</summary>
    public int Steps { get; }

    /// <summary>Fits. With rows of one class only, w = 0 and b = 0 (no finite optimum of b exists).</summary>
    /// <param name="rows">Finite features, best standardised: the penalty takes all coefficients alike.</param>
    /// <param name="labels">True for class 1; one for each row.</param>
    /// <param name="c">Inverse strength of the penalty, &gt; 0. Default 1, scikit-learn's.</param>
    /// <param name="balanced">Weights rows so that both classes count alike: v = N / (2 N_class). Default false.</param>
    public static LogisticRegression Fit(Matrix rows, ReadOnlySpan<bool> labels, double c = 1, bool balanced = false)
    {
        ArgumentNullException.ThrowIfNull(rows);
        rows.CheckFinite(nameof(rows));
        if (labels.Length != rows.Rows) throw new ArgumentException($"{rows.Rows} rows need as many labels, got {labels.Length}.", nameof(labels));
        if (!(c > 0 && double.IsFinite(c))) throw new ArgumentOutOfRangeException(nameof(c), c, "C must be above 0.");
        var ones = labels.Count(true);
        if (ones == 0 || ones == labels.Length) return new LogisticRegression(new double[rows.Columns], 0, 0);

        var problem = new Problem(rows, labels, c, balanced ? labels.Length / (2.0 * ones) : 1, balanced ? labels.Length / (2.0 * (labels.Length - ones)) : 1);
        var weights = new double[rows.Columns + 1];
        var steps = 0;
        while (steps < MostSteps && problem.Step(weights)) steps++;
        return new LogisticRegression(weights[..^1], weights[^1], steps);
    }

    /// <summary>w'x + b of each row: the log-odds of class 1.</summary>
    public double[] Scores(Matrix rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Columns != _coefficients.Length) throw new ArgumentException($"The model takes {_coefficients.Length} columns, these rows have {rows.Columns}.", nameof(rows));
        var result = new double[rows.Rows];
        for (var i = 0; i < result.Length; i++) result[i] = Intercept + LinearAlgebra.Dot(rows.Row(i), _coefficients);
        return result;
    }

    private sealed class Problem
    {
        private readonly Matrix _rows;
        private readonly bool[] _labels;
        private readonly double _weightOfOne;
        private readonly double _weightOfZero;

        public Problem(Matrix rows, ReadOnlySpan<bool> labels, double c, double weightOfOne, double weightOfZero)
        {
            // With a last column of ones for the intercept.
            _rows = new Matrix(rows.Rows, rows.Columns + 1);
            for (var i = 0; i < rows.Rows; i++)
            {
                rows.Row(i).CopyTo(_rows.Row(i));
                _rows[i, rows.Columns] = 1;
            }
            _labels = labels.ToArray();
            _weightOfOne = c * weightOfOne;
            _weightOfZero = c * weightOfZero;
        }

        /// <summary>One Newton step in place; false when it no longer changes the coefficients, or cannot lower the loss beyond rounding.</summary>
        public bool Step(double[] weights)
        {
            var gradient = new double[weights.Length];
            var hessian = new Matrix(weights.Length, weights.Length);
            Derivatives(weights, gradient, hessian);
            LinearAlgebra.SolveSymmetric(hessian, gradient);
            var before = Loss(weights);
            double largest = 1, moved = 0;
            for (var k = 0; k < weights.Length; k++) (largest, moved) = (Math.Max(largest, Math.Abs(weights[k])), Math.Max(moved, Math.Abs(gradient[k])));
            var length = 1.0;
            var trial = new double[weights.Length];
            for (; length > 1e-8; length /= 2)
            {
                for (var k = 0; k < weights.Length; k++) trial[k] = weights[k] - length * gradient[k];
                if (Loss(trial) <= before * (1 + 1e-14)) break;
            }
            if (length <= 1e-8) return false;
            trial.CopyTo(weights, 0);
            return moved > Tolerance * largest;
        }

        private double Loss(double[] weights)
        {
            double loss = 0, penalty = 0;
            for (var i = 0; i < _rows.Rows; i++)
            {
                var score = LinearAlgebra.Dot(_rows.Row(i), weights);
                var margin = _labels[i] ? score : -score;
                loss += (_labels[i] ? _weightOfOne : _weightOfZero) * (Math.Max(-margin, 0) + Math.Log(1 + Math.Exp(-Math.Abs(margin))));
            }
            for (var k = 0; k < weights.Length - 1; k++) penalty += weights[k] * weights[k];
            return loss + penalty / 2;
        }

        private void Derivatives(double[] weights, double[] gradient, Matrix hessian)
        {
            for (var i = 0; i < _rows.Rows; i++)
            {
                var row = _rows.Row(i);
                var p = 1 / (1 + Math.Exp(-LinearAlgebra.Dot(row, weights)));
                var v = _labels[i] ? _weightOfOne : _weightOfZero;
                LinearAlgebra.AddScaled(gradient, row, v * (p - (_labels[i] ? 1 : 0)));
                var curvature = v * p * (1 - p);
                for (var k = 0; k < row.Length; k++)
                {
                    // The upper triangle only.
                    if (row[k] != 0) LinearAlgebra.AddScaled(hessian.Row(k)[k..], row[k..], curvature * row[k]);
                }
            }
            for (var k = 0; k < weights.Length; k++)
            {
                // A trace on the intercept's diagonal keeps the system solvable when every row is classified with certainty.
                if (k < weights.Length - 1) gradient[k] += weights[k];
                hessian[k, k] += k < weights.Length - 1 ? 1 : 1e-12;
            }
        }
    }
}
