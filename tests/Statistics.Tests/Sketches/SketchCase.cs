using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Statistics.Tests.Sketches;

/// <summary>A sketch as the suite of laws sees it: the same items, by position, can be given to any of them.</summary>
internal abstract class SketchCase(string name)
{
    public const int Items = 3000;

    private static readonly double[] Stream = Draws();

    public string Name { get; } = name;

    /// <summary>One that keeps little, for the pinned bytes.</summary>
    public abstract object Small();

    public abstract object Empty();

    public abstract void Add(object sketch, int position);

    public abstract void Merge(object target, object other);

    public abstract byte[] Bytes(object sketch);

    public abstract object Read(byte[] bytes);

    /// <summary>Null where merging in any order gives the same bytes; else asserts that two agree up to the stated error.</summary>
    public abstract Action<object, object>? Near { get; }

    public object Of(int from, int count)
    {
        var result = Empty();
        for (var i = from; i < from + count; i++) Add(result, i);
        return result;
    }

    public static IReadOnlyList<SketchCase> All { get; } =
    [
        new SketchCase<KllSketch>("kll", () => new(200, 5), () => new(8, 5), (s, i) => s.Add(Stream[i]), (a, b) => a.Merge(b), s => s.ToBytes(), b => KllSketch.FromBytes(b), (a, b) =>
        {
            Assert.Equal((a.Count, a.Missing, a.Min, a.Max), (b.Count, b.Missing, b.Min, b.Max));
            for (var q = 0.05; q < 1; q += 0.05) Assert.Equal(a.Rank(a.Quantile(q)), b.Rank(a.Quantile(q)), a.MassError + b.MassError);
        }),
        new SketchCase<DdSketch>("ddsketch", () => new(0.02, 128), () => new(0.1, 16), (s, i) => s.Add(Stream[i] * Math.Pow(10, i % 5)), (a, b) => a.Merge(b), s => s.ToBytes(), b => DdSketch.FromBytes(b)),
        new SketchCase<MisraGries>("misra-gries", () => new(40), () => new(2), (s, i) => s.Add(Text(i)), (a, b) => a.Merge(b), s => s.ToBytes(), b => MisraGries.FromBytes(b), (a, b) =>
        {
            Assert.Equal((a.Total, a.Missing), (b.Total, b.Missing));
            foreach (var item in a.Top())
            {
                var there = b.Find(item.Category);
                Assert.True(item.Low <= there.High && there.Low <= item.High, $"{item} and {there} have no count in common.");
            }
        }),
        new SketchCase<HyperLogLog>("hyperloglog", () => new(), () => new(4), (s, i) => s.Add(i % 31 == 0 ? null : "id" + i), (a, b) => a.Merge(b), s => s.ToBytes(), b => HyperLogLog.FromBytes(b)),
        new SketchCase<FixedHistogram>("histogram", () => new([-1, 0, 0.5, 2]), () => new([0.0]), (s, i) => s.Add(Stream[i]), (a, b) => a.Merge(b), s => s.ToBytes(), b => FixedHistogram.FromBytes(b)),
        new SketchCase<Holder>("moments", () => new(), () => new(), (s, i) => s.Value = double.IsFinite(Stream[i]) ? s.Value.Add(Stream[i]) : s.Value, (a, b) => a.Value = a.Value.Merge(b.Value), s => s.Value.ToBytes(), b => new Holder { Value = Moments.FromBytes(b) }, (a, b) => Near_(a.Value, b.Value)),
        new SketchCase<Reservoir>("reservoir", () => new(100, 3), () => new(2, 3), (s, i) => s.Add(Stream[i], (ulong)i), (a, b) => a.Merge(b), s => s.ToBytes(), b => Reservoir.FromBytes(b)),
        new SketchCase<RowReservoir>("rows", () => new(2, 100, 3), () => new(2, 2, 3), (s, i) => s.Add([Stream[i], i], (ulong)i), (a, b) => a.Merge(b), s => s.ToBytes(), b => RowReservoir.FromBytes(b)),
        new SketchCase<CategoryCounts>("categories", () => new(50), () => new(2), (s, i) => s.Add(Text(i) ?? ""), (a, b) => a.Merge(b), s => s.ToBytes(), b => CategoryCounts.FromBytes(b)),
        new SketchCase<FeatureProfile>("profile", () => new(ReferenceBins.FromEdges([-1, 0, 1], [-2, 0.5, 3])), () => new(ReferenceBins.FromEdges([0.0], [1.0]), 4, 2), (s, i) => s.Add(Stream[i], (ulong)i), (a, b) => a.Merge(b), s => s.ToBytes(), b => FeatureProfile.FromBytes(b), (a, b) =>
        {
            Assert.Equal(a.Counts, b.Counts);
            Assert.Equal((a.Total, a.Missing, a.Infinite), (b.Total, b.Missing, b.Infinite));
            Assert.Equal(a.Sample(), b.Sample());
            Near_(a.Moments, b.Moments);
        }),
        new SketchCase<TableProfile>("table", () => Table(new TableProfile(2, 100)), () => Table(new TableProfile(2, 2)), (s, i) => s.Add([Stream[i], Text(i), (double)i], (ulong)i), (a, b) => a.Merge(b), s => s.ToBytes(), b => TableProfile.FromBytes(b), (a, b) =>
        {
            Assert.Equal((a.Rows, a.Sampled, a.Missing(0), a.Missing(1)), (b.Rows, b.Sampled, b.Missing(0), b.Missing(1)));
            Assert.Equal(a.Profile(0).Counts, b.Profile(0).Counts);
            Assert.Equal(a.Profile(1).Categories.Counts(), b.Profile(1).Categories.Counts());
            Near_(a.Profile(0).Moments, b.Profile(0).Moments);
            Assert.Equal(a.SampledKeys(), b.SampledKeys());
            Assert.Equal(a.Numbers(0), b.Numbers(0));
            Assert.Equal(a.Texts(1), b.Texts(1));
        }),
    ];

    // A stream with everything in it: missing values, infinities, zeros, repeats, both signs.
    private static double[] Draws()
    {
        var draw = new Draw(77);
        return draw.Many(Items, d => d.Coin(0.02) ? double.NaN : d.Coin(0.01) ? double.NegativeInfinity : d.Coin(0.1) ? 0 : d.Coin(0.1) ? 7 : d.Normal());
    }

    private static string? Text(int i) => i % 29 == 0 ? null : i % 3 == 0 ? "often" : i % 5 == 0 ? "sometimes" : "k" + i % 700;

    private static TableProfile Table(TableProfile table)
    {
        table.AddNumbers("x", ReferenceBins.FromEdges([-1, 1], []));
        table.AddTexts("kind");
        table.AddNumbers("time");
        return table;
    }

    private static void Near_(Moments a, Moments b)
    {
        Assert.Equal((a.Count, a.Min, a.Max), (b.Count, b.Min, b.Max));
        Assert.Equal(a.Mean, b.Mean, 1e-12);
        Assert.Equal(a.M2, b.M2, 1e-9);
    }

    internal sealed class Holder
    {
        public Moments Value { get; set; } = Moments.Empty;
    }
}

internal sealed class SketchCase<T>(
    string name, Func<T> empty, Func<T> small, Action<T, int> add, Action<T, T> merge, Func<T, byte[]> write, Func<byte[], T> read, Action<T, T>? near = null) : SketchCase(name)
    where T : class
{
    public override Action<object, object>? Near { get; } = near is null ? null : (a, b) => near((T)a, (T)b);

    public override object Small() => small();

    public override object Empty() => empty();

    public override void Add(object sketch, int position) => add((T)sketch, position);

    public override void Merge(object target, object other) => merge((T)target, (T)other);

    public override byte[] Bytes(object sketch) => write((T)sketch);

    public override object Read(byte[] bytes) => read(bytes);
}
