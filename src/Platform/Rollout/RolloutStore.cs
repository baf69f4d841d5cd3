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
}
