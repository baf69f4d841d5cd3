using Holdfast.Storage.Sql;

namespace Holdfast.Alerts;

/// <summary>A webhook with what only the sender sees.</summary>
/// <param name="Secret">As it lies in the database: encrypted.</param>
/// <param name="Operator">Whether whoever gave the address may execute: then it may be private.</param>
/// <param name="AfterSeq">It gets the events of the Journal behind this one.</param>
internal sealed record StoredWebhook(int WorkspaceId, Webhook Shown, string? Secret, bool Operator, long AfterSeq);

/// <summary>A delivery that is to be tried.</summary>
internal sealed record DueDelivery(int WorkspaceId, string DeliveryId, string WebhookId, string Event, string Body, int Attempts);

/// <summary>The SQL of webhooks and their deliveries.</summary>
internal static class WebhookStore
{
    private const string Columns = "workspace_id, webhook_id, name, description, url, events, secret, active, operator_owned, after_seq, created_at, updated_at";

    public static void Put(Tx tx, StoredWebhook hook) =>
        tx.Execute(
            $"""
            insert into webhook ({Columns}) values (@ws, @id, @name, @description, @url, @events, @secret, @active, @operator, @after, @created, @updated)
            on conflict (workspace_id, webhook_id) do update set name = excluded.name, description = excluded.description, url = excluded.url, events = excluded.events, secret = excluded.secret,
                active = excluded.active, operator_owned = excluded.operator_owned, after_seq = excluded.after_seq, updated_at = excluded.updated_at
            """,
            ("ws", hook.WorkspaceId), ("id", hook.Shown.WebhookId), ("name", hook.Shown.Name), ("description", hook.Shown.Description), ("url", hook.Shown.Url), ("events", string.Join(' ', hook.Shown.Events)),
            ("secret", hook.Secret), ("active", hook.Shown.Active), ("operator", hook.Operator), ("after", hook.AfterSeq), ("created", hook.Shown.CreatedAt), ("updated", hook.Shown.UpdatedAt));

    public static StoredWebhook? Find(Tx tx, int workspace, string id) => tx.QueryOne($"select {Columns} from webhook where workspace_id = @ws and webhook_id = @id", Map, ("ws", workspace), ("id", id));

    /// <summary>Newest first.</summary>
    public static List<StoredWebhook> List(Tx tx, int workspace) =>
        tx.Query($"select {Columns} from webhook where workspace_id = @ws order by created_at desc, webhook_id", Map, ("ws", workspace));

    /// <summary>Those of all workspaces that get events.</summary>
    public static List<StoredWebhook> Active(Tx tx) => tx.Query($"select {Columns} from webhook where active = 1", Map);

    public static long NewestEvent(Tx tx) => tx.Scalar("select max(seq) from journal") ?? 0;

    public static void Delete(Tx tx, int workspace, string id)
    {
        tx.Execute("delete from webhook_delivery where workspace_id = @ws and webhook_id = @id", ("ws", workspace), ("id", id));
        tx.Execute("delete from webhook where workspace_id = @ws and webhook_id = @id", ("ws", workspace), ("id", id));
    }

    public static void Plan(Tx tx, StoredWebhook hook, string deliveryId, long seq, string name, string body, DateTimeOffset now) =>
        tx.Execute(
            """
            insert into webhook_delivery (workspace_id, delivery_id, webhook_id, seq, event, body, status, attempts, next_at, created_at)
            values (@ws, @delivery, @hook, @seq, @event, @body, 'planned', 0, @now, @now) on conflict (workspace_id, delivery_id) do nothing
            """,
            ("ws", hook.WorkspaceId), ("delivery", deliveryId), ("hook", hook.Shown.WebhookId), ("seq", seq), ("event", name), ("body", body), ("now", now));

    /// <summary>What is to be tried now, oldest first, at most so many of one webhook.</summary>
    public static List<DueDelivery> Due(Tx tx, StoredWebhook hook, DateTimeOffset now, int limit) =>
        tx.Query(
            "select workspace_id, delivery_id, webhook_id, event, body, attempts from webhook_delivery where workspace_id = @ws and webhook_id = @hook and next_at <= @now order by seq limit @limit",
            r => new DueDelivery(r.Int32(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Int32(5)),
            ("ws", hook.WorkspaceId), ("hook", hook.Shown.WebhookId), ("now", now), ("limit", limit));

    /// <summary>When the next delivery is due; null when none waits.</summary>
    public static DateTimeOffset? NextAt(Tx tx) => tx.QueryOne(
        "select min(d.next_at) from webhook_delivery d join webhook w on w.workspace_id = d.workspace_id and w.webhook_id = d.webhook_id where w.active = 1", r => r.TimeOrNull(0));

    public static void Tried(Tx tx, DueDelivery delivery, string status, int? answer, string? error, DateTimeOffset? nextAt, DateTimeOffset? deliveredAt) =>
        tx.Execute(
            """
            update webhook_delivery set status = @status, attempts = @attempts, response_status = @answer, error = @error, next_at = @next, delivered_at = @delivered
            where workspace_id = @ws and delivery_id = @id
            """,
            ("status", status), ("attempts", delivery.Attempts + 1), ("answer", answer), ("error", error), ("next", nextAt), ("delivered", deliveredAt), ("ws", delivery.WorkspaceId), ("id", delivery.DeliveryId));

    public static void Forget(Tx tx, DateTimeOffset before) => tx.Execute("delete from webhook_delivery where next_at is null and created_at < @before", ("before", before));

    public static List<WebhookDelivery> Deliveries(Tx tx, int workspace, string hook, int limit) =>
        tx.Query(
            """
            select delivery_id, event, status, attempts, response_status, error, created_at, next_at, delivered_at from webhook_delivery
            where workspace_id = @ws and webhook_id = @hook order by seq desc limit @limit
            """,
            r => new WebhookDelivery(r.Text(0), r.Text(1), r.Text(2), r.Int32(3), r.Int32OrNull(4), r.TextOrNull(5), r.Time(6), r.TimeOrNull(7), r.TimeOrNull(8)),
            ("ws", workspace), ("hook", hook), ("limit", limit));

    private static StoredWebhook Map(Row r) => new(
        r.Int32(0), new Webhook(r.Text(1), r.Text(2), r.TextOrNull(3), r.Text(4), r.Text(5).Split(' '), r.Bool(7), !r.IsNull(6), r.Time(10), r.Time(11)), r.TextOrNull(6), r.Bool(8), r.Int64(9));
}
