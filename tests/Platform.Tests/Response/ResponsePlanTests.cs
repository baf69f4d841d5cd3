using System.Text.Json;
using Holdfast.Kernel;
using Holdfast.Response;

namespace Holdfast.Platform.Tests.Response;

/// <summary>Which policy answers, and with what.</summary>
public sealed class ResponsePlanTests
{
    [Theory]
    [InlineData("all", null, null, null, null, true)]
    [InlineData("this endpoint", "pay", null, null, null, true)]
    [InlineData("another endpoint", "credit", null, null, null, false)]
    [InlineData("kind", null, null, "data_fault", null, true)]
    [InlineData("another kind", null, null, "data_drift", null, false)]
    [InlineData("feature", null, "amount", null, null, true)]
    [InlineData("one of the others", null, "age", null, null, true)]
    [InlineData("a feature that stands still", null, "country", null, null, false)]
    [InlineData("psi above", null, null, null, "> 0.25", true)]
    [InlineData("psi below", null, null, null, "< 0.25", false)]
    [InlineData("psi of the named feature", null, "age", null, ">= 0.3", true)]
    [InlineData("psi of the named feature too small", null, "age", null, ">0.31", false)]
    public void Match(string why, string? endpoint, string? feature, string? kind, string? psi, bool expected) =>
        Assert.True(new PolicyMatch(endpoint, feature, kind, psi).Matches(Diagnosed()) == expected, why);

    [Fact]
    public void The_policy_that_says_most_answers_and_without_any_every_channel_is_told()
    {
        ResponsePolicySpec broad = Policy("broad", new PolicyMatch(Kind: "data_fault")), narrow = Policy("narrow", new PolicyMatch("pay", "amount", "data_fault"));
        Assert.Equal("narrow", ResponsePlan.Choose([broad, narrow], [], Diagnosed()).Name);
        var silent = ResponsePlan.Choose([], ["team", "log"], Diagnosed());
        Assert.Equal(["notify", "notify"], silent.Do.Select(a => a.Name));
        Assert.Equal(["team", "log"], silent.Do.Select(a => a.Text()));
    }

    [Fact]
    public void What_was_set_aside_or_blocked_is_closed_first_and_lifted_before_anything_retrains()
    {
        var policy = Policy("p", new PolicyMatch()) with { After = [new ActionSpec("resume"), new ActionSpec("retrain")] };
        Assert.Equal(["close_quarantine", "resume", "unblock", "retrain"], ResponsePlan.After(policy, ["notify", "block"]).Select(a => a.Name));
        Assert.Equal(["resume", "retrain"], ResponsePlan.After(policy, ["notify"]).Select(a => a.Name));
    }

    [Fact]
    public void A_policy_that_would_retrain_on_a_fault_is_refused()
    {
        var faults = (Policy("p", new PolicyMatch(Kind: "data_fault")) with { Do = [new ActionSpec("retrain", JsonSerializer.SerializeToElement(new { pipeline = "fraud" }))] }).Faults();
        Assert.Contains(faults, f => f.Message.Contains("must not retrain", StringComparison.Ordinal));
    }

    private static ResponsePolicySpec Policy(string name, PolicyMatch match) => new(name, match, [], []);

    private static DriftDiagnosed Diagnosed() => new(
        "i", "pay", "fraud", 1, "data_fault", "scale_change", "amount", "significant", 0.8, 0.7, 0.9, 2, 0.9, "1h", default, default, default, 400, null, null,
        new Dictionary<string, double> { ["age"] = 0.3 }, []);
}
