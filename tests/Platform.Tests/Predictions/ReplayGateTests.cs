using Holdfast.Predictions;
using Microsoft.Extensions.Time.Testing;

namespace Holdfast.Platform.Tests.Predictions;

/// <summary>When controllers may decide on an endpoint that a client replays.</summary>
public sealed class ReplayGateTests
{
    private static readonly EndpointKey Replayed = new(1, "replayed");
    private static readonly EndpointKey Other = new(1, "other");
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Between_two_settles_nothing_is_decided_on_the_endpoint_that_is_replayed()
    {
        var gate = new ReplayGate(_time);
        Assert.True(gate.MayAct(Replayed));
        await gate.Settle(Replayed, () =>
        {
            Assert.True(gate.MayAct(Replayed));
            return Task.CompletedTask;
        });
        Assert.False(gate.MayAct(Replayed));
        Assert.True(gate.MayAct(Other));
        await gate.Settle(Replayed, () =>
        {
            Assert.True(gate.MayAct(Replayed));
            return Task.CompletedTask;
        });
        Assert.False(gate.MayAct(Replayed));
    }

    [Fact]
    public async Task Whoever_stops_settling_is_waited_for_a_minute_and_no_longer()
    {
        var gate = new ReplayGate(_time);
        await Assert.ThrowsAsync<InvalidOperationException>(() => gate.Settle(Replayed, () => throw new InvalidOperationException()));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(gate.MayAct(Replayed));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(gate.MayAct(Replayed));
    }
}
