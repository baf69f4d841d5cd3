using System.Text.Json;
using System.Text.RegularExpressions;
using Holdfast.Contracts;
using Holdfast.Kernel;
using Holdfast.Storage.Sql;
using Microsoft.Extensions.Logging;

namespace Holdfast.Alerts;

/// <summary>The door of Alerts: channels, and messages that are delivered or shown as undelivered.</summary>
public sealed partial class AlertService
{
    private readonly Db _db;
    private readonly TimeProvider _time;
    private readonly Journal _journal;
    private readonly Webhooks _webhooks;
    private readonly ILogger<AlertService> _log;
    private readonly Func<string?> _address;

    internal AlertService(Db db, TimeProvider time, Journal journal, Webhooks webhooks, ILogger<AlertService> log, Func<string?> address) =>
        (_db, _time, _journal, _webhooks, _log, _address) = (db, time, journal, webhooks, log, address);

    /// <summary>
    /// Declares the channels of an owner: those of the same owner that are not named any more go. A channel declared by someone who
    /// may execute commands is an operator's: it may reach private addresses, as its owner could by any command.
    /// </summary>
    /// <returns>Whether anything changed.</returns>
    public async Task<bool> ApplyChannels(Principal p, IReadOnlyList<ChannelSpec> channels, string? managedBy, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(channels);
        var faults = channels.SelectMany(c => c.Faults()).ToList();
        if (faults.Count > 0)
            throw new HoldfastException("The channels cannot be applied.", faults);
        return await _db.Write(tx => AlertStore.PutChannels(tx, p.WorkspaceId, channels, p.MayExecute, managedBy, _time.GetUtcNow()), ct: ct);
    }

    /// <summary>All channels by name; addresses are not shown.</summary>
    public Task<IReadOnlyList<ChannelInfo>> Channels(Principal p, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<ChannelInfo>>(
            tx => [.. AlertStore.Channels(tx, p.WorkspaceId).Select(c => new ChannelInfo(c.Spec.Name, c.Spec.Kind, Uri.TryCreate(c.Spec.Url, UriKind.Absolute, out var uri) ? uri.Host : c.Spec.Url is null ? null : "secret", c.Operator, c.ManagedBy))], ct);
    }

    /// <summary>The newest deliveries.</summary>
    public Task<IReadOnlyList<DeliveryInfo>> Deliveries(Principal p, int limit = 100, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        return _db.Read<IReadOnlyList<DeliveryInfo>>(tx => AlertStore.Deliveries(tx, p.WorkspaceId, Math.Clamp(limit, 1, 1000)), ct);
    }

    /// <summary>
    /// Sends a message: tried at once, and again with growing pauses when it fails. The same key on the same channel is one message.
    /// Event <c>alert.sent</c>, which says whether it was delivered.
    /// </summary>
    /// <param name="subject">The subject of the event, such as the endpoint.</param>
    /// <param name="at">The subject's clock.</param>
    /// <param name="owner">Whose channel of that name is meant first, such as <c>project:credit</c>.</param>
    /// <returns>Whether the receiver took it.</returns>
    public async Task<bool> Send(Principal p, string channel, Message message, string key, string subject, DateTimeOffset? at = null, string? owner = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(p);
        ArgumentNullException.ThrowIfNull(message);
        var row = await _db.Write(tx =>
        {
            if (AlertStore.Find(tx, p.WorkspaceId, channel, owner) is null)
                throw new HoldfastException(ErrorCode.NotFound, $"There is no channel '{channel}'.", "Declare it under `channels:` in holdfast.yaml.");
            return AlertStore.Plan(tx, new Delivery(p.WorkspaceId, key, channel, new StoredMessage(message, subject, at, owner), "planned", 0, _time.GetUtcNow()), _time.GetUtcNow());
        }, ct: ct);
        return row.Status == "delivered" || (row.Attempts == 0 && await Try(row, ct));
    }

    /// <summary>Tries what is due again. Returns whether there was anything.</summary>
    internal async Task<bool> Retry(CancellationToken ct)
    {
        var due = await _db.Read(tx => AlertStore.Due(tx, _time.GetUtcNow(), 20), ct);
        foreach (var row in due)
            await Try(row, ct);
        return due.Count > 0;
    }

    private async Task<bool> Try(Delivery row, CancellationToken ct)
    {
        var channel = await _db.Read(tx => AlertStore.Find(tx, row.WorkspaceId, row.Channel, row.Message.Owner), ct);
        var error = channel is null ? "the channel is gone" : await Post(channel, row.Message.Message, ct);
        var attempts = row.Attempts + 1;
        var status = error is null ? "delivered" : attempts >= AlertStore.MostAttempts || channel is null ? "undelivered" : "failed";
        await _db.Write(tx =>
        {
            AlertStore.Tried(tx, row, status, attempts, error, _time.GetUtcNow());
            // Told at the first try, and again when a later one succeeds.
            if (attempts == 1 || error is null)
                _journal.Append(tx, Principal.Controller(row.WorkspaceId, "alerts"), new AlertSent(row.Channel, row.Message.Message.Title, row.Message.Message.IncidentId, error is null), row.Message.Subject, row.Message.At);
        }, ct: ct);
        if (error is not null)
            _log.LogWarning("The alert '{Title}' was not delivered to {Channel}: {Error}", row.Message.Message.Title, row.Channel, error);
        return error is null;
    }

    private async Task<string?> Post(StoredChannel channel, Message message, CancellationToken ct)
    {
        if (channel.Spec.Kind == "log")
        {
            _log.LogWarning("Alert: {Title}. {Text}", message.Title, message.Text);
            return null;
        }

        string? missing = null;
        var url = Secret().Replace(channel.Spec.Url ?? "", m =>
        {
            var value = Environment.GetEnvironmentVariable("HOLDFAST_SECRET_" + m.Groups[1].Value);
            missing ??= value is null ? m.Groups[1].Value : null;
            return value ?? "";
        });
        if (missing is not null)
            return $"the secret {missing} is not set; give the server HOLDFAST_SECRET_{missing}";
        // Rooms name a page of this server; whoever reads the message is elsewhere.
        if (message.Link is ['/', ..] page && _address() is { } address)
            message = message with { Link = address.TrimEnd('/') + page };
        var body = channel.Spec.Kind == "slack" ? message.ToSlack().ToJsonString() : JsonSerializer.Serialize(message, HoldfastJson.Options);
        return await _webhooks.Post(url, body, channel.Operator, ct);
    }

    [GeneratedRegex(@"\$\{secret:([A-Za-z0-9_]{1,100})\}")]
    private static partial Regex Secret();
}

/// <summary>Delivers what failed before.</summary>
internal sealed class AlertReconciler(AlertService alerts) : IReconciler
{
    public string Name => "alerts";

    // A receiver that is down is no reason to keep a replay waiting: retries go by the wall clock and are never "worked".
    public async Task<StepResult> Step(CancellationToken ct)
    {
        await alerts.Retry(ct);
        return StepResult.Idle;
    }
}
