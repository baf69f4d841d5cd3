using Holdfast.Kernel;
using Holdfast.Monitoring;

namespace Holdfast.Platform.Tests.Monitoring;

/// <summary>Windows, verdicts and incidents over the real log: what the reference scenarios ask of monitoring.</summary>
public sealed class MonitorScenarioTests : IDisposable
{
    private static readonly MonitorSpec Spec = new("pay", TimeSpan.FromHours(1), Windows: ["1h", "24h"]);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_fires_without_a_change(int seed)
    {
        await using var loop = await MonitorHarness.Open(_folder.Path, Spec, seed);
        for (var hour = 0; hour < 48; hour++)
            await loop.Hour(hour, 400);
        Assert.Empty(await loop.Events());
        var reports = await loop.Reports();
        Assert.All(reports, r => Assert.Equal("no_drift", r.Verdict));
        Assert.Equal(48, reports.Count(r => r.Window == "1h"));
        Assert.True(reports.Count(r => r.Window == "24h") >= 14);
    }

    [Theory]
    [InlineData(1, 10.0)]
    [InlineData(2, 10.6)]
    [InlineData(3, 10.9)]
    [InlineData(4, 10.3)]
    public async Task A_doubled_amount_is_one_data_fault_whose_interval_holds_every_doubled_row(int seed, double from)
    {
        await using var loop = await MonitorHarness.Open(_folder.Path, Spec, seed);
        DateTimeOffset began = MonitorHarness.Start.AddHours(from), ended = MonitorHarness.Start.AddHours(14.5);
        for (var hour = 0; hour < 20; hour++)
            await loop.Hour(hour, 400, r => r.At >= began && r.At < ended ? r with { Amount = 2 * r.Amount } : r);
        var events = await loop.Events();
        Assert.Equal(["drift.diagnosed", "incident.resolved"], events.Select(e => e.Kind));
        var diagnosed = events[0].Event.DetailAs<DriftDiagnosed>();
        Assert.Equal("data_fault", diagnosed.DriftKind);
        Assert.Equal("amount", diagnosed.Feature);
        Assert.InRange(diagnosed.ScaleFactor!.Value, 1.9, 2.1);
        Assert.True(diagnosed.Psi > 0.25);
        Assert.InRange(diagnosed.StartsAt, began.AddHours(-4), began);
        var resolved = events[1].Event.DetailAs<IncidentResolved>();
        Assert.Equal("input_repaired", resolved.Reason);
        Assert.InRange(resolved.CleanFrom, ended, ended.AddHours(2));
    }

    [Theory]
    [InlineData(1, 30.0)]
    [InlineData(2, 30.5)]
    [InlineData(3, 30.8)]
    public async Task A_changed_population_is_one_data_drift_that_ends_with_the_promotion(int seed, double from)
    {
        await using var loop = await MonitorHarness.Open(_folder.Path, Spec, seed);
        var richer = MonitorHarness.Row.Richer(new Random(seed));
        var began = MonitorHarness.Start.AddHours(from);
        for (var hour = 0; hour < 40; hour++)
            await loop.Hour(hour, 400, r => r.At >= began ? richer(r) : r);
        var diagnosed = Assert.Single(await loop.Events()).Event.DetailAs<DriftDiagnosed>();
        Assert.Equal("data_drift", diagnosed.DriftKind);
        Assert.Equal("amount", diagnosed.Feature);
        Assert.True(diagnosed.Psi > 0.25);
        Assert.InRange(diagnosed.StartsAt, began.AddHours(-4), began);
        var at = MonitorHarness.Start.AddHours(40);
        await loop.Journal.Append(Principal.Controller(1, "rollout"), new RolloutCompleted("r1", "pay", "fraud", 2, new RolloutCounts(0, 0, 0, 0, 0, 0), []), "pay", at, TestContext.Current.CancellationToken);
        for (var hour = 40; hour < 60; hour++)
            await loop.Hour(hour, 400, richer, version: 2);
        var events = await loop.Events();
        Assert.Equal(["drift.diagnosed", "incident.resolved"], events.Select(e => e.Kind));
        Assert.Equal("model_promoted", events[1].Event.DetailAs<IncidentResolved>().Reason);
    }

    [Fact]
    public async Task Labels_that_turn_against_the_model_while_its_inputs_stand_still_are_concept_drift()
    {
        await using var loop = await MonitorHarness.Open(_folder.Path, Spec);
        var random = new Random(5);
        for (var hour = 0; hour < 20; hour++)
            await loop.Hour(hour, 200, right: _ => random.NextDouble() < (hour < 10 ? 0.85 : 0.6));
        var diagnosed = Assert.Single(await loop.Events()).Event.DetailAs<DriftDiagnosed>();
        Assert.Equal("concept_drift", diagnosed.DriftKind);
        Assert.InRange(diagnosed.BaselineAccuracy!.Value, 0.8, 0.9);
    }

    [Fact]
    public async Task A_restart_between_any_two_hours_changes_no_verdict()
    {
        static MonitorHarness.Row Change(MonitorHarness.Row r) => r.At >= MonitorHarness.Start.AddHours(5.4) && r.At < MonitorHarness.Start.AddHours(8) ? r with { Amount = 2 * r.Amount } : r;
        using var other = new TemporaryFolder();
        await using var whole = await MonitorHarness.Open(other.Path, Spec);
        for (var hour = 0; hour < 12; hour++)
            await whole.Hour(hour, 300, Change);
        // The random numbers must go on where they were: the traffic is made before and sent in parts.
        var parts = await Parts(12, 300, Change);
        for (var hour = 0; hour < 12; hour += 3)
        {
            await using var part = await MonitorHarness.Open(_folder.Path, Spec);
            foreach (var entries in parts.Skip(hour).Take(3))
                await part.Replay(entries);
        }

        await using var again = await MonitorHarness.Open(_folder.Path, Spec);
        var (expected, got) = (await whole.Reports(), await again.Reports());
        Assert.Equal(expected.Select(r => (r.Window, r.End, r.Verdict, r.Cause, r.Rows)), got.Select(r => (r.Window, r.End, r.Verdict, r.Cause, r.Rows)));
        Assert.Equal((await whole.Events()).Select(e => (e.Kind, e.Event.At)), (await again.Events()).Select(e => (e.Kind, e.Event.At)));
    }

    private static async Task<List<List<Holdfast.Predictions.PredictionEntry>>> Parts(int hours, int rows, Func<MonitorHarness.Row, MonitorHarness.Row> change)
    {
        using var scratch = new TemporaryFolder();
        await using var maker = await MonitorHarness.Open(scratch.Path, Spec);
        var parts = new List<List<Holdfast.Predictions.PredictionEntry>>();
        for (var hour = 0; hour < hours; hour++)
            parts.Add(await maker.Hour(hour, rows, change));
        return parts;
    }
}
