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

/// <summary>The SQL of what monitors found.</summary>
internal static class FindingStore
{
    public static MonitorState State(Tx tx, int workspace, string endpoint) =>
        tx.QueryOne("select state from monitor_state where workspace_id = @ws and endpoint = @endpoint", r => r.Text(0), ("ws", workspace), ("endpoint", endpoint)) is { } text
            ? JsonSerializer.Deserialize<MonitorState>(text, HoldfastJson.Options)!
            : MonitorState.Initial;

    public static void PutState(Tx tx, int workspace, string endpoint, MonitorState state) =>
        tx.Execute(
            "insert into monitor_state (workspace_id, endpoint, state) values (@ws, @endpoint, @state) on conflict (workspace_id, endpoint) do update set state = excluded.state",
            ("ws", workspace), ("endpoint", endpoint), ("state", JsonSerializer.Serialize(state, HoldfastJson.Options)));

    public static void PutWindow(Tx tx, int workspace, string endpoint, WindowRows window, byte[] content, DateTimeOffset keepFrom)
    {
        tx.Execute(
            """
            insert into monitor_window (workspace_id, endpoint, starts_at, ends_at, content) values (@ws, @endpoint, @start, @end, @content)
            on conflict (workspace_id, endpoint, starts_at) do update set ends_at = excluded.ends_at, content = excluded.content
            """,
            ("ws", workspace), ("endpoint", endpoint), ("start", window.Start), ("end", window.End), ("content", content));
        tx.Execute("delete from monitor_window where workspace_id = @ws and endpoint = @endpoint and ends_at < @keep", ("ws", workspace), ("endpoint", endpoint), ("keep", keepFrom));
    }

    public static List<byte[]> Windows(Tx tx, int workspace, string endpoint) =>
        tx.Query("select content from monitor_window where workspace_id = @ws and endpoint = @endpoint order by starts_at", r => r.Bytes(0), ("ws", workspace), ("endpoint", endpoint));

    public static void PutReport(Tx tx, int workspace, DriftReport report) =>
        tx.Execute(
            """
            insert into drift_report (workspace_id, endpoint, term, ends_at, model_version, severity, verdict, report) values (@ws, @endpoint, @term, @end, @version, @severity, @verdict, @report)
            on conflict (workspace_id, endpoint, term, ends_at, model_version) do nothing
            """,
            ("ws", workspace), ("endpoint", report.Endpoint), ("term", report.Window), ("end", report.End), ("version", report.ModelVersion), ("severity", report.Severity), ("verdict", report.Verdict),
            ("report", JsonSerializer.Serialize(report, HoldfastJson.Options)));

    public static List<DriftReport> Reports(Tx tx, int workspace, string endpoint, string? term, DateTimeOffset? before, int limit) =>
        tx.Query(
            "select report from drift_report where workspace_id = @ws and endpoint = @endpoint and (@term = '' or term = @term) and ends_at < @before order by ends_at desc, term limit @limit",
            r => JsonSerializer.Deserialize<DriftReport>(r.Text(0), HoldfastJson.Options)!,
            ("ws", workspace), ("endpoint", endpoint), ("term", term ?? ""), ("before", before ?? DateTimeOffset.MaxValue), ("limit", limit));

    public static void PutIncident(Tx tx, int workspace, Incident incident) =>
        tx.Execute(
            """
            insert into incident (workspace_id, id, endpoint, status, opened_at, detail) values (@ws, @id, @endpoint, @status, @opened, @detail)
            on conflict (workspace_id, id) do update set status = excluded.status, detail = excluded.detail
            """,
            ("ws", workspace), ("id", incident.Id), ("endpoint", incident.Endpoint), ("status", incident.Status), ("opened", incident.OpenedAt), ("detail", JsonSerializer.Serialize(incident, HoldfastJson.Options)));

    public static Incident? Incident(Tx tx, int workspace, string id) =>
        tx.QueryOne("select detail from incident where workspace_id = @ws and id = @id", MapIncident, ("ws", workspace), ("id", id));

    public static List<Incident> Incidents(Tx tx, int workspace, string? endpoint, string? status, int limit) =>
        tx.Query(
            "select detail from incident where workspace_id = @ws and (@endpoint = '' or endpoint = @endpoint) and (@status = '' or status = @status) order by opened_at desc, id limit @limit",
            MapIncident,
            ("ws", workspace), ("endpoint", endpoint ?? ""), ("status", status ?? ""), ("limit", limit));

    private static Incident MapIncident(Row r) => JsonSerializer.Deserialize<Incident>(r.Text(0), HoldfastJson.Options)!;
}
