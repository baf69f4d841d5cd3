namespace Holdfast.Kernel;

/// <summary>A slice of a longer list.</summary>
/// <param name="Items">The items, in the order asked for.</param>
/// <param name="NextToken">Opaque; ask again with it for the next slice. Null at the end.</param>
/// <param name="Total">How many there are in all, where the store knows.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextToken = null, long? Total = null);
