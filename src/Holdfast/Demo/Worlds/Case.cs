namespace Holdfast.Demo.Worlds;

/// <summary>One thing that happened in a world: what is sent, and the truth that is known later.</summary>
/// <param name="Id">Unique within the world.</param>
/// <param name="Key">Who it is about: the sticky key.</param>
/// <param name="Values">The features, in the order of the world's <c>Features</c>.</param>
/// <param name="Label">The truth.</param>
public sealed record Case(string Id, string Key, double[] Values, bool Label);
