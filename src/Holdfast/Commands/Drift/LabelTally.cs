using System.Globalization;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;
using Holdfast.Storage.Tables;

namespace Holdfast.Commands.Drift;

/// <summary>
/// How good the predictions of one file are: hits by score. A hit is the right class (a probability counts as class 1 from one half); for numbers, an error
/// no larger than the reference's median error. Rows without label or prediction are left out.
/// </summary>
internal sealed class LabelTally(bool probability, double? tolerance)
{
    private readonly SortedDictionary<string, (long Rows, long Hits)> _byScore = new(StringComparer.Ordinal);
    private readonly Reservoir _errors = new(20_000, 0);

    /// <summary>Rows with both.</summary>
    public long Rows => _byScore.Values.Sum(s => s.Rows);

    /// <summary>Hits among them.</summary>
    public long Hits => _byScore.Values.Sum(s => s.Hits);

    /// <summary>Tallies of both files, comparable with each other; null where a column is absent or wholly missing.</summary>
    public static (LabelTally Reference, LabelTally Current)? Of(Column target, Column prediction, Column currentTarget, Column currentPrediction)
    {
        var numeric = target.Kind == ColumnKind.Numeric && prediction.Kind == ColumnKind.Numeric;
        var binary = new MemoryColumn(target).IsZeroOrOne;
        var probability = binary && numeric && Array.Exists(prediction.Numbers, n => n != Math.Floor(n));
        var classes = !numeric || binary || new HashSet<double>(target.Numbers).Count <= 20;
        double? tolerance = null;
        if (!probability && !classes)
        {
            var errors = new LabelTally(false, double.PositiveInfinity);
            errors.Add(target, prediction);
            tolerance = errors.MedianError();
        }

        var (before, after) = (new LabelTally(probability, tolerance), new LabelTally(probability, tolerance));
        before.Add(target, prediction);
        after.Add(currentTarget, currentPrediction);
        return before.Rows == 0 || after.Rows == 0 ? null : (before, after);
    }

    /// <summary>The evidence: both accuracies with Wilson's intervals, and the one to expect if only the mix of scores had changed.</summary>
    public static PerformanceEvidence Evidence(LabelTally reference, LabelTally current, double level)
    {
        var (beforeLow, beforeHigh) = TwoProportion.WilsonInterval(reference.Hits, reference.Rows, level);
        var (afterLow, afterHigh) = TwoProportion.WilsonInterval(current.Hits, current.Rows, level);
        return new PerformanceEvidence((double)reference.Hits / reference.Rows, beforeLow, beforeHigh, (double)current.Hits / current.Rows, afterLow, afterHigh)
        {
            Expected = Expected(reference, current),
            Labels = current.Rows,
        };
    }

    public void Add(Column target, Column prediction)
    {
        for (var i = 0; i < target.Count; i++)
        {
            if (target.IsMissing(i) || prediction.IsMissing(i))
                continue;
            var (score, hit) = tolerance is { } bound ? ("", Error(target, prediction, i) <= bound) : probability ? OfProbability(target, prediction, i) : OfClass(target, prediction, i);
            var (rows, hits) = _byScore.GetValueOrDefault(score);
            _byScore[score] = (rows + 1, hits + (hit ? 1 : 0));
        }
    }

    private double MedianError()
    {
        var errors = _errors.InKeyOrder();
        Array.Sort(errors);
        return Statistics.Samples.Quantile(errors, 0.5);
    }

    private double Error(Column target, Column prediction, int row)
    {
        var error = Math.Abs(Number(target, row) - Number(prediction, row));
        if (double.IsFinite(error))
            _errors.Add(error, (ulong)row);
        return error;
    }

    private static (string Score, bool Hit) OfProbability(Column target, Column prediction, int row)
    {
        var score = Number(prediction, row);
        return (((int)Math.Clamp(score * 10, 0, 9)).ToString(CultureInfo.InvariantCulture), (score >= 0.5) == (Number(target, row) > 0));
    }

    private static (string Score, bool Hit) OfClass(Column target, Column prediction, int row)
    {
        var name = Class(prediction, row);
        return (name, name == Class(target, row));
    }

    // "true" and 1 are one class: exporters differ.
    private static string Class(Column column, int row) => column.Kind == ColumnKind.Boolean ? column.Numbers[row] == 0 ? "0" : "1" : column.Format(row);

    private static double Number(Column column, int row) => column.Kind == ColumnKind.Text ? double.NaN : column.Numbers[row];

    // Null where a tenth of the current rows has scores that the reference does not know.
    private static double? Expected(LabelTally reference, LabelTally current)
    {
        double hits = 0;
        long known = 0;
        foreach (var (score, (rows, _)) in current._byScore)
        {
            if (score.Length == 0 || !reference._byScore.TryGetValue(score, out var before))
                continue;
            hits += (double)rows * before.Hits / before.Rows;
            known += rows;
        }

        return known >= 0.9 * current.Rows ? hits / known : null;
    }
}
