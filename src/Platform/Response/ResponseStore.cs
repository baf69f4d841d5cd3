using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Response;

/// <summary>A declared policy with whom it belongs to.</summary>
internal sealed record StoredPolicy(ResponsePolicySpec Spec, string? ManagedBy);

/// <summary>The SQL of policies and actions.</summary>
internal static class ResponseStore
{
    public static bool PutPolicies(Tx tx, int workspace, IReadOnlyList<ResponsePolicySpec> policies, string? managedBy, DateTimeOffset now)
    {
        var texts = policies.Select(Text).ToList();
        var kept = Policies(tx, workspace).Where(k => k.ManagedBy == managedBy).Select(k => Text(k.Spec)).ToList();
        if (kept.SequenceEqual(texts))
            return false;
        tx.Execute("delete from response_policy where workspace_id = @ws and coalesce(managed_by, '') = @by", ("ws", workspace), ("by", managedBy ?? ""));
        for (var i = 0; i < policies.Count; i++)
        {
            tx.Execute(
                """
                insert into response_policy (workspace_id, name, position, spec, managed_by, updated_at) values (@ws, @name, @position, @spec, @by, @now)
                on conflict (workspace_id, name) do update set position = excluded.position, spec = excluded.spec, managed_by = excluded.managed_by, updated_at = excluded.updated_at
                """,
                ("ws", workspace), ("name", policies[i].Name), ("position", i), ("spec", texts[i]), ("by", managedBy), ("now", now));
        }

        return true;
    }

    public static List<StoredPolicy> Policies(Tx tx, int workspace) =>
        tx.Query(
            "select spec, managed_by from response_policy where workspace_id = @ws order by coalesce(managed_by, ''), position, name",
            r => new StoredPolicy(JsonSerializer.Deserialize<ResponsePolicySpec>(r.Text(0), HoldfastJson.Options)!, r.TextOrNull(1)),
            ("ws", workspace));

    // An action without arguments holds an undefined element, which cannot be written: null stands for it.
    private static string Text(ResponsePolicySpec spec) =>
        JsonSerializer.Serialize(spec with { Do = Written(spec.Do), After = Written(spec.After) }, HoldfastJson.Options);

    private static List<ActionSpec> Written(IReadOnlyList<ActionSpec> actions) =>
        [.. actions.Select(a => a.Arguments.ValueKind == JsonValueKind.Undefined ? a with { Arguments = JsonSerializer.SerializeToElement<string?>(null) } : a)];
}
