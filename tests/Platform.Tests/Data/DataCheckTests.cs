using Holdfast.Data;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Data;

public sealed class DataCheckTests
{
    private static readonly Table Reference = Make(200, i => 20 + (i % 50), i => i % 3 == 0 ? "a" : "b");

    [Fact]
    public void A_schema_is_inferred_and_its_own_data_fits()
    {
        var schema = DataCheck.Infer(Reference);
        Assert.Equal(("integer", 20d, 69d), (schema.Find("age")!.Type, schema.Find("age")!.Min, schema.Find("age")!.Max));
        Assert.Equal(["a", "b"], schema.Find("kind")!.Categories);
        Assert.Null(schema.Find("id")!.Categories);
        Assert.Empty(DataCheck.Check(Reference, schema));
    }

    [Fact]
    public void All_violations_are_told_at_once()
    {
        var schema = DataCheck.Infer(Reference);
        var bad = new Table([
            new Column("age", Enumerable.Range(0, 200).Select(i => i % 4 == 0 ? 500d : 30).ToArray()),
            new Column("kind", Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? "z" : "a").ToArray<string?>()),
            new Column("score", Enumerable.Range(0, 200).Select(i => i < 100 ? double.NaN : 1.5).ToArray()),
            new Column("extra", new double[200]),
        ]);
        var found = DataCheck.Check(bad, schema);
        Assert.Equal(["range", "categories", "missing_rate", "missing_column", "unknown_column"], found.Select(v => v.Rule).OrderBy(r => Array.IndexOf(["range", "categories", "missing_rate", "missing_column", "unknown_column"], r)));
        Assert.Equal(1, found.Single(v => v.Rule == "range").FirstRow);
        Assert.Equal(50, found.Single(v => v.Rule == "range").Rows);
        Assert.Equal("note", found.Single(v => v.Rule == "unknown_column").Severity);
    }

    [Fact]
    public void Text_where_numbers_were_is_a_violation_with_its_row()
    {
        var schema = new DatasetSchema([new SchemaField("age", "number")]);
        var violation = Assert.Single(DataCheck.Check(new Table([new Column("age", ["1", "2", "old"])]), schema));
        Assert.Equal(("type", 3L), (violation.Rule, violation.FirstRow));
        Assert.Contains("'old'", violation.Message, StringComparison.Ordinal);
    }

    private static Table Make(int rows, Func<int, double> age, Func<int, string> kind) => new([
        new Column("id", Enumerable.Range(0, rows).Select(i => $"k{i}").ToArray<string?>()),
        new Column("age", Enumerable.Range(0, rows).Select(age).ToArray()),
        new Column("kind", Enumerable.Range(0, rows).Select(kind).ToArray<string?>()),
        new Column("score", Enumerable.Range(0, rows).Select(i => i / 7d).ToArray()),
    ]);
}
