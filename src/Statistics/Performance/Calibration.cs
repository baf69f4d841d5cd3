using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Performance;

/// <summary>
/// A monotone map from a classifier's score to the probability of the positive class, fitted on labelled reference rows. Immutable.
/// </summary>
public sealed class Calibration
{
    /// <summary>Labels from which <see cref="Fit"/> prefers isotonic regression: below it overfits (Niculescu-Mizil and Caruana, ICML 2005).</summary>
    public const int IsotonicRows = 1000;

    private const int Folds = 10;
    private const double Edge = 1e-6;
    private const int Bands = 20;

    private readonly double[] _scores = [];
    private readonly double[] _values = [];
    private readonly double _slope;
    private readonly double _intercept;

    private readonly ReferenceBins _reference;

    private Calibration(CalibrationMethod method, ReadOnlySpan<double> reference) => (Method, Rows, _reference) = (method, reference.Length, ReferenceBins.FromQuantiles(reference, Bands));

    private Calibration(double[] scores, double[] values, ReadOnlySpan<double> reference)
        : this(CalibrationMethod.Isotonic, reference) => (_scores, _values) = (scores, values);

    private Calibration(double slope, double intercept, ReadOnlySpan<double> reference)
        : this(CalibrationMethod.Platt, reference) => (_slope, _intercept) = (slope, intercept);

    /// <summary>The kind of map.</summary>
    public CalibrationMethod Method { get; }

    /// <summary>Labelled rows it was fitted on; 0 for <see cref="Identity"/>.</summary>
    public int Rows { get; }

    /// <summary>Takes scores as they are.</summary>
    public static Calibration Identity { get; } = new(CalibrationMethod.None, []);

    /// <summary>
    /// Calibrates where the reference shows the need: the expected calibration error is above what calibrated scores show by chance in 95 % of samples
    /// (<see cref="CalibrationError"/>), and ten-fold cross-validation finds it smaller afterwards. Isotonic from 1,000 rows, else Platt; otherwise, and
    /// with one class only or fewer than 20 rows, the scores are kept.
    /// </summary>
    /// <param name="scores">Scores of the reference, in [0, 1].</param>
    /// <param name="labels">True for the positive class.</param>
    public static Calibration Fit(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        Check(scores, labels);
        if (scores.Length < 2 * Folds || !labels.Contains(true) || !labels.Contains(false)) return new Calibration(CalibrationMethod.None, scores);
        var before = CalibrationError.Of(scores, labels);
        var isotonic = scores.Length >= IsotonicRows;
        return before.Expected > before.Critical && CalibrationError.Of(HeldOut(scores, labels, isotonic), labels).Expected < before.Expected
            ? isotonic ? Isotonic(scores, labels) : Platt(scores, labels)
            : new Calibration(CalibrationMethod.None, scores);
    }

    /// <summary>
    /// Isotonic regression by pooling adjacent violators (Ayer et al., Annals of Mathematical Statistics 26, 1955); between fitted scores it interpolates
    /// linearly, outside it keeps the end values, as scikit-learn's <c>IsotonicRegression(out_of_bounds="clip")</c>. Rows with equal scores are averaged first.
    /// </summary>
    public static Calibration Isotonic(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        Check(scores, labels);
        var order = scores.ToArray();
        var sorted = labels.ToArray();
        Array.Sort(order, sorted);
        List<double> distinct = [], sums = [], weights = [];
        for (var i = 0; i < order.Length; i++)
        {
            if (i == 0 || order[i] != order[i - 1])
            {
                distinct.Add(order[i]);
                sums.Add(0);
                weights.Add(0);
            }
            sums[^1] += sorted[i] ? 1 : 0;
            weights[^1]++;
        }
        return new Calibration([.. distinct], Pooled(sums, weights), scores);
    }

    /// <summary>
    /// Platt scaling: 1 / (1 + exp(-(a logit(score) + b))), so that calibrated scores give a = 1, b = 0; maximum likelihood by Newton's method on targets
    /// (n+ + 1) / (n+ + 2) and 1 / (n- + 2) (Platt 1999; Lin, Lin and Weng, Machine Learning 68, 2007). Scores are held to [1e-6, 1 - 1e-6].
    /// </summary>
    public static Calibration Platt(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        Check(scores, labels);
        var positive = labels.Count(true);
        double high = (positive + 1.0) / (positive + 2.0), low = 1 / (labels.Length - positive + 2.0);
        var x = new double[scores.Length];
        for (var i = 0; i < x.Length; i++) x[i] = Logit(scores[i]);
        double a = 1, b = 0, loss = Loss(x, labels, high, low, a, b);
        for (var step = 0; step < 100; step++)
        {
            double ga = 0, gb = 0, haa = 1e-12, hab = 0, hbb = 1e-12;
            for (var i = 0; i < x.Length; i++)
            {
                var p = Logistic(a * x[i] + b);
                double error = p - (labels[i] ? high : low), weight = p * (1 - p);
                ga += error * x[i];
                gb += error;
                haa += weight * x[i] * x[i];
                hab += weight * x[i];
                hbb += weight;
            }
            var determinant = haa * hbb - hab * hab;
            if (Math.Abs(ga) + Math.Abs(gb) < 1e-9 * x.Length || !(determinant > 0)) break;
            double da = (hbb * ga - hab * gb) / determinant, db = (haa * gb - hab * ga) / determinant, size = 1;
            var next = Loss(x, labels, high, low, a - da, b - db);
            for (; !(next <= loss) && size > 1e-6; next = Loss(x, labels, high, low, a - size * da, b - size * db)) size /= 2;
            if (!(next <= loss)) break;
            (a, b, loss) = (a - size * da, b - size * db, next);
        }
        // A falling line would reverse the ranking: then the scores carry nothing, and the base rate is the honest answer.
        return a > 0 ? new Calibration(a, b, scores) : new Calibration(0, Logit(positive / (double)Math.Max(1, labels.Length)), scores);
    }

    /// <summary>The probability for one score, in [0, 1]; NaN for NaN.</summary>
    public double Apply(double score) => Method switch
    {
        CalibrationMethod.Isotonic => Interpolate(score),
        CalibrationMethod.Platt => double.IsNaN(score) ? score : Logistic(_slope * Logit(score) + _intercept),
        _ => score,
    };

    /// <summary>The probabilities for many scores.</summary>
    public double[] Apply(ReadOnlySpan<double> scores)
    {
        var result = new double[scores.Length];
        for (var i = 0; i < result.Length; i++) result[i] = Apply(scores[i]);
        return result;
    }

    /// <summary>
    /// What the error of the map adds to the variance of a figure of a window: in each band of scores the map is a mean over the reference's rows there, wrong for
    /// all rows of the window alike. Sum over bands of (sum of slopes)^2 p(1 - p) / reference rows: little where the reference has many rows, much where the
    /// window has moved to scores of which the reference has few. 0 for <see cref="Identity"/>.
    /// </summary>
    /// <param name="scores">Raw scores of the window.</param>
    /// <param name="probabilities">The same, calibrated.</param>
    /// <param name="slopes">d figure / d label of each row.</param>
    internal double Variance(ReadOnlySpan<double> scores, ReadOnlySpan<double> probabilities, ReadOnlySpan<double> slopes)
    {
        if (Rows == 0) return 0;
        double[] slope = new double[_reference.Count], spread = new double[_reference.Count];
        var rows = new long[_reference.Count];
        for (var i = 0; i < scores.Length; i++)
        {
            var band = _reference.IndexOf(scores[i]);
            if (band < 0) continue;
            slope[band] += slopes[i];
            spread[band] += probabilities[i] * (1 - probabilities[i]);
            rows[band]++;
        }
        double variance = 0;
        for (var b = 0; b < rows.Length; b++)
        {
            if (rows[b] > 0) variance += slope[b] * slope[b] * spread[b] / rows[b] / Math.Max(1, _reference.ReferenceCounts[b]);
        }
        return variance;
    }

    private double Interpolate(double score)
    {
        if (double.IsNaN(score) || _scores.Length == 0) return score;
        if (score <= _scores[0]) return _values[0];
        if (score >= _scores[^1]) return _values[^1];
        var above = Samples.EndOf(_scores, score);
        double x = _scores[above - 1], y = _values[above - 1];
        return y + (_values[above] - y) * (score - x) / (_scores[above] - x);
    }

    private static double[] Pooled(List<double> sums, List<double> weights)
    {
        var blocks = new List<(double Sum, double Weight, int Count)>();
        for (var i = 0; i < sums.Count; i++)
        {
            var block = (Sum: sums[i], Weight: weights[i], Count: 1);
            while (blocks.Count > 0 && blocks[^1].Sum * block.Weight >= block.Sum * blocks[^1].Weight)
            {
                var last = blocks[^1];
                blocks.RemoveAt(blocks.Count - 1);
                block = (last.Sum + block.Sum, last.Weight + block.Weight, last.Count + block.Count);
            }
            blocks.Add(block);
        }
        var values = new double[sums.Count];
        var place = 0;
        foreach (var (sum, weight, count) in blocks)
        {
            values.AsSpan(place, count).Fill(sum / weight);
            place += count;
        }
        return values;
    }

    // Every row's probability from a map fitted without its fold; folds take every tenth row, so that a trend over time is in all of them.
    private static double[] HeldOut(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, bool isotonic)
    {
        var result = new double[scores.Length];
        for (var fold = 0; fold < Folds; fold++)
        {
            List<double> x = [];
            List<bool> y = [];
            for (var i = 0; i < scores.Length; i++)
            {
                if (i % Folds == fold) continue;
                x.Add(scores[i]);
                y.Add(labels[i]);
            }
            var map = isotonic ? Isotonic([.. x], [.. y]) : Platt([.. x], [.. y]);
            for (var i = fold; i < scores.Length; i += Folds) result[i] = map.Apply(scores[i]);
        }
        return result;
    }

    internal static void Check(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        if (scores.Length != labels.Length) throw new ArgumentException($"{scores.Length} scores for {labels.Length} rows.", nameof(labels));
        for (var i = 0; i < scores.Length; i++)
        {
            if (!(scores[i] >= 0 && scores[i] <= 1)) throw new ArgumentOutOfRangeException(nameof(scores), scores[i], $"The score of row {i} does not lie between 0 and 1.");
        }
    }

    private static double Loss(double[] x, ReadOnlySpan<bool> labels, double high, double low, double a, double b)
    {
        double total = 0;
        for (var i = 0; i < x.Length; i++)
        {
            double z = a * x[i] + b, t = labels[i] ? high : low;
            total += Math.Max(z, 0) - t * z + Math.Log(1 + Math.Exp(-Math.Abs(z)));
        }
        return total;
    }

    private static double Logit(double score)
    {
        var held = Math.Clamp(score, Edge, 1 - Edge);
        return Math.Log(held / (1 - held));
    }

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
