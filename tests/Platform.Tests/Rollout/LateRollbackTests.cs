using Holdfast.Kernel;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>After the end the former version is kept, to compare with and to go back to.</summary>
public sealed class LateRollbackTests : IDisposable
{
    private static readonly VariantRef Former = new("m", 1);
    private static readonly VariantRef New = new("m", 2);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Kept_in_shadow_for_seven_days_it_judges_by_pairs()
    {
        await using var bench = await Completed(null, Guard());
        Assert.Equal(new RoutePlan(0, New, Former, RouteMode.Shadow, 0, "", ""), await bench.Route() with { Revision = 0, Salt = "", RolloutId = "" });
        await bench.Traffic(200);
        bench.Failing(2, 0.3);
        await bench.Traffic(200);
        await Back(bench, "late, by pairs with the former version in shadow: error_rate is worse");
    }

    [Fact]
    public async Task A_fault_of_both_versions_is_no_reason_to_go_back_unless_it_is_beyond_an_absolute_limit()
    {
        await using var bench = await Completed(null, Guard());
        bench.Failing(1, 0.3);
        bench.Failing(2, 0.3);
        await bench.Traffic(600);
        Assert.Equal(New, (await bench.Route()).Primary);
        await using var limited = await Completed(null, Guard() with { ErrorRate = new GuardRule(Absolute: 0.05, Limit: 0.05) });
        limited.Failing(1, 0.3);
        limited.Failing(2, 0.3);
        await limited.Traffic(200);
        await Back(limited, "late, by its own absolute limit: error_rate is over its limit");
    }

    [Fact]
    public async Task Labels_of_predictions_made_while_both_served_still_count()
    {
        await using var bench = await Completed(new KeepSpec(TimeSpan.Zero), Guard(), wrong: true);
        Assert.Equal((New, RouteMode.None), ((await bench.Route()).Primary, (await bench.Route()).Mode));
        await bench.Label(_split, x => x > 0.5 ? "1" : "0");
        await bench.Settle();
        await Back(bench, "late, by labels of predictions made while both served: accuracy is worse");
    }

    [Fact]
    public async Task Held_back_it_answers_its_share_and_judges_by_it_and_is_let_go_in_time()
    {
        await using var bench = await Completed(new KeepSpec(TimeSpan.FromDays(2), KeepSpec.HoldBack, 0.2), Guard());
        Assert.Equal((New, Former, 0.2), ((await bench.Route()).Primary, (await bench.Route()).Candidate, (await bench.Route()).CandidateWeight));
        bench.Failing(2, 0.3);
        await bench.Traffic(400);
        await Back(bench, "late, by the share held back for the former version: error_rate is worse");

        await using var calm = await Completed(new KeepSpec(TimeSpan.FromDays(2), KeepSpec.HoldBack, 0.2), Guard());
        await calm.Traffic(200);
        await calm.Pass(TimeSpan.FromDays(3));
        Assert.Equal(new RoutePlan(0, New, null, RouteMode.None, 0, "", null), await calm.Route() with { Revision = 0 });
        Assert.Equal("m/1", Assert.Single(await calm.Events("rollout.released")).DetailAs<RolloutReleased>().Former);
    }

    private List<(string Id, double Amount)> _split = [];
    private int _opened;

    private static GuardSpec Guard() => new(new GuardRule(Absolute: 0.05), null, new GuardRule());

    private async Task<RolloutBench> Completed(KeepSpec? keep, GuardSpec guard, bool wrong = false)
    {
        var bench = await RolloutBench.Open(_folder.File($"data{_opened++}"));
        if (wrong)
            bench.Model(2, x => new Outcome(x, "0"));
        await bench.Deploy(new RolloutSpec(
            [new StepSpec(StepSpec.Shadow, 0, TimeSpan.FromMinutes(1)), new StepSpec(StepSpec.Gradual, 0.5, TimeSpan.FromMinutes(1)), new StepSpec(StepSpec.Gradual, 1, TimeSpan.FromMinutes(1))], guard, Keep: keep));
        await bench.Traffic(300);
        _split = await bench.Traffic(300);
        await bench.Traffic(50);
        Assert.Single(await bench.Events("rollout.completed"));
        return bench;
    }

    private static async Task Back(RolloutBench bench, string reason)
    {
        var told = Assert.Single(await bench.Events("rollout.rolled_back")).DetailAs<RolloutRolledBack>();
        Assert.StartsWith(reason, told.Reason, StringComparison.Ordinal);
        Assert.Equal(new RoutePlan(0, Former, null, RouteMode.None, 0, "", null), await bench.Route() with { Revision = 0 });
    }
}
