using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Response;

/// <summary>A declared policy with whom it belongs to; null: nobody in particular.</summary>
internal sealed record StoredPolicy(ResponsePolicySpec Spec, string? ManagedBy)
{
    /// <summary>Whether it may answer for an endpoint: a project's policies are for its own endpoints, and for those that they name.</summary>
    public bool IsFor(string endpoint, string? owner) => ManagedBy is null || ManagedBy == owner || Spec.On.Endpoint == endpoint;
}

/// <summary>The SQL of policies and actions.</summary>
internal static class ResponseStore
{
    public static bool PutPolicies(Tx tx, int workspace, IReadOnlyList<ResponsePolicySpec> policies, string? managedBy, DateTimeOffset now)
    {
        var texts = policies.Select(Text).ToList();
        var kept = Policies(tx, workspace).Where(k => k.ManagedBy == managedBy).Select(k => Text(k.Spec)).ToList();
        if (kept.SequenceEqual(texts))
            return false;
        tx.Execute("delete from response_policy where workspace_id = @ws and managed_by = @by", ("ws", workspace), ("by", managedBy ?? ""));
        for (var i = 0; i < policies.Count; i++)
        {
            tx.Execute(
                "insert into response_policy (workspace_id, name, position, spec, managed_by, updated_at) values (@ws, @name, @position, @spec, @by, @now)",
                ("ws", workspace), ("name", policies[i].Name), ("position", i), ("spec", texts[i]), ("by", managedBy ?? ""), ("now", now));
        }

        return true;
    }

    public static List<StoredPolicy> Policies(Tx tx, int workspace) =>
        tx.Query(
            "select spec, managed_by from response_policy where workspace_id = @ws order by managed_by, position, name",
            r => new StoredPolicy(JsonSerializer.Deserialize<ResponsePolicySpec>(r.Text(0), HoldfastJson.Options)!, r.Text(1) is { Length: > 0 } by ? by : null),
            ("ws", workspace));

    // An action without arguments holds an undefined element, which cannot be written: null stands for it.
    private static string Text(ResponsePolicySpec spec) =>
        JsonSerializer.Serialize(spec with { Do = Written(spec.Do), After = Written(spec.After) }, HoldfastJson.Options);

    public static List<ActionSpec> Written(IReadOnlyList<ActionSpec> actions) =>
        [.. actions.Select(a => a.Arguments.ValueKind == JsonValueKind.Undefined ? a with { Arguments = JsonSerializer.SerializeToElement<string?>(null) } : a)];

    private const string Columns = "workspace_id, incident_id, phase, position, endpoint, policy, action, arguments, status, note, state, started_at, ended_at";

    /// <summary>Writes actions down; those that are there already stay as they are.</summary>
    public static void Plan(Tx tx, IEnumerable<ActionRow> rows)
    {
        foreach (var row in rows)
        {
            tx.Execute(
                """
                insert into response_action (workspace_id, incident_id, phase, position, endpoint, policy, action, arguments, status, note, state, started_at, ended_at)
                values (@ws, @incident, @phase, @position, @endpoint, @policy, @action, @arguments, @status, @note, @state, @started, @ended)
                on conflict (workspace_id, incident_id, phase, position) do nothing
                """,
                ("ws", row.WorkspaceId), ("incident", row.IncidentId), ("phase", row.Phase), ("position", row.Position), ("endpoint", row.Endpoint), ("policy", row.Policy), ("action", row.Action),
                ("arguments", row.Arguments), ("status", row.Status), ("note", row.Note), ("state", row.State), ("started", row.StartedAt), ("ended", row.EndedAt));
        }
    }

    public static void Update(Tx tx, ActionRow row) =>
        tx.Execute(
            """
            update response_action set status = @status, note = @note, state = @state, started_at = @started, ended_at = @ended
            where workspace_id = @ws and incident_id = @incident and phase = @phase and position = @position
            """,
            ("status", row.Status), ("note", row.Note), ("state", row.State), ("started", row.StartedAt), ("ended", row.EndedAt),
            ("ws", row.WorkspaceId), ("incident", row.IncidentId), ("phase", row.Phase), ("position", row.Position));

    /// <summary>Actions that are not over, in the order in which they are to be done.</summary>
    public static List<ActionRow> Unfinished(Tx tx) =>
        tx.Query($"select {Columns} from response_action where status in ('planned', 'started', 'waiting') order by workspace_id, incident_id, case when phase = 'after' then 1 else 0 end, phase, position", Map);

    public static List<ActionRow> OfIncident(Tx tx, int workspace, string incident) =>
        tx.Query($"select {Columns} from response_action where workspace_id = @ws and incident_id = @incident order by case when phase = 'after' then 1 else 0 end, phase, position", Map, ("ws", workspace), ("incident", incident));

    public static List<ActionRow> Newest(Tx tx, int workspace, int limit) =>
        tx.Query($"select {Columns} from response_action where workspace_id = @ws and phase <> 'policy' order by coalesce(started_at, 9223372036854775807) desc, incident_id, phase, position limit @limit", Map, ("ws", workspace), ("limit", limit));

    /// <summary>Whether this call set the block.</summary>
    public static bool Block(Tx tx, int workspace, string endpoint, string incident, DateTimeOffset now) =>
        tx.Execute(
            "insert into retrain_block (workspace_id, endpoint, incident_id, created_at) values (@ws, @endpoint, @incident, @now) on conflict (workspace_id, endpoint, incident_id) do nothing",
            ("ws", workspace), ("endpoint", endpoint), ("incident", incident), ("now", now)) > 0;

    /// <summary>Whether this call lifted it.</summary>
    public static bool Unblock(Tx tx, int workspace, string endpoint, string incident, DateTimeOffset now) =>
        tx.Execute(
            "update retrain_block set released_at = @now where workspace_id = @ws and endpoint = @endpoint and incident_id = @incident and released_at is null",
            ("ws", workspace), ("endpoint", endpoint), ("incident", incident), ("now", now)) > 0;

    /// <summary>Incidents that block retraining on an endpoint now.</summary>
    public static List<string> Blocks(Tx tx, int workspace, string endpoint) =>
        tx.Query("select incident_id from retrain_block where workspace_id = @ws and endpoint = @endpoint and released_at is null order by created_at", r => r.Text(0), ("ws", workspace), ("endpoint", endpoint));

    private static ActionRow Map(Row r) => new(
        r.Int32(0), r.Text(1), r.Text(2), r.Int32(3), r.Text(4), r.Text(5), r.Text(6), r.Text(7), r.Text(8), r.TextOrNull(9), r.Text(10), r.TimeOrNull(11), r.TimeOrNull(12));
}
