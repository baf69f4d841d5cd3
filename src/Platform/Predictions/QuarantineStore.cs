using System.Collections.Concurrent;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;

namespace Holdfast.Predictions;

/// <summary>The intervals that are set aside, and a copy in memory for those who ask row by row.</summary>
internal sealed class QuarantineStore(Db db, Journal journal, TimeProvider time)
{
    private const string Columns = "q.id, e.name, q.from_at, q.until_at, q.reason, q.incident_id, q.created_at, q.released_at, q.release_reason";
    private readonly ConcurrentDictionary<int, IReadOnlyList<Quarantine>> _standing = new();

    public async Task<string> Add(Principal p, EndpointLog log, DateTimeOffset from, DateTimeOffset? until, string reason, string? incidentId, DateTimeOffset clock, CancellationToken ct)
    {
        var id = await db.Write(
            tx =>
            {
                if (incidentId is not null && tx.QueryOne(
                    "select id from prediction_quarantine where workspace_id = @ws and endpoint_id = @endpoint and incident_id = @incident",
                    r => r.Text(0),
                    ("ws", p.WorkspaceId), ("endpoint", log.Id), ("incident", incidentId)) is { } known)
                    return known;
                var fresh = Ids.Hex32();
                tx.Execute(
                    """
                    insert into prediction_quarantine (id, workspace_id, endpoint_id, from_at, until_at, reason, incident_id, created_at)
                    values (@id, @ws, @endpoint, @from, @until, @reason, @incident, @now)
                    """,
                    ("id", fresh), ("ws", p.WorkspaceId), ("endpoint", log.Id), ("from", from), ("until", until), ("reason", reason), ("incident", incidentId), ("now", time.GetUtcNow()));
                journal.Append(tx, p, new DataQuarantined(incidentId ?? "", log.Key.Name, from, until, reason), log.Key.Name, clock);
                return fresh;
            },
            ct: ct);
        _standing.TryRemove(log.Id, out _);
        return id;
    }

    public async Task Close(Principal p, string id, DateTimeOffset until, CancellationToken ct)
    {
        var changed = await db.Write(
            tx => tx.Execute("update prediction_quarantine set until_at = @until where workspace_id = @ws and id = @id", ("until", until), ("ws", p.WorkspaceId), ("id", id)),
            ct: ct);
        if (changed == 0)
            throw Missing(id);
        _standing.Clear();
    }

    public async Task Release(Principal p, Quarantine quarantine, string reason, DateTimeOffset clock, CancellationToken ct)
    {
        await db.Write(
            tx =>
            {
                if (tx.Execute(
                    "update prediction_quarantine set released_at = @now, release_reason = @reason where workspace_id = @ws and id = @id and released_at is null",
                    ("now", time.GetUtcNow()), ("reason", reason), ("ws", p.WorkspaceId), ("id", quarantine.Id)) > 0)
                    journal.Append(tx, p, new DataReleased(quarantine.Endpoint, quarantine.Id, reason), quarantine.Endpoint, clock);
            },
            ct: ct);
        _standing.Clear();
    }

    public async Task<Quarantine> Get(Principal p, string id, CancellationToken ct) =>
        await db.Read(
            tx => tx.QueryOne(
                $"select {Columns} from prediction_quarantine q join prediction_endpoint e on e.id = q.endpoint_id where q.workspace_id = @ws and q.id = @id",
                Map,
                ("ws", p.WorkspaceId), ("id", id)),
            ct) ?? throw Missing(id);

    public Task<IReadOnlyList<Quarantine>> List(EndpointLog log, CancellationToken ct) => db.Read<IReadOnlyList<Quarantine>>(tx => List(tx, log), ct);

    public bool Holds(EndpointLog log, DateTimeOffset at)
    {
        if (!_standing.TryGetValue(log.Id, out var standing))
        {
            // SQLite reads are synchronous; asked from the folds' thread once after each change.
            standing = [.. db.Read(tx => List(tx, log)).GetAwaiter().GetResult().Where(q => q.ReleasedAt is null)];
            _standing[log.Id] = standing;
        }

        foreach (var quarantine in standing)
        {
            if (quarantine.Holds(at))
                return true;
        }

        return false;
    }

    private static List<Quarantine> List(Tx tx, EndpointLog log) => tx.Query(
        $"select {Columns} from prediction_quarantine q join prediction_endpoint e on e.id = q.endpoint_id where q.workspace_id = @ws and q.endpoint_id = @id order by q.created_at, q.id",
        Map,
        ("ws", log.Key.WorkspaceId), ("id", log.Id));

    private static HoldfastException Missing(string id) => new(ErrorCode.NotFound, $"There is no quarantine '{id}' in this workspace.", "The quarantines of an endpoint are listed at /api/v1/endpoints/{name}/quarantines.");

    private static Quarantine Map(Row r) => new(r.Text(0), r.Text(1), r.Time(2), r.TimeOrNull(3), r.Text(4), r.TextOrNull(5), r.Time(6), r.TimeOrNull(7), r.TextOrNull(8));
}
