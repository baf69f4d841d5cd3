using Holdfast.Statistics.Sketches;

namespace Holdfast.Commands.Drift;

/// <summary>What a column is compared as.</summary>
internal enum FeatureType
{
    /// <summary>By its numbers.</summary>
    Numeric,

    /// <summary>By the counts of its values.</summary>
    Categorical,

    /// <summary>By its true and false.</summary>
    Boolean,

    /// <summary>Not by its values, which always move on; only whether it has any and whether it stands still.</summary>
    Time,

    /// <summary>By the length of its texts.</summary>
    Text,
}

/// <summary>One file's values of a column, in the form in which its type is compared.</summary>
/// <param name="Total">Rows.</param>
/// <param name="Missing">Rows without a usable value: absent, infinite, or unreadable as the column's type.</param>
internal sealed record FeatureSide(long Total, long Missing)
{
    /// <summary>The finite numbers, ascending.</summary>
    public double[] Sorted { get; init; } = [];

    /// <summary>A uniform sample of them in the order of the rows.</summary>
    public double[] Sample { get; init; } = [];

    /// <summary>Rows by category; null for numbers.</summary>
    public IReadOnlyDictionary<string, long>? Categories { get; init; }

    /// <summary>The numbers as a sketch holds them, where they are too many to be listed (<c>--approximate</c>); null else.</summary>
    public WeightedSample? Weighted { get; init; }

    /// <summary>The sketch behind <see cref="Categories"/> where it has lost some of them; null while the counts are exact.</summary>
    public MisraGries? Frequent { get; init; }

    /// <summary>Different categories, estimated, where <see cref="Frequent"/> is given.</summary>
    public double Distinct { get; init; }

    /// <summary>Share of the numbers that are different ones, where it was estimated; null to count them.</summary>
    public double? DistinctShare { get; init; }

    /// <summary>Infinite values among the missing.</summary>
    public long Infinite { get; init; }

    /// <summary>Values among the missing that are not of the column's type, and one of them.</summary>
    public (long Count, string? Example) Unreadable { get; init; }

    /// <summary>Share of missing rows, 0 without rows.</summary>
    public double MissingShare => Total == 0 ? 0 : (double)Missing / Total;
}
