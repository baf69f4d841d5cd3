using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Rollout;

/// <summary>The SQL of A/B tests.</summary>
internal static class AbStore
{
    /// <summary>False when the same stands there already.</summary>
    public static bool PutSpec(Tx tx, int workspace, string endpoint, AbSpec spec, string? managedBy, DateTimeOffset now)
    {
        var text = JsonSerializer.Serialize(spec, HoldfastJson.Options);
        if (tx.QueryOne("select spec from ab_spec where workspace_id = @ws and endpoint = @endpoint", r => r.Text(0), ("ws", workspace), ("endpoint", endpoint)) == text)
            return false;
        tx.Execute(
            """
            insert into ab_spec (workspace_id, endpoint, spec, managed_by, updated_at) values (@ws, @endpoint, @spec, @by, @now)
            on conflict (workspace_id, endpoint) do update set spec = excluded.spec, managed_by = excluded.managed_by, updated_at = excluded.updated_at
            """,
            ("ws", workspace), ("endpoint", endpoint), ("spec", text), ("by", managedBy), ("now", now));
        return true;
    }

    public static void RemoveSpec(Tx tx, int workspace, string endpoint) =>
        tx.Execute("delete from ab_spec where workspace_id = @ws and endpoint = @endpoint", ("ws", workspace), ("endpoint", endpoint));

    public static List<(AbTestState State, long Revision)> Active(Tx tx) =>
        tx.Query("select state, revision from ab_test where status <> 'ended' order by started_at, id", r => (State(r), r.Int64(1)));

    public static List<AbTestState> Newest(Tx tx, int limit) => tx.Query("select state from ab_test order by started_at desc limit @limit", State, ("limit", limit));

    public static List<AbTestState> List(Tx tx, int workspace, string? endpoint, int limit) => tx.Query(
        "select state from ab_test where workspace_id = @ws and (@endpoint = '' or endpoint = @endpoint) order by started_at desc, id limit @limit",
        State, ("ws", workspace), ("endpoint", endpoint ?? ""), ("limit", limit));

    public static (AbTestState State, long Revision)? Find(Tx tx, int workspace, string id) =>
        tx.Query("select state, revision from ab_test where workspace_id = @ws and id = @id", r => (State(r), r.Int64(1)), ("ws", workspace), ("id", id)) is [var found] ? found : null;

    public static void Insert(Tx tx, AbTestState s) => tx.Execute(
        "insert into ab_test (workspace_id, id, endpoint, status, started_at, revision, state) values (@ws, @id, @endpoint, @status, @started, 1, @state)",
        ("ws", s.WorkspaceId), ("id", s.Id), ("endpoint", s.Endpoint), ("status", s.Status), ("started", s.StartedAt), ("state", JsonSerializer.Serialize(s, HoldfastJson.Options)));

    /// <summary>False when the row has another revision by now.</summary>
    public static bool Put(Tx tx, AbTestState s, long revision) =>
        tx.Execute(
            "update ab_test set status = @status, state = @state, revision = revision + 1 where workspace_id = @ws and id = @id and revision = @revision",
            ("status", s.Status), ("state", JsonSerializer.Serialize(s, HoldfastJson.Options)), ("ws", s.WorkspaceId), ("id", s.Id), ("revision", revision)) == 1;

    private static AbTestState State(Row r) => JsonSerializer.Deserialize<AbTestState>(r.Text(0), HoldfastJson.Options)!;
}
