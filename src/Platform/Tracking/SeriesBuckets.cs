using Holdfast.Contracts;

namespace Holdfast.Tracking;

/// <summary>A point, or some points in one, at a position of a chart.</summary>
/// <param name="X">Position that decides the bucket: of a point its own, else the middle.</param>
/// <param name="Until">Position of its last point.</param>
/// <param name="Last">Value of that point.</param>
/// <param name="Min">Least value; null when all are NaN.</param>
/// <param name="Max">Greatest value; null when all are NaN.</param>
/// <param name="Sum">Of those that are no NaN.</param>
/// <param name="Numbers">How many are no NaN.</param>
/// <param name="Points">How many points.</param>
internal readonly record struct SeriesPiece(double X, double Until, double Last, double? Min, double? Max, double Sum, long Numbers, long Points)
{
    /// <summary>A single point.</summary>
    public static SeriesPiece Of(double x, double value) => double.IsNaN(value) ? new(x, x, value, null, null, 0, 0, 1) : new(x, x, value, value, value, value, 1, 1);
}

/// <summary>Many points on few positions: last, least, greatest and mean value of each bucket, so that no spike is lost.</summary>
internal static class SeriesBuckets
{
    /// <summary>Folds points into at most <paramref name="buckets"/> buckets of equal width.</summary>
    /// <param name="pieces">In ascending order of their position.</param>
    public static SeriesCourse Fold(string run, string key, IReadOnlyList<SeriesPiece> pieces, int buckets)
    {
        var points = pieces.Sum(p => p.Points);
        if (points <= buckets)
            return new SeriesCourse(run, key, points, [.. pieces.Select(p => p.X)], [.. pieces.Select(p => p.Last)]);

        var (first, width) = (pieces[0].X, pieces[^1].X - pieces[0].X);
        var folded = new List<SeriesPiece>(buckets);
        var open = -1;
        for (var i = 0; i < pieces.Count; i++)
        {
            var piece = pieces[i];
            // Blocks that are no more than the buckets stay as they are.
            var bucket = pieces.Count <= buckets ? i : width > 0 ? Math.Min(buckets - 1, (int)((piece.X - first) / width * buckets)) : 0;
            if (bucket == open)
                folded[^1] = Join(folded[^1], piece);
            else
                folded.Add(piece);
            open = bucket;
        }

        return new SeriesCourse(
            run, key, points, folded.ConvertAll(b => b.Until), folded.ConvertAll(b => b.Last), folded.ConvertAll(b => b.Min ?? double.NaN), folded.ConvertAll(b => b.Max ?? double.NaN),
            folded.ConvertAll(b => b.Numbers == 0 ? double.NaN : b.Sum / b.Numbers), folded.ConvertAll(b => b.Points));
    }

    // NaN is never least or greatest, unless the bucket holds nothing else.
    private static SeriesPiece Join(SeriesPiece a, SeriesPiece b) => new(
        a.X, b.Until, b.Last, a.Min is not { } min || b.Min < min ? b.Min ?? a.Min : min, a.Max is not { } max || b.Max > max ? b.Max ?? a.Max : max, a.Sum + b.Sum, a.Numbers + b.Numbers, a.Points + b.Points);
}
