using Holdfast.Commands;
using Holdfast.Examples.Electricity;

namespace Holdfast.Platform.Tests.Examples;

/// <summary>The electricity example on the first part of the real stream: all four ways on the same rows, the loop through a real server.</summary>
public sealed class ElectricityTests : IDisposable
{
    private const int Rows = 12_000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_loop_replays_the_stream_and_is_compared_on_the_same_rows()
    {
        Assert.SkipWhen(Repository.Shared("data/elec2.csv") is null, "The Elec2 stream (shared/data/elec2.csv beside the repository, or HOLDFAST_SHARED) is not here.");
        var stream = new ElectricityStream(Repository.Shared("data/elec2.csv")!, Rows);
        var (table, loop) = await ElectricityCommand.Compare(stream, _folder.Path, TestContext.Current.CancellationToken);
        Assert.Equal(["static model", "retrained every 1,440 steps", "closed loop", "newest known label"], table.Select(c => c.Name));
        Assert.Equal(table.Single(c => c.Name == "closed loop"), loop.Contender);
        Assert.All(table, c => Assert.InRange(c.Accuracy, 0.5, 0.9));
        Assert.Equal((Rows - stream.Start) / 1440, table[1].Retrainings);
        // The first model was trained, gated, rolled out step by step, and answered.
        Assert.Equal(1 + loop.Contender.Retrainings, loop.Events["rollout.completed"]);
        Assert.Equal(0, loop.Events["rollout.step_entered"] % 3);
        Assert.True(loop.Contender.Accuracy > table[0].Accuracy - 0.02, $"loop {loop.Contender.Accuracy}, static {table[0].Accuracy}");
    }
}
