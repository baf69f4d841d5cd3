namespace Holdfast.Alerts;

/// <summary>An address that is told of events in the registry. The secret is never answered.</summary>
/// <param name="WebhookId">Its id.</param>
/// <param name="Name">1 to 63 letters, digits, dots, underscores and hyphens; need not be unique.</param>
/// <param name="Url">An http(s) address.</param>
/// <param name="Events">Such as <c>model_version.created</c>.</param>
/// <param name="Active">A webhook that is not active gets no events, also not later.</param>
/// <param name="Signed">Whether a secret is set, so that deliveries are signed.</param>
public sealed record Webhook(
    string WebhookId, string Name, string? Description, string Url, IReadOnlyList<string> Events, bool Active, bool Signed, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A webhook to make.</summary>
/// <param name="Secret">The key of the signature (HMAC-SHA256); null for deliveries without one.</param>
public sealed record NewWebhook(string Name, string Url, IReadOnlyList<string> Events, string? Description = null, string? Secret = null, bool Active = true);

/// <summary>A change of a webhook; null leaves a field as it is.</summary>
public sealed record WebhookChange(string? Name = null, string? Url = null, IReadOnlyList<string>? Events = null, string? Description = null, string? Secret = null, bool? Active = null);

/// <summary>One event on its way to one webhook.</summary>
/// <param name="DeliveryId">The same at every attempt, so that a receiver can tell a repetition.</param>
/// <param name="Event">Such as <c>model_version.created</c>.</param>
/// <param name="Status"><c>planned</c>, <c>delivered</c>, <c>failed</c> (will be tried again), <c>undelivered</c> (given up).</param>
/// <param name="ResponseStatus">What the receiver answered last; null when it did not.</param>
/// <param name="NextAt">When it is tried again; null when it is not.</param>
public sealed record WebhookDelivery(
    string DeliveryId, string Event, string Status, int Attempts, int? ResponseStatus, string? Error, DateTimeOffset CreatedAt, DateTimeOffset? NextAt, DateTimeOffset? DeliveredAt);

/// <summary>What a receiver said to an example.</summary>
/// <param name="Success">Whether it answered with a status below 400.</param>
/// <param name="ResponseStatus">Null when it did not answer.</param>
/// <param name="ResponseBody">The beginning of the answer, at most 1,000 characters; null when it did not answer, or when the receiver is private and the caller may not execute.</param>
/// <param name="Error">Why there is no answer.</param>
public sealed record WebhookTest(bool Success, int? ResponseStatus, string? ResponseBody, string? Error);
