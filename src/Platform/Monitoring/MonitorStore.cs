using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Monitoring;

/// <summary>A declared monitor with whom it belongs to.</summary>
internal sealed record StoredMonitor(int WorkspaceId, MonitorSpec Spec, string? ManagedBy);

/// <summary>The SQL of monitors.</summary>
internal static class MonitorStore
{
    public static bool Put(Tx tx, int workspace, MonitorSpec spec, string? managedBy, DateTimeOffset now)
    {
        var text = JsonSerializer.Serialize(spec, HoldfastJson.Options);
        if (tx.QueryOne("select spec, managed_by from monitor where workspace_id = @ws and endpoint = @endpoint", r => new { Spec = r.Text(0), By = r.TextOrNull(1) }, ("ws", workspace), ("endpoint", spec.Endpoint)) is { } kept && kept.Spec == text && kept.By == managedBy)
            return false;
        tx.Execute(
            """
            insert into monitor (workspace_id, endpoint, spec, managed_by, updated_at) values (@ws, @endpoint, @spec, @by, @now)
            on conflict (workspace_id, endpoint) do update set spec = excluded.spec, managed_by = excluded.managed_by, updated_at = excluded.updated_at
            """,
            ("ws", workspace), ("endpoint", spec.Endpoint), ("spec", text), ("by", managedBy), ("now", now));
        return true;
    }

    public static bool Remove(Tx tx, int workspace, string endpoint) =>
        tx.Execute("delete from monitor where workspace_id = @ws and endpoint = @endpoint", ("ws", workspace), ("endpoint", endpoint)) > 0;

    public static List<StoredMonitor> All(Tx tx) =>
        tx.Query("select workspace_id, spec, managed_by from monitor order by workspace_id, endpoint", Map);

    public static List<StoredMonitor> List(Tx tx, int workspace) =>
        tx.Query("select workspace_id, spec, managed_by from monitor where workspace_id = @ws order by endpoint", Map, ("ws", workspace));

    public static StoredMonitor? Get(Tx tx, int workspace, string endpoint) =>
        tx.QueryOne("select workspace_id, spec, managed_by from monitor where workspace_id = @ws and endpoint = @endpoint", Map, ("ws", workspace), ("endpoint", endpoint));

    private static StoredMonitor Map(Row r) => new(r.Int32(0), JsonSerializer.Deserialize<MonitorSpec>(r.Text(1), HoldfastJson.Options)!, r.TextOrNull(2));
}
