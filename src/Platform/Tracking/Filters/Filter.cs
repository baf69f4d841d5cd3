namespace Holdfast.Tracking.Filters;

/// <summary>What a field holds, which decides the operators and how its value is written.</summary>
public enum FieldType
{
    /// <summary>Compared as a number, written bare.</summary>
    Number,

    /// <summary>Compared as text, written in quotes.</summary>
    Text,
}

/// <summary>Something that can be compared or ordered by: <c>metrics.loss</c>, <c>tags.team</c>, <c>start_time</c>.</summary>
/// <param name="Kind">The entity's word in the singular: <c>metric</c>, <c>param</c>, <c>tag</c>, <c>attribute</c>, <c>dataset</c>.</param>
/// <param name="Key">Name within the kind.</param>
/// <param name="Type">Number or text.</param>
/// <param name="AllowsIn">Whether IN and NOT IN are allowed.</param>
public sealed record FilterField(string Kind, string Key, FieldType Type, bool AllowsIn = false);

/// <summary>A condition over the fields of a thing: a tree, so that every grammar and every SQL writer meet here.</summary>
public abstract record Filter;

/// <summary>True when all parts are; an empty one is true.</summary>
public sealed record AllOf(IReadOnlyList<Filter> Parts) : Filter;

/// <summary>True when any part is.</summary>
public sealed record AnyOf(IReadOnlyList<Filter> Parts) : Filter;

/// <summary>True when its part is not.</summary>
public sealed record NoneOf(Filter Part) : Filter;

/// <summary>A field against a value.</summary>
/// <param name="Field">What is compared.</param>
/// <param name="Op"><c>= != &gt; &gt;= &lt; &lt;= like ilike in not_in</c>.</param>
/// <param name="Value">A double, a string, or a list of strings.</param>
public sealed record Comparison(FilterField Field, string Op, object Value) : Filter;

/// <summary>One column of an ordering.</summary>
public sealed record Ordering(FilterField Field, bool Descending);
