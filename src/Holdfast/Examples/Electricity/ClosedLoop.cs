using System.Text.Json;
using Holdfast.Contracts;

namespace Holdfast.Examples.Electricity;

/// <summary>What the loop came to.</summary>
/// <param name="Contender">Its row of the table.</param>
/// <param name="Events">How often each kind of event happened.</param>
/// <param name="Drifts">The diagnoses by kind and cause.</param>
internal sealed record LoopResult(Contender Contender, SortedDictionary<string, int> Events, SortedDictionary<string, int> Drifts);

/// <summary>
/// Replays the stream through the gateway of a server: requests in time order, labels a day late, monitors, responses and
/// rollouts on. It decides nothing: it sends, posts labels, advances the clock and counts.
/// </summary>
internal sealed class ClosedLoop(ElectricityStream stream, LoopApi api, string project)
{
    private const string Endpoint = "electricity";

    // A month of the history goes through the gateway first, unscored, so that the first model has been rolled out when the
    // comparison begins. The clock moves every six hours, and labels are posted then: at most six hours later than elsewhere.
    private const int WarmUp = 1440;
    private const int Tick = 12;
    private readonly Queue<(int Row, string Id)> _waiting = new();
    private readonly SortedDictionary<string, int> _events = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _drifts = new(StringComparer.Ordinal);
    private long _position;

    public async Task<LoopResult> Run(Action<int, int> progress, CancellationToken ct)
    {
        await Prepare(ct);
        var right = 0;
        for (var row = stream.Start - WarmUp; row < stream.Rows; row++)
        {
            var at = row;
            var (id, prediction) = await api.Infer(Endpoint, ElectricityStream.Features, i => stream.Value(i, at), ElectricityStream.At(row), ct);
            _waiting.Enqueue((row, id));
            if (row >= stream.Start && prediction == Label(row))
                right++;
            if ((row + 1) % Tick != 0)
                continue;
            await Advance(row + 1, ct);
            progress(Math.Max(0, row + 1 - stream.Start), stream.Rows - stream.Start);
        }

        await Watch(ct);
        var scored = stream.Rows - stream.Start;
        var contender = new Contender("closed loop", (double)right / scored, Math.Max(0, _events.GetValueOrDefault("rollout.completed") - 1));
        return new LoopResult(contender, _events, _drifts);
    }

    // The project is applied, the first model trained and its rollout started.
    private async Task Prepare(CancellationToken ct)
    {
        ExampleProject.Write("electricity", project);
        stream.WriteHistory(Path.Combine(project, "data"));
        // The history becomes a dataset version, so that the model's lineage, and with it the monitor's baseline, is known.
        await api.Upload("datasets/electricity-history/versions?file_name=history.csv", Path.Combine(project, "data", "history.csv"), ct);
        await api.Post("projects", new { path = project }, ct);
        var run = await api.Post($"pipelines/{Endpoint}/runs", new { cause = "first model", register = true }, ct);
        while (run.GetProperty("status").GetString() is "queued" or "running")
        {
            await Task.Delay(100, ct);
            run = await api.Get($"pipeline-runs/{run.GetProperty("id").GetString()}", ct);
        }

        if (run.GetProperty("status").GetString() != "succeeded")
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The pipeline {run.GetProperty("status").GetString()}: {run}");
        await api.Post("rollouts", new { endpoint = Endpoint, model = Endpoint, version = 1 }, ct);
    }

    private async Task Advance(int now, CancellationToken ct)
    {
        var labels = new List<object>();
        while (_waiting.TryPeek(out var oldest) && oldest.Row + ElectricityStream.LabelDelay <= now)
        {
            _waiting.Dequeue();
            labels.Add(new { prediction_id = oldest.Id, value = Label(oldest.Row), at = ElectricityStream.At(oldest.Row + ElectricityStream.LabelDelay) });
        }

        if (labels.Count > 0)
            await api.Post($"endpoints/{Endpoint}/labels", new { labels }, ct);
        await api.Post($"endpoints/{Endpoint}/clock", new { to = ElectricityStream.At(now), settle = true }, ct);
        if (now % 480 == 0)
            await Watch(ct);
    }

    private async Task Watch(CancellationToken ct)
    {
        while (true)
        {
            var items = (await api.Get($"journal?after={_position}&limit=1000", ct)).GetProperty("items");
            if (items.GetArrayLength() == 0)
                return;
            foreach (var item in items.EnumerateArray())
            {
                _position = item.GetProperty("seq").GetInt64();
                var kind = item.GetProperty("kind").GetString()!;
                Count(_events, kind);
                if (kind == "drift.diagnosed" && item.TryGetProperty("detail", out var detail))
                    Count(_drifts, $"{Text(detail, "drift_kind")} {Text(detail, "cause")} {Text(detail, "feature")}".Trim());
            }
        }
    }

    private string Label(int row) => stream.Data.Labels[row] ? "1" : "0";

    private static string? Text(JsonElement detail, string name) => detail.TryGetProperty(name, out var value) ? value.ToString() : null;

    private static void Count(SortedDictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;
}
