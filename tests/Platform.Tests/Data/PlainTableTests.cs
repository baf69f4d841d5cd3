using System.Globalization;
using System.IO.Compression;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Storage.Tables;

namespace Holdfast.Platform.Tests.Data;

/// <summary>The fast ways of reading against the general ones. A packed file is always read by the general one.</summary>
public sealed class PlainTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Decimals_are_rounded_as_the_general_parser_does()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var digits = string.Concat(Enumerable.Range(0, random.Next(1, 22)).Select(_ => (char)('0' + random.Next(10))));
            var point = random.Next(digits.Length + 1);
            var text = (i % 4) switch
            {
                0 => BitConverter.UInt64BitsToDouble((ulong)random.NextInt64(long.MaxValue)).ToString("R", CultureInfo.InvariantCulture),
                1 => (random.NextDouble() - 0.5).ToString("R", CultureInfo.InvariantCulture),
                2 => $"{(i % 8 == 2 ? "-" : "")}{digits[..point]}.{digits[point..]}",
                // Halfway between two doubles, and one beside it.
                _ => ((1L << 53) + random.Next() * 2L + 1 + random.Next(2)).ToString(CultureInfo.InvariantCulture),
            };
            Assert.True(NumberText.TryParse(text, out var value), text);
            Assert.Equal(BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), BitConverter.DoubleToInt64Bits(value));
            Same(text, value);
        }
    }

    [Theory]
    [InlineData("1"), InlineData("-0"), InlineData("+.5"), InlineData("5."), InlineData("1e5"), InlineData("1.25E-7"), InlineData("12345678"), InlineData("1234567.12345678"), InlineData("0.30000000000000004")]
    [InlineData("9007199254740993"), InlineData("123456789012345678"), InlineData("0.0000001234567890123456789"), InlineData("1e400"), InlineData("1e-400"), InlineData("4.9e-324"), InlineData("2.2250738585072011e-308"), InlineData("00012")]
    public void Numbers_as_bytes_are_those_as_text(string text)
    {
        Assert.True(NumberText.TryParse(text, out var value));
        Same(text, value);
    }

    [Theory, InlineData("."), InlineData("-"), InlineData("e5"), InlineData("1e"), InlineData("x1"), InlineData("")]
    public unsafe void What_is_no_plain_number_is_left_to_the_general_parser(string text)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text + ",\0\0\0\0\0\0\0\0"))
            Assert.True(NumberBytes.Read(bytes, out _) == null);
    }

    [Theory]
    [InlineData(",", "\n", 0, 25_000), InlineData(";", "\r\n", 0, 3_000), InlineData("\t", "\n", 0, 3_000), InlineData("|", "\n", 0, 10)]
    [InlineData(",", "\n", 0.001, 3_000), InlineData(",", "\r\n", 0.2, 3_000)]
    public void All_files_are_read_alike(string delimiter, string end, double odd, int rows)
    {
        var text = Text(delimiter, end, odd, rows);
        foreach (var content in new[] { text, "\uFEFF" + text, text.TrimEnd('\r', '\n') })
        {
            var (plain, packed) = Both(content);
            var table = TableReader.Read(plain);
            Equal(TableReader.Read(packed), table);
            foreach (var size in new[] { 1, 999, 1 << 14 })
            {
                if (size == 1 && rows > 100)
                    continue;
                Equal(table, Joined(plain, size));
                Equal(table, Joined(packed, size));
            }

            // Lines, of which a quoted value may hold more than one.
            Assert.InRange(TableReader.Size(plain).Rows, rows, rows + (odd == 0 ? 0 : rows / 2));
        }
    }

    [Theory]
    [InlineData("a,b\n1,2\n\n3,4\n"), InlineData("a,b\n1,2\n3,4\n\n"), InlineData("a,b\n1,2\n#3,4\n5,6\n"), InlineData("\"a\",\"b,c\"\n1,2\n3,4\n"), InlineData("a,b\n1,2\n\"3\",\"x \"\"y\"\"\"\n")]
    [InlineData("a\n1\n2\n"), InlineData("a,b\n"), InlineData("a,b\n1,\"2\n3\"\n"), InlineData("a,b\n1,te\"xt\n2,\"\"\n"), InlineData("a,b\n1 ,NA\n2,nan\n"), InlineData("a,b\n1,2\r\n3,4"), InlineData("a;b,c\n1;2,3\n")]
    public void Unusual_files_are_read_alike(string text)
    {
        var (plain, packed) = Both(text);
        Equal(TableReader.Read(packed), TableReader.Read(plain));
    }

    [Theory]
    [InlineData("a,b\n1,2\n3\n"), InlineData("a,b\n1,2\n3,4,5\n"), InlineData("a,b\nx,2\n3,\"4\n"), InlineData("a,b\nx,2\n\0,4\n")]
    public void Faults_are_named_alike(string text)
    {
        var (plain, packed) = Both(text);
        var expected = Assert.Throws<HoldfastException>(() => TableReader.Read(packed)).Message;
        Assert.Equal(expected.Replace(".gz", "", StringComparison.Ordinal), Assert.Throws<HoldfastException>(() => TableReader.Read(plain)).Message);
    }

    [Fact]
    public void A_wrong_byte_far_into_the_file_is_found()
    {
        var path = Path.Combine(_folder.Path, "wrong.csv");
        File.WriteAllBytes(path, [.. Encoding.UTF8.GetBytes("a,b\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i},some text\n"))), (byte)'1', (byte)',', 0xE9, (byte)'\n']);
        Assert.Contains("line 5002, byte", Assert.Throws<HoldfastException>(() => TableReader.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parquet_gives_every_type_as_its_kind()
    {
        var path = Path.Combine(_folder.Path, "types.parquet");
        using (var connection = DuckEngine.Open([_folder.Path]))
        {
            DuckEngine.Execute(connection, $"""
                copy (select
                    case when i % 3 = 0 then null else i::int end as "a ""whole"" number",
                    (i / 4)::decimal(12, 3) as money, i::hugeint * 1000000007 as huge, (i % 5)::utinyint as small, i::float / 8 as single,
                    case when i % 7 = 0 then null else i % 2 = 0 end as truth,
                    date '2026-01-01' + i::int as day, timestamp '2026-01-01 00:00:01.5' + i * interval 1 hour as at, (timestamp '2026-01-01' + i * interval 1 second)::timestamptz as zoned,
                    case when i % 11 = 0 then null when i % 2 = 0 then 'short' else 'a text that is longer than twelve bytes ' || (i % 40) end as words, '' as nothing
                from range(5000) r(i)) to {DuckEngine.Quote(path)} (format parquet, row_group_size 2048)
                """);
        }

        var table = TableReader.Read(path);
        Assert.Equal((5000, 11), (table.Rows, table.Columns.Length));
        Assert.Equal(
            [ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Numeric, ColumnKind.Boolean, ColumnKind.Time, ColumnKind.Time, ColumnKind.Time, ColumnKind.Text, ColumnKind.Text],
            table.Columns.Select(c => c.Kind));
        var start = DateTimeOffset.Parse("2026-01-01T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        for (var i = 0; i < table.Rows; i++)
        {
            Assert.Equal(i % 3 == 0 ? double.NaN : i, table.Columns[0].Numbers[i]);
            Assert.Equal(i / 4.0, table.Columns[1].Numbers[i]);
            Assert.Equal(i * 1000000007.0, table.Columns[2].Numbers[i]);
            Assert.Equal(i % 5, table.Columns[3].Numbers[i]);
            Assert.Equal(i / 8.0, table.Columns[4].Numbers[i]);
            Assert.Equal(i % 7 == 0 ? double.NaN : 1 - (i % 2), table.Columns[5].Numbers[i]);
            Assert.Equal(start + (i * 86_400_000.0), table.Columns[6].Numbers[i]);
            Assert.Equal(start + 1500 + (i * 3_600_000.0), table.Columns[7].Numbers[i]);
            Assert.Equal(start + (i * 1000.0), table.Columns[8].Numbers[i]);
            Assert.Equal(i % 11 == 0 ? null : i % 2 == 0 ? "short" : $"a text that is longer than twelve bytes {i % 40}", table.Columns[9].Texts[i]);
            Assert.Equal("", table.Columns[10].Texts[i]);
        }

        Equal(table, Joined(path, 777));
        Equal(table, Joined(path, 5000));
    }

    private static string Text(string delimiter, string end, double odd, int rows)
    {
        var random = new Random(rows);
        var text = new StringBuilder(string.Join(delimiter, "whole", "real", "gaps", "flag", "at", "word", "long", "late")).Append(end);
        for (var i = 0; i < rows; i++)
        {
            string Odd(string value) => random.NextDouble() < odd ? (random.Next(3) switch { 0 => $"\"{value}\"", 1 => $"\"{value}{delimiter}\"\"x\"\"\"", _ => $"\"{value}\n\"" }) : value;
            string[] row =
            [
                i.ToString(CultureInfo.InvariantCulture),
                (random.NextDouble() * 1e3 - 500).ToString(CultureInfo.InvariantCulture),
                random.Next(9) switch { 0 => "", 1 => "NA", 2 => "NaN", 3 => " 1.5 ", 4 => "-1e-7", 5 => "inf", 6 => "\"2.5\"", _ => "0.1" },
                random.Next(2) == 0 ? "true" : "False",
                DateTime.UnixEpoch.AddSeconds(i).ToString("yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture),
                Odd(random.Next(5) switch { 0 => "", 1 => "größe", 2 => "with blank", 3 => "x" + random.Next(6000), _ => "NA" }),
                new string((char)('a' + random.Next(3)), 10 + random.Next(30)),
                i > rows - 2 ? "no number" : "7",
            ];
            text.AppendJoin(delimiter, row).Append(end);
        }

        return text.ToString();
    }

    private (string Plain, string Packed) Both(string text)
    {
        var plain = Path.Combine(_folder.Path, $"{_files++}.csv");
        var packed = plain + ".gz";
        File.WriteAllText(plain, text, new UTF8Encoding(false));
        using var file = new GZipStream(File.Create(packed), CompressionLevel.Fastest);
        file.Write(File.ReadAllBytes(plain));
        return (plain, packed);
    }

    private static Table Joined(string path, int size)
    {
        var pieces = new List<Table>();
        TableReader.ReadBatches(path, size, piece => pieces.Add(new Table([.. piece.Columns.Select(c => c.Kind == ColumnKind.Text ? new Column(c.Name, [.. c.Texts]) : new Column(c.Name, [.. c.Numbers], c.Kind))])));
        Assert.All(pieces.SkipLast(1), p => Assert.Equal(size, p.Rows));
        return new Table([.. pieces[0].Columns.Select((c, i) => c.Kind == ColumnKind.Text
            ? new Column(c.Name, [.. pieces.SelectMany(p => p.Columns[i].Texts)])
            : new Column(c.Name, [.. pieces.SelectMany(p => p.Columns[i].Numbers)], c.Kind))]);
    }

    private static void Equal(Table expected, Table actual)
    {
        Assert.Equal(expected.Names, actual.Names);
        Assert.Equal(expected.Rows, actual.Rows);
        for (var i = 0; i < expected.Columns.Length; i++)
        {
            Assert.Equal(expected.Columns[i].Kind, actual.Columns[i].Kind);
            Assert.Equal(expected.Columns[i].Numbers, actual.Columns[i].Numbers);
            Assert.Equal(expected.Columns[i].Texts, actual.Columns[i].Texts);
        }
    }

    private static unsafe void Same(string text, double value)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text + ",\0\0\0\0\0\0\0\0"))
        {
            var end = NumberBytes.Read(bytes, out var read);
            if (end == null)
                return;
            Assert.Equal(text.Length, end - bytes);
            Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(read));
        }
    }
}
