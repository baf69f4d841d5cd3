using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Sketches;

namespace Holdfast.Monitoring;

/// <summary>What windows are compared with.</summary>
/// <param name="Reference">The dataset version, such as <c>applications@v3</c>.</param>
/// <param name="Rows">Rows counted.</param>
/// <param name="Features">A profile of each feature, over bins that were fixed with it.</param>
internal sealed record Baseline(string Reference, long Rows, IReadOnlyDictionary<string, FeatureProfile> Features)
{
    /// <summary>Values kept for KS and the fit of scale changes.</summary>
    public const int SampleSize = 4000;

    /// <summary>The profile of a numeric feature.</summary>
    public static FeatureProfile OfNumbers(ReadOnlySpan<double> values)
    {
        var profile = new FeatureProfile(ReferenceBins.FromNumeric(values), sampleSize: SampleSize);
        foreach (var value in values)
            profile.Add(value);
        return profile;
    }

    /// <summary>The profile of a feature of categories.</summary>
    public static FeatureProfile OfTexts(IReadOnlyList<string?> values)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            if (value is not null)
                counts[value] = counts.GetValueOrDefault(value) + 1;
        }

        var profile = new FeatureProfile(ReferenceBins.FromCategories(counts));
        foreach (var value in values)
            profile.Add(value);
        return profile;
    }
}

/// <summary>Which baseline: a pinned dataset version, else the training data of a model version; only rows from a moment on, when the world is known to have changed then.</summary>
internal sealed record BaselineKey(int WorkspaceId, string? Pinned, string Model, int ModelVersion, DateTimeOffset? From);
