using System.Text.RegularExpressions;

namespace Holdfast.Predictions;

/// <summary>An endpoint of a workspace: the key of everything in this room.</summary>
public readonly partial record struct EndpointKey(int WorkspaceId, string Name)
{
    /// <summary>What a name must be, for messages.</summary>
    public const string NameRule = "Use 1 to 100 lowercase letters, digits, '-', '_' and '.', beginning with a letter or digit.";

    /// <summary>Whether a text can name an endpoint: it becomes a folder and a part of addresses.</summary>
    public static bool IsName(string? text) => text is not null && Pattern().IsMatch(text);

    /// <inheritdoc />
    public override string ToString() => $"{WorkspaceId}/{Name}";

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

/// <summary>One record of an endpoint's log. The log is the sequence in which things came to be known; replaying it gives the same state.</summary>
/// <param name="At">Event time, in whole milliseconds.</param>
public abstract record LogEntry(DateTimeOffset At);

/// <summary>The value of one input: a number, a text, or missing (<see cref="double.NaN"/> and null).</summary>
public readonly record struct FeatureValue(string Name, double Number, string? Text)
{
    /// <summary>Whether the request carried no value.</summary>
    public bool IsMissing => Text is null && double.IsNaN(Number);

    /// <summary>A number; NaN is missing.</summary>
    public static FeatureValue Of(string name, double number) => new(name, number, null);

    /// <summary>A text; null is missing.</summary>
    public static FeatureValue Of(string name, string? text) => new(name, double.NaN, text);
}

/// <summary>What the candidate would have answered, from the copy of a request that no caller waited for.</summary>
/// <param name="Error">Null when it answered; else <c>timeout</c>, <c>skipped</c> (the shadow queue was full) or the fault.</param>
public sealed record ShadowResult(string Model, int ModelVersion, double Score, string Prediction, string? Error, double LatencyMs);

/// <summary>The roles a variant can have in an answer.</summary>
public static class VariantRole
{
    /// <summary>Answers by default.</summary>
    public const string Primary = "primary";

    /// <summary>Is being rolled out; answers its share.</summary>
    public const string Candidate = "candidate";

    /// <summary>Gets copies; its answers are only logged.</summary>
    public const string Shadow = "shadow";

    /// <summary>The rules, when the models did not answer or an override says so.</summary>
    public const string Fallback = "fallback";
}

/// <summary>One prediction (one row of a request).</summary>
/// <param name="Id">UUIDv7; labels are joined by it.</param>
/// <param name="At">Event time: the request's own, else the endpoint's clock.</param>
/// <param name="Endpoint">Endpoint.</param>
/// <param name="WorkspaceId">Workspace.</param>
/// <param name="Role">Role of the variant whose answer was returned (<see cref="VariantRole"/>); of the one tried when none answered.</param>
/// <param name="Model">Its model; <c>rules</c> for the rules.</param>
/// <param name="ModelVersion">Its version; 0 for the rules.</param>
/// <param name="RouteRevision">Revision of the plan in force.</param>
/// <param name="RolloutId">The rollout in force; null when none, or when the request named a version and so took no part.</param>
/// <param name="CandidateWeight">Probability with which this unit goes to the candidate; 0 in shadow.</param>
/// <param name="Unit">Hash of salt and sticky key; random per request when it has no key.</param>
/// <param name="HasKey">Whether the request named a sticky key.</param>
/// <param name="Score">Probability of the positive class, or the regression's value; NaN when nothing answered.</param>
/// <param name="Prediction">The class or the number as text; empty when nothing answered.</param>
/// <param name="Error">Null = fine; else what went wrong in the variant that was tried <em>first</em> (<see cref="ToCandidate"/> says which).</param>
/// <param name="FellBack">Whether another variant answered in its place.</param>
/// <param name="LatencyMs">Milliseconds from the parsed request to the answer.</param>
/// <param name="Features">The inputs as the request gave them.</param>
/// <param name="Shadow">The candidate's answer to the copy.</param>
public sealed record PredictionEntry(
    string Id, DateTimeOffset At, string Endpoint, int WorkspaceId, string Role, string Model, int ModelVersion, long RouteRevision, string? RolloutId,
    double CandidateWeight, ulong Unit, bool HasKey, double Score, string Prediction, string? Error, bool FellBack, double LatencyMs,
    IReadOnlyList<FeatureValue> Features, ShadowResult? Shadow) : LogEntry(At)
{
    /// <summary>Hash of the sticky key that is the same in every rollout (<see cref="StickyBucket.Entity"/>); null without a key.</summary>
    public ulong? Entity { get; init; }

    /// <summary>The version or role that the request itself asked for, for a test; it took no part in a rollout. Null = none.</summary>
    public string? Asked { get; init; }

    /// <summary>Whether the route sent this unit to the candidate first, whoever answered in the end.</summary>
    public bool ToCandidate => StickyBucket.Holds(Unit, CandidateWeight);
}

/// <summary>A label that has found its prediction. Corrections come as further entries with a higher <paramref name="LabelSeq"/>.</summary>
/// <param name="At">When the label became known, on the endpoint's clock.</param>
/// <param name="PredictionId">The prediction.</param>
/// <param name="Value">The true class or value as text.</param>
/// <param name="LabelSeq">Arrival number; each appears once in the log.</param>
/// <param name="Prediction">The prediction itself.</param>
public sealed record LabelEntry(DateTimeOffset At, string PredictionId, string Value, long LabelSeq, PredictionEntry? Prediction) : LogEntry(At);

/// <summary>Time went on without traffic. A record like the others, so that a replay repeats it.</summary>
/// <param name="At">The new watermark, before allowed lateness.</param>
/// <param name="Reason"><c>advanced</c> (asked for) or <c>idle</c>.</param>
public sealed record ClockEntry(DateTimeOffset At, string Reason) : LogEntry(At);
