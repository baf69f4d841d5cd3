namespace Holdfast.Tracking.Filters;

/// <summary>What a field holds, which decides the operators and how its value is written.</summary>
public enum FieldType
{
    /// <summary>Compared as a number, written bare.</summary>
    Number,

    /// <summary>Compared as text, written in quotes.</summary>
    Text,
}

/// <summary>What is asked of a metric's points.</summary>
public enum SeriesValue
{
    /// <summary>The value at the largest step.</summary>
    Last,

    /// <summary>The value at the smallest step.</summary>
    First,

    /// <summary>The least value.</summary>
    Min,

    /// <summary>The greatest value.</summary>
    Max,

    /// <summary>How many points there are.</summary>
    Count,

    /// <summary>The largest step.</summary>
    LastStep,

    /// <summary>The smallest step.</summary>
    FirstStep,

    /// <summary>The step at which the least value was reached first.</summary>
    MinStep,

    /// <summary>The step at which the greatest value was reached first.</summary>
    MaxStep,
}

/// <summary>Something that can be compared or ordered by: <c>metrics.loss</c>, <c>tags.team</c>, <c>start_time</c>.</summary>
/// <param name="Kind">The entity's word in the singular: <c>metric</c>, <c>param</c>, <c>tag</c>, <c>attribute</c>, <c>dataset</c>.</param>
/// <param name="Key">Name within the kind.</param>
/// <param name="Type">Number or text.</param>
/// <param name="AllowsIn">Whether IN and NOT IN are allowed in MLflow's grammar.</param>
public sealed record FilterField(string Kind, string Key, FieldType Type, bool AllowsIn = false)
{
    /// <summary>Of a metric: which of its values.</summary>
    public SeriesValue Of { get; init; }

    /// <summary>Of a metric: its value at the step where this other metric had its <see cref="Of"/>.</summary>
    public FilterField? At { get; init; }

    /// <summary>Whether a parameter or tag is read as a number; a text that is none counts as missing.</summary>
    public bool AsNumber { get; init; }

    /// <summary>Whether NaN is compared as 0, which is what MLflow's own store does. Natively NaN meets no comparison.</summary>
    public bool NanAsZero { get; init; }
}

/// <summary>A condition over the fields of a thing: a tree, so that every grammar and every SQL writer meet here.</summary>
public abstract record Filter;

/// <summary>True when all parts are; an empty one is true.</summary>
public sealed record AllOf(IReadOnlyList<Filter> Parts) : Filter;

/// <summary>True when any part is.</summary>
public sealed record AnyOf(IReadOnlyList<Filter> Parts) : Filter;

/// <summary>True when its part is not.</summary>
public sealed record NoneOf(Filter Part) : Filter;

/// <summary>A field against a value. It is never true of a thing that lacks the field, whatever the operator.</summary>
/// <param name="Field">What is compared.</param>
/// <param name="Op">
/// <c>= != &gt; &gt;= &lt; &lt;= like ilike in not_in</c>, and natively <c>not_like not_ilike matches not_matches present nan</c>.
/// </param>
/// <param name="Value">A double, a string, a list of doubles or of strings; null for <c>present</c> and <c>nan</c>.</param>
public sealed record Comparison(FilterField Field, string Op, object? Value) : Filter;

/// <summary>One column of an ordering.</summary>
public sealed record Ordering(FilterField Field, bool Descending);

/// <summary>A column of the answer, named as it was asked for.</summary>
public sealed record FieldColumn(string Name, FilterField Field);
