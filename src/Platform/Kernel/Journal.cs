using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Kernel;

/// <summary>One thing that happened.</summary>
/// <param name="Seq">Position; gaps are possible, order is commit order.</param>
/// <param name="At">When it happened on the clock of its subject (an endpoint on event time: event time), else wall time.</param>
/// <param name="RecordedAt">Wall time of the write.</param>
/// <param name="WorkspaceId">Workspace.</param>
/// <param name="Actor">Who did it: a principal's or a controller's name.</param>
/// <param name="Kind"><c>subject.past_participle</c>, see docs/events.md.</param>
/// <param name="Subject">What it happened to: the endpoint, model or pipeline by name.</param>
/// <param name="Detail">The payload record of the kind, as JSON.</param>
public sealed record JournalEvent(long Seq, DateTimeOffset At, DateTimeOffset RecordedAt, int WorkspaceId, string Actor, string Kind, string Subject, JsonElement Detail)
{
    /// <summary>The payload as its record.</summary>
    public T DetailAs<T>() => Detail.Deserialize<T>(HoldfastJson.Options)!;
}

/// <summary>Which events to read.</summary>
public sealed record JournalQuery(long After = 0, int Limit = 200, string? Kind = null, string? Subject = null, bool NewestFirst = false);

/// <summary>
/// The append-only table of what happened: audit trail, incident timeline, live feed and the reconcilers' inbox in one.
/// </summary>
public sealed class Journal(Db db, TimeProvider time)
{
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Writes an event in the transaction of the change that it tells. Must be the transaction's last statement: on PostgreSQL
    /// it takes a lock that makes sequence order commit order.
    /// </summary>
    /// <param name="at">The subject's own clock; wall time when omitted.</param>
    public long Append(Tx tx, Principal actor, IEventDetail detail, string subject, DateTimeOffset? at = null)
    {
        ArgumentNullException.ThrowIfNull(tx);
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(detail);
        tx.Dialect.LockJournal(tx);
        var now = time.GetUtcNow();
        var seq = tx.Insert(
            "insert into journal (workspace_id, at, recorded_at, actor, kind, subject, detail) values (@ws, @at, @now, @actor, @kind, @subject, @detail) returning seq",
            ("ws", actor.WorkspaceId), ("at", at ?? now), ("now", now), ("actor", actor.Name), ("kind", detail.Kind), ("subject", subject),
            ("detail", JsonSerializer.Serialize(detail, detail.GetType(), HoldfastJson.Options)));
        tx.OnCommit(Signal);
        return seq;
    }

    /// <summary>Writes an event that stands alone.</summary>
    public Task<long> Append(Principal actor, IEventDetail detail, string subject, DateTimeOffset? at = null, CancellationToken ct = default) =>
        db.Write(tx => Append(tx, actor, detail, subject, at), ct: ct);

    /// <summary>Events of a workspace.</summary>
    public Task<IReadOnlyList<JournalEvent>> Read(Principal principal, JournalQuery query, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(principal);
        ArgumentNullException.ThrowIfNull(query);
        return db.Read<IReadOnlyList<JournalEvent>>(
            tx => tx.Query(
                $"""
                select seq, at, recorded_at, workspace_id, actor, kind, subject, detail from journal
                where workspace_id = @ws and {(query.NewestFirst && query.After > 0 ? "seq < @after" : "seq > @after")} and (@kind = '' or kind = @kind) and (@subject = '' or subject = @subject)
                order by seq {(query.NewestFirst ? "desc" : "asc")} limit @limit
                """,
                Map,
                ("ws", principal.WorkspaceId), ("after", query.After), ("kind", query.Kind ?? ""), ("subject", query.Subject ?? ""), ("limit", Math.Clamp(query.Limit, 1, 10_000))),
            ct);
    }

    /// <summary>Events of all workspaces past a cursor, oldest first: the inbox of reconcilers.</summary>
    public Task<IReadOnlyList<JournalEvent>> ReadAll(long after, int limit = 500, CancellationToken ct = default) =>
        db.Read<IReadOnlyList<JournalEvent>>(
            tx => tx.Query("select seq, at, recorded_at, workspace_id, actor, kind, subject, detail from journal where seq > @after order by seq limit @limit", Map, ("after", after), ("limit", limit)),
            ct);

    /// <summary>How far a consumer has read; 0 at first.</summary>
    public static long Cursor(Tx tx, string consumer) =>
        tx.Scalar("select seq from journal_cursor where consumer = @consumer", ("consumer", consumer)) ?? 0;

    /// <summary>Moves a consumer's cursor, in the transaction of what the consumer did with the events.</summary>
    public static void MoveCursor(Tx tx, string consumer, long seq) =>
        tx.Execute("insert into journal_cursor (consumer, seq) values (@consumer, @seq) on conflict (consumer) do update set seq = excluded.seq", ("consumer", consumer), ("seq", seq));

    /// <summary>Ends at the next event that this process writes.</summary>
    public Task Next(CancellationToken ct = default) => _next.Task.WaitAsync(ct);

    private void Signal() =>
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private static JournalEvent Map(Row r)
    {
        using var document = JsonDocument.Parse(r.Text(7));
        return new JournalEvent(r.Int64(0), r.Time(1), r.Time(2), r.Int32(3), r.Text(4), r.Text(5), r.Text(6), document.RootElement.Clone());
    }
}
