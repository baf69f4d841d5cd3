namespace Holdfast.Statistics.Distances;

/// <summary>The serialisable form of <see cref="ReferenceBins"/>.</summary>
/// <param name="Edges">Numeric: ascending inner edges, bin k holds (edge[k-1], edge[k]], the outer bins are open. Null for categories.</param>
/// <param name="Categories">Categorical: one bin each, in order; values not listed go to a last bin "other". Null for numbers.</param>
/// <param name="Reference">Counts of the reference in each bin (length = number of bins).</param>
public sealed record ReferenceBinsState(IReadOnlyList<double>? Edges, IReadOnlyList<string>? Categories, IReadOnlyList<long> Reference);
