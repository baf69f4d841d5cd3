using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Rollout;
using Holdfast.Serving;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>What a plan may say, and that it is kept.</summary>
public sealed class RolloutPlanTests : IDisposable
{
    private static readonly GuardSpec Errors = new(new GuardRule(Absolute: 0.05), null, null);
    private static readonly StepSpec Shadow = new(StepSpec.Shadow, 0, TimeSpan.FromMinutes(1));
    private static readonly StepSpec Half = new(StepSpec.Gradual, 0.5, TimeSpan.FromMinutes(1));
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_a_shadow_step_a_version_that_serves_is_left_alone_unless_the_plan_says_why()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var bare = new RolloutSpec([new StepSpec(StepSpec.Canary, 0.1, TimeSpan.FromMinutes(1))], Errors);
        var refused = await Assert.ThrowsAsync<HoldfastException>(() => bench.Deploy(bare));
        Assert.Contains("has no shadow step, and m/1 serves", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(RolloutService.ShadowFault(bare, "pay", new VariantRef("m", 1)));
        Assert.Null(RolloutService.ShadowFault(bare, "pay", null));
        await bench.Deploy(bare with { SkipShadow = "a hotfix of 14 March" });
        Assert.Equal(0.1, (await bench.Route()).CandidateWeight);
        Assert.Equal("a hotfix of 14 March", Assert.Single(await bench.Events("rollout.started")).DetailAs<RolloutStarted>().SkippedShadow);
    }

    [Fact]
    public async Task Another_version_takes_the_place_of_the_one_under_way()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        bench.Model(3, x => new(x, "1"));
        var first = await bench.Deploy(new RolloutSpec([Shadow, Half with { For = TimeSpan.FromHours(5) }], Errors));
        await bench.Traffic(300);
        Assert.Equal(RouteMode.Split, (await bench.Route()).Mode);
        await Assert.ThrowsAsync<HoldfastException>(() => bench.Deploy(new RolloutSpec([Shadow], Errors)));
        var second = await bench.Deploy(new RolloutSpec([Shadow], Errors), version: 3);
        Assert.Equal((RouteMode.Shadow, new VariantRef("m", 1), new VariantRef("m", 3)), (await bench.Route() is var r ? (r.Mode, r.Primary, r.Candidate) : default)!);
        var ended = await bench.Rollouts.Get(RolloutBench.Someone, first.Id, ct: Ct);
        Assert.Equal(("rolled_back", "superseded by m/3"), (ended.Status, ended.Reason));
        Assert.Equal(first.Id, (await bench.Events("rollout.started"))[^1].DetailAs<RolloutStarted>().Superseded);

        // A version that cannot be loaded leaves nothing of the one that it took the place of.
        await bench.Traffic(100);
        await Assert.ThrowsAsync<HoldfastException>(() => bench.Rollouts.Start(RolloutBench.Someone, new StartRollout("pay", "m", 3, "person"), ct: Ct));
        await bench.Deploy(new RolloutSpec([Shadow], Errors), version: 9);
        Assert.Equal(new RoutePlan(0, new VariantRef("m", 1), null, RouteMode.None, 0, "", null), await bench.Route() with { Revision = 0 });
        Assert.Equal("rolled_back", (await bench.Rollouts.Get(RolloutBench.Someone, second.Id, ct: Ct)).Status);
    }

    [Theory]
    [InlineData("hold", "held")]
    [InlineData("ask", "held")]
    [InlineData("rollback", "rolled_back")]
    public async Task Without_traffic_nothing_is_ever_passed(string policy, string status)
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var rollout = await bench.Deploy(new RolloutSpec([Shadow, Half], Errors, policy));
        for (var day = 0; day < 3; day++)
            await bench.Pass(TimeSpan.FromDays(1));
        var now = await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct);
        Assert.Equal((status, 0), (now.Status, now.StepIndex));
        Assert.Equal("open", Assert.Single(now.Guards).Verdict);
    }

    [Fact]
    public async Task A_step_that_needs_a_person_waits_for_the_evidence_and_the_person()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var rollout = await bench.Deploy(new RolloutSpec([Shadow, Half with { Approval = true }], Errors));
        await Assert.ThrowsAsync<HoldfastException>(() => bench.Rollouts.Approve(RolloutBench.Someone, "x", ct: Ct));
        await bench.Traffic(600);
        await bench.Pass(TimeSpan.FromHours(1));
        var waits = await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct);
        Assert.Equal((0, "held", true), (waits.StepIndex, waits.Status, waits.NeedsApproval));
        Assert.Equal(2, Assert.Single(await bench.Events("rollout.approval_needed")).DetailAs<RolloutApprovalNeeded>().Step);
        await bench.Rollouts.Approve(RolloutBench.Someone, rollout.Id, "looked at the report", ct: Ct);
        await bench.Settle();
        Assert.Equal(0.5, (await bench.Route()).CandidateWeight);
        Assert.Equal("by ada: looked at the report", Assert.Single(await bench.Events("rollout.approved")).DetailAs<RolloutApproved>().Reason);
    }

    [Fact]
    public async Task Outside_of_its_hours_and_in_a_freeze_no_step_is_entered_but_a_rollback_is_made()
    {
        // The bench begins on a Monday at 10:00 UTC, which is 11:00 in Zurich.
        await using var bench = await RolloutBench.Open(_folder.Path);
        var calendar = new CalendarSpec("Europe/Zurich", [new WindowSpec(["mon", "wed"], new TimeOnly(9, 0), new TimeOnly(12, 0))], [new FreezeSpec(new DateTime(2026, 3, 4), new DateTime(2026, 3, 5), "audit")]);
        var rollout = await bench.Deploy(new RolloutSpec([Shadow with { For = TimeSpan.FromHours(2) }, Half], Errors, Calendar: calendar));
        await bench.Traffic(600);
        await bench.Pass(TimeSpan.FromHours(3));
        Assert.Equal(0, (await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct)).StepIndex);
        Assert.StartsWith("outside of its hours", (await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct)).Reason, StringComparison.Ordinal);
        await bench.Pass(TimeSpan.FromHours(44));
        Assert.StartsWith("frozen until 2026-03-05 00:00 Europe/Zurich: audit", (await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct)).Reason, StringComparison.Ordinal);
        bench.Failing(2, 0.4);
        await bench.Traffic(200);
        Assert.Equal("rolled_back", (await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct)).Status);
    }

    [Theory]
    [InlineData("2026-03-02T08:59:00Z", false)]
    [InlineData("2026-03-02T09:00:00Z", true)]
    [InlineData("2026-03-03T01:30:00Z", false)]
    [InlineData("2026-03-06T23:00:00Z", true)]
    [InlineData("2026-03-07T01:30:00Z", true)]
    [InlineData("2026-03-07T23:00:00Z", false)]
    public void Hours_may_go_past_midnight_and_belong_to_the_day_on_which_they_begin(string at, bool open) => Assert.Equal(
        open,
        new CalendarSpec(Windows: [new WindowSpec(["mon"], new TimeOnly(9, 0), new TimeOnly(17, 0)), new WindowSpec(["fri"], new TimeOnly(22, 0), new TimeOnly(2, 0))])
            .Closed(DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture)) is null);

    [Fact]
    public async Task Predictions_that_are_distributed_otherwise_hold_it_where_that_is_declared_and_a_person_accepts_it()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        bench.Model(2, x => new(x * x, x > 0.5 ? "1" : "0"));
        var rollout = await bench.Deploy(new RolloutSpec([Shadow, Half], Errors with { ShiftHoldsAbove = 0.1 }));
        await bench.Traffic(1500);
        await bench.Pass(TimeSpan.FromHours(1));
        var held = await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct);
        Assert.Equal("held", held.Status);
        Assert.StartsWith("predictions are distributed otherwise", held.Reason, StringComparison.Ordinal);
        var sides = await bench.Rollouts.Compare(RolloutBench.Someone, rollout.Id, ct: Ct);
        Assert.Equal(("shadow", 1500, 0), (sides.Mode, sides.Pairs, sides.Disagreed));
        Assert.InRange(sides.ScoreDifference!.Value, -0.19, -0.14);
        Assert.InRange(sides.Shift!.Value, 0.1, 1);
        await bench.Rollouts.Resume(RolloutBench.Someone, rollout.Id, ct: Ct);
        await bench.Settle();
        Assert.Equal(0.5, (await bench.Route()).CandidateWeight);
    }

    [Fact]
    public async Task The_evidence_is_kept_over_time_and_the_channel_is_told_of_each_transition()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        await bench.Get<AlertService>().ApplyChannels(RolloutBench.Someone, [new ChannelSpec("team", "log")], null, ct: Ct);
        var rollout = await bench.Deploy(new RolloutSpec([Shadow, Half with { For = TimeSpan.FromHours(9) }], Errors, Notify: "team"));
        await bench.Traffic(600);
        bench.Failing(2, 0.3);
        for (var i = 0; i < 6; i++)
            await bench.Traffic(50);
        var history = await bench.Rollouts.History(RolloutBench.Someone, rollout.Id, ct: Ct);
        var errors = Assert.Single(history.Guards);
        Assert.Equal(("error_rate", "harm", 100, 10), (errors.Guard, errors.Verdict, errors.Threshold, errors.Warning));
        Assert.InRange(errors.Points.Count, 5, 201);
        Assert.True(errors.Points[0].EHarm < 2 && errors.Points[^1].EHarm >= 100 && errors.Points.Any(p => p.Traffic == 0.5));
        Assert.Equal(errors.Points.Select(p => p.At).Order(), errors.Points.Select(p => p.At));
        while (await bench.Get<RolloutNotices>().Round(Ct))
        {
        }

        Assert.Equal(
            ["m/2 on pay: started", "m/2 on pay: step entered", "m/2 on pay: step entered", "m/2 on pay: rolled back"],
            (await bench.Events("alert.sent")).Select(e => e.DetailAs<AlertSent>().Title));
    }

    [Theory]
    [InlineData("recorded", 0, "passed")]
    [InlineData("recorded", 0.2, "refused")]
    [InlineData("supplied", 0, "waits")]
    public async Task The_first_version_of_an_endpoint_goes_through_staging(string traffic, double failing, string outcome)
    {
        await using var bench = await RolloutBench.Open(_folder.Path, serves: false);
        await bench.Traffic(150);
        bench.Failing(2, failing);
        var rollout = await bench.Deploy(new RolloutSpec([Shadow with { For = TimeSpan.FromHours(1) }], Errors, Staging: new StagingSpec(traffic)));
        var now = await bench.Rollouts.Get(RolloutBench.Someone, rollout.Id, ct: Ct);
        Assert.Equal(new VariantRef("m", 2), (await bench.Serving.Get(RolloutBench.Someone, "pay.staging", ct: Ct)).Plan.Primary);
        if (outcome == "waits")
        {
            Assert.Equal((-1, "running"), (now.StepIndex, now.Status));
            return;
        }

        var told = Assert.Single(await bench.Events("rollout.staged")).DetailAs<RolloutStaged>();
        Assert.Equal((outcome == "passed", 100, "pay.staging"), (told.Passed, told.Predictions, told.StagingEndpoint));
        Assert.Equal(outcome == "passed" ? (0, "running") : (-1, "rolled_back"), (now.StepIndex, now.Status));
        Assert.Equal(150, bench.Predictions.Completeness(new EndpointKey(1, "pay")).TotalLogged);
    }
}
