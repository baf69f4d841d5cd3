using Holdfast.Demo.Worlds;

namespace Holdfast.Demo;

/// <summary>
/// Sends the traffic of an endpoint, hour by hour of event time: the requests, then the labels that have become known, then the
/// hour itself (the endpoint's clock is advanced, and everything that follows from it is done before the next hour begins).
/// </summary>
internal sealed class Traffic(PlatformApi api, Gateway gateway, string endpoint, DateTimeOffset start, int perHour, TimeSpan labelDelay)
{
    private const int LabelsPerRequest = 1_000;
    private readonly Queue<(DateTimeOffset Due, string PredictionId, string Label)> _labels = new();
    private readonly List<(DateTimeOffset At, bool Right)> _outcomes = [];

    /// <summary>The endpoint's clock.</summary>
    public DateTimeOffset Now { get; private set; } = start;

    /// <summary>One hour of traffic. <paramref name="next"/> gets the time of the request.</summary>
    public async Task Hour(Func<DateTimeOffset, Case> next, CancellationToken ct)
    {
        for (var i = 0; i < perHour; i++)
        {
            var at = Now + TimeSpan.FromHours((i + 0.5) / perHour);
            var sample = next(at);
            if (await gateway.Ask(sample, at, ct) is not { } answer)
                continue;
            var label = sample.Label ? "1" : "0";
            _labels.Enqueue((at + labelDelay, answer.PredictionId, label));
            _outcomes.Add((at, answer.Prediction == label));
        }

        Now += TimeSpan.FromHours(1);
        await PostLabels(ct);
        await api.Post($"endpoints/{endpoint}/clock", new { to = Now, settle = true }, ct);
    }

    /// <summary>Share of right answers among requests in [from, until); null without one.</summary>
    public double? Accuracy(DateTimeOffset from, DateTimeOffset until)
    {
        var (n, right) = (0, 0);
        foreach (var outcome in _outcomes)
        {
            if (outcome.At < from || outcome.At >= until)
                continue;
            n++;
            right += outcome.Right ? 1 : 0;
        }

        return n == 0 ? null : (double)right / n;
    }

    private async Task PostLabels(CancellationToken ct)
    {
        while (_labels.TryPeek(out var first) && first.Due <= Now)
        {
            var batch = new List<object>(LabelsPerRequest);
            while (batch.Count < LabelsPerRequest && _labels.TryPeek(out var next) && next.Due <= Now)
            {
                _labels.Dequeue();
                batch.Add(new { prediction_id = next.PredictionId, value = next.Label, at = next.Due });
            }

            await api.Post($"endpoints/{endpoint}/labels", new { labels = batch }, ct);
        }
    }
}
