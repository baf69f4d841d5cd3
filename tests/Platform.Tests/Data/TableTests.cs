using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Data;

public sealed class TableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Kinds_come_from_the_content()
    {
        var table = TableReader.Read(Csv("id,income,city,late,at,empty\n1,10.5,Oslo,true,2026-01-02T03:04:05Z,\n2,,\"Bergen, Vest\",false,2026-01-03,\n"));
        Assert.Equal(2, table.Rows);
        Assert.Equal([ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Text, ColumnKind.Boolean, ColumnKind.Time, ColumnKind.Numeric], table.Columns.Select(c => c.Kind));
        Assert.Equal("Bergen, Vest", table.Find("city")!.Texts[1]);
        Assert.True(table.Find("income")!.IsMissing(1));
        Assert.Equal(DateTimeOffset.Parse("2026-01-02T03:04:05Z", null).ToUnixTimeMilliseconds(), table.Find("at")!.Numbers[0]);
        Assert.Equal(2, table.Find("empty")!.MissingCount());
        Assert.Null(table.Find("Income"));
    }

    [Fact]
    public void A_late_misfit_makes_the_whole_column_text()
    {
        var rows = string.Join('\n', Enumerable.Range(0, 5000).Select(i => i == 4900 ? $"{i},x" : $"{i},{i}"));
        var table = TableReader.Read(Csv("a,b\n" + rows));
        Assert.Equal(ColumnKind.Numeric, table.Columns[0].Kind);
        Assert.Equal(ColumnKind.Text, table.Columns[1].Kind);
        Assert.Equal("0", table.Columns[1].Texts[0]);
        Assert.Equal("x", table.Columns[1].Texts[4900]);
        Assert.Equal(5000, table.Rows);
    }

    [Theory]
    [InlineData("", "line 1", "empty")]
    [InlineData("a,b\n1,2\n3\n", "line 3, column 2", "'b' is missing")]
    [InlineData("a,b\n1,2\n\"x\ny\",4\n5,6,7\n", "line 5, column 3", "3 values")]
    [InlineData("a,a\n1,2\n", "line 1, column 2", "stands already")]
    [InlineData("a,\n1,2\n", "line 1, column 2", "no name")]
    [InlineData("a,b\n1,2\n3,\"4\n5,6\n", "line 3", "")]
    [InlineData("a,b\n1,2\n\u0000\u0000,4\n", "line 3, column 1", "NUL")]
    public void A_malformed_file_is_refused_with_its_place(string text, string place, string reason)
    {
        var e = Assert.Throws<HoldfastException>(() => TableReader.Read(Csv(text)));
        Assert.Equal(ErrorCode.InvalidArgument, e.Code);
        Assert.Contains(place, e.Message, StringComparison.Ordinal);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.Hint);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_and_absent_files_are_named()
    {
        var path = Path.Combine(_folder.Path, "latin.csv");
        File.WriteAllBytes(path, [(byte)'a', (byte)'\n', 0xE9, 0x20, (byte)'\n']);
        Assert.Contains("UTF-8", Assert.Throws<HoldfastException>(() => TableReader.Read(path)).Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.NotFound, Assert.Throws<HoldfastException>(() => TableReader.Read(Path.Combine(_folder.Path, "none.csv"))).Code);
    }

    [Fact]
    public void A_written_table_reads_back_the_same()
    {
        var table = new Table([
            new Column("n", [1.5, double.NaN, -1e300]),
            new Column("t", ["a \"quoted\", text", null, "line\nbreak"]),
            new Column("b", [1, 0, double.NaN], ColumnKind.Boolean),
            new Column("at", [0, 1_700_000_000_123, double.NaN], ColumnKind.Time),
        ]);
        var path = Path.Combine(_folder.Path, "out.csv");
        TableWriter.WriteCsv(path, table);
        var back = TableReader.Read(path);
        Assert.Equal(table.Names, back.Names);
        foreach (var (one, other) in table.Columns.Zip(back.Columns))
        {
            Assert.Equal(one.Kind, other.Kind);
            Assert.Equal(one.Numbers, other.Numbers);
            Assert.Equal(one.Texts, other.Texts);
        }
    }

    [Fact]
    public void Parquet_reads_like_CSV_whatever_the_file_is_called()
    {
        var path = Path.Combine(_folder.Path, "blob");
        using (var duck = DuckEngine.Open([_folder.Path]))
            DuckEngine.Execute(duck, $"copy (select i::int as i, i / 3.0 as x, case when i = 2 then null else 'c' || i end as c, i > 1 as b, timestamp '2026-01-01' as at from range(4) t(i)) to {DuckEngine.Quote(path)} (format parquet)");
        var table = TableReader.Read(path);
        Assert.Equal([ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Text, ColumnKind.Boolean, ColumnKind.Time], table.Columns.Select(c => c.Kind));
        Assert.Equal([0, 1, 2, 3], table.Columns[0].Numbers);
        Assert.Equal(["c0", "c1", null, "c3"], table.Columns[2].Texts);
    }

    [Fact]
    public void The_columnar_engine_reads_only_its_folders_and_its_settings_are_locked()
    {
        using var duck = DuckEngine.Open([_folder.Path]);
        Assert.ThrowsAny<Exception>(() => DuckEngine.Execute(duck, "select * from read_csv('/etc/passwd')"));
        Assert.ThrowsAny<Exception>(() => DuckEngine.Execute(duck, "set enable_external_access = true"));
        Assert.ThrowsAny<Exception>(() => DuckEngine.Execute(duck, "set memory_limit = '100GiB'"));
    }

    private string Csv(string text)
    {
        var path = Path.Combine(_folder.Path, "in.csv");
        File.WriteAllText(path, text);
        return path;
    }
}
