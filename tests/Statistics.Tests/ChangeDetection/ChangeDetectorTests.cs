using Holdfast.Statistics.ChangeDetection;
using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.ChangeDetection;

/// <summary>What every change detector promises, over all of them.</summary>
public sealed class ChangeDetectorTests
{
    private static readonly Dictionary<string, Func<IChangeDetector>> Detectors = new()
    {
        ["adwin"] = () => new Adwin(),
        ["adwin, river's"] = () => new Adwin(new AdwinOptions { RiverCuts = true, ResetAfterChange = true, Clock = 7, Delta = 0.05 }),
        ["adwin, rises only, fine"] = () => new Adwin(new AdwinOptions { Side = ChangeSide.Up, MaxBuckets = 17, MinWindow = 1 }),
        ["page-hinkley"] = () => new PageHinkley(threshold: 5),
        ["page-hinkley, falls only"] = () => new PageHinkley(threshold: 5, side: ChangeSide.Down),
        ["ddm"] = () => new Ddm(),
        ["eddm"] = () => new Eddm(),
        ["hddm-a"] = () => new HddmA(),
        ["hddm-a, both sides"] = () => new HddmA(side: ChangeSide.Both),
        ["hddm-w"] = () => new HddmW(),
        ["hddm-w, both sides"] = () => new HddmW(side: ChangeSide.Both),
        ["kswin"] = () => new Kswin(),
        ["kswin, drawn"] = () => new Kswin(new KswinOptions { Reference = KswinReference.Sample, Seed = 5, ResetAfterChange = true }),
        ["e-detector"] = () => new MeanEDetector(0.2, 10_000),
        ["e-detector, both sides, cusum"] = () => new MeanEDetector(0.2, 10_000, ChangeSide.Both, EDetectorForm.Cusum),
    };

    public static TheoryData<string> Names => [.. Detectors.Keys];

    private static readonly string[] ErrorsOnly = ["ddm", "eddm"];

    /// <summary>Errors: few, many, few again.</summary>
    private static double[] Errors(int seed)
    {
        var draw = new Draw(seed);
        return draw.Many(6000, d => d.Coin(0.1) ? 1 : 0).Select((x, i) => i is > 2000 and < 4000 ? (draw.Coin(0.5) ? 1 : 0) : x).ToArray();
    }

    private static ChangeState[] Run(IChangeDetector detector, IEnumerable<double> values) => [.. values.Select(detector.Observe)];

    [Theory, MemberData(nameof(Names))]
    public void Finds_a_change_and_is_a_function_of_the_values_alone(string name)
    {
        var states = Run(Detectors[name](), Errors(1));
        Assert.Contains(ChangeState.Change, states);
        Assert.Equal(states, Run(Detectors[name](), Errors(1)));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_constant_stream_never_alarms(string name)
    {
        // An e-detector knows its baseline: only that constant is "no change", and the Shiryaev-Roberts form alarms on it as often as it states.
        double[] constants = name.StartsWith("e-detector", StringComparison.Ordinal) ? [0.2] : ErrorsOnly.Contains(name) ? [0, 1] : [0, 0.2, 1];
        foreach (var constant in constants) Assert.All(Run(Detectors[name](), Enumerable.Repeat(constant, 5000)), state => Assert.Equal(ChangeState.Stable, state));
    }

    [Theory, MemberData(nameof(Names))]
    public void After_a_reset_it_is_as_new(string name)
    {
        var detector = Detectors[name]();
        Run(detector, Errors(2).Take(2345));
        detector.Reset();
        Assert.Equal(Detectors[name]().Save(), detector.Save());
        Assert.Equal(Run(Detectors[name](), Errors(3)), Run(detector, Errors(3)));
    }

    [Theory, MemberData(nameof(Names))]
    public void What_is_no_number_is_refused_and_changes_nothing(string name)
    {
        var detector = Detectors[name]();
        Run(detector, Errors(2).Take(500));
        var before = detector.Save();
        foreach (var value in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity }) Assert.Throws<ArgumentOutOfRangeException>(() => detector.Observe(value));
        Assert.Equal(before, detector.Save());
    }

    [Theory, MemberData(nameof(Names))]
    public void Goes_on_from_saved_bytes_as_if_never_stopped(string name)
    {
        var values = Errors(4);
        IChangeDetector whole = Detectors[name](), broken = Detectors[name]();
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal(whole.Observe(values[i]), broken.Observe(values[i]));
            if (i % 61 != 0) continue;
            var saved = broken.Save();
            broken = ChangeDetector.Restore(saved);
            Assert.Equal(saved, broken.Save());
        }
        Assert.Equal(whole.Save(), broken.Save());
        Assert.Equal(whole.GetType(), broken.GetType());
    }

    [Theory, MemberData(nameof(Names))]
    public void Saved_bytes_carry_a_version_and_faults_in_them_are_named(string name)
    {
        var detector = Detectors[name]();
        Run(detector, Errors(4).Take(1000));
        var saved = detector.Save();
        Assert.Equal(1, saved[0]);
        Assert.Contains("version 2", Assert.Throws<FormatException>(() => ChangeDetector.Restore([2, .. saved[1..]])).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ChangeDetector.Restore(saved.AsSpan(0, saved.Length - 1)));
        Assert.Throws<FormatException>(() => ChangeDetector.Restore([.. saved, 0]));
        Assert.Throws<FormatException>(() => ChangeDetector.Restore([1, 200]));
        Assert.Throws<FormatException>(() => ChangeDetector.Restore([]));
    }

    [Theory, InlineData("ddm"), InlineData("eddm"), InlineData("hddm-a"), InlineData("hddm-w"), InlineData("e-detector")]
    public void Values_outside_the_range_are_refused(string name)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Detectors[name]().Observe(1.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => Detectors[name]().Observe(-0.5));
    }

    [Fact]
    public void Impossible_options_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adwin(new AdwinOptions { Delta = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Adwin(new AdwinOptions { MaxBuckets = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageHinkley(threshold: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Ddm(warning: 3, change: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Eddm(warning: 0.9, change: 0.95));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HddmA(side: ChangeSide.Down));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HddmW(weight: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Kswin(new KswinOptions { Window = 60, Reference = KswinReference.Sample }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MeanEDetector(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MeanEDetector(0.5, double.PositiveInfinity));
    }

    [Fact]
    public void Falls_are_seen_by_detectors_of_both_sides_only()
    {
        double[] fall = [.. Enumerable.Range(0, 3000).Select(i => i < 1500 ? (i % 2) : 0.0)];
        Assert.Contains(ChangeState.Change, Run(new HddmA(side: ChangeSide.Both), fall));
        Assert.Contains(ChangeState.Change, Run(new HddmW(side: ChangeSide.Both), fall));
        Assert.Contains(ChangeState.Change, Run(new MeanEDetector(0.5, 1e6, ChangeSide.Down), fall));
        Assert.Contains(ChangeState.Change, Run(new Adwin(new AdwinOptions { Side = ChangeSide.Down }), fall));
        foreach (IChangeDetector detector in new IChangeDetector[] { new HddmA(), new HddmW(), new MeanEDetector(0.5), new Adwin(new AdwinOptions { Side = ChangeSide.Up }) })
        {
            Assert.DoesNotContain(ChangeState.Change, Run(detector, fall));
        }
    }

    [Fact]
    public void Adwin_does_not_allocate_once_its_rows_are_there()
    {
        var adwin = new Adwin();
        for (var i = 0; i < 10_000; i++) adwin.Observe(i & 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 2000; i++) adwin.Observe(i & 1);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Adwin_survives_values_whose_sums_overflow()
    {
        var adwin = new Adwin();
        for (var i = 0; i < 200; i++) adwin.Observe(i / 50 % 2 == 0 ? 1e308 : -1e308);
        Assert.Equal(200, adwin.Width);
    }
}
