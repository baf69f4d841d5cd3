using System.Threading.Channels;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>
/// Answers requests that wait for a model together, in one call. Without a declared wait nobody waits for company: what came
/// while the model was busy is the next batch, so an idle model answers at once and a busy one by the batch.
/// </summary>
internal sealed class MicroBatcher
{
    private readonly IBackend _model;
    private readonly TimeSpan _wait;
    private readonly Channel<Call> _queue = Channel.CreateUnbounded<Call>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _worker;

    public MicroBatcher(IBackend model, BatchingSpec spec)
    {
        (_model, Max, _wait) = (model, spec.Max, TimeSpan.FromMilliseconds(spec.WaitMs));
        _worker = Task.Run(Work);
    }

    private sealed record Call(FeatureRows Rows, TaskCompletionSource<Outcome[]> Done, CancellationToken Cancelled);

    /// <summary>Most rows in one call.</summary>
    public int Max { get; }

    /// <summary>Calls that were made.</summary>
    public long Calls { get; private set; }

    public async Task Predict(FeatureRows rows, Memory<Outcome> outcomes, CancellationToken ct)
    {
        var done = new TaskCompletionSource<Outcome[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new Call(rows, done, ct)))
            throw new HoldfastException(ErrorCode.Unavailable, "The model has been unloaded.");
        (await done.Task.WaitAsync(ct)).CopyTo(outcomes);
    }

    /// <summary>Takes no more; the task ends with the call under way.</summary>
    public Task End()
    {
        _queue.Writer.TryComplete();
        return _worker;
    }

    private async Task Work()
    {
        Call? left = null;
        while (left is not null || await _queue.Reader.WaitToReadAsync())
        {
            var batch = new List<Call>();
            var rows = 0;
            using var patience = _wait > TimeSpan.Zero ? new CancellationTokenSource(_wait) : null;
            while (true)
            {
                var call = left;
                left = null;
                if (call is null && !_queue.Reader.TryRead(out call))
                {
                    if (patience is null || !await Comes(patience.Token))
                        break;
                    continue;
                }

                if (call.Cancelled.IsCancellationRequested)
                    continue;
                // Other columns, or too many rows: the next batch begins with it.
                if (batch.Count > 0 && (rows + call.Rows.Count > Max || !ReferenceEquals(call.Rows.Names, batch[0].Rows.Names)))
                {
                    left = call;
                    break;
                }

                batch.Add(call);
                rows += call.Rows.Count;
                if (rows >= Max)
                    break;
            }

            if (batch.Count > 0)
                Answer(batch, rows);
        }
    }

    private async ValueTask<bool> Comes(CancellationToken ct)
    {
        try
        {
            return await _queue.Reader.WaitToReadAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Answer(List<Call> batch, int rows)
    {
        var outcomes = new Outcome[rows];
        try
        {
            Calls++;
            _model.Predict(batch.Count == 1 ? batch[0].Rows : FeatureRows.Join([.. batch.Select(c => c.Rows)]), outcomes);
        }
        catch (Exception e)
        {
            // The edge of foreign code. One row that the model cannot take is its sender's alone: the others are asked again one by one.
            if (batch.Count == 1)
                batch[0].Done.TrySetException(e);
            else
                batch.ForEach(call => Answer([call], call.Rows.Count));
            return;
        }

        var at = 0;
        foreach (var call in batch)
        {
            call.Done.TrySetResult(outcomes[at..(at + call.Rows.Count)]);
            at += call.Rows.Count;
        }
    }
}
