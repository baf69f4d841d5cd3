using Holdfast.Kernel;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>Each stage goes back in its own way, to exactly the route before.</summary>
public sealed class StageRollbackTests : IDisposable
{
    private static readonly GuardSpec Errors = new(new GuardRule(Absolute: 0.05), null, null);
    private static readonly StepSpec Shadow = new(StepSpec.Shadow, 0, TimeSpan.FromMinutes(1), 50);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task In_shadow_it_is_switched_off_and_nobody_was_served_by_it()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        bench.Failing(2, 0.3);
        var before = await bench.Route();
        await bench.Deploy(Plan(Shadow with { MinPredictions = 10_000 }));
        await bench.Traffic(100);
        var told = await RolledBack(bench, before, "the shadow is switched off");
        Assert.Equal((0, true), (told.Counts.Candidate, told.Counts.Shadowed > 0));
    }

    [Fact]
    public async Task In_canary_all_traffic_goes_back()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var before = await bench.Route();
        await bench.Deploy(Plan(Shadow, new StepSpec(StepSpec.Canary, 0.05, TimeSpan.FromHours(1))));
        await bench.Traffic(600);
        Assert.Equal(0.05, (await bench.Route()).CandidateWeight);
        bench.Failing(2, 0.5);
        await bench.Traffic(600);
        await RolledBack(bench, before, "the canary is over, m/1 has all traffic");
    }

    [Fact]
    public async Task In_gradual_the_share_falls_first_and_it_is_reverted_when_that_goes_on()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var before = await bench.Route();
        await bench.Deploy(Plan(Shadow, new StepSpec(StepSpec.Gradual, 0.1, TimeSpan.FromMinutes(1)), new StepSpec(StepSpec.Gradual, 0.5, TimeSpan.FromHours(9))));
        while ((await bench.Route()).CandidateWeight < 0.5)
            await bench.Traffic(400);
        bench.Failing(2, 0.1);
        while ((await bench.Events("rollout.rolled_back")).Count == 0)
            await bench.Traffic(20);
        var warned = Assert.Single(await bench.Events("rollout.warned")).DetailAs<RolloutWarned>();
        Assert.Equal((0.5, 0.1), (warned.FromTraffic, warned.Traffic));
        Assert.Equal("warning", Assert.Single(warned.Evidence).Verdict);
        await RolledBack(bench, before, "it went on at 10 %, so m/1 has all traffic");
    }

    [Fact]
    public async Task At_full_traffic_the_former_version_is_back_at_once()
    {
        await using var bench = await RolloutBench.Open(_folder.Path);
        var before = await bench.Route();
        await bench.Deploy(Plan(new GuardSpec(new GuardRule(Absolute: 0.1), null, new GuardRule()), Shadow, new StepSpec(StepSpec.Gradual, 0.5, TimeSpan.FromMinutes(1)), new StepSpec(StepSpec.Gradual, 1, TimeSpan.FromHours(9))));
        await bench.Traffic(100);
        bench.Model(2, x => new Outcome(x, "0"));
        var split = await bench.Traffic(400);
        Assert.Equal(1, (await bench.Route()).CandidateWeight);
        await bench.Label(split, x => x > 0.5 ? "1" : "0");
        await bench.Settle();
        await RolledBack(bench, before, "all traffic is back with m/1 at once");
    }

    private static RolloutSpec Plan(params StepSpec[] steps) => Plan(Errors, steps);

    private static RolloutSpec Plan(GuardSpec guard, params StepSpec[] steps) => new(steps, guard);

    private static async Task<RolloutRolledBack> RolledBack(RolloutBench bench, RoutePlan before, string how)
    {
        Assert.Equal(before with { Revision = 0 }, await bench.Route() with { Revision = 0 });
        var told = Assert.Single(await bench.Events("rollout.rolled_back")).DetailAs<RolloutRolledBack>();
        Assert.EndsWith(how, told.Reason, StringComparison.Ordinal);
        return told;
    }
}
