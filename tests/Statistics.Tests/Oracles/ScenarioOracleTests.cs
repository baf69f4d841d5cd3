using System.Globalization;
using System.Text.Json;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;

namespace Holdfast.Statistics.Tests.Oracles;

/// <summary>The hand-labelled scenarios, end to end through the diagnosis.</summary>
public sealed class ScenarioOracleTests
{
    private static readonly Dictionary<string, DriftKind> Classes = new()
    {
        ["no_drift"] = DriftKind.None,
        ["data_quality_fault"] = DriftKind.DataFault,
        ["covariate_drift"] = DriftKind.DataDrift,
    };

    // The labels ask whether anything changed; the default tolerance (the "watch" band, 0.1) would call the two mild ones tolerable.
    private static readonly DiagnosisOptions Sharp = new() { ToleratedPsi = 0.02 };

    public static TheoryData<string> Ids =>
    [
        "none", "double", "cents", "thousandth", "miles_to_km", "c_to_f", "sign_flip", "half_doubled", "missing_30pct", "default_minus1", "constant", "stuck_sensor",
        "swap_columns", "duplicate_rows", "rounding", "real_drift", "case_change", "new_categories", "resample_category", "population_shift",
    ];

    [Theory, MemberData(nameof(Ids))]
    public void Diagnosis_agrees(string id)
    {
        var item = Items().Single(x => x.GetProperty("id").GetString() == id);
        var result = Diagnose(item, Sharp);
        var what = $"{id}: {result.Kind}/{result.Cause} of {result.Feature}, a = {result.ScaleFactor}; {string.Join(" | ", result.Evidence.Select(e => e.Detail))}";
        TestContext.Current.TestOutputHelper?.WriteLine(what);
        Assert.True(Classes[item.GetProperty("expect").GetString()!] == result.Kind, what);
        if (item.TryGetProperty("expect_kind", out var cause)) Assert.True(cause.GetString() == result.Cause, what);
        if (item.TryGetProperty("a", out var a)) Assert.True(Math.Abs(a.GetDouble() - result.ScaleFactor!.Value) <= 0.02 * Math.Abs(a.GetDouble()), what);
        if (item.TryGetProperty("b", out var b)) Assert.True(Math.Abs(b.GetDouble() - result.Shift!.Value) <= 0.02 * Math.Max(1, Math.Abs(b.GetDouble())), what);
    }

    [Theory, InlineData("real_drift"), InlineData("resample_category"), InlineData("population_shift"), InlineData("none")]
    public void A_changed_world_is_never_called_a_fault_whatever_is_tolerated(string id)
    {
        var item = Items().Single(x => x.GetProperty("id").GetString() == id);
        foreach (var tolerated in new[] { 0.0, 0.02, 0.05, 0.1, 0.25 })
            Assert.NotEqual(DriftKind.DataFault, Diagnose(item, new DiagnosisOptions { ToleratedPsi = tolerated }).Kind);
    }

    [Fact]
    public void Every_scenario_of_the_file_is_run() =>
        Assert.Equal(Items().Select(x => x.GetProperty("id").GetString()!).Order(), Ids.Select(x => x.Data).Order());

    private static List<JsonElement> Items() =>
        [.. JsonDocument.Parse(File.ReadAllText(Oracle.Path("scenarios.json"))).RootElement.GetProperty("items").EnumerateArray()];

    private static DiagnosisResult Diagnose(JsonElement item, DiagnosisOptions options)
    {
        var set = item.GetProperty("dataset").GetString()!;
        var expected = Oracle.Expected(set);
        var numeric = expected.GetProperty("numeric").EnumerateObject().Select(x => x.Name).ToHashSet();
        var reference = Rows(Oracle.Columns(set + ".ref.csv"));
        var current = Rows(Oracle.Columns(set + ".cur.csv"));
        if (item.GetProperty("base").GetString() == "self") (reference, current) = ([.. reference.Where((_, i) => i % 2 == 0)], [.. reference.Where((_, i) => i % 2 == 1)]);
        if (item.GetProperty("edit").ValueKind == JsonValueKind.Object) current = Edit(reference, current, item.GetProperty("edit"));
        return Diagnosis.Classify(new DiagnosisInput([.. reference[0].Keys.Select(name => Evidence(name, numeric.Contains(name), reference, current))])
        {
            ReferenceRows = reference.Count,
            CurrentRows = current.Count,
            ReferenceDuplicates = Duplicates(reference),
            CurrentDuplicates = Duplicates(current),
        }, options);
    }

    private static long Duplicates(List<Dictionary<string, string>> rows)
    {
        var ids = new Dictionary<string, ulong>();
        return DuplicateRows.Count(rows.Select(row =>
        {
            var text = string.Join('\u0001', row.Values);
            if (!ids.TryGetValue(text, out var hash)) ids[text] = hash = (ulong)ids.Count;
            return hash;
        }).ToArray());
    }

    private static FeatureEvidence Evidence(string name, bool numeric, List<Dictionary<string, string>> reference, List<Dictionary<string, string>> current)
    {
        string[] before = [.. reference.Select(r => r[name])], after = [.. current.Select(r => r[name])];
        FeatureEvidence evidence;
        if (numeric)
        {
            double[] x = Oracle.Numbers(before), y = Oracle.Numbers(after);
            var bins = ReferenceBins.FromNumeric(x);
            evidence = new FeatureEvidence(name, Psi.Compare(bins.ReferenceCounts, bins.CountsOf(y)), KolmogorovSmirnov.TwoSample(x, y))
            {
                ReferenceSample = Samples.Finite(x),
                CurrentSample = Samples.Finite(y),
            };
        }
        else
        {
            Dictionary<string, long> x = Count(before), y = Count(after);
            var bins = ReferenceBins.FromCategories(x);
            evidence = new FeatureEvidence(name, Psi.Compare(bins.ReferenceCounts, bins.CountsOf(y)), TestResult.Undefined) { ReferenceCategories = x, CurrentCategories = y };
        }
        return evidence with
        {
            ReferenceTotal = before.Length,
            ReferenceMissing = before.Count(c => c.Length == 0),
            CurrentTotal = after.Length,
            CurrentMissing = after.Count(c => c.Length == 0),
        };
    }

    private static Dictionary<string, long> Count(string[] cells)
    {
        var counts = new Dictionary<string, long>();
        foreach (var cell in cells)
        {
            if (cell.Length > 0) counts[cell] = counts.GetValueOrDefault(cell) + 1;
        }
        return counts;
    }

    private static List<Dictionary<string, string>> Rows(Dictionary<string, string[]> columns) =>
        [.. Enumerable.Range(0, columns.First().Value.Length).Select(i => columns.ToDictionary(c => c.Key, c => c.Value[i]))];

    private static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static List<Dictionary<string, string>> Edit(List<Dictionary<string, string>> reference, List<Dictionary<string, string>> rows, JsonElement edit)
    {
        string column = edit.TryGetProperty("column", out var c) ? c.GetString()! : "";
        double A() => edit.GetProperty("a").GetDouble();
        double B() => edit.GetProperty("b").GetDouble();
        int Every() => edit.GetProperty("every").GetInt32();
        void Each(Func<int, bool> which, Func<string, int, string> change)
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (which(i) && rows[i][column].Length > 0) rows[i][column] = change(rows[i][column], i);
            }
        }
        double ReferenceMedian() => Samples.Quantile(Samples.SortedFinite(Oracle.Numbers([.. reference.Select(r => r[column])])), 0.5);
        switch (edit.GetProperty("op").GetString())
        {
            case "affine": Each(_ => true, (x, _) => Text(A() * Number(x) + B())); break;
            case "affine_rows": Each(i => i >= rows.Count / 2, (x, _) => Text(A() * Number(x) + B())); break;
            case "set_missing": Each(i => i % Every() == 0, (_, _) => ""); break;
            case "set_value":
                var value = edit.GetProperty("value").ValueKind == JsonValueKind.Number ? edit.GetProperty("value").GetDouble() : ReferenceMedian();
                Each(i => i % Every() == 0, (_, _) => Text(value));
                break;
            case "hold_last_from_row":
                var from = (int)(rows.Count * edit.GetProperty("row_fraction").GetDouble());
                var last = rows[from][column];
                Each(i => i >= from, (_, _) => last);
                break;
            case "swap":
                string left = edit.GetProperty("columns")[0].GetString()!, right = edit.GetProperty("columns")[1].GetString()!;
                foreach (var row in rows) (row[left], row[right]) = (row[right], row[left]);
                break;
            case "duplicate_block":
                var block = rows.GetRange(edit.GetProperty("rows")[0].GetInt32(), edit.GetProperty("rows")[1].GetInt32() - edit.GetProperty("rows")[0].GetInt32());
                for (var k = 1; k < edit.GetProperty("times").GetInt32(); k++) rows.AddRange(block.Select(r => new Dictionary<string, string>(r)));
                break;
            case "round": Each(_ => true, (x, _) => Text(Math.Round(Number(x), edit.GetProperty("decimals").GetInt32(), MidpointRounding.ToEven))); break;
            case "format": Each(_ => true, (x, _) => "cat_" + x); break;
            case "unique_suffix": Each(i => i % Every() == 0, (x, i) => $"{x}_{i}"); break;
            case "keep_rows_where_category_is_most_frequent":
                var top = Count([.. rows.Select(r => r[column])]).MaxBy(x => x.Value).Key;
                var others = 0;
                rows = [.. rows.Where(r => r[column] == top || others++ % edit.GetProperty("drop_others_every").GetInt32() != 0)];
                break;
            case "drop_rows_below_median":
                var median = ReferenceMedian();
                var below = 0;
                rows = [.. rows.Where(r => Number(r[column]) >= median || below++ % edit.GetProperty("keep_every").GetInt32() == 0)];
                break;
            default: throw new InvalidOperationException("Unknown edit " + edit);
        }
        return rows;
    }
}
