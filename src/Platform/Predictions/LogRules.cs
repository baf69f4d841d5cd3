namespace Holdfast.Predictions;

/// <summary>What of an endpoint's requests is kept, for how long, and to whom it is told.</summary>
/// <param name="Retention">Predictions are deleted when their hour of event time is older than this on the endpoint's clock; null (default) keeps them for good.</param>
/// <param name="Redact">Inputs that are never written.</param>
/// <param name="Hash">Inputs whose values are replaced by a keyed hash.</param>
/// <param name="Events">Where each prediction is sent as CloudEvents; null = nowhere.</param>
public sealed record LogRules(TimeSpan? Retention = null, IReadOnlyList<string>? Redact = null, IReadOnlyList<string>? Hash = null, EventTarget? Events = null)
{
    /// <summary>Everything is kept for good and sent nowhere.</summary>
    public static LogRules Default { get; } = new();

    /// <summary>Inputs that are never written.</summary>
    public IReadOnlyList<string> Redact { get; init; } = Redact ?? [];

    /// <summary>Inputs whose values are replaced by a keyed hash.</summary>
    public IReadOnlyList<string> Hash { get; init; } = Hash ?? [];

    /// <inheritdoc />
    public bool Equals(LogRules? other) =>
        other is not null && Retention == other.Retention && Events == other.Events && Redact.SequenceEqual(other.Redact) && Hash.SequenceEqual(other.Hash);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Retention, Events, Redact.Count, Hash.Count);
}

/// <summary>A receiver of CloudEvents.</summary>
/// <param name="Url">http or https.</param>
/// <param name="Format"><c>kserve</c> or <c>seldon</c>: whose event types.</param>
/// <param name="MayBePrivate">Whether the address may be a private one: set for whoever may execute.</param>
public sealed record EventTarget(string Url, string Format = EventTarget.KServe, bool MayBePrivate = false)
{
    /// <summary><c>org.kubeflow.serving.inference.request</c> and <c>.response</c>.</summary>
    public const string KServe = "kserve";

    /// <summary><c>io.seldon.serving.inference.request</c> and <c>.response</c>.</summary>
    public const string Seldon = "seldon";
}
