namespace Holdfast.Statistics.Quality;

/// <summary>Faults of one feature of categories.</summary>
internal static class CategoryFaults
{
    public static Fault? Format(FeatureEvidence feature)
    {
        if (Shares(feature) is not var (reference, current)) return null;
        var raw = Variation(reference, current);
        if (raw < 0.1) return null;
        var normal = Variation(Normalise(reference), Normalise(current));
        if (normal >= 0.25 * raw) return null;
        return new Fault(
            DriftCause.CategoryFormatChange, feature.Name, 0.95, raw,
            NumericFaults.Text($"Total variation {raw:F3} falls to {normal:F3} once case, blanks and common prefixes or suffixes are removed."));
    }

    public static Fault? Explosion(FeatureEvidence feature)
    {
        if (Unseen(feature) is not var (share, distinct, rows)) return null;
        // Many values with few rows each: not a segment, but identifiers or garbage.
        if (share <= 0.02 || distinct < 10 || rows > 5 * distinct) return null;
        return new Fault(
            DriftCause.CategoryExplosion, feature.Name, 0.93, share,
            NumericFaults.Text($"{share:P1} of the rows carry {distinct} categories that the reference does not have."));
    }

    public static EvidenceItem? NewSegment(FeatureEvidence feature)
    {
        if (Unseen(feature) is not var (share, distinct, rows)) return null;
        if (share <= 0.02 || rows <= 5 * distinct) return null;
        return new EvidenceItem(DriftCause.NewSegment, feature.Name, share, NumericFaults.Text($"{share:P1} of the rows carry {distinct} new categories."));
    }

    private static (double Share, int Distinct, long Rows)? Unseen(FeatureEvidence feature)
    {
        if (feature.ReferenceCategories is null || feature.CurrentCategories is null) return null;
        long unseen = 0, total = 0;
        var distinct = 0;
        foreach (var (name, count) in feature.CurrentCategories)
        {
            total += count;
            if (count == 0 || feature.ReferenceCategories.ContainsKey(name)) continue;
            unseen += count;
            distinct++;
        }
        return total == 0 ? null : ((double)unseen / total, distinct, unseen);
    }

    private static (Dictionary<string, double> Reference, Dictionary<string, double> Current)? Shares(FeatureEvidence feature)
    {
        if (feature.ReferenceCategories is null || feature.CurrentCategories is null) return null;
        var (reference, current) = (ToShares(feature.ReferenceCategories), ToShares(feature.CurrentCategories));
        return reference.Count == 0 || current.Count == 0 ? null : (reference, current);
    }

    private static Dictionary<string, double> ToShares(IReadOnlyDictionary<string, long> counts)
    {
        double total = 0;
        foreach (var (_, count) in counts) total += count;
        var result = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, count) in counts)
        {
            if (count > 0) result[name] = count / total;
        }
        return result;
    }

    private static double Variation(Dictionary<string, double> a, Dictionary<string, double> b)
    {
        double total = 0;
        foreach (var (name, share) in a) total += Math.Abs(share - b.GetValueOrDefault(name));
        foreach (var (name, share) in b)
        {
            if (!a.ContainsKey(name)) total += share;
        }
        return total / 2;
    }

    private static Dictionary<string, double> Normalise(Dictionary<string, double> shares)
    {
        var cleaned = new List<(string Name, double Share)>(shares.Count);
        foreach (var (name, share) in shares) cleaned.Add((name.Trim().ToLowerInvariant(), share));
        var (prefix, suffix) = Common(cleaned);
        var result = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, share) in cleaned)
        {
            var bare = name[prefix..^suffix];
            // "1.0" for "1": what a detour over a number column leaves.
            if (bare.EndsWith(".0", StringComparison.Ordinal)) bare = bare[..^2];
            result[bare] = result.GetValueOrDefault(bare) + share;
        }
        return result;
    }

    private static (int Prefix, int Suffix) Common(List<(string Name, double Share)> names)
    {
        if (names.Count < 2) return (0, 0);
        var first = names[0].Name;
        int prefix = first.Length, suffix = first.Length, shortest = first.Length;
        foreach (var (name, _) in names)
        {
            shortest = Math.Min(shortest, name.Length);
            var same = 0;
            while (same < Math.Min(prefix, name.Length) && name[same] == first[same]) same++;
            prefix = same;
            same = 0;
            while (same < Math.Min(suffix, name.Length) && name[^(same + 1)] == first[^(same + 1)]) same++;
            suffix = same;
        }
        prefix = Math.Min(prefix, shortest);
        return (prefix, Math.Min(suffix, shortest - prefix));
    }
}
