using Holdfast.Kernel;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Platform.Tests.Kernel;

public sealed class ControlLoopTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Settle_runs_until_every_reconciler_is_idle()
    {
        var a = new Countdown("a", 3);
        var b = new Countdown("b", 5);
        await new ControlLoop([a, b], NullLogger<ControlLoop>.Instance).Settle(ct: Ct);
        Assert.Equal((0, 0), (a.Left, b.Left));
    }

    [Fact]
    public async Task Settle_waits_for_outside_work_only_when_asked()
    {
        var outside = new Outside();
        var loop = new ControlLoop([outside], NullLogger<ControlLoop>.Instance);
        await loop.Settle(outside: false, Ct);
        Assert.False(outside.Done);
        var settled = loop.Settle(ct: Ct);
        outside.Finish();
        await settled;
        Assert.True(outside.Done);
    }

    [Fact]
    public async Task A_failing_reconciler_does_not_stop_the_others()
    {
        var b = new Countdown("b", 2);
        await new ControlLoop([new Broken(), b], NullLogger<ControlLoop>.Instance).Settle(ct: Ct);
        Assert.Equal(0, b.Left);
    }

    private sealed class Countdown(string name, int steps) : IReconciler
    {
        public int Left { get; private set; } = steps;

        public string Name => name;

        public Task<StepResult> Step(CancellationToken ct) => Task.FromResult(Left == 0 ? StepResult.Idle : --Left >= 0 ? StepResult.Worked : StepResult.Idle);
    }

    private sealed class Broken : IReconciler
    {
        public string Name => "broken";

        public Task<StepResult> Step(CancellationToken ct) => throw new InvalidOperationException("on purpose");
    }

    private sealed class Outside : IReconciler
    {
        private volatile bool _finished;

        public bool Done { get; private set; }

        public string Name => "outside";

        public void Finish() => _finished = true;

        public Task<StepResult> Step(CancellationToken ct)
        {
            if (!_finished)
                return Task.FromResult(StepResult.Waiting);
            Done = true;
            return Task.FromResult(StepResult.Idle);
        }
    }
}
