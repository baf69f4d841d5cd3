namespace Holdfast.Tracking;

/// <summary>A point and the run it belongs to.</summary>
public sealed record RunPoint(string RunId, MetricPoint Point);

/// <summary>Evenly spaced steps out of many.</summary>
public static class StepSample
{
    /// <summary>
    /// At most <paramref name="max"/> steps within [<paramref name="first"/>, <paramref name="last"/>], evenly spaced by position,
    /// and the last one; all of them when they are few. As MLflow takes them.
    /// </summary>
    /// <param name="sorted">Distinct steps in ascending order.</param>
    public static IReadOnlySet<long> Take(IReadOnlyList<long> sorted, long first, long last, int max)
    {
        ArgumentNullException.ThrowIfNull(sorted);
        var within = sorted.Where(s => s >= first && s <= last).ToList();
        if (within.Count <= max)
            return within.ToHashSet();
        var interval = (double)within.Count / max;
        var taken = Enumerable.Range(0, max).Select(i => within[(int)(i * interval)]).ToHashSet();
        taken.Add(within[^1]);
        return taken;
    }
}
