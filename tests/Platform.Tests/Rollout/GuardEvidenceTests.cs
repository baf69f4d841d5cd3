using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Rollout;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>Each kind of guard finds its own kind of harm, leaves an equal candidate alone, and is the same after a restart.</summary>
public sealed class GuardEvidenceTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly GuardSpec All = new(
        new GuardRule(), new GuardRule(0.25), new GuardRule(), Timeouts: new GuardRule(), Fallbacks: new GuardRule(), MissingFeatures: new GuardRule(), OutOfRange: new GuardRule(Low: 0, High: 1),
        Means: [new MeanRule("score", "score", "lower", 0, 0.1), new MeanRule("loss", "log_loss", "lower", 0, 0.2, High: 10), new MeanRule("wait", "latency", "lower", 0, 5, High: 100), new MeanRule("revenue", "amount * label", "higher", 0, 20)],
        Disagreement: new DisagreementRule(0.2, 0.2, 0.4));

    [Theory]
    [InlineData("nothing")]
    [InlineData("error_rate")]
    [InlineData("timeouts")]
    [InlineData("fallbacks")]
    [InlineData("missing_features")]
    [InlineData("out_of_range")]
    [InlineData("latency_p99")]
    [InlineData("accuracy")]
    [InlineData("score")]
    [InlineData("loss")]
    [InlineData("wait")]
    [InlineData("revenue")]
    public void In_a_split(string worse)
    {
        var (whole, parts) = (new RolloutEvidence("r", All), new RolloutEvidence("r", All));
        var random = new Random(7);
        for (var i = 0; i < 12_000; i++)
        {
            var entry = Entry(i, 0.25, (ulong)random.NextInt64() * 2, random);
            if (entry.ToCandidate)
                entry = Worse(entry, worse, random);
            var label = new LabelEntry(entry.At, entry.Id, worse is "revenue" or "accuracy" && entry.ToCandidate && random.NextDouble() < 0.25 ? "0" : "1", i, entry);
            foreach (var evidence in new[] { whole, parts })
            {
                evidence.Apply(entry, 50);
                evidence.Apply(label, entry);
            }

            if (i % 4000 == 0)
                parts = Stored(parts);
        }

        var harmed = RolloutRules.Views(whole).Where(v => v.IsHarm).Select(v => v.Evidence.Guard).ToHashSet();
        // A time-out, a missing feature and a fallback are errors too; a wrong answer is also a loss.
        if (worse == "nothing")
            Assert.Empty(harmed);
        else
            Assert.Contains(worse, harmed);
        Assert.Equal(RolloutRules.Views(whole), RolloutRules.Views(parts));
        Assert.Equal(JsonSerializer.Serialize(whole.Snapshot, HoldfastJson.Options), JsonSerializer.Serialize(parts.Snapshot, HoldfastJson.Options));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("error_rate")]
    [InlineData("score")]
    [InlineData("wait")]
    [InlineData("disagreement")]
    public void In_shadow_on_far_fewer_requests(string worse)
    {
        var evidence = new RolloutEvidence("r", All);
        var random = new Random(8);
        for (var i = 0; i < 1500; i++)
        {
            var entry = Entry(i, 0, (ulong)i, random);
            var copy = Worse(entry, worse, random);
            evidence.Apply(entry with { Shadow = new ShadowResult("m", 2, copy.Score, copy.Prediction, copy.Error, copy.LatencyMs) }, 50);
        }

        var harmed = RolloutRules.Views(evidence).Where(v => v.IsHarm).Select(v => v.Evidence.Guard).ToHashSet();
        if (worse == "nothing")
            Assert.Empty(harmed);
        else
            Assert.Contains(worse, harmed);
    }

    // Wrong answers of the candidate are told at once, right ones a day later; the primary is as good, told evenly.
    [Theory]
    [InlineData(0, true)]
    [InlineData(24, false)]
    public void Labels_that_come_sooner_when_they_are_bad_mislead_only_without_a_horizon(int horizon, bool misled)
    {
        var spec = new GuardSpec(null, null, new GuardRule(), LabelHorizon: TimeSpan.FromHours(horizon));
        var evidence = new RolloutEvidence("r", spec);
        var random = new Random(9);
        var later = new PriorityQueue<LabelEntry, DateTimeOffset>();
        for (var i = 0; i < 20_000; i++)
        {
            var entry = Entry(i, 0.5, (ulong)random.NextInt64() * 2, random) with { At = Start.AddSeconds(4 * i) };
            var truth = random.NextDouble() < 0.2 ? "0" : "1";
            var told = entry.ToCandidate && truth == "0" ? entry.At : entry.At.AddHours(20);
            later.Enqueue(new LabelEntry(told, entry.Id, truth, i, entry), told);
            evidence.Apply(entry, 50);
            while (later.TryPeek(out var label, out var at) && at <= entry.At)
            {
                later.Dequeue();
                evidence.Apply(label, label.Prediction!);
            }
        }

        Assert.Equal(misled, evidence.IsHarm);
        if (horizon == 0)
            return;
        Assert.True(evidence.PendingLabels > 1000 && evidence.Tally.Labels == 0);
        evidence = Stored(evidence);
        while (later.TryDequeue(out var label, out _))
            evidence.Apply(label, label.Prediction!);
        evidence.Advance(Start.AddDays(3));
        Assert.Equal((0, 20_000, false), (evidence.PendingLabels, evidence.Tally.Labels, evidence.IsHarm));
    }

    [Fact]
    public void After_the_end_the_sides_are_turned_round()
    {
        var kept = new RolloutEvidence("r" + RolloutEvidence.KeptSuffix, All);
        var random = new Random(10);
        for (var i = 0; i < 1500; i++)
        {
            var entry = Entry(i, 0, (ulong)i, random);
            kept.Apply(Worse(entry, "error_rate", random) with { Shadow = new ShadowResult("m", 1, entry.Score, entry.Prediction, null, entry.LatencyMs) }, 50);
        }

        Assert.Contains("error_rate", RolloutRules.Views(kept).Where(v => v.IsHarm).Select(v => v.Evidence.Guard));
        var former = new RolloutEvidence("r" + RolloutEvidence.KeptSuffix, All);
        for (var i = 0; i < 20_000; i++)
        {
            var entry = Entry(i, 0.1, (ulong)random.NextInt64() * 2, random);
            former.Apply(entry.ToCandidate ? Worse(entry, "error_rate", random) : entry, 50);
        }

        Assert.Equal("safe", RolloutRules.Views(former).Single(v => v.Evidence.Guard == "error_rate").Evidence.Verdict);
    }

    [Fact]
    public void A_figure_that_cannot_be_computed_is_refused_by_name()
    {
        var faults = new RolloutSpec([new StepSpec(StepSpec.Shadow, 0, TimeSpan.Zero)], All with { Means = [new MeanRule("a", "amount *", "up", 1, 0.5), new MeanRule("a", "score", "lower", 0, 1, 3, 2)], OutOfRange = new GuardRule(), Warn = 2 }).Faults("e");
        Assert.Equal(
            ["guard.means", "guard.means[0].better", "guard.means[0].margin", "guard.means[0].of", "guard.means[1].high", "guard.out_of_range", "guard.warn"],
            faults.Select(f => f.Field["endpoints.e.rollout.".Length..]).Order(StringComparer.Ordinal));
    }

    private static RolloutEvidence Stored(RolloutEvidence evidence) =>
        new(JsonSerializer.Deserialize<EvidenceSnapshot>(JsonSerializer.Serialize(evidence.Snapshot, HoldfastJson.Options), HoldfastJson.Options)!);

    private static PredictionEntry Worse(PredictionEntry entry, string how, Random random)
    {
        var hit = random.NextDouble() < 0.1;
        return how switch
        {
            "error_rate" when hit => entry with { Error = "broken", FellBack = true },
            "timeouts" when hit => entry with { Error = "timeout", FellBack = true },
            "fallbacks" when hit => entry with { Error = "broken", FellBack = true },
            "missing_features" when hit => entry with { Error = "the input 'age' is missing and has no default", FellBack = true },
            "out_of_range" when hit => entry with { Score = 1.5 },
            "latency_p99" when hit => entry with { LatencyMs = 80 },
            "score" => entry with { Score = Math.Min(1, entry.Score + 0.1) },
            "loss" => entry with { Score = entry.Score * 0.5 },
            "wait" => entry with { LatencyMs = entry.LatencyMs + 10 },
            "disagreement" => entry with { Score = random.NextDouble() < 0.5 ? 0.1 : entry.Score },
            _ => entry,
        };
    }

    // Scores around 0.7, latencies around 20 ms, 1 % errors, an amount as input.
    private static PredictionEntry Entry(int i, double weight, ulong unit, Random random) => new(
        $"p{i}", Start.AddSeconds(i), "e", 1, weight > 0 && StickyBucket.Holds(unit, weight) ? VariantRole.Candidate : VariantRole.Primary, "m", 1, 1, "r", weight, unit, true, 0.5 + random.NextDouble() * 0.4, "1",
        random.NextDouble() < 0.01 ? "broken" : null, false, 10 + random.NextDouble() * 20, [FeatureValue.Of("amount", 50 + random.NextDouble() * 100)], null);
}
