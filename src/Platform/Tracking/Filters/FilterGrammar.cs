using Holdfast.Contracts;

namespace Holdfast.Tracking.Filters;

/// <summary>The words that a filter may use for one kind of thing (runs, experiments, models, versions).</summary>
/// <param name="Prefixes">Word before the dot to kind: <c>metrics</c> and <c>metric</c> to <c>metric</c>.</param>
/// <param name="Attributes">Names without a prefix (and their aliases) to fields.</param>
/// <param name="Keyed">Kinds with free keys, and the type of their values.</param>
/// <param name="Extended">
/// The native grammar: OR, NOT, parentheses, lists of anything, patterns, tests for null, numbers in texts, dashes and slashes in bare
/// keys. MLflow's own allows AND only.
/// </param>
public sealed record FilterGrammar(
    IReadOnlyDictionary<string, string> Prefixes,
    IReadOnlyDictionary<string, FilterField> Attributes,
    IReadOnlyDictionary<string, FieldType> Keyed,
    bool Extended = false)
{
    /// <summary>Fields with fixed keys below a prefix, such as <c>dataset.name</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Fixed { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether the texts below free keys (parameters, tags) may be compared with a list.</summary>
    public bool KeyedLists { get; init; }

    /// <summary>Natively: whether metrics are series, of which the least, the greatest and others may be asked.</summary>
    public bool Series { get; init; }

    /// <summary>Whether NaN is compared as 0.</summary>
    public bool NanAsZero { get; init; }

    /// <summary>Attributes that may be ordered by but not filtered on, and the other way round, are told apart here.</summary>
    public IReadOnlyDictionary<string, FilterField>? OrderAttributes { get; init; }

    /// <summary>Finds a field.</summary>
    public FilterField Resolve(string? prefix, string key, bool ordering)
    {
        if (prefix is null)
            return Attribute(key, ordering);
        if (!Prefixes.TryGetValue(prefix, out var kind))
            throw Invalid($"Invalid entity type '{prefix}'. Valid values are [{string.Join(", ", Prefixes.Keys.Select(k => $"'{k}'"))}]");
        if (kind == "attribute")
            return Attribute(key, ordering);
        if (Fixed.TryGetValue(kind, out var keys))
        {
            return keys.Contains(key)
                ? new FilterField(kind, key, FieldType.Text, AllowsIn: true)
                : throw Invalid($"Invalid {kind} key '{key}' specified. Valid keys are [{string.Join(", ", keys.Select(k => $"'{k}'"))}]");
        }

        return new FilterField(kind, key, Keyed[kind], AllowsIn: KeyedLists && Keyed[kind] == FieldType.Text) { NanAsZero = NanAsZero && kind == "metric" };
    }

    private FilterField Attribute(string key, bool ordering)
    {
        var known = ordering && OrderAttributes is not null ? OrderAttributes : Attributes;
        return known.TryGetValue(key, out var field)
            ? field
            : throw Invalid($"Invalid attribute key '{key}' specified. Valid keys are [{string.Join(", ", known.Keys.Select(k => $"'{k}'"))}]");
    }

    internal static HoldfastException Invalid(string message, string? hint = null) => new(ErrorCode.InvalidArgument, message, hint);
}
