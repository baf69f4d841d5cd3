using System.Diagnostics;
using System.Threading.Channels;
using Holdfast.Predictions;
using Holdfast.Serving.Backends;

namespace Holdfast.Serving;

/// <summary>
/// Copies of requests for candidates in shadow: off the callers' path and bounded, so that a slow candidate costs its own
/// evidence and nothing else.
/// </summary>
internal sealed class ShadowQueue : IAsyncDisposable
{
    private const int Capacity = 1_024;
    private const int Workers = 2;
    private readonly Channel<Copy> _queue = Channel.CreateBounded<Copy>(Capacity);
    private readonly Task _workers;

    public ShadowQueue() => _workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(Work)));

    private sealed record Copy(Variant Variant, FeatureRows Rows, RouteMetrics Gauge, long Deadline, TaskCompletionSource<ShadowResult[]> Done);

    /// <summary>The results by row. The task never fails and ends by the timeout.</summary>
    public Task<ShadowResult[]> Send(Route route, FeatureRows rows)
    {
        var variant = route.Shadow!;
        var timeout = route.Spec.ShadowTimeout;
        var done = new TaskCompletionSource<ShadowResult[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var deadline = Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
        return _queue.Writer.TryWrite(new Copy(variant, rows, route.Gauge, deadline, done))
            ? InTime(done.Task, variant, rows.Count, timeout)
            : Task.FromResult(Failed(variant, rows.Count, "skipped", 0));
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _workers;
    }

    private async Task Work()
    {
        await foreach (var copy in _queue.Reader.ReadAllAsync())
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), copy.Deadline);
            if (left > TimeSpan.Zero)
                copy.Done.TrySetResult(await Answer(copy, left));
        }
    }

    private static async Task<ShadowResult[]> Answer(Copy copy, TimeSpan left)
    {
        var (variant, rows) = (copy.Variant, copy.Rows);
        var began = Stopwatch.GetTimestamp();
        var outcomes = new Outcome[rows.Count];
        var error = variant.Refuses(rows) ?? await variant.Predict(rows, outcomes, left);
        var took = Stopwatch.GetElapsedTime(began);
        copy.Gauge.Answered(VariantRole.Shadow, rows.Count, took);
        return error is null
            ? Array.ConvertAll(outcomes, o => new ShadowResult(variant.Model, variant.Version, o.Score, o.Prediction, null, took.TotalMilliseconds))
            : Failed(variant, rows.Count, error, took.TotalMilliseconds);
    }

    private static async Task<ShadowResult[]> InTime(Task<ShadowResult[]> results, Variant variant, int rows, TimeSpan timeout)
    {
        try
        {
            return await results.WaitAsync(timeout);
        }
        catch (TimeoutException)
        {
            return Failed(variant, rows, "timeout", timeout.TotalMilliseconds);
        }
    }

    private static ShadowResult[] Failed(Variant variant, int rows, string error, double latency)
    {
        var results = new ShadowResult[rows];
        Array.Fill(results, new ShadowResult(variant.Model, variant.Version, double.NaN, "", error, latency));
        return results;
    }
}
