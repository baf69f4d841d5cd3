using Holdfast.Kernel;
using Holdfast.Rollout;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>Every decision from state, evidence and clock: one line a case.</summary>
public sealed class RolloutRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RolloutCounts Zero = new(0, 0, 0, 0, 0, 0);

    [Theory]
    [InlineData("just started", -1, 0, 0, "open", "enter")]
    [InlineData("term not over", 0, 1, 500, "safe", "stay")]
    [InlineData("term over, all safe", 0, 3, 500, "safe", "enter")]
    [InlineData("no traffic is never a pass", 0, 3, 0, "safe", "hold")]
    [InlineData("too few predictions", 0, 3, 99, "safe", "hold")]
    [InlineData("not shown to be safe", 0, 3, 500, "open", "hold")]
    [InlineData("harm before the term is over", 0, 0, 500, "harm", "roll_back")]
    [InlineData("split, too few answers of the candidate", 1, 3, 4, "safe", "hold")]
    [InlineData("the last step ends the rollout", 2, 3, 500, "safe", "complete")]
    public void Decision(string why, int step, int hours, long seen, string verdict, string expected) =>
        Assert.True(RolloutRules.Decide(State(step), View(hours, seen, verdict)).Kind == expected, why);

    [Fact]
    public void An_override_suspends_and_its_time_does_not_count()
    {
        var state = State(0);
        Assert.Equal("suspend", RolloutRules.Decide(state, View(1, 500, "safe") with { Overridden = true }).Kind);
        var suspended = state with { Status = RolloutStatus.Suspended, StoppedSince = Start.AddHours(1) };
        Assert.Equal("stay", RolloutRules.Decide(suspended, View(9, 500, "harm") with { Overridden = true }).Kind);
        Assert.Equal("go_on", RolloutRules.Decide(suspended, View(9, 500, "safe")).Kind);
        var going = RolloutReconciler.GoOn(suspended, Start.AddHours(9));
        Assert.Equal(TimeSpan.FromHours(8), going.Stood);
        Assert.Equal("stay", RolloutRules.Decide(going, View(9, 500, "safe")).Kind);
        Assert.Equal("enter", RolloutRules.Decide(going, View(10, 500, "safe")).Kind);
    }

    [Theory]
    [InlineData("hold is told once", "hold", true, "stay")]
    [InlineData("hold", "hold", false, "hold")]
    [InlineData("rollback", "rollback", false, "roll_back")]
    [InlineData("ask", "ask", false, "hold")]
    public void Inconclusive(string why, string policy, bool told, string expected)
    {
        var state = State(0) with { OnInconclusive = policy, HeldTold = told, Reason = told ? "error_rate is not shown to be safe yet" : null };
        Assert.True(RolloutRules.Decide(state, View(3, 500, "open")).Kind == expected, why);
    }

    [Fact]
    public void Held_under_ask_only_a_person_moves_it()
    {
        var held = State(0) with { OnInconclusive = "ask", Status = RolloutStatus.Held };
        Assert.Equal("stay", RolloutRules.Decide(held, View(9, 5000, "safe")).Kind);
        Assert.Equal("enter", RolloutRules.Decide(held with { Command = "promote" }, View(9, 5000, "open")).Kind);
        Assert.Equal("roll_back", RolloutRules.Decide(held with { Command = "promote" }, View(9, 5000, "harm")).Kind);
    }

    [Fact]
    public void Held_under_hold_it_goes_on_when_the_evidence_comes() =>
        Assert.Equal("enter", RolloutRules.Decide(State(0) with { Status = RolloutStatus.Held, HeldTold = true }, View(9, 5000, "safe")).Kind);

    private static RolloutState State(int step) => new(
        "r", 1, "e", "m", 2, null, false, "person", null,
        [new StepSpec(StepSpec.Shadow, 0, TimeSpan.FromHours(2), 100), new StepSpec(StepSpec.Canary, 0.1, TimeSpan.FromHours(2)), new StepSpec(StepSpec.Gradual, 1, TimeSpan.FromHours(2))],
        GuardSpec.Default, "hold", RolloutStatus.Running, step, Zero, Start, 1, step < 0 ? [] : [Start]);

    private static RolloutView View(int hours, long seen, string verdict) => new(
        new RolloutCounts(seen, seen, 0, seen, 0, 0), [new GuardView(new GuardEvidence("error_rate", 1, 1, 300, verdict), true)], 0, false, Start.AddHours(hours));
}
