using Holdfast.Contracts;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;

namespace Holdfast.Platform.Tests.Rollout;

/// <summary>Two versions side by side, to a winner or to "alike".</summary>
public sealed class AbTestTests : IDisposable
{
    private static readonly VariantRef A = new("m", 1);
    private static readonly VariantRef B = new("m", 2);
    private static readonly AbSpec Spec = new("m/2", null, 0.5, "correct", "higher", 0.1, 0.05, TimeSpan.FromDays(14));
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_ends_with_a_winner_that_serves_from_then_on()
    {
        await using var bench = await Bench();
        var tests = bench.Get<AbService>();
        // a is right in half of the cases, b always.
        bench.Model(1, x => new Outcome(x, "1"));
        Assert.True(await tests.ApplySpec(RolloutBench.Someone, "pay", Spec, null, ct: Ct));
        Assert.False(await tests.ApplySpec(RolloutBench.Someone, "pay", Spec, null, ct: Ct));
        await bench.Settle();
        Assert.Equal((RouteMode.Split, A, B, 0.5), (await bench.Route() is var r ? (r.Mode, r.Primary, r.Candidate, r.CandidateWeight) : default)!);
        var busy = await Assert.ThrowsAsync<HoldfastException>(() => bench.Rollouts.Start(RolloutBench.Someone, new StartRollout("pay", "m", 2, "person"), ct: Ct));
        Assert.Contains("An A/B test is under way", busy.Message, StringComparison.Ordinal);
        for (var i = 0; i < 6; i++)
        {
            await bench.Label(await bench.Traffic(150), x => x > 0.5 ? "1" : "0");
            await bench.Settle();
        }

        var ended = Assert.Single(await tests.List(RolloutBench.Someone, "pay", ct: Ct));
        Assert.Equal(("ended", "b", "m/2"), (ended.Status, ended.Result, ended.Serves));
        Assert.True(ended is { EffectLow: > 0, ALabelled: >= 100, BLabelled: >= 100, BMean: 1 });
        Assert.Equal(new RoutePlan(0, B, null, RouteMode.None, 0, "", null), await bench.Route() with { Revision = 0 });
        Assert.Equal(["ab.started", "ab.ended"], (await bench.Events("ab.")).Select(e => e.Kind));
    }

    [Fact]
    public async Task A_person_may_end_it_and_a_bad_declaration_names_every_fault()
    {
        await using var bench = await Bench();
        var tests = bench.Get<AbService>();
        var faults = await Assert.ThrowsAsync<HoldfastException>(() => tests.Start(RolloutBench.Someone, "pay", Spec with { B = "", Share = 1, Difference = 0, Outcome = "amount *", Then = "x" }, ct: Ct));
        Assert.Equal(["b", "difference", "outcome", "share", "then"], faults.Faults.Select(f => f.Field["endpoints.pay.ab_test.".Length..]).Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<HoldfastException>(() => tests.Start(RolloutBench.Someone, "pay", Spec with { A = "m/2" }, ct: Ct));
        var test = await tests.Start(RolloutBench.Someone, "pay", Spec, ct: Ct);
        await bench.Settle();
        await Assert.ThrowsAsync<HoldfastException>(() => tests.Start(RolloutBench.Someone, "pay", Spec, ct: Ct));
        await tests.Stop(RolloutBench.Someone, test.Id, ct: Ct);
        await bench.Settle();
        Assert.Equal(("ended", "stopped", "m/1"), (await tests.Get(RolloutBench.Someone, test.Id, ct: Ct) is var t ? (t.Status, t.Result, t.Serves) : default)!);
        Assert.Equal((A, RouteMode.None), ((await bench.Route()).Primary, (await bench.Route()).Mode));
    }

    [Theory]
    [InlineData("b better", 0.02, 0.3, 1, 1, "b")]
    [InlineData("a better", -0.3, -0.02, 1, 1, "a")]
    [InlineData("alike", -0.04, 0.05, 1, 1, "alike")]
    [InlineData("not yet", -0.2, 0.3, 1, 1, null)]
    [InlineData("at its end", -0.2, 0.3, 1, 15, "undecided")]
    [InlineData("routing not as declared", 0.02, 0.3, 2000, 1, "invalid")]
    public void Decision(string why, double low, double high, double mismatch, int day, string? result)
    {
        var state = new AbTestState("ab-1", 1, "pay", A, B, Spec, "running", RolloutBench.Start, 1);
        var figures = new AbFigures(1000, 500, 500, 0.5, 0.5, 0, low, high, mismatch);
        Assert.True(AbTest.Decide(state, figures, RolloutBench.Start.AddDays(day))?.Result == result, why);
        // Where less is better the same interval means the opposite.
        var turned = result switch { "a" => "b", "b" => "a", _ => result };
        Assert.True(AbTest.Decide(state with { Spec = Spec with { Better = "lower" } }, figures, RolloutBench.Start.AddDays(day))?.Result == turned, why);
    }

    [Fact]
    public void Two_equal_versions_come_out_alike_and_hardly_ever_as_different()
    {
        int wrong = 0, alike = 0;
        for (var seed = 1; seed <= 60; seed++)
        {
            var evidence = new RolloutEvidence("ab-1", Spec.Guard);
            var state = new AbTestState("ab-1", 1, "pay", A, B, Spec, "running", RolloutBench.Start, 1);
            var random = new Random(seed);
            string? result = null;
            for (var i = 0; i < 4000 && result is null; i++)
            {
                var made = new PredictionEntry($"p{i}", RolloutBench.Start.AddSeconds(i), "pay", 1, VariantRole.Primary, "m", 1, 1, "ab-1", 0.5, (ulong)random.NextInt64() * 2, true, 0.5, "1", null, false, 5, [], null);
                evidence.Apply(made, null);
                evidence.Apply(new LabelEntry(made.At, made.Id, random.NextDouble() < 0.8 ? "1" : "0", i, made), made);
                result = AbTest.Decide(state, AbTest.Figures(evidence, Spec), made.At)?.Result;
            }

            wrong += result is "a" or "b" ? 1 : 0;
            alike += result == "alike" ? 1 : 0;
        }

        Assert.True(wrong <= Holdfast.Statistics.Tests.Draw.Allowed(60, 0.05), $"{wrong} of 60");
        Assert.True(alike >= 50, $"{alike} of 60");
    }

    // The registry knows both versions; what they answer, the bench says.
    private async Task<RolloutBench> Bench()
    {
        var package = Directory.CreateDirectory(_folder.File("package")).FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "answer.json"), """{"score": 0.5, "prediction": "1"}""");
        await File.WriteAllTextAsync(
            Path.Combine(package, "holdfast-model.json"),
            """{"format": 1, "backend": "constant", "file": "answer.json", "task": "binary", "signature": {"inputs": [{"name": "amount", "datatype": "FP64"}], "outputs": [{"name": "score", "datatype": "FP64"}, {"name": "prediction", "datatype": "BYTES"}]}}""");
        var bench = await RolloutBench.Open(_folder.File("data"));
        for (var i = 0; i < 2; i++)
            await bench.Get<RegistryService>().CreateVersion(RolloutBench.Someone, new NewModelVersion("m", package));
        return bench;
    }
}
