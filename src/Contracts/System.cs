using System.Text.Json;

namespace Holdfast.Contracts;

/// <summary>What <c>GET /api/v1/version</c> says.</summary>
public sealed record VersionInfo(string Name, string Version, string Runtime, DateTimeOffset StartedAt);

/// <summary>One thing that happened, as the API shows it. Kinds and payloads: docs/events.md.</summary>
public sealed record JournalEntry(long Seq, DateTimeOffset At, DateTimeOffset RecordedAt, string Actor, string Kind, string Subject, JsonElement Detail);

/// <summary>A slice of a longer list.</summary>
public sealed record PageOf<T>(IReadOnlyList<T> Items, string? NextToken = null, long? Total = null);

/// <summary>An RFC 9457 problem: every error of <c>/api/v1</c> has this shape.</summary>
/// <param name="Code">An <see cref="ErrorCode"/> in snake_case.</param>
/// <param name="Hint">The remedy.</param>
/// <param name="Faults">All faults of a rejected input.</param>
public sealed record Problem(string Type, string Title, int Status, string Detail, string Code, string? Hint = null, IReadOnlyList<Fault>? Faults = null);
