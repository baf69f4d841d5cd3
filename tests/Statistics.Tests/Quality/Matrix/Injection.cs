using System.Globalization;
using Holdfast.Statistics.Quality;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>One defect put into a table.</summary>
/// <param name="Group">Row of the matrix.</param>
/// <param name="Name">What was done, for people.</param>
/// <param name="Column">Where; null for whole rows.</param>
/// <param name="Causes">The causes that name it rightly.</param>
/// <param name="Apply">Does it.</param>
internal sealed record Injection(string Group, string Name, string? Column, string[] Causes, Func<Frame, Frame> Apply)
{
    /// <summary>Its factor, where the diagnosis must find one (to 3 %).</summary>
    public double? Factor { get; init; }

    /// <summary>The values were rounded after they were multiplied, so that they lie on the old grid: then a suspicion with its factor is as much as may be said.</summary>
    public bool IsRounded { get; init; }

    /// <summary>Right kind, cause, column and factor.</summary>
    public bool IsNamedBy(DiagnosisResult result) =>
        IsRounded && result is { Cause: DriftCause.PossibleScaleChange, ScaleFactor: { } possible } ? result.Feature == Column && Math.Abs(Math.Log(possible / Factor!.Value)) <= Math.Log(1.1) : result.Kind == DriftKind.DataFault && Causes.Contains(result.Cause) && (Column is null || Column == result.Feature)
        && (Factor is not { } factor || Math.Abs(result.ScaleFactor!.Value - factor) <= 0.03 * Math.Abs(factor));

    private static readonly string[] Scales = [DriftCause.ScaleChange, DriftCause.UnitChange];

    // A value that all rows share cannot be scaled and seen; a column with a handful of levels is a code.
    internal static bool IsQuantity(double[] values) => values.Where(double.IsFinite).Distinct().Count() >= 20 && values.Count(x => x != 0 && double.IsFinite(x)) >= 0.5 * values.Length;

    /// <summary>All defects of a table, one at a time.</summary>
    public static IEnumerable<Injection> All(Frame table, Draw draw)
    {
        string[] quantities = [.. table.Numbers.Where(c => IsQuantity(c.Value)).Select(c => c.Key)];
        foreach (var column in quantities)
        {
            foreach (var factor in new[] { 1.5, 1.7, 2, 3, 5, 0.5, 0.6, 10, 100, 1000, 0.01, 1.609344, 2.54, 0.45359237, 60 })
                yield return Scale("scale from 1.5x", column, factor);
            foreach (var factor in new[] { 1.2, 1.3, 1.4, 0.8, 0.7 })
                yield return Scale("scale 1.2x to 1.4x", column, factor);
            // Written again with the decimals that the column had: its grid is lost.
            var decimals = Decimals(table.Numbers[column]);
            foreach (var factor in new[] { 1.5, 1.7, 2, 3, 0.5, 0.6 })
                yield return Numbers("scale from 1.5x, rounded", $"{factor.ToString(CultureInfo.InvariantCulture)} times, {decimals} decimals", column, Scales, x => Math.Round(factor * x, decimals)) with { Factor = factor, IsRounded = true };
            yield return Numbers("sign flip", "sign turned", column, [DriftCause.SignFlip], x => -x) with { Factor = -1 };
            yield return Numbers("Celsius to Fahrenheit", "1.8 x + 32", column, [DriftCause.UnitChange], x => 1.8 * x + 32) with { Factor = 1.8 };
            foreach (var part in new[] { 0.5, 0.3 })
                yield return Rows("partial scale change", $"last {part:P0} doubled", column, [DriftCause.PartialScaleChange], (x, i, n) => i >= n * (1 - part) ? 2 * x : x);
            yield return Rows("frozen", "last 30 % frozen", column, [DriftCause.FrozenValue], (x, i, n) => x, freeze: 0.7);
            yield return Numbers("constant", "all the median", column, [DriftCause.ConstantColumn], _ => Median(table.Numbers[column]));
            foreach (var share in new[] { 0.05, 0.1, 0.3 })
            {
                foreach (var value in new[] { -1, 0, 999, -9999 })
                    yield return Spike(draw, table, column, share, value);
                yield return Spike(draw, table, column, share, Mean(table.Numbers[column]));
            }
            if (table.Numbers[column].Count(x => double.IsFinite(x) && Math.Abs(x - Math.Round(x)) > 1e-9) > 0.5 * table.Rows && Sd(table.Numbers[column]) > 2)
                yield return Numbers("precision loss", "rounded to whole numbers", column, [DriftCause.PrecisionLoss], x => Math.Round(x, MidpointRounding.ToEven));
        }
        foreach (var (a, b) in quantities.SelectMany((a, i) => quantities[(i + 1)..].Select(b => (a, b))).OrderBy(_ => draw.Uniform()).Take(6))
            yield return new Injection("columns swapped", $"{a} and {b} exchanged", a, [DriftCause.ColumnsSwapped], f => f.With(a, f.Numbers[b]).With(b, f.Numbers[a]));
        foreach (var column in table.Numbers.Keys.Concat(table.Texts.Keys))
        {
            foreach (var share in new[] { 0.05, 0.1, 0.3 })
            {
                var hit = Exactly(draw, table, column, share);
                yield return new Injection("missing spike from 5 %", $"{share:P0} missing", column, [DriftCause.MissingSpike], f => f.Numbers.TryGetValue(column, out var numbers)
                    ? f.With(column, [.. numbers.Select((x, i) => hit[i] ? double.NaN : x)])
                    : f.With(column, [.. f.Texts[column].Select((x, i) => hit[i] ? null : x)]));
            }
        }
        foreach (var column in table.Texts.Keys)
        {
            yield return Texts("category format", "upper case", column, [DriftCause.CategoryFormatChange], (x, _) => x.Any(char.IsLower) ? x.ToUpperInvariant() : x.ToLowerInvariant());
            yield return Texts("category format", "prefix", column, [DriftCause.CategoryFormatChange], (x, _) => "cat_" + x);
            yield return Texts("category format", "blank behind", column, [DriftCause.CategoryFormatChange], (x, _) => x + " ");
            foreach (var every in new[] { 3, 10 })
                yield return Texts("category explosion", $"a number behind every {every}th", column, [DriftCause.CategoryExplosion], (x, i) => i % every == 0 ? $"{x}_{i}" : x);
        }
        foreach (var share in new[] { 0.1, 0.3 })
        {
            yield return new Injection("duplicate rows", $"{share:P0} sent twice", null, [DriftCause.DuplicateRows], f => f.Append(f.Take([.. Enumerable.Range(0, (int)(share * f.Rows))])));
        }

        Injection Scale(string group, string column, double factor) => Numbers(group, $"{factor.ToString(CultureInfo.InvariantCulture)} times", column, Scales, x => factor * x) with { Factor = factor };
    }

    private static Injection Spike(Draw draw, Frame table, string column, double share, double value)
    {
        var hit = Exactly(draw, table, column, share);
        // A stand-in among many like it (no tip) is another matter than one that stands out.
        var usual = table.Numbers[column].Count(x => x == value) > 0.02 * table.Rows;
        return Rows(usual ? "default value that was usual" : "default value from 5 %", $"{share:P0} {value.ToString("G4", CultureInfo.InvariantCulture)}", column, [DriftCause.DefaultValueSpike], (x, i, _) => hit[i] ? value : x);
    }

    // Of the rows that have a value, as many as the share of all rows and one in a hundred more, so that the bound is not missed by chance.
    private static bool[] Exactly(Draw draw, Frame table, string column, double share)
    {
        var hit = new bool[table.Rows];
        var left = (int)Math.Ceiling((share + 0.01) * table.Rows);
        foreach (var row in draw.Shuffled(table.Rows))
        {
            if (left == 0) break;
            if (table.Numbers.TryGetValue(column, out var numbers) ? double.IsNaN(numbers[row]) : table.Texts[column][row] is null) continue;
            hit[row] = true;
            left--;
        }
        return hit;
    }

    private static Injection Numbers(string group, string name, string column, string[] causes, Func<double, double> change) => Rows(group, name, column, causes, (x, _, _) => change(x));

    private static Injection Rows(string group, string name, string column, string[] causes, Func<double, int, int, double> change, double? freeze = null) =>
        new(group, name, column, causes, f =>
        {
            var values = f.Numbers[column];
            var last = freeze is { } share ? values[(int)(share * values.Length)] : 0;
            return f.With(column, [.. values.Select((x, i) => double.IsNaN(x) ? x : freeze is { } from && i >= from * values.Length ? last : change(x, i, values.Length))]);
        });

    private static Injection Texts(string group, string name, string column, string[] causes, Func<string, int, string> change) =>
        new(group, name, column, causes, f => f.With(column, [.. f.Texts[column].Select((x, i) => x is null ? null : change(x, i))]));

    private static int Decimals(double[] values)
    {
        for (var decimals = 0; decimals < 8; decimals++)
        {
            if (values.Count(x => double.IsFinite(x) && Math.Abs(x - Math.Round(x, decimals)) > 1e-9) <= 0.01 * values.Length) return decimals;
        }
        return 8;
    }

    private static double Median(double[] values) => Samples.Quantile(Samples.SortedFinite(values), 0.5);

    private static double Mean(double[] values) => Samples.MeanSd(Samples.Finite(values)).Mean;

    private static double Sd(double[] values) => Samples.MeanSd(Samples.Finite(values)).Sd;
}
