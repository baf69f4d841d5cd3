namespace Holdfast.Contracts;

/// <summary>An endpoint as declared over the wire. Times as <c>hh:mm:ss</c>.</summary>
public sealed record EndpointBody(
    string? Model = null, string Fallback = "", string Clock = "wall", string? Key = null, TimeSpan Timeout = default, TimeSpan ShadowTimeout = default, TimeSpan? Lateness = null,
    int Concurrency = 0, string OnMissing = "refuse", ScoreRange? Range = null, double FallbackLimit = 0)
{
    /// <summary>How long predictions are kept, such as <c>90d</c>; null = for good.</summary>
    public string? Retention { get; init; }

    /// <summary>Inputs that are never written.</summary>
    public IReadOnlyList<string>? Redact { get; init; }

    /// <summary>Inputs whose values are replaced by a keyed hash.</summary>
    public IReadOnlyList<string>? Hash { get; init; }

    /// <summary>Where each prediction is sent as CloudEvents.</summary>
    public EventsBody? Events { get; init; }
}

/// <summary>A receiver of CloudEvents.</summary>
/// <param name="To">http or https.</param>
/// <param name="Format"><c>kserve</c> (default) or <c>seldon</c>.</param>
public sealed record EventsBody(string To, string? Format = null);

/// <summary>Bounds of a score; both belong to it.</summary>
public sealed record ScoreRange(double Low, double High);

/// <summary>What an endpoint bears at this moment. Rates over the last five minutes, in this process.</summary>
/// <param name="InFlight">Requests that are being answered.</param>
/// <param name="Limit">Requests at once from which on others are turned away (429); at most the declared concurrency, less while answers take long.</param>
/// <param name="Shed">Requests turned away since the start.</param>
/// <param name="Rows">Rows asked for.</param>
/// <param name="FallbackRate">Share of them that another variant answered after a fault; null without rows.</param>
/// <param name="FallbackLimit">From which share on that is a finding.</param>
/// <param name="FallbackExceeded">Whether it is.</param>
public sealed record TrafficInfo(int InFlight, int Limit, long Shed, long Rows, double? FallbackRate, double FallbackLimit, bool FallbackExceeded);

/// <summary>How traffic is divided.</summary>
/// <param name="Primary"><c>model/version</c>; null = the fallback rules answer.</param>
/// <param name="Mode"><c>none</c>, <c>shadow</c> or <c>split</c>.</param>
public sealed record PlanInfo(long Revision, string? Primary, string? Candidate, string Mode, double CandidateWeight, string? RolloutId);

/// <summary>What stands above the plan.</summary>
/// <param name="Kind"><c>fallback</c> or <c>pin</c>.</param>
/// <param name="Pin"><c>model/version</c> for a pin.</param>
public sealed record OverrideBody(string Kind, string? Pin, string Reason, string? IncidentId = null);

/// <summary>An endpoint and what it serves.</summary>
/// <param name="Now">Its clock.</param>
/// <param name="Faults">Why variants are not served, by variant.</param>
public sealed record EndpointInfo(
    string Name, string? Model, bool HasFallback, string Clock, string? Key, PlanInfo Plan, OverrideBody? Override, string? ManagedBy, DateTimeOffset Now, DateTimeOffset UpdatedAt,
    IReadOnlyDictionary<string, string> Faults, TrafficInfo? Traffic = null)
{
    /// <summary>What is loaded, by role, and what runs it.</summary>
    public IReadOnlyList<VariantInfo> Variants { get; init; } = [];
}

/// <summary>A loaded variant.</summary>
/// <param name="Variant"><c>model/version</c>, or <c>rules</c>.</param>
/// <param name="Role"><c>primary</c>, <c>candidate</c>, <c>shadow</c> or <c>fallback</c>.</param>
/// <param name="Backend"><c>onnx</c>, <c>mlnet</c>, <c>rules</c>, <c>constant</c>, <c>process</c> or <c>upstream</c>.</param>
/// <param name="Engine">What runs it: <c>trees</c> or <c>onnxruntime</c> for ONNX, else the backend.</param>
/// <param name="Note">Why this engine.</param>
/// <param name="Explains">Whether its predictions can be explained.</param>
public sealed record VariantInfo(string Variant, string Role, string Backend, string Engine, string? Note, bool Explains);

/// <summary>What the processes of an endpoint's variants printed last.</summary>
/// <param name="Variants">Lines by <c>model/version</c>, oldest first; only variants that run as processes.</param>
public sealed record EndpointLogs(IReadOnlyDictionary<string, IReadOnlyList<string>> Variants);
