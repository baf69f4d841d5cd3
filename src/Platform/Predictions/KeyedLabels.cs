using Holdfast.Storage.Sql;

namespace Holdfast.Predictions;

/// <summary>What became of a label that names a key and a time.</summary>
internal enum KeyedOutcome
{
    /// <summary>It has its prediction.</summary>
    Joined,

    /// <summary>There is none within the tolerance yet.</summary>
    Waiting,

    /// <summary>Two predictions of the key have the same nearest time.</summary>
    Ambiguous,
}

/// <summary>
/// Labels by sticky key and time. The rule: the nearest prediction of the key at or before the time, not further back than the tolerance;
/// two at the same millisecond are ambiguous. What is not joined is kept, tried again every minute, and forgotten after 30 days.
/// </summary>
internal sealed class KeyedLabels(PredictionLog log, PredictionStore store, Db db, TimeProvider time)
{
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromDays(1);
    private static readonly TimeSpan Keep = TimeSpan.FromDays(30);
    private const int MostRetried = 10_000;

    private sealed record OpenLabel(long Id, ulong Entity, long Time, long ToleranceMs, string Value, DateTimeOffset? At, string State);

    /// <summary>Finds predictions; those that are found come back by id, the others are kept.</summary>
    public async Task<(List<NewLabel> Joined, int Waiting, int Ambiguous)> Resolve(EndpointLog endpoint, IReadOnlyList<NewLabel> labels, CancellationToken ct)
    {
        var joined = new List<NewLabel>();
        var open = new List<OpenLabel>();
        foreach (var label in labels)
        {
            var wanted = new OpenLabel(
                0, StickyBucket.Entity(label.Key!), label.Time!.Value.ToUnixTimeMilliseconds(), (long)(label.Tolerance ?? DefaultTolerance).TotalMilliseconds, label.Value, label.At, "");
            var (outcome, id) = await Find(endpoint, wanted, ct);
            if (outcome == KeyedOutcome.Joined)
                joined.Add(label with { PredictionId = id });
            else
                open.Add(wanted with { State = Word(outcome) });
        }

        foreach (var some in open.Chunk(500))
            await db.Write(tx => Array.ForEach(some, label => Store(tx, endpoint, label)), WriteLane.Bulk, ct);
        return (joined, open.Count(o => o.State == Word(KeyedOutcome.Waiting)), open.Count(o => o.State == Word(KeyedOutcome.Ambiguous)));
    }

    /// <summary>Tries again what waits.</summary>
    public async Task Retry(EndpointLog endpoint, CancellationToken ct)
    {
        await db.Write(
            tx => tx.Execute("delete from prediction_open_label where workspace_id = @ws and endpoint_id = @id and recorded_at < @before", ("ws", endpoint.Key.WorkspaceId), ("id", endpoint.Id), ("before", time.GetUtcNow() - Keep)),
            ct: ct);
        var waiting = await db.Read(
            tx => tx.Query(
                "select id, entity, time, tolerance_ms, value, at, state from prediction_open_label where workspace_id = @ws and endpoint_id = @id and state = 'waiting' order by id limit @most",
                r => new OpenLabel(r.Int64(0), unchecked((ulong)r.Int64(1)), r.Int64(2), r.Int64(3), r.Text(4), r.TimeOrNull(5), r.Text(6)),
                ("ws", endpoint.Key.WorkspaceId), ("id", endpoint.Id), ("most", MostRetried)),
            ct);
        foreach (var label in waiting)
        {
            var (outcome, id) = await Find(endpoint, label, ct);
            if (outcome == KeyedOutcome.Waiting)
                continue;
            if (outcome == KeyedOutcome.Joined)
            {
                var now = endpoint.Clock == EndpointClock.Event ? endpoint.Watermark : time.GetUtcNow();
                var stored = await store.AddLabels(endpoint, [new NewLabel(id, label.Value, label.At)], now, time.GetUtcNow(), ct);
                if (stored.Count > 0)
                    await log.Append(endpoint, stored, CancellationToken.None);
            }

            await db.Write(
                tx => outcome == KeyedOutcome.Joined
                    ? tx.Execute("delete from prediction_open_label where id = @id", ("id", label.Id))
                    : tx.Execute("update prediction_open_label set state = @state where id = @id", ("state", Word(outcome)), ("id", label.Id)),
                ct: ct);
        }
    }

    /// <summary>How many wait and how many are ambiguous now.</summary>
    public Task<(long Waiting, long Ambiguous)> Count(EndpointLog endpoint, CancellationToken ct) => db.Read(
        tx => (Count(tx, endpoint, KeyedOutcome.Waiting), Count(tx, endpoint, KeyedOutcome.Ambiguous)), ct);

    private static long Count(Tx tx, EndpointLog endpoint, KeyedOutcome outcome) => tx.Scalar(
        "select count(*) from prediction_open_label where workspace_id = @ws and endpoint_id = @id and state = @state", ("ws", endpoint.Key.WorkspaceId), ("id", endpoint.Id), ("state", Word(outcome))) ?? 0;

    private Task<(KeyedOutcome Outcome, string Id)> Find(EndpointLog endpoint, OpenLabel label, CancellationToken ct) => db.Read(
        tx => tx.Query(
            "select id, at from prediction where workspace_id = @ws and endpoint_id = @endpoint and entity = @entity and at <= @time and at >= @from order by at desc, seq desc limit 2",
            r => (Id: r.Text(0), At: r.Int64(1)),
            ("ws", endpoint.Key.WorkspaceId), ("endpoint", endpoint.Id), ("entity", unchecked((long)label.Entity)), ("time", label.Time), ("from", label.Time - label.ToleranceMs)) switch
        {
            [] => (KeyedOutcome.Waiting, ""),
            [var nearest, var second] when nearest.At == second.At => (KeyedOutcome.Ambiguous, ""),
            [var nearest, ..] => (KeyedOutcome.Joined, nearest.Id),
        },
        ct);

    private void Store(Tx tx, EndpointLog endpoint, OpenLabel label) => tx.Execute(
        """
        insert into prediction_open_label (workspace_id, endpoint_id, entity, time, tolerance_ms, value, at, state, recorded_at) values (@ws, @id, @entity, @time, @tolerance, @value, @at, @state, @now)
        on conflict (workspace_id, endpoint_id, entity, time) do update set tolerance_ms = excluded.tolerance_ms, value = excluded.value, at = excluded.at, state = excluded.state, recorded_at = excluded.recorded_at
        """,
        ("ws", endpoint.Key.WorkspaceId), ("id", endpoint.Id), ("entity", unchecked((long)label.Entity)), ("time", label.Time), ("tolerance", label.ToleranceMs), ("value", label.Value), ("at", label.At),
        ("state", label.State), ("now", time.GetUtcNow()));

    private static string Word(KeyedOutcome outcome) => outcome.ToString().ToLowerInvariant();
}
