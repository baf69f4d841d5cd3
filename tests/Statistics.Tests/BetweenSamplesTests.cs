using Holdfast.Statistics.Comparison;
using Holdfast.Statistics.Distances;

namespace Holdfast.Statistics.Tests;

/// <summary>The largest distance and the area between two distribution functions against their definitions, value by value.</summary>
public sealed class BetweenSamplesTests
{
    public static TheoryData<string, int, int> Pairs()
    {
        var data = new TheoryData<string, int, int>();
        foreach (var kind in Kinds.Keys)
        {
            foreach (var (n, m) in new[] { (1, 1), (3, 700), (701, 700), (2000, 2000), (9000, 8500), (8500, 30_000), (20_000, 20_000) }) data.Add(kind, n, m);
        }
        return data;
    }

    private static readonly Dictionary<string, Func<Draw, double, double>> Kinds = new()
    {
        ["same"] = (d, _) => d.Normal(),
        ["shifted"] = (d, side) => d.Normal() + 0.1 * side,
        ["wider"] = (d, side) => d.Normal() * (1 + 0.2 * side),
        ["apart"] = (d, side) => d.Uniform() + 2 * side,
        ["levels"] = (d, side) => d.Below(6 + (int)side),
        ["rounded"] = (d, side) => Math.Round(d.Normal() + 0.02 * side, 2),
        ["half tied"] = (d, side) => d.Coin(0.5) ? 0 : d.Normal() + 0.05 * side,
        ["zeros of both signs"] = (d, side) => d.Coin(0.5) ? -0.0 : d.Below(2) - side,
        ["constant"] = (_, _) => 4,
        ["far from zero"] = (d, side) => 1e9 + 1e-3 * d.Uniform() + 1e-5 * side,
    };

    [Theory, MemberData(nameof(Pairs))]
    public void Distance_and_area_are_those_of_the_definition(string kind, int n, int m)
    {
        var draw = new Draw(n + m);
        double[] a = Samples.SortedFinite(draw.Many(n, d => Kinds[kind](d, 0))), b = Samples.SortedFinite(draw.Many(m, d => Kinds[kind](d, 1)));
        var (crossings, area, distinct) = Defined(a, b);
        Assert.Equal(crossings / ((double)n * m), KolmogorovSmirnov.Statistic(a, b));
        Assert.Equal(crossings / ((double)n * m), KolmogorovSmirnov.Statistic(b, a));
        Assert.Equal(area, Wasserstein.Distance(a, b), 1e-11 * Math.Max(1, area));
        Assert.Equal(area, Wasserstein.Distance(b, a), 1e-11 * Math.Max(1, area));
        // Which law is taken depends on the number of different values alone.
        var law = 2L * distinct < (long)n + m ? KsMethod.Conditional : (long)n * m <= 400_000 ? KsMethod.Exact : KsMethod.Asymptotic;
        Assert.Equal(KolmogorovSmirnov.TwoSampleSorted(a, b, law), KolmogorovSmirnov.TwoSampleSorted(a, b));
    }

    [Theory, InlineData(0.0105), InlineData(0.02), InlineData(0.08)]
    public void The_law_of_many_values_is_the_sum_of_all_its_terms(double x)
    {
        const int N = 20_000;
        double choose = 0, sum = 0;
        for (var j = 0; (double)j / N < 1 - x; j++)
        {
            sum += Math.Exp(choose + (j - 1) * Math.Log(x + (double)j / N) + (N - j) * Math.Log(1 - x - (double)j / N));
            choose += Math.Log((double)(N - j) / (j + 1));
        }
        Assert.Equal(1, KolmogorovFinite.Sf(N, x) / (2 * x * sum), 1e-9);
    }

    [Fact]
    public void Texts_are_counted_by_their_characters()
    {
        var draw = new Draw(8);
        string?[] levels = ["", "a", "ab", "abc", "abcd", "abcde", "abcd-1-wxyz", "abcd-2-wxyz", "ABC", "äöü", null, .. Enumerable.Range(0, 3000).Select(i => "code " + i)];
        var texts = Enumerable.Range(0, 50_000).Select(_ => levels[draw.Coin(0.5) ? draw.Below(11) : draw.Below(levels.Length)] is { } text ? new string(text) : null).ToArray();
        var counts = Categories.Count(texts, out var missing);
        Assert.Equal(texts.Count(t => t is null), missing);
        Assert.Equal(texts.OfType<string>().GroupBy(t => t).ToDictionary(g => g.Key, g => g.LongCount()), counts);
    }

    [Fact]
    public void Samples_of_texts_are_compared_as_their_counts()
    {
        var draw = new Draw(9);
        string?[] a = [.. Enumerable.Range(0, 4000).Select(_ => draw.Coin(0.1) ? null : "k" + draw.Below(5))], b = [.. Enumerable.Range(0, 3000).Select(_ => draw.Coin(0.3) ? null : "k" + draw.Below(6))];
        var bins = ReferenceBins.FromCategories(Categories.Count(a, out var before));
        var counts = bins.CountsOf(Categories.Count(b, out var after));
        var compared = CategoricalComparison.Of(a, b);
        Assert.Equal(CategoricalComparison.Of(bins.ReferenceCounts, counts, before, after) with { Psi = compared.Psi }, compared);
        Assert.Equal(Psi.Compare(bins.ReferenceCounts, counts).Low, compared.Psi.Low);
    }

    private static (long Crossings, double Area, int Distinct) Defined(double[] a, double[] b)
    {
        double[] values = [.. a.Concat(b).Distinct().Order()];
        long best = 0;
        double area = 0;
        for (int k = 0, i = 0, j = 0; k < values.Length; k++)
        {
            while (i < a.Length && a[i] <= values[k]) i++;
            while (j < b.Length && b[j] <= values[k]) j++;
            var height = Math.Abs((long)i * b.Length - (long)j * a.Length);
            best = Math.Max(best, height);
            area += k + 1 < values.Length ? height * (values[k + 1] - values[k]) : 0;
        }
        return (best, area / ((double)a.Length * b.Length), values.Length);
    }
}
