using Holdfast.Statistics.Multivariate;

namespace Holdfast.Statistics.Quality;

/// <summary>
/// Whole rows of both sides: what the columns do together. A sample of a few thousand is enough. With them the diagnosis asks two questions that no single
/// column answers: did the others move too, and does their move explain this one?
/// </summary>
/// <param name="Reference">The columns of the sampled reference rows, all of one length.</param>
/// <param name="Current">The same columns of the window's rows, in order of arrival.</param>
public sealed record JointRows(IReadOnlyList<FeatureColumn> Reference, IReadOnlyList<FeatureColumn> Current)
{
    /// <summary>Rows on each side that are worth a sample: more cost time and say little more.</summary>
    public const int UsefulRows = 2000;

    /// <summary>Fewest rows on each side; below it the joint law is not looked at.</summary>
    public const int MinimumRows = 100;

    internal bool IsUsable => Reference.Count > 0 && Current.Count > 0 && Reference[0].Rows >= MinimumRows && Current[0].Rows >= MinimumRows;

    internal FeatureColumn? FindReference(string name) => Find(Reference, name);

    internal FeatureColumn? FindCurrent(string name) => Find(Current, name);

    /// <summary>The named columns alone: predictions and labels are no witnesses for the features.</summary>
    internal JointRows Only(IEnumerable<string> names)
    {
        var kept = new HashSet<string>(names, StringComparer.Ordinal);
        return new JointRows([.. Reference.Where(c => kept.Contains(c.Name))], [.. Current.Where(c => kept.Contains(c.Name))]);
    }

    /// <summary>How well trees tell current rows from reference rows by the named columns; null if fewer than two of them are here.</summary>
    internal (Separation Separation, (string Feature, double Value)[] Leans)? Separate(IEnumerable<string> names)
    {
        var reference = new List<FeatureColumn>();
        var current = new List<FeatureColumn>();
        foreach (var name in names)
        {
            if (FindReference(name) is not { } before || FindCurrent(name) is not { } after) continue;
            reference.Add(before);
            current.Add(after);
        }
        if (!IsUsable || reference.Count < 2) return null;
        var encoder = FitBoth(reference, current);
        var separation = Separation.Of(encoder.Encode(reference), encoder.Encode(current));
        return (separation, encoder.SumByFeature(separation.Gains));
    }

    internal static Separation Separate(IReadOnlyList<FeatureColumn> reference, IReadOnlyList<FeatureColumn> current)
    {
        var encoder = FitBoth(reference, current);
        return Separation.Of(encoder.Encode(reference), encoder.Encode(current));
    }

    // Of both sides, which are treated alike: the shares of many rare categories in one of them alone tell its rows from the other's.
    private static FeatureEncoder FitBoth(IReadOnlyList<FeatureColumn> reference, IReadOnlyList<FeatureColumn> current) =>
        FeatureEncoder.Fit([.. reference.Zip(current, (r, c) => r.Numbers is null ? FeatureColumn.Categorical(r.Name, [.. r.Categories!, .. c.Categories!]) : FeatureColumn.Numeric(r.Name, [.. r.Numbers, .. c.Numbers!]))]);

    private static FeatureColumn? Find(IReadOnlyList<FeatureColumn> columns, string name)
    {
        foreach (var column in columns)
        {
            if (column.Name == name) return column;
        }
        return null;
    }
}
