namespace Holdfast.Statistics.Tests.Sketches;

/// <summary>What every sketch must hold to.</summary>
public sealed class SketchLawsTests
{
    public static TheoryData<string> Names => [.. SketchCase.All.Select(c => c.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Parts_merge_to_the_whole_in_any_order_and_grouping(string name)
    {
        var sketch = Case(name);
        var whole = sketch.Of(0, 3000);
        object[] parts = [sketch.Of(0, 200), sketch.Of(200, 1800), sketch.Of(2000, 999), sketch.Of(2999, 1)];
        var forward = Merged(sketch, parts[0], parts[1], parts[2], parts[3]);
        var backward = Merged(sketch, parts[3], parts[2], parts[1], parts[0]);
        var grouped = Merged(sketch, Merged(sketch, parts[2], parts[0]), Merged(sketch, parts[3], parts[1]));
        foreach (var merged in new[] { forward, backward, grouped }) Same(sketch, whole, merged);
    }

    [Theory, MemberData(nameof(Names))]
    public void Merging_leaves_the_other_as_it_was(string name)
    {
        var sketch = Case(name);
        var other = sketch.Of(500, 1500);
        var before = sketch.Bytes(other);
        sketch.Merge(sketch.Of(0, 500), other);
        Assert.Equal(before, sketch.Bytes(other));
    }

    [Theory, MemberData(nameof(Names))]
    public void An_empty_one_changes_nothing(string name)
    {
        var sketch = Case(name);
        var some = sketch.Of(0, 700);
        var left = sketch.Empty();
        sketch.Merge(left, some);
        Same(sketch, some, left);
        var before = sketch.Bytes(some);
        sketch.Merge(some, sketch.Empty());
        Same(sketch, sketch.Read(before), some);
    }

    [Theory, MemberData(nameof(Names))]
    public void Bytes_bring_it_back_at_every_size_and_it_goes_on_as_before(string name)
    {
        var sketch = Case(name);
        foreach (var count in new[] { 0, 1, 2, 255, 256, 257, 2500 })
        {
            var original = sketch.Of(0, count);
            var bytes = sketch.Bytes(original);
            var back = sketch.Read(bytes);
            Assert.Equal(bytes, sketch.Bytes(back));
            for (var i = count; i < count + 400; i++)
            {
                sketch.Add(original, i);
                sketch.Add(back, i);
            }
            Assert.Equal(sketch.Bytes(original), sketch.Bytes(back));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Equal_input_gives_equal_bytes(string name) =>
        Assert.Equal(Case(name).Bytes(Case(name).Of(0, 1234)), Case(name).Bytes(Case(name).Of(0, 1234)));

    [Theory, MemberData(nameof(Names))]
    public void Any_damage_is_found(string name)
    {
        var sketch = Case(name);
        var small = sketch.Small();
        for (var i = 1; i < 40; i++) sketch.Add(small, i);
        var bytes = sketch.Bytes(small);
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = bytes.ToArray();
            damaged[i] ^= 0x10;
            Assert.Throws<FormatException>(() => sketch.Read(damaged));
            Assert.Throws<FormatException>(() => sketch.Read(bytes[..i]));
        }
        Assert.Throws<FormatException>(() => sketch.Read([.. bytes, 0]));
        Assert.Contains("version 200", Assert.Throws<FormatException>(() => sketch.Read([200, .. bytes[1..]])).Message);
    }

    // What a release has stored, the later ones must read. A change of format adds a version and a line here; no line is ever edited.
    [Theory]
    [InlineData("kll", "010800000008000000050000000000000001000000000000000B00000000000000020000000000000018DF445D9875E4BF0000000000001C4002000000030000004A7353DA7227E33FDA8F343C782AF73F00000000000000000400000018DF445D9875E4BFC8B7FB9BC513B1BF0000000000000000C5D61780BD3CF13FAD059BB1")]
    [InlineData("ddsketch", "019A9999999999B93F10000000030000000000000002000000000000005592DA7D8CF9B8C0BC47170F51D59040011D00000010000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000010000000000000001140000001000000002000000000000000000000000000000010000000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001000000000000007BBD632A")]
    [InlineData("misra-gries", "01020000000D000000000000000000000000000000020000000000000002000000056F6674656E0200000000000000036B31330100000000000000D6489AA5")]
    [InlineData("hyperloglog", "010400000000000000000004010002000201000200010000040001B511845A")]
    [InlineData("histogram", "01010000000000000000000000060000000000000005000000000000000200000000000000887022E3")]
    [InlineData("moments", "010B000000000000005AEC8328D2C6ED3FAD35A12CC342464018DF445D9875E4BF0000000000001C404432AD46")]
    [InlineData("reservoir", "0103000000000000000200000002000000090000000000000018DF445D9875E4BF0800000000000000C5D61780BD3CF13FF2743BBA")]
    [InlineData("rows", "010300000000000000020000000200000002000000090000000000000018DF445D9875E4BF00000000000022400800000000000000C5D61780BD3CF13F0000000000002040509683B1")]
    [InlineData("categories", "01020000000D000000000000000162BFAE8C1D9D5B7E02000000026B370100000000000000026B3201000000000000008493E636")]
    [InlineData("profile", "020002000000000000000000000000000000000000000100000000000000060000000000000005000000000000000D00000000000000020000000000000002000000000000000E00000000000000000000000000000000000000000000000000000000000000000000000000F07F000000000000F0FFCE0D8C72A173C6BF0B000000CE0D8C72A173C6BF18DF445D9875E4BF0000000000001C40462F737228CC1F40FD3CBEECD4340740F35B0C0B1AA8F93F62B0FD478F77D2BF544AFBF2EF0A4A40A483B7C24C0D104088D802060E18FA3FDC5BBE257D7DCF3F040000000000000002000000020000000700000000000000DF4026D822CAEF3F0100000000000000CE0D8C72A173C6BFE8030000000000000000000000FFFFFFFFFFFFFFFF00000000C0714FE6")]
    [InlineData("table", "010200000000000000020000000D0000000000000003000000017800000000000000000003000000000000000000F0BF000000000000F03F0000000000000000000000000000000000000000000000000000000000000000080000000000000003000000000000000D00000000000000020000000000000002000000000000000E00000000000000000000000000000000000000000000000000000000000000000000000000F07F000000000000F0FFCE0D8C72A173C6BF0B000000CE0D8C72A173C6BF18DF445D9875E4BF0000000000001C40462F737228CC1F40FD3CBEECD4340740F35B0C0B1AA8F93F62B0FD478F77D2BF544AFBF2EF0A4A40A483B7C24C0D104088D802060E18FA3FDC5BBE257D7DCF3F02000000000000000000000000000000E8030000000000000000000000FFFFFFFFFFFFFFFF00000000046B696E640000000000000000010100000000000000000000000D000000000000000D00000000000000000000000000000000000000000000000D00000000000000000000000000000000000000000000000000000000000000000000000000F07F000000000000F0FF00000000000000000000000002000000000000000000000000000000E80300000D0000000000000000FFFFFFFFFFFFFFFF09000000026B370100000000000000026B320100000000000000026B340100000000000000026B380100000000000000026B310100000000000000036B3133010000000000000009736F6D6574696D65730200000000000000056F6674656E0400000000000000036B3131010000000000000002000000026B38026B310474696D650000000000000000000100000000000000000000000D000000000000000D00000000000000000000000000000000000000000000000E00000000000000000000000000000000000000000000000000000000000000000000000000F07F000000000000F0FF000000000000F03F0D000000000000000000F03F000000000000F03F0000000000002A4000000000000038400000000000002E40000000000000324000000000000035400000000000006C400000000000C05A400000000000806140000000000060664002000000000000000000000000000000E8030000000000000000000000FFFFFFFFFFFFFFFF00000000020000000800000000000000C5D61780BD3CF13F000000000000000000000000000020400100000000000000CE0D8C72A173C6BF000000000000F03F000000000000F03F25204FFB")]
    public void Stored_bytes_of_earlier_releases_are_read(string name, string stored)
    {
        var sketch = Case(name);
        var small = sketch.Small();
        for (var i = 1; i < 14; i++) sketch.Add(small, i);
        Assert.Equal(sketch.Bytes(small), sketch.Bytes(sketch.Read(Convert.FromHexString(stored))));
    }

    [Fact]
    public void Every_sketch_has_its_stored_bytes() =>
        Assert.Equal(
            SketchCase.All.Select(c => c.Name),
            typeof(SketchLawsTests).GetMethod(nameof(Stored_bytes_of_earlier_releases_are_read))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(a => (string)a.Data[0]!).Distinct());

    private static SketchCase Case(string name) => SketchCase.All.Single(c => c.Name == name);

    private static object Merged(SketchCase sketch, params object[] parts)
    {
        var result = sketch.Empty();
        foreach (var part in parts) sketch.Merge(result, part);
        return result;
    }

    private static void Same(SketchCase sketch, object expected, object actual)
    {
        if (sketch.Near is { } near) near(expected, actual); else Assert.Equal(sketch.Bytes(expected), sketch.Bytes(actual));
    }
}
