using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Tests.Multivariate;

public sealed class FeatureEncoderTests
{
    private static readonly FeatureColumn[] Reference =
    [
        FeatureColumn.Numeric("age", [30, double.NaN, 50, 41]),
        FeatureColumn.Categorical("plan", ["b", "a", null, "b"]),
        FeatureColumn.Categorical("town", ["x", "y", "z", "z"]),
    ];

    [Fact]
    public void Few_categories_have_a_column_each_and_many_have_their_share()
    {
        var encoder = FeatureEncoder.Fit(Reference, mostOneHot: 2);
        Assert.Equal(["age", "age missing", "plan=a", "plan=b", "plan missing", "town share", "town missing"], encoder.ColumnNames);
        var rows = encoder.Encode(Reference);
        Assert.Equal([30, 0, 0, 1, 0, 0.25, 0], rows.Row(0).ToArray());
        Assert.Equal([41, 1, 1, 0, 0, 0.25, 0], rows.Row(1).ToArray());
        Assert.Equal([50, 0, 0, 0, 1, 0.5, 0], rows.Row(2).ToArray());
        Assert.Equal([2, 3, 4], encoder.ColumnsOf("plan"));
        Assert.Equal([("age", 3.0), ("plan", 12.0), ("town", 13.0)], encoder.SumByFeature([1, 2, 3, 4, 5, 6, 7]));
    }

    [Fact]
    public void New_categories_are_zero_and_the_order_of_features_does_not_matter()
    {
        var encoder = FeatureEncoder.Fit(Reference);
        FeatureColumn[] table = [FeatureColumn.Categorical("town", ["w", null]), FeatureColumn.Categorical("plan", ["c", "a"]), FeatureColumn.Numeric("age", [double.PositiveInfinity, 7])];
        var rows = encoder.Encode(table);
        Assert.Equal([41, 1, 0, 0, 0, 0, 0, 0, 0], rows.Row(0).ToArray());
        Assert.Equal([7, 0, 1, 0, 0, 0, 0, 0, 1], rows.Row(1).ToArray());
    }

    [Fact]
    public void Tables_that_do_not_fit_are_refused()
    {
        var encoder = FeatureEncoder.Fit(Reference);
        Assert.Contains("plan", Assert.Throws<ArgumentException>(() => encoder.Encode([Reference[0], Reference[2]])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => encoder.Encode([FeatureColumn.Categorical("age", ["1"]), FeatureColumn.Categorical("plan", ["a"]), FeatureColumn.Categorical("town", ["x"])]));
        Assert.Throws<ArgumentException>(() => FeatureEncoder.Fit([Reference[0], FeatureColumn.Numeric("short", [1])]));
        Assert.Throws<ArgumentException>(() => encoder.ColumnsOf("height"));
    }

    [Fact]
    public void Gaps_that_begin_later_and_a_changed_mix_are_found_and_named()
    {
        var draw = new Draw(3);
        FeatureColumn[] Table(double gap, double gold, int rows) =>
        [
            FeatureColumn.Numeric("income", draw.Many(rows, d => d.Coin(gap) ? double.NaN : d.LogNormal(0, 1))),
            FeatureColumn.Numeric("age", draw.Many(rows, d => d.Normal())),
            FeatureColumn.Categorical("plan", [.. Enumerable.Range(0, rows).Select(_ => draw.Coin(gold) ? "gold" : "iron")]),
        ];
        var reference = Table(0, 0.3, 1500);
        var encoder = FeatureEncoder.Fit(reference);
        foreach (var (gap, gold, cause) in new[] { (0.3, 0.3, "income"), (0, 0.7, "plan") })
        {
            var rows = encoder.Encode(reference);
            var current = encoder.Encode(Table(gap, gold, 1500));
            var result = ClassifierTwoSample.Split(rows, current);
            Assert.True(result.Test.PValue < 1e-6, cause);
            Assert.Equal(cause, encoder.SumByFeature(result.Importances).MaxBy(x => x.Value).Feature);
            Assert.Equal(0.5, ClassifierTwoSample.AucWithout(rows, current, encoder.ColumnsOf(cause)), 0.06);
        }
    }
}
