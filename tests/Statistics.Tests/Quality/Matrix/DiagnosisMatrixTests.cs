using Holdfast.Statistics.Quality;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>
/// How often the diagnosis is right: defects put into real tables, real tables that changed, and simulated worlds with labels. A part of the cases by default; all of them,
/// and the report, with HOLDFAST_FULL=1.
/// </summary>
public sealed class DiagnosisMatrixTests
{
    private const int FaultSeed = 11, WorldSeed = 12;
    private static readonly int Every = Draw.Scale(2) == 1 ? 13 : 1;
    private static readonly Report Report = new("diagnosis.md");

    private static IEnumerable<(string Name, Frame All)> Tables() =>
    [
        ("taxi 2019", RealData.Taxi("taxi_2019-01_vs_2019-02.ref.csv")),
        ("taxi 2020", RealData.Taxi("taxi_2020-01_vs_2020-04.ref.csv")),
        ("electricity", RealData.Electricity(24_000, 4_000)),
        ("passengers", RealData.Titanic("ref").Append(RealData.Titanic("cur"))),
        ("tumours", RealData.Tumours()),
    ];

    // Random halves of a table, where nothing else changed, and two months, where the world moved as well.
    private static IEnumerable<(string Name, Frame Reference, Frame Current)> Bases()
    {
        foreach (var (name, table) in Tables())
        {
            var (reference, current) = table.Halves(new Draw(FaultSeed));
            yield return (name, reference, current);
        }
        var (january, february) = RealData.TaxiMonths();
        yield return ("taxi months", january, february);
    }

    [Fact]
    public void A_defect_is_named()
    {
        var matrix = new Matrix();
        foreach (var (name, reference, current) in Bases())
        {
            var small = reference.Rows < 1000 ? ", 285 to 650 rows a side" : "";
            Parallel.ForEach(Part(Injection.All(current, new Draw(FaultSeed))), injection =>
            {
                var result = Diagnosis.Classify(Frame.Evidence(reference, injection.Apply(current)));
                var right = injection.IsNamedBy(result);
                var answer = right ? Matrix.Right : result.Cause == DriftCause.PossibleScaleChange ? "possible scale change" : result.Kind.ToString();
                matrix.Add(injection.Group + small, answer, right ? null : $"{name}: {injection.Column} {injection.Name} -> {Tell(result)}");
            });
        }
        Report.Table(
            "Defects put into real tables",
            $"Halves of five real tables (seed {FaultSeed}), and two months of one of them between which the world moved too; one defect at a time in every suitable column. Right: a data fault with this cause, in this column, and where there is a factor, within 3 %; where the scaled values were rounded to the old decimals, a possible scale change with its factor (10 %) counts too. 1,500 to 4,000 rows a side if not said otherwise.",
            ["defect", "cases", "right", .. matrix.Answers], matrix.Rows());
        // Aims of the project; the cases that are run by default are a part, so a group of a few may miss one.
        AssertShare(matrix, "scale from 1.5x", 0.95);
        AssertShare(matrix, "scale 1.2x to 1.4x", 0.95);
        AssertShare(matrix, "default value from 5 %", 0.95);
        AssertShare(matrix, "missing spike from 5 %", 0.95);
        AssertShare(matrix, "partial scale change", 0.9);
        AssertShare(matrix, "sign flip", 0.9);
        foreach (var group in (string[])["frozen", "constant", "category format", "category explosion", "Celsius to Fahrenheit", "duplicate rows"]) AssertShare(matrix, group, 0.95);
    }

    [Fact]
    public void A_changed_world_is_no_defect()
    {
        var matrix = new Matrix();
        var draw = new Draw(WorldSeed);
        var shifts = GenuineShift.InTime(draw, 150).Concat(Tables().SelectMany(t => GenuineShift.InPopulation(t.Name, t.All, draw))).Concat(GenuineShift.InMixture(draw));
        Parallel.ForEach(Part(shifts.Where(s => s.Current.Rows >= 100)), shift =>
        {
            var result = Diagnosis.Classify(Frame.Evidence(shift.Reference, shift.Current));
            matrix.Add(shift.Group, result.Kind == DriftKind.DataFault ? "called a fault" : Matrix.Right, result.Kind == DriftKind.DataFault ? $"{shift.Name} -> {Tell(result)}" : null);
        });
        Report.Table(
            "Real tables that changed",
            $"The same tables at two times, or halves of which some rows were kept more often than others (seed {WorldSeed}): every value is real. Right: not called a data fault; whether the change is beyond the tolerance is another question.",
            ["change", "cases", "right", .. matrix.Answers], matrix.Rows());
        Assert.True(matrix.All.Cases >= (Every == 1 ? 400 : 30), $"only {matrix.All.Cases} cases");
        var allowed = Every == 1 ? 0.02 * matrix.All.Cases : Math.Max(1, Draw.Allowed(matrix.All.Cases, 0.02));
        Assert.True(matrix.All.Cases - matrix.All.Right <= allowed, string.Join("\n", matrix.Wrong));
    }

    [Fact]
    public void Simulated_worlds_are_told_apart()
    {
        var matrix = new Matrix();
        var runs = Every == 1 ? 100 : 4;
        foreach (var world in SimulatedWorld.All)
        {
            Parallel.For(0, runs, seed =>
            {
                var result = world.Run(1000 + seed);
                var right = result.Kind == world.Expected;
                matrix.Add(world.Name, right ? Matrix.Right : result.Kind.ToString(), right ? null : $"{world.Name} seed {1000 + seed} -> {Tell(result)}");
            });
        }
        Report.Table(
            "Simulated worlds",
            $"Four features of applicants, a calibrated score and labels; 2,000 rows a side, {runs} runs each with seeds from 1000. Right: the kind of diagnosis.",
            ["world", "cases", "right", .. matrix.Answers], matrix.Rows());
        foreach (var world in SimulatedWorld.All) AssertShare(matrix, world.Name, 0.95);
    }

    private static List<T> Part<T>(IEnumerable<T> cases) => [.. cases.Where((_, i) => i % Every == 0)];

    private static void AssertShare(Matrix matrix, string group, double share)
    {
        var (cases, right) = matrix.Of(group);
        var least = Every == 1 ? share * cases : Math.Min(cases - 1, Draw.Least(cases, share));
        Assert.True(cases > 0 || Every > 1, $"no case of {group}");
        Assert.True(cases == 0 || right >= least, $"{group}: {right} of {cases} right\n" + string.Join("\n", matrix.Wrong.Where(w => w.StartsWith(group, StringComparison.Ordinal))));
    }

    private static string Tell(DiagnosisResult result) => $"{result.Kind}/{result.Cause} of {result.Feature} x{result.ScaleFactor:G4} | {string.Join(" | ", result.Evidence.Take(3).Select(e => e.Detail))}";

    /// <summary>Answers by group of cases.</summary>
    private sealed class Matrix
    {
        public const string Right = "right";
        private readonly SortedDictionary<string, Dictionary<string, int>> _groups = new(StringComparer.Ordinal);

        public List<string> Wrong { get; } = [];

        public (int Cases, int Right) All => (_groups.Values.Sum(g => g.Values.Sum()), _groups.Values.Sum(g => g.GetValueOrDefault(Right)));

        public string[] Answers => [.. _groups.Values.SelectMany(g => g.Keys).Where(a => a != Right).Distinct().Order(StringComparer.Ordinal)];

        public void Add(string group, string answer, string? wrong)
        {
            lock (_groups)
            {
                if (!_groups.TryGetValue(group, out var answers)) _groups[group] = answers = [];
                answers[answer] = answers.GetValueOrDefault(answer) + 1;
                if (wrong is null) return;
                Wrong.Add($"{group} | {wrong}");
                TestContext.Current.TestOutputHelper?.WriteLine(Wrong[^1]);
            }
        }

        public (int Cases, int Right) Of(string group) => _groups.TryGetValue(group, out var answers) ? (answers.Values.Sum(), answers.GetValueOrDefault(Right)) : (0, 0);

        public IEnumerable<object[]> Rows()
        {
            foreach (var (group, answers) in _groups)
            {
                var cases = answers.Values.Sum();
                yield return [group, cases, $"{100.0 * answers.GetValueOrDefault(Right) / cases:F1} %", .. Answers.Select(a => (object)answers.GetValueOrDefault(a))];
            }
        }
    }
}
