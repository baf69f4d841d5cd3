using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Predictions;
using Holdfast.Storage.Sql;

namespace Holdfast.Serving;

/// <summary>An endpoint's row with its plan.</summary>
internal sealed record EndpointRow(
    int Id, EndpointKey Key, EndpointSpec Spec, RoutePlan Plan, RouteOverride? Override, long OverrideRevision, string? ManagedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public EndpointState State(IReadOnlyDictionary<string, string> faults) => new(Spec, Plan, Override, OverrideRevision, ManagedBy, CreatedAt, UpdatedAt, faults);
}

/// <summary>The SQL of endpoints and routes. Each write carries its event.</summary>
internal sealed class EndpointStore(Db db, Journal journal, TimeProvider time)
{
    private const string Select =
        """
        select e.id, e.workspace_id, e.name, e.spec, p.plan, e.plan_revision, e.override, e.override_revision, e.managed_by, e.created_at, e.updated_at from serving_endpoint e
        left join serving_plan p on p.workspace_id = e.workspace_id and p.endpoint_id = e.id and p.revision = e.plan_revision
        """;

    public Task<List<EndpointRow>> All(CancellationToken ct) => db.Read(tx => tx.Query(Select + " order by e.id", Map), ct);

    public Task<List<EndpointRow>> List(int workspace, CancellationToken ct) =>
        db.Read(tx => tx.Query(Select + " where e.workspace_id = @ws order by e.name", Map, ("ws", workspace)), ct);

    public Task<EndpointRow?> Find(EndpointKey key, CancellationToken ct) => db.Read(tx => Find(tx, key), ct);

    public Task<RoutePlan?> Plan(EndpointRow row, long revision, CancellationToken ct) => db.Read(
        tx => tx.QueryOne(
            "select plan from serving_plan where workspace_id = @ws and endpoint_id = @id and revision = @revision",
            r => Json<RoutePlan>(r.Text(0)),
            ("ws", row.Key.WorkspaceId), ("id", row.Id), ("revision", revision)),
        ct);

    public Task<EndpointRow> Apply(Principal p, EndpointKey key, EndpointSpec spec, string? managedBy, DateTimeOffset? clock, CancellationToken ct) => db.Write(
        tx =>
        {
            tx.Execute(
                """
                insert into serving_endpoint (workspace_id, name, spec, plan_revision, override_revision, managed_by, created_at, updated_at) values (@ws, @name, @spec, 0, 0, @by, @now, @now)
                on conflict (workspace_id, name) do update set spec = excluded.spec, managed_by = excluded.managed_by, updated_at = excluded.updated_at
                """,
                ("ws", key.WorkspaceId), ("name", key.Name), ("spec", Json(spec)), ("by", managedBy), ("now", time.GetUtcNow()));
            journal.Append(tx, p, new EndpointApplied(key.Name, spec.Model, spec.Clock, spec.Fallback.Length > 0 ? "rules" : null), key.Name, clock);
            return Find(tx, key)!;
        },
        ct: ct);

    public Task<bool> Delete(EndpointRow row, CancellationToken ct) => db.Write(
        tx =>
        {
            tx.Execute("delete from serving_plan where workspace_id = @ws and endpoint_id = @id", ("ws", row.Key.WorkspaceId), ("id", row.Id));
            return tx.Execute("delete from serving_endpoint where workspace_id = @ws and id = @id", ("ws", row.Key.WorkspaceId), ("id", row.Id)) > 0;
        },
        ct: ct);

    /// <summary>Compare-and-set; null when another revision stands.</summary>
    public Task<EndpointRow?> SetPlan(Principal p, EndpointRow row, RoutePlan plan, DateTimeOffset? clock, CancellationToken ct) => db.Write(
        tx =>
        {
            var now = time.GetUtcNow();
            if (tx.Execute(
                "update serving_endpoint set plan_revision = @next, updated_at = @now where workspace_id = @ws and id = @id and plan_revision = @expected",
                ("next", plan.Revision), ("now", now), ("ws", row.Key.WorkspaceId), ("id", row.Id), ("expected", plan.Revision - 1)) == 0)
                return null;
            tx.Execute(
                "insert into serving_plan (workspace_id, endpoint_id, revision, plan, actor, at) values (@ws, @id, @revision, @plan, @actor, @now)",
                ("ws", row.Key.WorkspaceId), ("id", row.Id), ("revision", plan.Revision), ("plan", Json(plan)), ("actor", p.Name), ("now", now));
            journal.Append(tx, p, new RouteChanged(row.Key.Name, plan.Revision, plan.Primary?.ToString(), plan.Candidate?.ToString(), plan.Mode, plan.CandidateWeight), row.Key.Name, clock);
            return Find(tx, row.Key);
        },
        ct: ct);

    /// <summary>Compare-and-set of the override; null when another revision stands.</summary>
    public Task<EndpointRow?> SetOverride(Principal p, EndpointRow row, RouteOverride? next, IEventDetail told, DateTimeOffset? clock, CancellationToken ct) => db.Write(
        tx =>
        {
            if (tx.Execute(
                "update serving_endpoint set override = @override, override_revision = override_revision + 1, updated_at = @now where workspace_id = @ws and id = @id and override_revision = @expected",
                ("override", next is null ? null : Json(next)), ("now", time.GetUtcNow()), ("ws", row.Key.WorkspaceId), ("id", row.Id), ("expected", row.OverrideRevision)) == 0)
                return null;
            journal.Append(tx, p, told, row.Key.Name, clock);
            return Find(tx, row.Key);
        },
        ct: ct);

    private static EndpointRow? Find(Tx tx, EndpointKey key) =>
        tx.QueryOne(Select + " where e.workspace_id = @ws and e.name = @name", Map, ("ws", key.WorkspaceId), ("name", key.Name));

    private static EndpointRow Map(Row r) => new(
        r.Int32(0), new EndpointKey(r.Int32(1), r.Text(2)), Json<EndpointSpec>(r.Text(3)), r.TextOrNull(4) is { } plan ? Json<RoutePlan>(plan) : RoutePlan.Empty,
        r.TextOrNull(6) is { } over ? Json<RouteOverride>(over) : null, r.Int64(7), r.TextOrNull(8), r.Time(9), r.Time(10));

    private static T Json<T>(string text) => JsonSerializer.Deserialize<T>(text, HoldfastJson.Options)!;

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, HoldfastJson.Options);
}
