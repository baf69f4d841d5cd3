using Holdfast.Predictions;
using Holdfast.Rollout;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>What the guards conclude from the log.</summary>
public sealed class EvidenceTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("errors as frequent on both sides", 0.02, 0.02, "error_rate", "safe")]
    [InlineData("no errors at all", 0, 0, "error_rate", "safe")]
    [InlineData("four times the errors", 0.01, 0.04, "error_rate", "harm")]
    [InlineData("fewer errors", 0.05, 0.01, "error_rate", "safe")]
    public void A_split_is_judged_by_its_errors(string why, double primary, double candidate, string guard, string verdict)
    {
        var evidence = new RolloutEvidence("r", GuardSpec.Default);
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var entry = Entry(i, 0.25, (ulong)random.NextInt64() * 2);
            evidence.Apply(entry with { Error = random.NextDouble() < (entry.ToCandidate ? candidate : primary) ? "timeout" : null }, 50);
        }

        Assert.True(Verdict(evidence, guard) == verdict, why);
        Assert.Equal("safe", Verdict(evidence, "latency_p99"));
        Assert.True(evidence.LogMismatch < Math.Log(1000));
    }

    [Theory]
    [InlineData("as good", 0.2, 0.2, "safe")]
    [InlineData("better", 0.3, 0.2, "safe")]
    [InlineData("worse", 0.2, 0.3, "harm")]
    public void A_shadow_is_judged_by_the_labels_of_both_answers(string why, double primary, double candidate, string verdict)
    {
        var evidence = new RolloutEvidence("r", GuardSpec.Default);
        var random = new Random(2);
        for (var i = 0; i < 4000; i++)
        {
            var truth = random.NextDouble() < 0.5 ? "1" : "0";
            var other = truth == "1" ? "0" : "1";
            var made = Entry(i, 0, (ulong)i) with
            {
                Prediction = random.NextDouble() < primary ? other : truth,
                Shadow = new ShadowResult("m", 2, 0.5, random.NextDouble() < candidate ? other : truth, null, 1),
            };
            evidence.Apply(made, 50);
            evidence.Apply(new LabelEntry(made.At, made.Id, truth, i, made), made);
        }

        Assert.True(Verdict(evidence, "accuracy") == verdict, why);
        Assert.Equal("safe", Verdict(evidence, "error_rate"));
    }

    [Fact]
    public void A_candidate_as_slow_as_tolerated_passes_and_a_slower_one_goes_back()
    {
        Assert.Equal("safe", Latency(candidate: 12));
        Assert.Equal("harm", Latency(candidate: 40));

        static string Latency(double candidate)
        {
            var evidence = new RolloutEvidence("r", GuardSpec.Default);
            var random = new Random(3);
            for (var i = 0; i < 10_000; i++)
            {
                var entry = Entry(i, 0.5, (ulong)random.NextInt64() * 2);
                evidence.Apply(entry with { LatencyMs = random.NextDouble() < 0.02 && entry.ToCandidate ? candidate : 5 }, 15);
            }

            return Verdict(evidence, "latency_p99");
        }
    }

    [Fact]
    public void A_unit_with_many_errors_counts_once()
    {
        var evidence = new RolloutEvidence("r", GuardSpec.Default);
        for (var i = 0; i < 5000; i++)
            evidence.Apply(Entry(i, 0.25, 1) with { Error = "timeout" }, 50);
        Assert.Equal("open", Verdict(evidence, "error_rate"));
    }

    [Fact]
    public void Routing_that_does_not_follow_the_weights_is_seen()
    {
        var evidence = new RolloutEvidence("r", GuardSpec.Default);
        var random = new Random(4);
        for (var i = 0; i < 5000; i++)
            evidence.Apply(Entry(i, 0.25, (ulong)(random.NextDouble() * 0.5 * ulong.MaxValue)), 50);
        Assert.True(evidence.LogMismatch > Math.Log(1000));
    }

    [Fact]
    public void Stored_and_taken_back_in_the_middle_the_evidence_is_the_same()
    {
        var (whole, parts) = (new RolloutEvidence("r", GuardSpec.Default), new RolloutEvidence("r", GuardSpec.Default));
        var random = new Random(5);
        for (var i = 0; i < 3000; i++)
        {
            var entry = Entry(i, 0.25, (ulong)random.NextInt64() * 2) with { Error = random.NextDouble() < 0.03 ? "timeout" : null, LatencyMs = random.NextDouble() * 60 };
            whole.Apply(entry, 50);
            parts.Apply(entry, 50);
            if (i % 500 == 0)
                parts = new RolloutEvidence(System.Text.Json.JsonSerializer.Deserialize<EvidenceSnapshot>(System.Text.Json.JsonSerializer.Serialize(parts.Snapshot, Holdfast.Contracts.HoldfastJson.Options), Holdfast.Contracts.HoldfastJson.Options)!);
        }

        Assert.Equal(RolloutRules.Views(whole).Select(v => v.Evidence), RolloutRules.Views(parts).Select(v => v.Evidence));
        Assert.Equal(whole.Tally, parts.Tally);
        Assert.Equal(whole.LogMismatch, parts.LogMismatch);
    }

    private static string Verdict(RolloutEvidence evidence, string guard) => RolloutRules.Views(evidence).Single(v => v.Evidence.Guard == guard).Evidence.Verdict;

    private static PredictionEntry Entry(int i, double weight, ulong unit) => new(
        $"p{i}", Start.AddSeconds(i), "e", 1, weight > 0 && StickyBucket.Holds(unit, weight) ? VariantRole.Candidate : VariantRole.Primary, "m", 1, 1, "r", weight, unit, true, 0.5, "1", null, false, 5,
        [], weight > 0 ? null : new ShadowResult("m", 2, 0.5, "1", null, 5));
}
