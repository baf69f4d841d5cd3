using Holdfast.Demo.Worlds;
using Holdfast.Examples;
using Holdfast.Storage.Tables;

namespace Holdfast.Demo;

/// <summary>Applicants for loans. After some quiet days incomes really rise, and with them what an income says about the risk.</summary>
internal sealed class CreditScenario(DemoContext context) : Scenario(context)
{
    private const double RampHours = 24;
    private const int AccuracyHours = 24;
    private readonly CreditWorld _world = new(context.Options.Seed);
    private DateTimeOffset? _driftFrom;

    public override string Name => "credit";

    public override string Title => "Credit: incomes rise. A changed world, to be learnt.";

    protected override string Endpoint => "credit-risk";

    protected override string Model => "credit-risk";

    protected override string Pipeline => "credit";

    protected override int PerHour => 200;

    protected override TimeSpan LabelDelay => TimeSpan.FromHours(12);

    protected override IReadOnlyList<Expectation> Expected =>
    [
        new("dataset_version.created"), new("gate.passed"), new("model_version.created"), new("rollout.step_entered", "step", "shadow"), new("rollout.completed"),
        .. Context.Options.Drift
            ? (Expectation[])
            [
                new("drift.diagnosed", "drift_kind", "data_drift"), new("alert.sent"), new("snapshot.saved"), new("retrain.started"), new("gate.passed"), new("retrain.finished"),
                new("model_version.created"), new("rollout.step_entered", "step", "shadow"), new("rollout.completed"),
            ]
            : [],
    ];

    protected override IReadOnlyList<Expectation> Forbidden => Context.Options.Drift
        ? [new("rollout.rolled_back"), new("retrain.blocked"), new("data.quarantined"), new("endpoint.fallback_entered")]
        : [new("rollout.rolled_back"), new("drift.diagnosed"), new("retrain.started"), new("alert.sent")];

    protected override string Dataset => "applications";

    protected override Table History(int rows, int seed) => ExampleGenerator.Generate("credit", rows, seed, 0, AmountChange.None);

    protected override IReadOnlyList<string> Features => CreditWorld.Features;

    protected override Case Next(DateTimeOffset at) => _world.Next(_driftFrom is { } from ? Math.Clamp((at - from).TotalHours / RampHours, 0, 1) : 0);

    protected override async Task Unfold(CancellationToken ct)
    {
        if (!Context.Options.Drift)
        {
            await Hours("nothing changes", 48, until: null, ct);
            return;
        }

        Context.Screen.Say("Incomes begin to rise, over a day.");
        _driftFrom = Traffic.Now;
        await Hours("incomes rise", 300, until: () => Count("rollout.completed") == 2, ct);
        await Hours("the retrained model serves", AccuracyHours, until: null, ct);
    }

    protected override (double? Before, double? After) Accuracy()
    {
        if (_driftFrom is not { } from || Count("rollout.completed") < 2)
            return (Traffic.Accuracy(Traffic.Now.AddHours(-AccuracyHours), Traffic.Now), null);

        // Before: incomes have risen in full and the first model still answers everything.
        var risen = from.AddHours(RampHours);
        return (Traffic.Accuracy(risen, risen.AddHours(AccuracyHours)), Traffic.Accuracy(Traffic.Now.AddHours(-AccuracyHours), Traffic.Now));
    }
}
