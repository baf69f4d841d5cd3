using Holdfast.Demo.Worlds;
using Holdfast.Examples;
using Holdfast.Storage.Tables;

namespace Holdfast.Demo;

/// <summary>Card payments. The payment processor changes its interface, and every amount arrives doubled, until someone repairs it.</summary>
internal sealed class FraudScenario(DemoContext context) : Scenario(context)
{
    // Inside an hour, so that one window holds rows of both kinds.
    private const double IntoTheHour = 0.4;
    private const int BrokenHours = 12;
    private const int AccuracyHours = 12;
    private const double RampHours = 12;
    private readonly FraudWorld _world = new(context.Options.Seed);
    private DateTimeOffset? _changed;
    private DateTimeOffset? _repaired;

    public override string Name => "fraud";

    public override string Title => Context.Options.Genuine ? "Fraud: amounts really rise. A changed world, to be learnt." : "Fraud: every amount arrives doubled. A broken pipe, not to be learnt.";

    protected override string Endpoint => "fraud-score";

    protected override string Model => "fraud-score";

    protected override string Pipeline => "fraud";

    protected override int PerHour => 300;

    protected override TimeSpan LabelDelay => TimeSpan.FromHours(6);

    protected override IReadOnlyList<Expectation> Expected
    {
        get
        {
            Expectation[] start = [new("dataset_version.created"), new("gate.passed"), new("model_version.created"), new("rollout.step_entered", "step", "shadow"), new("rollout.completed")];
            if (!Context.Options.Drift)
                return start;
            return Context.Options.Genuine
                ? [.. start, new("drift.diagnosed", "drift_kind", "data_drift"), new("alert.sent"), new("snapshot.saved"), new("retrain.started"), new("retrain.finished"), new("rollout.completed")]
                :
                [
                    .. start, new("drift.diagnosed", "cause", "scale_change"), new("alert.sent"), new("snapshot.saved"), new("data.quarantined"), new("endpoint.fallback_entered"), new("retrain.blocked"),
                    new("endpoint.fallback_left"), new("retrain.started"), new("retrain.finished"),
                ];
        }
    }

    protected override IReadOnlyList<Expectation> Forbidden => !Context.Options.Drift
        ? [new("rollout.rolled_back"), new("drift.diagnosed"), new("retrain.started"), new("alert.sent")]
        : Context.Options.Genuine
            ? [new("rollout.rolled_back"), new("retrain.blocked"), new("data.quarantined"), new("endpoint.fallback_entered")]
            : [new("rollout.rolled_back"), new("drift.diagnosed", "drift_kind", "data_drift")];

    protected override IReadOnlyList<string> Features => FraudWorld.Features;

    protected override string Dataset => "payments";

    protected override Table History(int rows, int seed) => ExampleGenerator.Generate("fraud", rows, seed, 0, AmountChange.None);

    protected override Case Next(DateTimeOffset at)
    {
        if (_changed is not { } from || at < from)
            return _world.Next();
        if (Context.Options.Genuine)
            return _world.Next(AmountChange.Rise, Math.Min(1, (at - from).TotalHours / RampHours));
        return _world.Next(_repaired is { } until && at >= until ? AmountChange.None : AmountChange.Doubled);
    }

    protected override async Task Unfold(CancellationToken ct)
    {
        if (!Context.Options.Drift)
        {
            await Hours("nothing changes", 48, until: null, ct);
            return;
        }

        _changed = Traffic.Now.AddHours(IntoTheHour);
        if (Context.Options.Genuine)
        {
            Context.Screen.Say("Customers begin to spend more.");
            await Hours("amounts rise", 300, until: () => Count("rollout.completed") == 2, ct);
            await Hours("the retrained model serves", AccuracyHours, until: null, ct);
            return;
        }

        Context.Screen.Say("The payment processor changes its interface: every amount arrives doubled.");
        await Hours("amounts arrive doubled", BrokenHours, until: null, ct);
        _repaired = Traffic.Now.AddHours(IntoTheHour);
        Context.Screen.Say("The interface is repaired.");
        await Hours("the input is right again", 100, until: () => Count("retrain.finished") + Count("retrain.failed") > 0, ct);
        await Hours("after the repair", AccuracyHours, until: null, ct);
    }

    protected override (double? Before, double? After) Accuracy()
    {
        var after = Traffic.Accuracy(Traffic.Now.AddHours(-AccuracyHours), Traffic.Now);
        if (_changed is not { } changed)
            return (after, null);

        // Before: the model on broken input, until the fallback answered (or the retrained model took over).
        var until = Last("endpoint.fallback_entered") ?? changed.AddHours(AccuracyHours);
        return (Traffic.Accuracy(changed, until), after);
    }
}
