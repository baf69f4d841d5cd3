using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>
/// The door of webhooks: addresses that are told of events in the registry. Events are read from the Journal by a durable cursor and
/// become deliveries in the same transaction, so none is lost in a crash; a receiver may see one twice, under the same delivery id.
/// </summary>
public sealed class WebhookService
{
    private const string Consumer = "webhooks";
    private const int MostAtOnce = 20;
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(5);
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly Webhooks _sender;
    private readonly IDataProtector _secrets;
    private readonly ILogger<WebhookService> _log;

    internal WebhookService(Db db, TimeProvider time, Journal journal, Webhooks sender, IDataProtectionProvider protection, ILogger<WebhookService> log) =>
        (_db, _time, _journal, _sender, _secrets, _log) = (db, time, journal, sender, protection.CreateProtector("holdfast.webhooks"), log);

    /// <summary>Makes a webhook; it gets the events from now on. At most 200 in a workspace.</summary>
    public async Task<Webhook> Create(Principal p, NewWebhook hook, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(hook);
        WebhookRules.Check(hook.Name ?? "", hook.Url ?? "", hook.Events ?? [], hook.Secret);
        var now = _time.GetUtcNow();
        var secret = string.IsNullOrEmpty(hook.Secret) ? null : _secrets.Protect(hook.Secret);
        var shown = new Webhook(Ids.Hex32(), hook.Name!, Text(hook.Description), hook.Url!, [.. hook.Events!.Distinct()], hook.Active, secret is not null, now, now);
        return await _db.Write(
            tx =>
            {
                if (WebhookStore.List(tx, p.WorkspaceId).Count >= WebhookRules.MostWebhooks)
                    throw new HoldfastException(ErrorCode.FailedPrecondition, $"The workspace has {WebhookRules.MostWebhooks} webhooks, which is the limit.", "Delete one that is not used.");
                WebhookStore.Put(tx, new StoredWebhook(p.WorkspaceId, shown, secret, p.MayExecute, WebhookStore.NewestEvent(tx)));
                return shown;
            },
            ct: ct);
    }

    /// <summary>A webhook.</summary>
    public async Task<Webhook> Get(Principal p, string id, CancellationToken ct = default) => (await Stored(p, id, ct)).Shown;

    /// <summary>All webhooks, newest first.</summary>
    public Task<IReadOnlyList<Webhook>> List(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<Webhook>>(tx => [.. WebhookStore.List(tx, p.WorkspaceId).Select(h => h.Shown)], ct);
    }

    /// <summary>
    /// Changes a webhook. Whoever gives a new address answers for it: only one who may execute can point it at a private one. A
    /// webhook that becomes active again gets the events from then on.
    /// </summary>
    public async Task<Webhook> Change(Principal p, string id, WebhookChange change, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(change);
        var secret = string.IsNullOrEmpty(change.Secret) ? null : _secrets.Protect(change.Secret);
        return await _db.Write(
            tx =>
            {
                var old = WebhookStore.Find(tx, p.WorkspaceId, id) ?? throw None(id);
                var shown = old.Shown with
                {
                    Name = change.Name ?? old.Shown.Name,
                    Url = change.Url ?? old.Shown.Url,
                    Events = change.Events is null ? old.Shown.Events : [.. change.Events.Distinct()],
                    Description = Text(change.Description) ?? old.Shown.Description,
                    Active = change.Active ?? old.Shown.Active,
                    Signed = secret is not null || old.Secret is not null,
                    UpdatedAt = _time.GetUtcNow(),
                };
                WebhookRules.Check(shown.Name, shown.Url, shown.Events, change.Secret);
                WebhookStore.Put(tx, old with
                {
                    Shown = shown,
                    Secret = secret ?? old.Secret,
                    Operator = shown.Url == old.Shown.Url ? old.Operator : p.MayExecute,
                    AfterSeq = shown.Active && !old.Shown.Active ? WebhookStore.NewestEvent(tx) : old.AfterSeq,
                });
                return shown;
            },
            ct: ct);
    }

    /// <summary>Deletes a webhook with its deliveries, also those that wait.</summary>
    public async Task Delete(Principal p, string id, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        await _db.Write(tx => WebhookStore.Delete(tx, p.WorkspaceId, (WebhookStore.Find(tx, p.WorkspaceId, id) ?? throw None(id)).Shown.WebhookId), ct: ct);
    }

    /// <summary>The newest deliveries of a webhook; finished ones are kept for 30 days.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> Deliveries(Principal p, string id, int limit = 100, CancellationToken ct = default)
    {
        await Stored(p, id, ct);
        return await _db.Read(tx => WebhookStore.Deliveries(tx, p.WorkspaceId, id, Math.Clamp(limit, 1, 1000)), ct);
    }

    /// <summary>Sends an example now, once, and says what came back.</summary>
    /// <param name="name">Which event; the webhook's first when omitted.</param>
    public async Task<WebhookTest> Test(Principal p, string id, string? name = null, CancellationToken ct = default)
    {
        var hook = await Stored(p, id, ct);
        name ??= hook.Shown.Events[0];
        if (!WebhookEvents.All.Contains(name))
            WebhookRules.Check(hook.Shown.Name, hook.Shown.Url, [name], null);
        var answer = await Send(hook, Ids.Hex32(), WebhookEvents.Body(name, _time.GetUtcNow(), WebhookEvents.ExampleOf(name)), ct);
        // An answer from inside the network is for those who may look there anyway.
        var body = hook.Operator && !p.MayExecute ? null : answer.Body;
        return new WebhookTest(answer.Status is < 400, answer.Status, body, answer.Status is null ? $"Failed to test webhook: {answer.Error}" : null);
    }

    /// <summary>Turns new events into deliveries. Returns whether more may be waiting.</summary>
    internal async Task<bool> Plan(CancellationToken ct)
    {
        var (cursor, newest) = await _db.Read(tx => (Journal.Cursor(tx, Consumer), WebhookStore.NewestEvent(tx)), ct);
        if (newest <= cursor)
            return false;
        var events = await _journal.ReadAll(cursor, 500, ct);
        return await _db.Write(
            tx =>
            {
                var hooks = WebhookStore.Active(tx);
                foreach (var told in events)
                {
                    if (hooks.Count == 0 || WebhookEvents.Of(told) is not var (name, data))
                        continue;
                    foreach (var hook in hooks.Where(h => h.WorkspaceId == told.WorkspaceId && h.AfterSeq < told.Seq && h.Shown.Events.Contains(name)))
                        WebhookStore.Plan(tx, hook, DeliveryId(hook, told), told.Seq, name, WebhookEvents.Body(name, told.RecordedAt, (System.Text.Json.Nodes.JsonObject)data.DeepClone()), _time.GetUtcNow());
                }

                // Nobody listens: what there is already is nobody's, however long the Journal.
                var read = hooks.Count == 0 ? newest : events.Count == 0 ? cursor : events[^1].Seq;
                Journal.MoveCursor(tx, Consumer, read);
                WebhookStore.Forget(tx, _time.GetUtcNow() - WebhookRules.Keep);
                return read < newest;
            },
            ct: ct);
    }

    /// <summary>Tries what is due: webhooks side by side, the deliveries of one after the other. Returns when the next is due.</summary>
    internal async Task<DateTimeOffset?> Deliver(CancellationToken ct)
    {
        var hooks = await _db.Read(WebhookStore.Active, ct);
        await Parallel.ForEachAsync(hooks, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ct }, async (hook, stop) => await Deliver(hook, stop));
        return await _db.Read(WebhookStore.NextAt, ct);
    }

    private async Task Deliver(StoredWebhook hook, CancellationToken ct)
    {
        var due = await _db.Read(tx => WebhookStore.Due(tx, hook, _time.GetUtcNow(), MostAtOnce), ct);
        var begun = _time.GetTimestamp();
        foreach (var delivery in due)
        {
            // One slow receiver must not hold up the others of the next round.
            if (_time.GetElapsedTime(begun) > LongestTurn)
                return;
            var answer = await Send(hook, delivery.DeliveryId, delivery.Body, ct);
            var now = _time.GetUtcNow();
            var pause = answer.Delivered || !answer.WorthAnotherTry ? null : WebhookRules.Pause(delivery.Attempts + 1, answer.RetryAfter);
            var status = answer.Delivered ? "delivered" : pause is null ? "undelivered" : "failed";
            await _db.Write(tx => WebhookStore.Tried(tx, delivery, status, answer.Status, answer.Error, now + pause, answer.Delivered ? now : null), ct: ct);
            if (status == "undelivered")
                _log.LogWarning("The event {Event} was not delivered to the webhook {Webhook}: {Error}", delivery.Event, hook.Shown.Name, answer.Error);
            // Nobody is there: the others wait for the next round.
            if (answer.Status is null)
                return;
        }
    }

    private Task<Answer> Send(StoredWebhook hook, string deliveryId, string body, CancellationToken ct)
    {
        var at = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var headers = new List<(string, string)> { ("X-MLflow-Delivery-Id", deliveryId), ("X-MLflow-Timestamp", at) };
        if (hook.Secret is { } secret)
            headers.Add(("X-MLflow-Signature", Signature(_secrets.Unprotect(secret), deliveryId, at, body)));
        return _sender.Send(hook.Shown.Url, body, hook.Operator, headers, ct);
    }

    /// <summary><c>v1,</c> and the base64 of HMAC-SHA256 over id, time and body, joined by dots.</summary>
    internal static string Signature(string secret, string deliveryId, string at, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{deliveryId}.{at}.{body}")));

    // The same event to the same webhook is the same delivery, however often it is planned.
    private static string DeliveryId(StoredWebhook hook, JournalEvent told) =>
        new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{hook.Shown.WebhookId}/{told.Seq}"))).AsSpan(0, 16)).ToString();

    private async Task<StoredWebhook> Stored(Principal p, string id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(p);
        return await _db.Read(tx => WebhookStore.Find(tx, p.WorkspaceId, id), ct) ?? throw None(id);
    }

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static HoldfastException None(string id) => new(ErrorCode.NotFound, $"Webhook with ID {id} not found.");
}
