using Holdfast.Storage.Sql;

namespace Holdfast.Alerts;

/// <summary>A declared channel with whom it belongs to.</summary>
internal sealed record StoredChannel(ChannelSpec Spec, bool Operator, string? ManagedBy);

/// <summary>The SQL of channels and deliveries.</summary>
internal static class AlertStore
{
    public static bool PutChannels(Tx tx, int workspace, IReadOnlyList<ChannelSpec> channels, bool operatorOwned, string? managedBy, DateTimeOffset now)
    {
        var next = channels.Select(c => new StoredChannel(c, operatorOwned, managedBy)).OrderBy(c => c.Spec.Name, StringComparer.Ordinal).ToList();
        if (Channels(tx, workspace).Where(c => c.ManagedBy == managedBy).SequenceEqual(next))
            return false;
        tx.Execute("delete from alert_channel where workspace_id = @ws and coalesce(managed_by, '') = @by", ("ws", workspace), ("by", managedBy ?? ""));
        foreach (var channel in next)
        {
            tx.Execute(
                """
                insert into alert_channel (workspace_id, name, kind, url, operator_owned, managed_by, updated_at) values (@ws, @name, @kind, @url, @operator, @by, @now)
                on conflict (workspace_id, name) do update set kind = excluded.kind, url = excluded.url, operator_owned = excluded.operator_owned, managed_by = excluded.managed_by, updated_at = excluded.updated_at
                """,
                ("ws", workspace), ("name", channel.Spec.Name), ("kind", channel.Spec.Kind), ("url", channel.Spec.Url), ("operator", channel.Operator), ("by", managedBy), ("now", now));
        }

        return true;
    }

    public static List<StoredChannel> Channels(Tx tx, int workspace) =>
        tx.Query(
            "select name, kind, url, operator_owned, managed_by from alert_channel where workspace_id = @ws order by name",
            r => new StoredChannel(new ChannelSpec(r.Text(0), r.Text(1), r.TextOrNull(2)), r.Bool(3), r.TextOrNull(4)),
            ("ws", workspace));
}
