using System.Text.Json;
using Holdfast.Contracts;
using Holdfast.Storage.Sql;

namespace Holdfast.Alerts;

/// <summary>A declared channel with whom it belongs to.</summary>
/// <param name="ManagedBy">Whose channel it is, such as <c>project:credit</c>; each owner has names of its own. Null: nobody's in particular.</param>
internal sealed record StoredChannel(ChannelSpec Spec, bool Operator, string? ManagedBy);

/// <summary>A message with what its event needs.</summary>
/// <param name="Owner">Whose channel of that name is meant first.</param>
internal sealed record StoredMessage(Message Message, string Subject, DateTimeOffset? At, string? Owner = null);

/// <summary>A message on its way to one channel.</summary>
/// <param name="Status"><c>planned</c>, <c>delivered</c>, <c>failed</c> (will be tried again), <c>undelivered</c> (given up).</param>
internal sealed record Delivery(int WorkspaceId, string Key, string Channel, StoredMessage Message, string Status, int Attempts, DateTimeOffset NextAt);

/// <summary>The SQL of channels and deliveries.</summary>
internal static class AlertStore
{
    public static bool PutChannels(Tx tx, int workspace, IReadOnlyList<ChannelSpec> channels, bool operatorOwned, string? managedBy, DateTimeOffset now)
    {
        var next = channels.Select(c => new StoredChannel(c, operatorOwned, managedBy)).OrderBy(c => c.Spec.Name, StringComparer.Ordinal).ToList();
        if (Channels(tx, workspace).Where(c => c.ManagedBy == managedBy).SequenceEqual(next))
            return false;
        tx.Execute("delete from alert_channel where workspace_id = @ws and managed_by = @by", ("ws", workspace), ("by", managedBy ?? ""));
        foreach (var channel in next)
        {
            tx.Execute(
                "insert into alert_channel (workspace_id, name, kind, url, operator_owned, managed_by, updated_at) values (@ws, @name, @kind, @url, @operator, @by, @now)",
                ("ws", workspace), ("name", channel.Spec.Name), ("kind", channel.Spec.Kind), ("url", channel.Spec.Url), ("operator", channel.Operator), ("by", managedBy ?? ""), ("now", now));
        }

        return true;
    }

    public static List<StoredChannel> Channels(Tx tx, int workspace) =>
        tx.Query(
            "select name, kind, url, operator_owned, managed_by from alert_channel where workspace_id = @ws order by name, managed_by",
            r => new StoredChannel(new ChannelSpec(r.Text(0), r.Text(1), r.TextOrNull(2)), r.Bool(3), r.Text(4) is { Length: > 0 } by ? by : null),
            ("ws", workspace));

    /// <summary>The owner's channel of that name, else one of that name.</summary>
    public static StoredChannel? Find(Tx tx, int workspace, string name, string? owner)
    {
        var named = Channels(tx, workspace).FindAll(c => c.Spec.Name == name);
        return named.Find(c => c.ManagedBy == owner) ?? named.FirstOrDefault();
    }

    public const int MostAttempts = 6;

    /// <summary>Writes a delivery down, or gives back the one with its key.</summary>
    public static Delivery Plan(Tx tx, Delivery delivery, DateTimeOffset now)
    {
        tx.Execute(
            """
            insert into alert_delivery (workspace_id, key, channel, title, message, status, attempts, next_at, created_at) values (@ws, @key, @channel, @title, @message, @status, 0, @next, @now)
            on conflict (workspace_id, key, channel) do nothing
            """,
            ("ws", delivery.WorkspaceId), ("key", delivery.Key), ("channel", delivery.Channel), ("title", delivery.Message.Message.Title),
            ("message", JsonSerializer.Serialize(delivery.Message, HoldfastJson.Options)), ("status", delivery.Status), ("next", delivery.NextAt), ("now", now));
        return tx.QueryOne(
            "select workspace_id, key, channel, message, status, attempts, next_at from alert_delivery where workspace_id = @ws and key = @key and channel = @channel",
            Map,
            ("ws", delivery.WorkspaceId), ("key", delivery.Key), ("channel", delivery.Channel))!;
    }

    /// <summary>What is to be tried now; a delivery that was planned and never tried (a crash) too.</summary>
    public static List<Delivery> Due(Tx tx, DateTimeOffset now, int limit) =>
        tx.Query(
            """
            select workspace_id, key, channel, message, status, attempts, next_at from alert_delivery
            where (status = 'failed' and next_at <= @now) or (status = 'planned' and next_at <= @stale) order by next_at limit @limit
            """,
            Map,
            ("now", now), ("stale", now.AddSeconds(-30)), ("limit", limit));

    public static void Tried(Tx tx, Delivery delivery, string status, int attempts, string? error, DateTimeOffset now) =>
        tx.Execute(
            "update alert_delivery set status = @status, attempts = @attempts, error = @error, next_at = @next, delivered_at = @delivered where workspace_id = @ws and key = @key and channel = @channel",
            ("status", status), ("attempts", attempts), ("error", error), ("next", now.AddSeconds(5 * Math.Pow(4, attempts - 1))), ("delivered", status == "delivered" ? now : null),
            ("ws", delivery.WorkspaceId), ("key", delivery.Key), ("channel", delivery.Channel));

    public static List<DeliveryInfo> Deliveries(Tx tx, int workspace, int limit) =>
        tx.Query(
            "select key, channel, title, status, attempts, error, created_at, delivered_at from alert_delivery where workspace_id = @ws order by created_at desc, key limit @limit",
            r => new DeliveryInfo(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Int32(4), r.TextOrNull(5), r.Time(6), r.TimeOrNull(7)),
            ("ws", workspace), ("limit", limit));

    private static Delivery Map(Row r) => new(r.Int32(0), r.Text(1), r.Text(2), JsonSerializer.Deserialize<StoredMessage>(r.Text(3), HoldfastJson.Options)!, r.Text(4), r.Int32(5), r.Time(6));
}
