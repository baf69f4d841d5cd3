using Holdfast.Predictions;

namespace Holdfast.Platform.Tests.Predictions;

public sealed class TrafficFoldTests
{
    private static readonly EndpointKey Credit = LogHarness.Credit;
    private static readonly DateTimeOffset Start = LogHarness.Start;

    [Fact]
    public void Counts_are_by_variant_and_stretch_and_latencies_are_within_five_percent()
    {
        var fold = new TrafficFold();
        for (var i = 0; i < 1_000; i++)
            fold.Apply(Credit, Entry(i, Start.AddSeconds(i * 3.6 / 60), latency: 1 + (i / 100.0)));
        fold.Apply(Credit, Entry(1_001, Start.AddMinutes(2), role: VariantRole.Candidate, version: 4, error: "timeout", fellBack: true));

        var series = fold.Read(Credit, "1m", Start);

        Assert.Equal([Start, Start.AddMinutes(2)], series.Buckets.Select(b => b.At));
        var primary = Assert.Single(series.Buckets[0].Variants);
        Assert.Equal((1_000, 0, "primary", 3), (primary.Requests, primary.Errors, primary.Role, primary.ModelVersion));
        Assert.InRange(primary.P50!.Value, 6 * 0.95, 6 * 1.05);
        Assert.InRange(primary.P99!.Value, 10.9 * 0.95, 10.9 * 1.05);
        Assert.Equal(0.4995, primary.MeanScore!.Value, 4);
        var candidate = Assert.Single(series.Buckets[1].Variants);
        Assert.Equal((1, 1, 1, "candidate"), (candidate.Requests, candidate.Errors, candidate.FellBack, candidate.Role));
    }

    [Fact]
    public void A_copy_counts_as_shadow_and_a_label_where_its_prediction_stands()
    {
        var fold = new TrafficFold();
        var made = Entry(2, Start, shadow: new ShadowResult("credit-risk", 4, 0.7, "1", null, 5));
        fold.Apply(Credit, made);
        fold.Apply(Credit, Entry(4, Start, shadow: new ShadowResult("credit-risk", 4, double.NaN, "", "skipped", 0)));
        fold.Apply(Credit, new LabelEntry(Start.AddDays(30), made.Id, "1.0", 1, made));

        var variants = fold.Read(Credit, "1d", Start).Buckets[0].Variants;

        Assert.Equal(["primary 2 1 0", "shadow 1 1 1"], variants.Select(v => $"{v.Role} {v.Requests} {v.Labels} {v.Right}"));
    }

    [Fact]
    public void The_shortest_step_that_knows_everything_is_chosen_and_old_stretches_are_forgotten()
    {
        var fold = new TrafficFold();
        fold.Apply(Credit, Entry(0, Start));
        Assert.Equal("1m", fold.Read(Credit, null, Start).Step);
        fold.Apply(Credit, Entry(0, Start.AddDays(2)));
        Assert.Equal("1h", fold.Read(Credit, null, Start).Step);
        for (var day = 3; day < 200; day++)
            fold.Apply(Credit, Entry(0, Start.AddDays(day)));
        // Too late for everything but nothing breaks.
        fold.Apply(Credit, Entry(0, Start));
        var series = fold.Read(Credit, null, Start);
        Assert.Equal(("1d", 120, Start.AddDays(199)), (series.Step, series.Buckets.Count, series.Buckets[^1].At));
    }

    [Fact]
    public void A_saved_state_taken_back_says_the_same()
    {
        var (fold, other) = (new TrafficFold(), new TrafficFold());
        for (var i = 0; i < 500; i++)
            fold.Apply(Credit, Entry(i, Start.AddMinutes(i * 7), latency: i % 50, shadow: i % 3 == 0 ? new ShadowResult("credit-risk", 4, 0.5, "1", null, i) : null));
        other.Load(Credit, fold.Save(Credit));
        foreach (var step in new[] { "1m", "1h", "1d" })
            Assert.Equivalent(fold.Read(Credit, step, Start), other.Read(Credit, step, Start), strict: true);
        Assert.True(fold.Save(Credit)!.Length < 30_000);
    }

    private static PredictionEntry Entry(int i, DateTimeOffset at, string role = VariantRole.Primary, int version = 3, double latency = 1, string? error = null, bool fellBack = false, ShadowResult? shadow = null) =>
        LogHarness.Entry(i, at: at) with { Role = role, ModelVersion = version, LatencyMs = latency, Error = error, FellBack = fellBack, Shadow = shadow };
}
