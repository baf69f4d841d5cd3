using Holdfast.Demo.Worlds;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Tests;

namespace Holdfast.Platform.Tests.Demo;

/// <summary>The worlds of the examples mean what they say, for any seed: what is a fault looks like one, what is a change does not.</summary>
public sealed class WorldTests
{
    private const int ReferenceRows = 6000;
    private const int WindowRows = 800;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_calm_world_is_calm(int seed)
    {
        Assert.Equal(DriftKind.None, Credit(seed, _ => 0).Kind);
        Assert.Equal(DriftKind.None, Fraud(seed, AmountChange.None).Kind);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Rising_incomes_are_data_drift_led_by_income(int seed)
    {
        foreach (var level in (Func<int, double>[])[_ => 1, _ => 0.8, _ => 0.6, row => 0.4 + (0.3 * row / WindowRows)])
        {
            var found = Credit(seed, level);
            Assert.Equal((DriftKind.DataDrift, "income"), (found.Kind, found.Feature));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Doubled_amounts_are_a_scale_change_of_two(int seed)
    {
        var found = Fraud(seed, AmountChange.Doubled);
        Assert.Equal((DriftKind.DataFault, DriftCause.ScaleChange, "amount"), (found.Kind, found.Cause, found.Feature));
        // A window of some hundred rows gives the factor to some percent.
        Assert.Equal(2, found.ScaleFactor!.Value, 0.2);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Dearer_purchases_are_data_drift_led_by_the_amount(int seed)
    {
        foreach (var level in (double[])[0.6, 1])
        {
            var found = Fraud(seed, AmountChange.Rise, level);
            Assert.Equal((DriftKind.DataDrift, "amount"), (found.Kind, found.Feature));
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_world_and_another_seed_another()
    {
        Assert.Equal(Ids(5, 0.3), Ids(5, 0.3));
        Assert.NotEqual(Ids(5, 0.3), Ids(6, 0.3));

        static string[] Ids(int seed, double drift)
        {
            var world = new CreditWorld(seed);
            return [.. Enumerable.Range(0, 50).Select(_ => world.Next(drift)).Select(c => $"{c.Id} {string.Join(' ', c.Values)} {c.Label}")];
        }
    }

    [Fact]
    public void Doubling_changes_what_is_sent_and_not_what_happens()
    {
        var (right, wrong) = (new FraudWorld(3), new FraudWorld(3));
        for (var i = 0; i < 200; i++)
        {
            var (a, b) = (right.Next(), wrong.Next(AmountChange.Doubled));
            Assert.Equal(2 * a.Values[0], b.Values[0], 0.011);
            Assert.Equal((a.Label, a.Key), (b.Label, b.Key));
            Assert.Equal(a.Values[1..], b.Values[1..]);
        }
    }

    private static DiagnosisResult Credit(int seed, Func<int, double> drift)
    {
        var (before, after) = (new CreditWorld(1000 + seed), new CreditWorld(seed));
        return Diagnose(CreditWorld.Features, [.. Enumerable.Range(0, ReferenceRows).Select(_ => before.Next())], [.. Enumerable.Range(0, WindowRows).Select(row => after.Next(drift(row)))]);
    }

    private static DiagnosisResult Fraud(int seed, AmountChange change, double level = 1)
    {
        var (before, after) = (new FraudWorld(1000 + seed), new FraudWorld(seed));
        return Diagnose(FraudWorld.Features, [.. Enumerable.Range(0, ReferenceRows).Select(_ => before.Next())], [.. Enumerable.Range(0, WindowRows).Select(_ => after.Next(change, level))]);
    }

    private static DiagnosisResult Diagnose(IReadOnlyList<string> features, Case[] before, Case[] after) => Diagnosis.Classify(new DiagnosisInput([.. features.Select((name, i) =>
    {
        double[] x = [.. before.Select(c => c.Values[i])], y = [.. after.Select(c => c.Values[i])];
        var bins = ReferenceBins.FromNumeric(x);
        return new FeatureEvidence(name, Psi.Compare(bins.ReferenceCounts, bins.CountsOf(y)), KolmogorovSmirnov.TwoSample(x, y))
        {
            ReferenceSample = x,
            CurrentSample = y,
            ReferenceTotal = x.Length,
            CurrentTotal = y.Length,
        };
    })]));
}
