using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The SQL of rollouts.</summary>
internal static class RolloutStore
{
    public static bool PutSpec(Tx tx, int workspace, string endpoint, RolloutSpec spec, string? managedBy, DateTimeOffset now)
    {
        var text = JsonSerializer.Serialize(spec, HoldfastJson.Options);
        if (tx.QueryOne("select spec, managed_by from rollout_spec where workspace_id = @ws and endpoint = @endpoint", r => new { Spec = r.Text(0), By = r.TextOrNull(1) }, ("ws", workspace), ("endpoint", endpoint)) is { } kept && kept.Spec == text && kept.By == managedBy)
            return false;
        tx.Execute(
            """
            insert into rollout_spec (workspace_id, endpoint, spec, managed_by, updated_at) values (@ws, @endpoint, @spec, @by, @now)
            on conflict (workspace_id, endpoint) do update set spec = excluded.spec, managed_by = excluded.managed_by, updated_at = excluded.updated_at
            """,
            ("ws", workspace), ("endpoint", endpoint), ("spec", text), ("by", managedBy), ("now", now));
        return true;
    }

    public static bool RemoveSpec(Tx tx, int workspace, string endpoint) =>
        tx.Execute("delete from rollout_spec where workspace_id = @ws and endpoint = @endpoint", ("ws", workspace), ("endpoint", endpoint)) > 0;

    public static RolloutSpec Spec(Tx tx, int workspace, string endpoint) =>
        tx.QueryOne("select spec from rollout_spec where workspace_id = @ws and endpoint = @endpoint", r => r.Text(0), ("ws", workspace), ("endpoint", endpoint)) is { } text
            ? JsonSerializer.Deserialize<RolloutSpec>(text, HoldfastJson.Options)!
            : RolloutSpec.Default;

    /// <summary>Rollouts that may still move: those under way, and the newest completed one of each endpoint (late labels).</summary>
    public static List<(RolloutState State, long Revision)> Active(Tx tx) =>
        tx.Query(
            """
            select state, revision from rollout r where status not in ('completed', 'rolled_back')
                or (status = 'completed' and not exists (select 1 from rollout n where n.workspace_id = r.workspace_id and n.endpoint = r.endpoint and n.started_at > r.started_at))
            order by started_at, id
            """,
            r => (State(r), r.Int64(1)));

    public static List<RolloutState> Newest(Tx tx, int limit) =>
        tx.Query("select state from rollout order by started_at desc limit @limit", State, ("limit", limit));

    public static List<RolloutState> List(Tx tx, int workspace, string? endpoint, int limit) =>
        tx.Query(
            "select state from rollout where workspace_id = @ws and (@endpoint = '' or endpoint = @endpoint) order by started_at desc, id limit @limit",
            State,
            ("ws", workspace), ("endpoint", endpoint ?? ""), ("limit", limit));

    public static (RolloutState State, long Revision)? Find(Tx tx, int workspace, string id) =>
        tx.Query("select state, revision from rollout where workspace_id = @ws and id = @id", r => (State(r), r.Int64(1)), ("ws", workspace), ("id", id)) is [var found] ? found : null;

    public static RolloutState? ByKey(Tx tx, int workspace, string key) =>
        tx.QueryOne("select state from rollout where workspace_id = @ws and idempotency_key = @key", State, ("ws", workspace), ("key", key));

    public static void Insert(Tx tx, RolloutState state, string key) =>
        tx.Execute(
            "insert into rollout (workspace_id, id, endpoint, idempotency_key, status, started_at, revision, state) values (@ws, @id, @endpoint, @key, @status, @started, 1, @state)",
            ("ws", state.WorkspaceId), ("id", state.Id), ("endpoint", state.Endpoint), ("key", key), ("status", state.Status), ("started", state.StartedAt), ("state", JsonSerializer.Serialize(state, HoldfastJson.Options)));

    /// <summary>False when the row has another revision by now.</summary>
    public static bool Put(Tx tx, RolloutState state, long revision) =>
        tx.Execute(
            "update rollout set status = @status, state = @state, revision = revision + 1 where workspace_id = @ws and id = @id and revision = @revision",
            ("status", state.Status), ("state", JsonSerializer.Serialize(state, HoldfastJson.Options)), ("ws", state.WorkspaceId), ("id", state.Id), ("revision", revision)) == 1;

    public static void PutHistory(Tx tx, int workspace, string id, RolloutHistory history) =>
        tx.Execute(
            "insert into rollout_history (workspace_id, rollout_id, history) values (@ws, @id, @history) on conflict (workspace_id, rollout_id) do update set history = excluded.history",
            ("ws", workspace), ("id", id), ("history", JsonSerializer.Serialize(history, HoldfastJson.Options)));

    public static RolloutHistory? History(Tx tx, int workspace, string id) =>
        tx.QueryOne("select history from rollout_history where workspace_id = @ws and rollout_id = @id", r => r.Text(0), ("ws", workspace), ("id", id)) is { } text
            ? JsonSerializer.Deserialize<RolloutHistory>(text, HoldfastJson.Options)
            : null;

    private static RolloutState State(Row r) => JsonSerializer.Deserialize<RolloutState>(r.Text(0), HoldfastJson.Options)!;
}
