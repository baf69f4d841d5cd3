using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Rollout;

namespace Holdfast.Platform.Tests.Response;

/// <summary>Both reference scenarios from the first rollout to the end of the incident, through the real rooms.</summary>
public sealed class LoopTests : IDisposable
{
    private static readonly string[] Told =
    [
        "rollout.started", "rollout.step_entered", "rollout.completed", "rollout.rolled_back", "rollout.held", "drift.diagnosed", "alert.sent", "snapshot.saved", "data.quarantined",
        "endpoint.fallback_entered", "endpoint.fallback_left", "retrain.blocked", "retrain.unblocked", "retrain.started", "retrain.finished", "retrain.failed", "incident.resolved",
    ];

    private static readonly string[] FirstRollout = ["rollout.started", "rollout.step_entered", "rollout.step_entered", "rollout.step_entered", "rollout.step_entered", "rollout.completed"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1000)]
    [InlineData(7)]
    public async Task A_changed_world_is_answered_by_a_retrained_model(int restartEvery)
    {
        var events = await Run(new LoopHarness.World(Richer: 50.3), 110, restartEvery);
        Assert.Equal(
            [.. FirstRollout, "drift.diagnosed", "alert.sent", "snapshot.saved", "retrain.started", "retrain.finished", .. FirstRollout, "incident.resolved"],
            events.Select(e => e.Kind));
        Assert.Equal("data_drift", events[6].DetailAs<DriftDiagnosed>().DriftKind);
        Assert.Equal("fraud/2", $"{events[^2].DetailAs<RolloutCompleted>().Model}/{events[^2].DetailAs<RolloutCompleted>().ModelVersion}");
        Assert.Equal("model_promoted", events[^1].DetailAs<IncidentResolved>().Reason);
        Assert.All(events.Where(e => e.Kind == "rollout.step_entered").Select(e => e.DetailAs<RolloutStepEntered>()).Where(s => s.Index > 0), s =>
        {
            Assert.True(s.Counts.Requests > 0);
            Assert.Contains(s.Evidence, g => g is { Guard: "error_rate", Verdict: "safe" });
        });
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(5)]
    public async Task A_broken_pipe_is_quarantined_blocked_and_waited_out(int restartEvery)
    {
        var world = new LoopHarness.World(Doubled: 50.4, Repaired: 60.6);
        var events = await Run(world, 80, restartEvery);
        Assert.Equal(
            [
                .. FirstRollout, "drift.diagnosed", "alert.sent", "snapshot.saved", "data.quarantined", "endpoint.fallback_entered", "retrain.blocked",
                "incident.resolved", "endpoint.fallback_left", "retrain.unblocked", "retrain.started", "retrain.finished",
            ],
            events.Select(e => e.Kind));
        var diagnosed = events[6].DetailAs<DriftDiagnosed>();
        Assert.Equal(("data_fault", "amount"), (diagnosed.DriftKind, diagnosed.Feature));
        Assert.InRange(diagnosed.ScaleFactor!.Value, 1.9, 2.1);

        // No doubled row is in the data of the last retraining.
        await using var loop = await LoopHarness.Open(_folder.Path);
        var quarantine = Assert.Single(await loop.Predictions.ListQuarantines(LoopHarness.Someone, LoopHarness.Name, TestContext.Current.CancellationToken));
        var rows = await loop.Predictions.Query(LoopHarness.Someone, new PredictionQuery(LoopHarness.Name, LoopHarness.Start.AddHours(48), LoopHarness.Start.AddHours(64), Limit: 10_000), TestContext.Current.CancellationToken);
        Assert.All(rows.Items.Where(r => world.DoubledAt(r.Entry.At)), r => Assert.True(quarantine.Holds(r.Entry.At)));
        Assert.NotNull(quarantine.Until);
    }

    private async Task<List<JournalEvent>> Run(LoopHarness.World world, int hours, int restartEvery)
    {
        var loop = await LoopHarness.Open(_folder.Path);
        try
        {
            await loop.Declare();
            for (var hour = 0; hour < hours; hour++)
            {
                if (hour == 2)
                    await loop.Rollouts.Start(LoopHarness.Someone, new StartRollout(LoopHarness.Name, "fraud", 1, "person"));
                if (hour > 0 && hour % restartEvery == 0)
                {
                    await loop.DisposeAsync();
                    loop = await LoopHarness.Open(_folder.Path);
                }

                await loop.Hour(hour, world);
            }

            return [.. (await loop.Events()).Where(e => Told.Contains(e.Kind))];
        }
        finally
        {
            await loop.DisposeAsync();
        }
    }
}
