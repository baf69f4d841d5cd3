using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>Many points on few positions: last, least and greatest of each bucket, so that no spike is lost.</summary>
internal static class SeriesBuckets
{
    /// <summary>Folds points into at most <paramref name="buckets"/> buckets of equal width.</summary>
    /// <param name="points">In ascending order of their position.</param>
    public static SeriesCourse Fold(string run, string key, IReadOnlyList<(double X, double Value)> points, int buckets)
    {
        if (points.Count <= buckets)
            return new SeriesCourse(run, key, points.Count, [.. points.Select(p => p.X)], [.. points.Select(p => p.Value)]);

        var (first, width) = (points[0].X, points[^1].X - points[0].X);
        var (x, last, min, max) = (new List<double>(buckets), new List<double>(buckets), new List<double>(buckets), new List<double>(buckets));
        var open = -1;
        foreach (var (at, value) in points)
        {
            var bucket = width > 0 ? Math.Min(buckets - 1, (int)((at - first) / width * buckets)) : 0;
            if (bucket != open)
            {
                open = bucket;
                x.Add(at);
                last.Add(value);
                min.Add(value);
                max.Add(value);
                continue;
            }

            x[^1] = at;
            last[^1] = value;
            // NaN is never least or greatest, unless the bucket holds nothing else.
            if (value < min[^1] || double.IsNaN(min[^1]))
                min[^1] = value;
            if (value > max[^1] || double.IsNaN(max[^1]))
                max[^1] = value;
        }

        return new SeriesCourse(run, key, points.Count, x, last, min, max);
    }
}
