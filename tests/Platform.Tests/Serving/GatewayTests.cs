using System.Collections.Concurrent;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Registry;
using Holdfast.Serving;
using Holdfast.Serving.Backends;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Platform.Tests.Serving;

/// <summary>Routes and answers, over backends whose behaviour the test decides.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private const string Rules =
        """
        inputs:
          income: {type: number, default: 0}
        else: {score: 0.25, prediction: "0"}
        """;

    private static readonly Principal Someone = new(1, "someone", Role.Editor);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly VariantRef V1 = new("m", 1);
    private static readonly VariantRef V2 = new("m", 2);
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<VariantRef, TestBackend> _backends = new();
    private TestHost _host = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private ServingService Serving => _host.Service<ServingService>();

    private PredictionService Predictions => _host.Service<PredictionService>();

    public async ValueTask InitializeAsync()
    {
        _backends[V1] = new TestBackend(_ => 0.1);
        _backends[V2] = new TestBackend(_ => 0.9);
        await Open();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Without_model_and_fallback_there_is_no_answer_and_the_log_says_why()
    {
        await Serving.ApplyEndpoint(Someone, new EndpointSpec("e", Clock: "event"), null, Ct);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Ask());
        Assert.Equal(ErrorCode.Unavailable, e.Code);
        var logged = Assert.Single(await Log());
        Assert.Equal(("", "it has no model yet and no fallback", false), (logged.Prediction, logged.Error, logged.FellBack));
        Assert.Equal((1, 0, 1), (Predictions.Completeness(new EndpointKey(1, "e")) is var c ? (c.Requests, c.Answered, c.Logged) : default));
    }

    [Fact]
    public async Task Without_model_the_rules_answer_as_primary()
    {
        await Apply();
        var answer = await Ask();
        Assert.Equal(("primary", "rules", 0, 0.25), (answer.Role, answer.Model, answer.Version, answer.Outcomes[0].Score));
    }

    [Fact]
    public async Task A_plan_is_set_by_compare_and_set_and_a_repeated_call_is_one_change()
    {
        await Apply();
        var plan = RoutePlan.Empty with { Primary = V1 };
        Assert.Equal(1, (await Serving.SetPlan(Someone, "e", plan, 0, Ct)).Revision);
        Assert.Equal(1, (await Serving.SetPlan(Someone, "e", plan, 0, Ct)).Revision);
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Serving.SetPlan(Someone, "e", plan with { Primary = V2 }, 0, Ct));
        Assert.Equal(ErrorCode.Conflict, e.Code);
        Assert.Single(await Events("route.changed"));
        await Serving.SetPlan(Someone, "e", plan with { Primary = V2 }, 1, Ct);
        Assert.Equal(V1, (await Serving.GetPlan(Someone, "e", 1, Ct)).Primary);
        Assert.Equal(("primary", 2), (await Ask()) is var a ? (a.Role, a.Version) : default);
    }

    [Fact]
    public async Task A_version_that_cannot_be_loaded_changes_nothing()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        await Assert.ThrowsAsync<HoldfastException>(() => Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = new VariantRef("m", 99) }, 1, Ct));
        Assert.Equal(V1, (await Serving.Get(Someone, "e", Ct)).Plan.Primary);
        Assert.Equal(1, (await Ask()).Version);
    }

    [Theory]
    [InlineData("split", 1.5, "candidate_weight")]
    [InlineData("shadow", 0.5, "candidate_weight")]
    [InlineData("half", 0, "mode")]
    public async Task A_plan_that_makes_no_sense_is_refused(string mode, double weight, string field)
    {
        await Apply();
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, mode, weight, "s", null), 0, Ct));
        Assert.Equal(field, e.Faults.Single().Field);
    }

    [Fact]
    public async Task Whoever_is_inside_one_percent_is_inside_five_and_goes_the_same_way_each_time()
    {
        await Apply();
        var plan = new RoutePlan(0, V1, V2, RouteMode.Split, 0.01, "salt", "r1");
        await Serving.SetPlan(Someone, "e", plan, 0, Ct);
        var one = await CandidateKeys(3_000);
        Assert.Equal(one, await CandidateKeys(3_000));
        await Serving.SetPlan(Someone, "e", plan with { CandidateWeight = 0.05 }, 1, Ct);
        var five = await CandidateKeys(3_000);
        Assert.Subset(five, one);
        Assert.InRange(one.Count, 15, 50);
        Assert.InRange(five.Count, 110, 195);
        var entry = (await Log()).Last(e => e.Role == "candidate");
        Assert.Equal(("r1", 0.05, true, true), (entry.RolloutId, entry.CandidateWeight, entry.HasKey, entry.ToCandidate));
    }

    [Fact]
    public async Task Rows_of_one_request_go_their_own_ways_by_key_and_together_without()
    {
        await Apply(new EndpointSpec("e", Clock: "event", Fallback: Rules, Key: "who"));
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Split, 0.5, "salt", "r1"), 0, Ct);
        var request = Request(Enumerable.Range(0, 200).Select(i => (double)i).ToArray());
        request.Add("who", [.. Enumerable.Range(0, 200).Select(i => $"k{i}")]);
        var answer = await Serving.Infer(Someone, "e", request);
        Assert.Equal("mixed", answer.Role);
        Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(StickyBucket.Holds(StickyBucket.Unit("salt", $"k{i}"), 0.5) ? 0.9 : 0.1, answer.Outcomes[i].Score));
        var together = await Serving.Infer(Someone, "e", Request(new double[50]));
        Assert.Single(together.Outcomes.Select(o => o.Score).Distinct());
    }

    [Theory]
    [InlineData("throws", "broken")]
    [InlineData("hangs", "timeout")]
    [InlineData("nan", "the score is not a number")]
    public async Task When_the_primary_fails_the_rules_answer_this_request(string how, string error)
    {
        await Apply(new EndpointSpec("e", Clock: "event", Fallback: Rules, Timeout: TimeSpan.FromMilliseconds(50)));
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        _backends[V1].Behave(how);
        var answer = await Ask();
        Assert.Equal(("fallback", "rules", 0.25), (answer.Role, answer.Model, answer.Outcomes[0].Score));
        var entry = (await Log()).Single();
        Assert.Equal((error, true, "fallback", false), (entry.Error, entry.FellBack, entry.Role, entry.ToCandidate));
        _backends[V1].Behave("answers");
        Assert.Equal("primary", (await Ask()).Role);
    }

    [Fact]
    public async Task When_the_candidate_fails_the_primary_answers_and_the_record_still_says_who_was_tried()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Split, 1, "salt", "r1"), 0, Ct);
        _backends[V2].Behave("throws");
        Assert.Equal("primary", (await Ask()).Role);
        var entry = (await Log()).Single();
        Assert.Equal(("broken", true, true), (entry.Error, entry.FellBack, entry.ToCandidate));
    }

    [Fact]
    public async Task A_copy_joins_its_record_and_no_caller_waits_for_it()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Shadow, 0, "salt", "r1"), 0, Ct);
        _backends[V2].Behave("waits");
        Assert.Equal(0.1, (await Ask().WaitAsync(TimeSpan.FromSeconds(1), Ct)).Outcomes[0].Score);
        _backends[V2].Release();
        var entry = (await Log()).Single();
        Assert.Equal(("primary", 0.9, null, 2), (entry.Role, entry.Shadow!.Score, entry.Shadow.Error, entry.Shadow.ModelVersion));
        Assert.Equal(("r1", 0), (entry.RolloutId, entry.CandidateWeight));
    }

    [Fact]
    public async Task A_copy_that_never_comes_back_is_a_timeout_in_its_record()
    {
        await Apply(new EndpointSpec("e", Clock: "event", ShadowTimeout: TimeSpan.FromMilliseconds(60)));
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Shadow, 0, "salt", "r1"), 0, Ct);
        _backends[V2].Behave("hangs");
        await Ask();
        Assert.Equal("timeout", (await Log()).Single().Shadow!.Error);
    }

    [Fact]
    public async Task A_missing_feature_is_named_unless_it_has_a_default()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        var request = new InferRequest { EventTime = Start };
        request.Add("other", [1.0]);
        var e = await Assert.ThrowsAsync<HoldfastException>(async () => await Serving.Infer(Someone, "e", request));
        Assert.Equal(ErrorCode.InvalidArgument, e.Code);
        Assert.Contains("'income' is missing and has no default", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("age", e.Message, StringComparison.Ordinal);
        var texts = new InferRequest { EventTime = Start };
        texts.Add("income", ["much"]);
        e = await Assert.ThrowsAsync<HoldfastException>(async () => await Serving.Infer(Someone, "e", texts));
        Assert.Contains("'income' is a number, the request sends texts", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_override_wins_over_the_plan_and_the_rollout_stands_still()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Shadow, 0, "salt", "r1"), 0, Ct);
        var fallback = new RouteOverride(RouteOverride.Fallback, null, "amount doubled", "i1");
        await Serving.SetOverride(Someone, "e", fallback, Ct);
        await Serving.SetOverride(Someone, "e", fallback, Ct);
        Assert.Equal(("fallback", "rules"), (await Ask()) is var a ? (a.Role, a.Model) : default);
        await Serving.ClearOverride(Someone, "e", "repaired", Ct);
        await Serving.ClearOverride(Someone, "e", "repaired", Ct);
        await Serving.SetOverride(Someone, "e", new RouteOverride(RouteOverride.Pinned, V2, "by hand", null), Ct);
        Assert.Equal(("primary", 2), (await Ask()) is var b ? (b.Role, b.Version) : default);
        var entries = await Log();
        Assert.All(entries, e => Assert.Equal((null, null, null, false), (e.RolloutId, e.Shadow, e.Error, e.FellBack)));
        Assert.Single(await Events("endpoint.fallback_entered"));
        Assert.Single(await Events("endpoint.fallback_left"));
    }

    [Fact]
    public async Task A_version_asked_for_by_number_answers_alone_and_outside_of_the_rollout()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", new RoutePlan(0, V1, V2, RouteMode.Split, 0.01, "salt", "r1"), 0, Ct);
        var request = Request(1);
        request.Version = 2;
        Assert.Equal(0.9, (await Serving.Infer(Someone, "e", request)).Outcomes[0].Score);
        Assert.Equal((null, 0, "candidate"), (await Log()).Single() is var e ? (e.RolloutId, e.CandidateWeight, e.Role) : default);
    }

    [Fact]
    public async Task After_a_restart_the_same_route_stands_and_a_lost_package_means_fallback()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        await Ask();
        await _host.DisposeAsync();
        await Open();
        Assert.Equal(1, (await Ask()).Version);
        await _host.DisposeAsync();
        _backends.TryRemove(V1, out _);
        await Open();
        Assert.Equal("fallback", (await Ask()).Role);
        Assert.Contains("m/1", (await Serving.Get(Someone, "e", Ct)).Faults.Keys);
        Assert.Contains("m/1 is not loaded", (await Log())[^1].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_retired_version_is_disposed_after_its_last_request()
    {
        var backend = new TestBackend(_ => 0.5);
        var variant = new Variant("m", 1, backend);
        backend.Behave("waits");
        var call = variant.Predict(FeatureRows.For(backend.Info.Signature, 1), new Outcome[1], TimeSpan.FromSeconds(10)).AsTask();
        await backend.Entered.WaitAsync(TimeSpan.FromSeconds(5), Ct);
        variant.Retire();
        Assert.False(backend.Disposed);
        backend.Release();
        Assert.Null(await call);
        Assert.True(backend.Disposed);
        Assert.Equal("unloaded", await variant.Predict(FeatureRows.For(backend.Info.Signature, 1), new Outcome[1], TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task All_faults_of_a_declaration_come_at_once()
    {
        var e = await Assert.ThrowsAsync<HoldfastException>(() => Serving.ApplyEndpoint(
            Someone, new EndpointSpec("Not A Name", "a@b@c", "rules: [}", "sundial", "", TimeSpan.FromDays(1), Concurrency: -1, OnMissing: "guess", Range: new ScoreRange(1, 0), FallbackLimit: 2), null, Ct));
        Assert.Equal(["name", "clock", "model", "timeout", "concurrency", "on_missing", "range", "fallback_limit", "key", "fallback"], e.Faults.Select(f => f.Field.Split(':')[0]).Distinct());
    }

    [Fact]
    public async Task The_same_declaration_again_is_no_change()
    {
        await Apply();
        await Apply();
        Assert.Single(await Events("endpoint.applied"));
    }

    [Fact]
    public async Task A_score_outside_of_the_declared_range_is_answered_by_the_next_variant_row_by_row()
    {
        await Apply(new EndpointSpec("e", Clock: "event", Fallback: Rules, Range: new ScoreRange(0, 1)));
        _backends[V1] = new TestBackend(income => income);
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        var answer = await Serving.Infer(Someone, "e", Request(0.4, 7, 1));
        Assert.Equal(("mixed", -1), (answer.Role, answer.Version));
        Assert.Equal([("primary", 0.4), ("fallback", 0.25), ("primary", 1)], Enumerable.Range(0, 3).Select(i => (answer.By(i).Role, answer.Outcomes[i].Score)));
        var entries = (await Log()).ToDictionary(e => e.Id);
        Assert.Equal([null, "the score 7 is out of range [0, 1]", null], answer.Ids.Select(i => entries[i].Error));
        Assert.Equal([false, true, false], answer.Ids.Select(i => entries[i].FellBack));
    }

    [Fact]
    public async Task A_row_that_lacks_a_feature_goes_to_the_rules_where_that_is_declared()
    {
        await Apply(new EndpointSpec("e", Clock: "event", Fallback: Rules, OnMissing: EndpointSpec.ToFallback));
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        var answer = await Serving.Infer(Someone, "e", Request(5, double.NaN));
        Assert.Equal(["primary", "fallback"], Enumerable.Range(0, 2).Select(i => answer.By(i).Role));
        var without = new InferRequest { EventTime = Start };
        without.Add("age", [40.0]);
        Assert.Equal("fallback", (await Serving.Infer(Someone, "e", without)).Role);
        Assert.Equal("the input 'income' is missing", (await Log())[^1].Error);
        var traffic = Serving.Traffic(Someone, "e")!;
        Assert.Equal((3, 2 / 3.0, 0.1), (traffic.Rows, traffic.FallbackRate, traffic.FallbackLimit));
    }

    [Fact]
    public async Task Beyond_the_declared_concurrency_requests_are_turned_away_and_those_inside_are_answered()
    {
        await Apply(new EndpointSpec("e", Clock: "event", Concurrency: 2, Timeout: TimeSpan.FromSeconds(30)));
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        while (_backends[V1].Entered.CurrentCount > 0)
            await _backends[V1].Entered.WaitAsync(Ct);
        _backends[V1].Behave("waits");
        var inside = new[] { Ask(), Ask() };
        await _backends[V1].Entered.WaitAsync(Ct);
        await _backends[V1].Entered.WaitAsync(Ct);
        var e = await Assert.ThrowsAsync<HoldfastException>(Ask);
        Assert.Equal(ErrorCode.Overloaded, e.Code);
        Assert.Equal((2, 2, 1), Serving.Traffic(Someone, "e") is { } t ? (t.InFlight, t.Limit, t.Shed) : default);
        _backends[V1].Release();
        _backends[V1].Release();
        Assert.All(await Task.WhenAll(inside), a => Assert.Equal(0.1, a.Outcomes[0].Score));
        _backends[V1].Behave("answers");
        Assert.Equal(0.1, (await Ask()).Outcomes[0].Score);
        Assert.Equal(0, Serving.Traffic(Someone, "e")!.InFlight);
    }

    [Fact]
    public async Task A_hundred_changes_of_the_route_under_load_lose_no_request_and_none_is_answered_wrongly()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        var changing = true;
        var callers = Enumerable.Range(0, 4).Select(c => Task.Run(
            async () =>
            {
                var answered = 0;
                for (; Volatile.Read(ref changing) || answered == 0; answered++)
                {
                    var answer = await Ask();
                    Assert.Equal(("primary", answer.Version == 1 ? 0.1 : 0.9), (answer.Role, answer.Outcomes[0].Score));
                }

                return answered;
            },
            Ct)).ToList();
        for (var i = 0; i < 100; i++)
            await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = i % 2 == 0 ? V2 : V1 }, i + 1, Ct);
        Volatile.Write(ref changing, false);
        var answered = (await Task.WhenAll(callers)).Sum();
        Assert.Equal((answered, answered), Predictions.Completeness(new EndpointKey(1, "e")) is var c ? (c.Requests, c.Answered) : default);
    }

    [Fact]
    public void While_answers_take_long_fewer_are_let_in_and_more_again_when_they_do_not()
    {
        var gate = new LoadGate();
        gate.Declare(100);
        for (var i = 0; i < 60; i++)
            Assert.True(gate.TryEnter());
        // All sixty were accepted at once and end late: that is one finding, not sixty.
        for (var i = 0; i < 60; i++)
            gate.Leave(tookMs: 800, patienceMs: 1_000, now: 10_000);
        Assert.Equal(48, gate.Limit);
        for (var round = 1; round < 50; round++)
        {
            Assert.True(gate.TryEnter());
            gate.Leave(tookMs: 800, patienceMs: 1_000, now: 10_000 + (round * 1_000));
        }

        Assert.Equal(4, gate.Limit);
        for (var round = 0; round < 20_000; round++)
        {
            var entered = 0;
            while (gate.TryEnter())
                entered++;
            while (entered-- > 0)
                gate.Leave(tookMs: 1, patienceMs: 1_000, now: 100_000);
        }

        Assert.Equal((100, 0), (gate.Limit, gate.InFlight));
    }

    [Fact]
    public void The_share_of_fallbacks_is_that_of_five_minutes_and_a_few_rows_say_nothing()
    {
        var watch = new FallbackWatch();
        watch.Count(40, 40, 1_000);
        Assert.False(watch.Look(0.1, 1_000));
        watch.Count(60, 0, 5_000);
        Assert.True(watch.Look(0.1, 5_000));
        Assert.True(watch.Exceeded);
        Assert.Equal((100, 0.4), watch.Figures(299_000));
        Assert.False(watch.Look(0.1, 299_000));
        Assert.Equal((0, null), watch.Figures(300_000));
        Assert.True(watch.Look(0.1, 300_000));
        Assert.False(watch.Exceeded);
    }

    [Fact]
    public async Task An_unloaded_endpoint_answers_nothing_until_it_is_loaded_and_its_plan_stays()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        await Serving.Unload(Someone, "e", Ct);
        await Serving.Unload(Someone, "e", Ct);
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<HoldfastException>(Ask)).Code);
        Assert.False(Serving.Describe(Someone, "e")!.Ready);
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V2 }, 1, Ct);
        await Assert.ThrowsAsync<HoldfastException>(Ask);
        await Serving.Load(Someone, "e", Ct);
        Assert.Equal(2, (await Ask()).Version);
        Assert.Single(await Events("endpoint.unloaded"));
        Assert.Single(await Events("endpoint.loaded"));
    }

    [Fact]
    public async Task All_faults_of_a_request_come_at_once_with_the_name_of_each_input()
    {
        await Apply();
        await Serving.SetPlan(Someone, "e", RoutePlan.Empty with { Primary = V1 }, 0, Ct);
        var request = new InferRequest { EventTime = Start };
        request.Add("age", ["old"]);
        request.Add("incom", [1.0]);
        var e = await Assert.ThrowsAsync<HoldfastException>(async () => await Serving.Infer(Someone, "e", request));
        Assert.Contains("'income' is missing and has no default; the input 'age' is a number, the request sends texts (BYTES); nothing reads 'incom'", e.Message, StringComparison.Ordinal);
    }

    private async Task Open() => _host = await TestHost.Start(_folder.Path, customize: s => s.AddSingleton<LoadBackend>((_, variant, _) =>
        _backends.TryGetValue(variant, out var backend)
            ? Task.FromResult<IBackend>(backend)
            : throw new HoldfastException(ErrorCode.NotFound, $"There is no model version {variant}.")));

    private Task<EndpointState> Apply(EndpointSpec? spec = null) => Serving.ApplyEndpoint(Someone, spec ?? new EndpointSpec("e", Clock: "event", Fallback: Rules), null, Ct);

    private static InferRequest Request(params double[] incomes)
    {
        var request = new InferRequest { EventTime = Start };
        request.Add("income", incomes);
        return request;
    }

    private Task<InferAnswer> Ask() => Serving.Infer(Someone, "e", Request(1)).AsTask();

    private async Task<HashSet<string>> CandidateKeys(int count)
    {
        var keys = new HashSet<string>();
        for (var i = 0; i < count; i++)
        {
            var request = Request(1);
            request.Key = $"k{i}";
            if ((await Serving.Infer(Someone, "e", request)).Role == "candidate")
                keys.Add(request.Key);
        }

        return keys;
    }

    private async Task<List<PredictionEntry>> Log() => [.. (await Predictions.Query(Someone, new PredictionQuery("e", Limit: 10_000), Ct)).Items.Select(i => i.Entry)];

    private async Task<IReadOnlyList<JournalEvent>> Events(string kind) => await _host.Service<Journal>().Read(Someone, new JournalQuery(Kind: kind), Ct);

    /// <summary>Takes a required <c>income</c> and an <c>age</c> with a default.</summary>
    private sealed class TestBackend(Func<double, double> score) : IBackend
    {
        private readonly SemaphoreSlim _released = new(0);
        private readonly SemaphoreSlim _entered = new(0);
        private volatile string _how = "answers";

        public BackendInfo Info { get; } = new("onnx", "binary", new Signature([new SignatureField("income", "FP64"), new SignatureField("age", "FP64", Default: 30)], [new SignatureField("score", "FP64")]));

        public bool Disposed { get; private set; }

        public SemaphoreSlim Entered => _entered;

        public void Behave(string how) => _how = how;

        public void Release() => _released.Release();

        public void Predict(FeatureRows rows, Span<Outcome> outcomes)
        {
            _entered.Release();
            switch (_how)
            {
                case "throws":
                    throw new InvalidOperationException("broken");
                case "hangs":
                    _released.Wait(TimeSpan.FromMilliseconds(400));
                    break;
                case "waits":
                    _released.Wait(TimeSpan.FromSeconds(10));
                    break;
            }

            for (var i = 0; i < rows.Count; i++)
                outcomes[i] = new Outcome(_how == "nan" ? double.NaN : score(rows.Numbers(0)[i]), "1");
        }

        public void Dispose() => Disposed = true;
    }
}
