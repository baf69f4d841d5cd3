using Holdfast.Statistics.Sequential;

namespace Holdfast.Statistics.Tests.Sequential;

/// <summary>
/// What a canary judgement by thinning must do, frozen from measurements of an independent simulation: error rates over whole rollouts of 24 hours with one
/// look a minute (1,440 looks), and minutes to a verdict. Requests and errors are Poisson; rates in requests a second, errors 1 % of the stable side's.
/// Judged at every event, which is stricter than at the looks. 4,000 rollouts each with HOLDFAST_FULL=1.
/// </summary>
public sealed class CanaryAcceptanceTests
{
    private static readonly Report Report = new("statistics-sequential.md");

    private const int Minutes = 1440;
    private const double Alpha = 0.05;

    private static readonly double Reject = Math.Log(1 / Alpha);

    /// <summary>Traffic and errors by minute, the same for both sides but for the candidate's error ratio.</summary>
    private sealed record Scenario(double RequestsPerSecond, Func<int, double> Weight, Func<int, double> ErrorRate)
    {
        /// <summary>Plays bad events minute by minute until <paramref name="isDecided"/>; the minute of the decision, counted from 1, or 0 if there was none.</summary>
        public int Play(Draw draw, ThinningEProcess process, double ratio, Func<ThinningEProcess, bool> isDecided)
        {
            for (var minute = 0; minute < Minutes; minute++)
            {
                double w = Weight(minute), rate = ErrorRate(minute) * 60 * RequestsPerSecond;
                var events = draw.Poisson(rate * (1 - w + w * ratio));
                for (var i = 0; i < events; i++) process.Observe(w, draw.Coin(w * ratio / (1 - w + w * ratio)));
                if (isDecided(process)) return minute + 1;
            }
            return 0;
        }
    }

    private const string Frozen = "Frozen: what an independent simulation gave. Seeds from 1.";

    private static double Ramp(int minute) => minute < 360 ? 0.05 : minute < 720 ? 0.1 : minute < 1080 ? 0.25 : 0.5;

    private static readonly Dictionary<string, Scenario> Scenarios = new()
    {
        ["A: 100 a second, 5 %"] = new(100, _ => 0.05, _ => 0.01),
        ["B: 1 a second, 5 %"] = new(1, _ => 0.05, _ => 0.01),
        ["C: ramp 5/10/25/50 %, incident on both sides late"] = new(100, Ramp, minute => minute < 1080 ? 0.01 : 0.05),
        ["C': ramp 5/10/25/50 %, incident on both sides early"] = new(100, Ramp, minute => minute < 360 ? 0.05 : 0.01),
    };

    public static TheoryData<string> Names => [.. Scenarios.Keys];

    [Theory, MemberData(nameof(Names))]
    public void An_equal_candidate_is_rolled_back_at_most_alpha_of_the_time(string name)
    {
        var runs = 16 * Draw.Scale(250);
        if (name.StartsWith('B')) runs = Math.Max(runs, 500);
        var wrong = Enumerable.Range(1, runs).Count(seed => Scenarios[name].Play(new Draw(seed), new ThinningEProcess(), 1, p => p.PeakLogHarm >= Reject) > 0);
        Report.Row("Canary: false rollbacks of equal candidates over 1,440 looks", "Judged at every event; alpha 5 %, seeds from 1.", ["scenario", "rollouts", "rolled back", "share"], [name, runs, wrong, (double)wrong / runs]);
        Assert.True(wrong <= Draw.Allowed(runs, Alpha), $"{wrong} of {runs}");
    }

    // Ratio of error rates, requests a second, weight, median minutes measured.
    [Theory, InlineData(1.5, 100, 0.05, 13), InlineData(2, 100, 0.05, 4), InlineData(5, 100, 0.05, 1), InlineData(2, 100, 0.01, 17), InlineData(2, 1, 0.05, 306)]
    public void Harm_is_found_in_at_most_five_quarters_of_the_measured_median(double ratio, double requests, double weight, double measured)
    {
        var scenario = new Scenario(requests, _ => weight, _ => 0.01);
        var median = Median(200 * Draw.Scale(5), draw => scenario.Play(draw, new ThinningEProcess(), ratio, p => p.PeakLogHarm >= Reject));
        Report.Row("Canary: median minutes to a rollback", Frozen, ["error ratio", "requests a second", "weight", "measured here", "frozen"], [ratio, requests, weight, median, measured], keys: 3);
        Assert.True(median <= 1.25 * measured, $"{median} minutes");
    }

    [Theory]
    [InlineData(1.5, 0.05, 10), InlineData(1.5, 0.25, 3), InlineData(1.25, 0.05, 32), InlineData(1.25, 0.25, 10), InlineData(1.25, 0.5, 7)]
    [InlineData(2, 0.05, 4), InlineData(2, 0.25, 2), InlineData(2, 0.5, 1)]
    public void An_equal_candidate_is_shown_to_be_safe_in_at_most_five_quarters_of_the_measured_median(double margin, double weight, double measured)
    {
        var scenario = new Scenario(100, _ => weight, _ => 0.01);
        var median = Median(200 * Draw.Scale(5), draw => scenario.Play(draw, new ThinningEProcess(1, margin), 1, p => p.PeakLogSafe >= Reject));
        Report.Row("Canary: median minutes to an advance of an equal candidate", Frozen, ["margin", "weight", "measured here", "frozen"], [margin, weight, median, measured], keys: 2);
        Assert.True(median <= 1.25 * measured, $"{median} minutes");
    }

    [Theory, InlineData(1.25, 0.05), InlineData(1.5, 0.05), InlineData(1.5, 0.25), InlineData(2, 0.5)]
    public void A_candidate_on_the_margin_is_promoted_at_most_alpha_of_the_time(double margin, double weight)
    {
        // 10 requests a second: the bound is tight for small steps of evidence, not for many events.
        var scenario = new Scenario(10, _ => weight, _ => 0.01);
        var runs = 60 * Draw.Scale(67);
        var wrong = Enumerable.Range(1, runs).Count(seed => scenario.Play(new Draw(seed), new ThinningEProcess(1, margin), margin, p => p.PeakLogSafe >= Reject) > 0);
        Report.Row("Canary: false promotions on the margin", "10 requests a second; alpha 5 %, seeds from 1.", ["margin", "weight", "rollouts", "promoted", "share"], [margin, weight, runs, wrong, (double)wrong / runs], keys: 2);
        Assert.True(wrong <= Draw.Allowed(runs, Alpha), $"{wrong} of {runs}");
    }

    private static double Median(int runs, Func<Draw, int> minutes)
    {
        var needed = Enumerable.Range(1, runs).Select(seed => (double)minutes(new Draw(seed))).Select(m => m == 0 ? double.MaxValue : m).Order().ToArray();
        return needed[runs / 2];
    }
}
