using System.Text.Json;

namespace Holdfast.Contracts;

/// <summary>A policy as it stands: what it answers, and how.</summary>
public sealed record PolicyInfo(string Name, string? Endpoint, string? Feature, string? Kind, string? Psi, IReadOnlyList<PolicyAction> Do, IReadOnlyList<PolicyAction> After, string? ManagedBy);

/// <summary>One action of a policy.</summary>
public sealed record PolicyAction(string Action, JsonElement? Arguments = null);

/// <summary>How far an action of an incident has come.</summary>
/// <param name="Status"><c>planned</c>, <c>started</c>, <c>waiting</c>, <c>done</c>, <c>failed</c>, <c>skipped</c>.</param>
/// <param name="Note">What it waits for, what came of it, or why it failed.</param>
public sealed record ActionInfo(string IncidentId, string Phase, int Position, string Action, string Status, string? Note, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt);

/// <summary>A channel for alerts.</summary>
/// <param name="Kind"><c>slack</c>, <c>webhook</c> or <c>log</c>.</param>
/// <param name="Target">Host of the address; the rest is a secret.</param>
public sealed record ChannelInfo(string Name, string Kind, string? Target, bool Operator, string? ManagedBy);

/// <summary>A message that was to be sent, and whether it arrived.</summary>
public sealed record DeliveryInfo(string Key, string Channel, string Title, string Status, int Attempts, string? Error, DateTimeOffset CreatedAt, DateTimeOffset? DeliveredAt);
