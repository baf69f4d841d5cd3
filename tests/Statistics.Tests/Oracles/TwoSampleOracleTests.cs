using System.Text.Json;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using static Holdfast.Statistics.Tests.Oracles.Oracle;

namespace Holdfast.Statistics.Tests.Oracles;

public sealed class TwoSampleOracleTests
{
    public static TheoryData<string> Sets => ["breast_cancer_halves", "elec", "taxi_2019-01_vs_2019-02", "taxi_2020-01_vs_2020-04", "titanic"];

    [Theory, MemberData(nameof(Sets))]
    public void Numeric_columns_agree(string set)
    {
        var (reference, current) = (Columns(set + ".ref.csv"), Columns(set + ".cur.csv"));
        foreach (var column in Expected(set).GetProperty("numeric").EnumerateObject())
            CheckNumeric($"{set}.{column.Name}", column.Value, Numbers(reference[column.Name]), Numbers(current[column.Name]));
    }

    [Theory, MemberData(nameof(Sets))]
    public void Categorical_columns_agree(string set)
    {
        var (reference, current) = (Columns(set + ".ref.csv"), Columns(set + ".cur.csv"));
        foreach (var column in Expected(set).GetProperty("categorical").EnumerateObject())
            CheckCategorical($"{set}.{column.Name}", column.Value, reference[column.Name], current[column.Name]);
    }

    [Theory, MemberData(nameof(Sets))]
    public void Multiple_testing_agrees(string set)
    {
        var expected = Expected(set).GetProperty("multiple_testing");
        double[] Row(string name) => [.. expected.GetProperty(name).EnumerateArray().Select(x => x.GetDouble())];
        var raw = Row("p_raw");
        foreach (var (name, actual) in new[] { ("holm", MultipleTesting.Holm(raw)), ("bh", MultipleTesting.BenjaminiHochberg(raw)), ("by", MultipleTesting.BenjaminiYekutieli(raw)) })
        {
            var wanted = Row(name);
            for (var i = 0; i < raw.Length; i++) CloseP(wanted[i], actual[i], $"{set} {name} {i}");
        }
    }

    private static void CheckNumeric(string what, JsonElement expected, double[] reference, double[] current)
    {
        var (sortedReference, sortedCurrent) = (Samples.SortedFinite(reference), Samples.SortedFinite(current));
        Assert.Equal(expected.GetProperty("n_ref").GetInt32(), sortedReference.Length);
        Assert.Equal(expected.GetProperty("missing_cur").GetInt32(), current.Length - sortedCurrent.Length);

        var ks = expected.GetProperty("ks");
        var asymptotic = KolmogorovSmirnov.TwoSample(reference, current, KsMethod.Asymptotic);
        Close(ks.GetProperty("d").GetDouble(), asymptotic.Statistic, 1e-9, what + " D");
        CloseP(ks.GetProperty("p_asymp").GetDouble(), asymptotic.PValue, what + " ks asymp");
        CloseP(ks.GetProperty("p_kolmogorov_limit").GetDouble(), KolmogorovSmirnov.TwoSample(reference, current, KsMethod.KolmogorovLimit).PValue, what + " ks limit");
        if (ks.TryGetProperty("p_exact", out var exact) && exact.ValueKind == JsonValueKind.Number)
            CloseP(exact.GetDouble(), KolmogorovSmirnov.TwoSample(reference, current, KsMethod.Exact).PValue, what + " ks exact");

        // scipy 1.10 cuts its series of the limiting law where a term is below 1e-7: its p is off by up to 2.2e-7 and bottoms out there, while the law
        // itself goes on (T = 545 has p < 1e-300). Above 1e-5 the p-values agree in full.
        var cvm = expected.GetProperty("cramer_von_mises");
        var (t, p) = CramerVonMises.MidRank(sortedReference, sortedCurrent);
        Assert.True(Math.Abs(cvm.GetProperty("t").GetDouble() - t) <= 1e-9 * Math.Max(1, t), $"{what} T: {t:R}");
        var cut = cvm.GetProperty("p_asymp").GetDouble();
        if (cut > 1e-5) CloseP(cut, p, what + " cvm");
        else Assert.InRange(p, 0, cut);

        var wasserstein = expected.GetProperty("wasserstein1");
        Close(wasserstein.GetProperty("w").GetDouble(), Wasserstein.Distance(sortedReference, sortedCurrent), 1e-9, what + " w");
        if (wasserstein.GetProperty("w_over_sd").ValueKind == JsonValueKind.Number)
            Close(wasserstein.GetProperty("w_over_sd").GetDouble(), Wasserstein.NormalisedBySd(sortedReference, sortedCurrent), 1e-9, what + " w/sd");

        var bins = ReferenceBins.FromQuantiles(reference);
        var quantileBins = expected.GetProperty("quantile_bins");
        Assert.Equal(quantileBins.GetProperty("edges").EnumerateArray().Select(x => x.GetDouble()), bins.Edges);
        long[] before = [.. bins.ReferenceCounts], after = bins.CountsOf(current);
        Assert.Equal(quantileBins.GetProperty("counts_ref").EnumerateArray().Select(x => x.GetInt64()), before);
        Assert.Equal(quantileBins.GetProperty("counts_cur").EnumerateArray().Select(x => x.GetInt64()), after);
        CheckDistances(what, expected, before, after);

        var chi2 = expected.GetProperty("chi2_on_bins");
        if (chi2.ValueKind == JsonValueKind.Object && chi2.GetProperty("stat").ValueKind == JsonValueKind.Number)
        {
            var result = ChiSquared.TwoSample(before, after, pool: false);
            if (result.DegreesOfFreedom > 0)
            {
                Close(chi2.GetProperty("stat").GetDouble(), result.Statistic, 1e-9, what + " chi2");
                CloseP(chi2.GetProperty("p").GetDouble(), result.PValue, what + " chi2");
            }
        }

        // A constant reference has no line.
        if (expected.TryGetProperty("affine_quantile_fit", out var affine) && affine.TryGetProperty("a", out var scale))
        {
            var fit = AffineTest.Fit(reference, current);
            Close(scale.GetDouble(), fit.Scale, 1e-9, what + " a");
            Assert.True(Math.Abs(affine.GetProperty("b").GetDouble() - fit.Shift) <= 1e-9 * Math.Max(1, Math.Abs(fit.Shift)), what + " b");
        }
    }

    private static void CheckDistances(string what, JsonElement expected, long[] before, long[] after)
    {
        var psi = expected.GetProperty("psi");
        var result = Psi.Compare(before, after);
        Close(psi.GetProperty("add_half").GetDouble(), result.Raw, 1e-9, what + " psi");
        CloseP(psi.GetProperty("p_chi2_approx").GetDouble(), result.PValue, what + " psi p");
        Close(psi.GetProperty("floor_1e4").GetDouble(), Psi.WithFloor(before, after), 1e-9, what + " psi floor");
        if (psi.TryGetProperty("null_crit_05", out var critical) && before.Length > 1)
            Close(critical.GetDouble(), Psi.Critical(before.Sum(), after.Sum(), before.Length), 1e-9, what + " psi critical");
        Close(expected.GetProperty("jensen_shannon").GetProperty("distance_base2").GetDouble(), JensenShannon.Distance(before, after), 1e-9, what + " js");
        Close(expected.GetProperty("jensen_shannon").GetProperty("divergence_bits").GetDouble(), JensenShannon.Divergence(before, after), 1e-9, what + " jsd");
        Close(expected.GetProperty("hellinger").GetDouble(), Hellinger.Distance(before, after), 1e-9, what + " hellinger");
    }

    private static void CheckCategorical(string what, JsonElement expected, string[] reference, string[] current)
    {
        string[] categories = [.. expected.GetProperty("categories").EnumerateArray().Select(x => x.GetString()!)];
        long[] Count(string[] cells) => Array.ConvertAll(categories, c => (long)cells.Count(cell => cell == c));
        long[] before = Count(reference), after = Count(current);
        Assert.Equal(expected.GetProperty("counts_ref").EnumerateArray().Select(x => x.GetInt64()), before);
        CheckDistances(what, expected, before, after);

        var chi2 = ChiSquared.TwoSample(before, after, pool: false);
        Close(expected.GetProperty("chi2").GetProperty("stat").GetDouble(), chi2.Statistic, 1e-9, what + " chi2");
        CloseP(expected.GetProperty("chi2").GetProperty("p").GetDouble(), chi2.PValue, what + " chi2");
        Close(expected.GetProperty("chi2").GetProperty("min_expected").GetDouble(), chi2.MinExpected, 1e-9, what + " min expected");
        Close(expected.GetProperty("cramers_v").GetDouble(), chi2.CramersV, 1e-9, what + " V");
        var g = GTest.TwoSample(before, after, pool: false);
        Close(expected.GetProperty("g_test").GetProperty("stat").GetDouble(), g.Statistic, 1e-9, what + " G");
        CloseP(expected.GetProperty("g_test").GetProperty("p").GetDouble(), g.PValue, what + " G");
        if (expected.TryGetProperty("chi2_yates", out var yates) && yates.ValueKind == JsonValueKind.Object)
            CloseP(yates.GetProperty("p").GetDouble(), ChiSquared.TwoSample(before, after, pool: false, yates: true).PValue, what + " yates");
        if (expected.TryGetProperty("fisher_exact", out var fisher) && fisher.ValueKind == JsonValueKind.Object)
        {
            var exact = Fisher.Exact2x2(before[0], before[1], after[0], after[1]);
            Close(fisher.GetProperty("odds").GetDouble(), exact.Statistic, 1e-9, what + " odds");
            CloseP(fisher.GetProperty("p").GetDouble(), exact.PValue, what + " fisher");
        }
    }
}
