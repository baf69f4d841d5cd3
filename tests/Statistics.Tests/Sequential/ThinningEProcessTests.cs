using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.Sequential;

public sealed class ThinningEProcessTests
{
    private static readonly Report Report = new("statistics-sequential.md");

    private static readonly double Reject = Math.Log(1 / 0.05);

    /// <summary>One rollout of bad events only: thinning needs nothing else. Stops at the first rollback.</summary>
    private static (bool RolledBack, bool Safe, int Events) Rollout(Draw draw, int events, Func<int, double> weight, double ratio, double tolerance = 1, double margin = 1.5)
    {
        var process = new ThinningEProcess(tolerance, margin);
        for (var i = 0; i < events; i++)
        {
            var w = weight(i);
            process.Observe(w, draw.Coin(w * ratio / (1 - w + w * ratio)));
            if (process.PeakLogHarm >= Reject) return (true, process.PeakLogSafe >= Reject, i + 1);
        }
        return (false, process.PeakLogSafe >= Reject, events);
    }

    private static double Ramp(int i) => i < 500 ? 0.05 : i < 1000 ? 0.1 : i < 1500 ? 0.25 : 0.5;

    public static TheoryData<string> Scenarios => ["constant 5 %", "ramp", "ramp, incident on both sides late", "ramp, incident on both sides early"];

    [Theory, MemberData(nameof(Scenarios))]
    public void Rolls_back_an_equal_candidate_at_most_alpha_of_the_time(string scenario)
    {
        int runs = 1000 * Draw.Scale(4), wrong = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            // An incident multiplies the events of both arms: it only changes how many fall into each step of the ramp.
            Func<int, double> weight = scenario switch
            {
                "constant 5 %" => _ => 0.05,
                "ramp" => Ramp,
                "ramp, incident on both sides late" => i => Ramp(i < 1400 ? i : 1400 + (i - 1400) / 5),
                _ => i => Ramp(i / 5),
            };
            if (Rollout(new Draw(seed), 2000, weight, 1).RolledBack) wrong++;
        }
        Report.Row("Thinning: ever wrong over 2,000 events, alpha 5 %", "Seeds from 1.", ["claim", "rollouts", "share"], [$"rollback of an equal candidate, {scenario}", runs, (double)wrong / runs]);
        Assert.True(wrong <= Draw.Allowed(runs, 0.05), $"{wrong} of {runs}");
    }

    [Fact]
    public void Promotes_a_candidate_on_the_margin_at_most_alpha_of_the_time()
    {
        int runs = 1000 * Draw.Scale(4), wrong = 0;
        for (var seed = 1; seed <= runs; seed++)
        {
            if (Rollout(new Draw(seed), 2000, _ => 0.25, 1.5, tolerance: 2).Safe) wrong++;
        }
        Report.Row("Thinning: ever wrong over 2,000 events, alpha 5 %", "Seeds from 1.", ["claim", "rollouts", "share"], ["promotion on a margin of 1.5", runs, (double)wrong / runs]);
        Assert.True(wrong <= Draw.Allowed(runs, 0.05), $"{wrong} of {runs}");
    }

    [Theory, InlineData(1.5, 1000), InlineData(2, 315), InlineData(5, 60)]
    public void Finds_harm_within_the_events_that_the_measurements_allow(double ratio, int median)
    {
        var needed = new double[200];
        for (var seed = 0; seed < needed.Length; seed++) needed[seed] = Rollout(new Draw(seed + 1), 20_000, _ => 0.05, ratio).Events;
        Array.Sort(needed);
        Assert.True(Samples.Quantile(needed, 0.5) <= median, $"median {Samples.Quantile(needed, 0.5)} events");
    }

    [Fact]
    public void Three_events_of_a_five_percent_candidate_in_a_row_weigh_as_computed_by_hand()
    {
        var process = new ThinningEProcess();
        double[] expected = [4.4, 32.8, 324];
        foreach (var e in expected)
        {
            process.Observe(0.05, true);
            Assert.Equal(e, Math.Exp(process.LogHarm), e * 0.02);
        }
    }

    [Fact]
    public void Goes_on_from_a_stored_state_as_if_never_stopped()
    {
        var draw = new Draw(5);
        ThinningEProcess whole = new(1.1, 1.5), broken = new(1.1, 1.5);
        for (var i = 0; i < 500; i++)
        {
            var (w, from) = (Ramp(4 * i), draw.Coin(0.3));
            whole.Observe(w, from);
            broken.Observe(w, from);
            if (i % 37 != 0) continue;
            broken = new ThinningEProcess(System.Text.Json.JsonSerializer.Deserialize<ThinningState>(System.Text.Json.JsonSerializer.Serialize(broken.State))!);
        }
        Assert.Equal(whole.LogHarm, broken.LogHarm);
        Assert.Equal(whole.LogSafe, broken.LogSafe);
        Assert.Equal(whole.PeakLogHarm, broken.PeakLogHarm);
        Assert.Equal(whole.Events, broken.Events);
    }

    [Fact]
    public void Events_that_come_together_weigh_as_much_as_one_after_the_other()
    {
        ThinningEProcess one = new(1.1, 1.5), together = new(1.1, 1.5);
        foreach (var (w, candidate, stable) in new[] { (0.05, 3, 40), (0.25, 0, 7), (0.25, 9, 20), (0, 5, 5), (1, 5, 5) })
        {
            for (var i = 0; i < candidate + stable; i++) one.Observe(w, i < candidate);
            together.Observe(w, candidate, stable);
        }
        Assert.Equal(one.LogHarm, together.LogHarm, 9);
        Assert.Equal(one.LogSafe, together.LogSafe, 9);
        Assert.Equal((one.Events, one.CandidateEvents), (together.Events, together.CandidateEvents));
        Assert.True(together.PeakLogHarm <= one.PeakLogHarm);
    }

    [Fact]
    public void Without_events_or_without_a_second_side_nothing_is_concluded()
    {
        var process = new ThinningEProcess();
        process.Observe(1, true);
        process.Observe(0, false);
        Assert.Equal((0, 0, 0), (process.LogHarm, process.LogSafe, process.Events));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.Observe(double.NaN, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.Observe(1.1, true));
    }
}
