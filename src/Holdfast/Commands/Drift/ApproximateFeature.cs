using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;

namespace Holdfast.Commands.Drift;

/// <summary>The figures of a column whose values were sketched, with their bounds.</summary>
internal static class ApproximateFeature
{
    // As many have a bin of their own as without sketches.
    private const int MostCategories = 100;
    private const int MostNames = 200_000;
    private const string Rest = "(others)";

    public static MeasuredFeature Measure(string name, FeatureType type, FeatureSide reference, FeatureSide current, double level)
    {
        if (type != FeatureType.Time && (reference.Weighted ?? current.Weighted) is not null)
            return OfNumbers(name, type, reference, current, level);
        if ((reference.Frequent ?? current.Frequent) is not null)
            return OfCategories(name, type, reference, current, level);
        var measured = new ReferenceFeature(name, type, reference).Measure(current, level);
        return measured with { Approximation = Approximation.None(measured) };
    }

    private static MeasuredFeature OfNumbers(string name, FeatureType type, FeatureSide reference, FeatureSide current, double level)
    {
        var (a, b) = (reference.Weighted ?? WeightedSample.Of(reference.Sorted), current.Weighted ?? WeightedSample.Of(current.Sorted));
        var bins = ReferenceBins.FromWeighted(a);
        var compared = WeightedComparison.Of(a, b);
        var (before, after) = Ranges(a, b, bins);
        var measured = Measured(name, type, bins, before, after, reference, current, level, compared);
        var sampled = type == FeatureType.Numeric;
        return measured with
        {
            Ks = compared.Ks,
            P = compared.Ks.PValue,
            Wasserstein = double.IsFinite(compared.Wasserstein) ? compared.Wasserstein : null,
            Evidence = measured.Evidence with { Ks = compared.Ks, ReferenceSample = sampled ? reference.Sample : [], CurrentSample = sampled ? current.Sample : [] },
            Shape = Histogram.Of(a.Count, b.Count, a.Quantile, b.Quantile, a.UpTo, b.UpTo),
            Quantiles = (Histogram.Percentiles(a.Count, a.Quantile), Histogram.Percentiles(b.Count, b.Quantile)),
        };
    }

    private static MeasuredFeature OfCategories(string name, FeatureType type, FeatureSide reference, FeatureSide current, double level)
    {
        var known = reference.Frequent?.Top(MostCategories).Select(t => t.Category) ?? ReferenceBins.FromCategories(reference.Categories!, MostCategories).Categories;
        string[] names = [.. known];
        var (before, after) = (Range(reference, names), Range(current, names));
        var bins = ReferenceBins.FromState(new ReferenceBinsState(null, names, before.Counts));
        var measured = Measured(name, type, bins, before, after, reference, current, level, null);
        var (referenceNames, currentNames) = Named(reference, current);
        return measured with { Evidence = measured.Evidence with { ReferenceCategories = referenceNames, CurrentCategories = currentNames } };
    }

    private static MeasuredFeature Measured(
        string name, FeatureType type, ReferenceBins bins, CountRange before, CountRange after, FeatureSide reference, FeatureSide current, double level, WeightedComparison? numbers)
    {
        var bounds = DistanceBounds.Of(before, after, level);
        var chi = ChiSquared.TwoSample(before.Counts, after.Counts);
        var evidence = new FeatureEvidence(name, bounds.Psi, TestResult.Undefined)
        {
            ReferenceTotal = reference.Total,
            ReferenceMissing = reference.Missing,
            CurrentTotal = current.Total,
            CurrentMissing = current.Missing,
        };
        return new MeasuredFeature(name, type, bins, before.Counts, after.Counts, bounds.Psi, evidence)
        {
            JensenShannon = JensenShannon.Distance(before.Counts, after.Counts),
            Hellinger = Hellinger.Distance(before.Counts, after.Counts),
            Chi = chi,
            P = chi.PValue,
            MissingP = TwoProportion.Test(reference.Missing, reference.Total, current.Missing, current.Total).PValue,
            Unreadable = current.Unreadable,
            Infinite = current.Infinite,
            Approximation = Approximation.Of(bounds, chi, numbers),
        };
    }

    // The counts are off by the sketches' errors, and the edges, quantiles of the reference, lie within its error in rank: what the current file has between
    // the two ends of an edge may belong to either bin.
    private static (CountRange Reference, CountRange Current) Ranges(WeightedSample a, WeightedSample b, ReferenceBins bins)
    {
        var (before, after) = (a.CountsIn(bins.Edges), b.CountsIn(bins.Edges));
        double[] up = new double[bins.Count + 1], down = new double[bins.Count + 1];
        for (var i = 0; i < bins.Edges.Count && a.Error > 0; i++)
        {
            var edge = bins.Edges[i];
            for (var k = 1; k < 10; k++)
            {
                if (a.Quantile(k / 10.0) != edge)
                    continue;
                var (low, high) = a.QuantileRange(k / 10.0);
                up[i + 1] = Math.Max(up[i + 1], b.UpTo(high) - b.UpTo(edge));
                down[i + 1] = Math.Max(down[i + 1], b.UpTo(edge) - b.UpTo(low));
            }
        }

        double n = a.Error * a.Count, m = b.Error * b.Count;
        double[] same = [.. before.Select(_ => n)];
        return (
            new CountRange(before, same, same),
            new CountRange(after, [.. after.Select((_, i) => m + up[i] + down[i + 1])], [.. after.Select((_, i) => m + down[i] + up[i + 1])]));
    }

    private static CountRange Range(FeatureSide side, string[] names)
    {
        var (counts, slack) = (new long[names.Length + 1], new double[names.Length + 1]);
        for (var i = 0; i < names.Length; i++)
        {
            // The middle of the limits.
            var found = side.Frequent?.Find(names[i]);
            counts[i] = found is { } frequent ? (frequent.Low + frequent.High) / 2 : side.Categories!.GetValueOrDefault(names[i]);
            slack[i] = found is null ? 0 : (side.Frequent!.Error + 1) / 2.0;
        }

        var all = side.Total - side.Missing;
        counts[^1] = Math.Max(0, all - counts.Sum());
        slack[^1] = slack.Sum();
        return new CountRange(counts, slack, slack);
    }

    // What the search for faults of categories sees: the names that both sketches are sure of. Names that the reference's sketch may have lost are no new ones;
    // those that the current one's has lost are as many and as frequent as estimated, unless the reference may know them.
    private static (Dictionary<string, long> Reference, Dictionary<string, long> Current) Named(FeatureSide reference, FeatureSide current)
    {
        var before = new Dictionary<string, long>(reference.Categories!, StringComparer.Ordinal);
        var after = new Dictionary<string, long>(current.Categories!, StringComparer.Ordinal);
        var lost = (current.Total - current.Missing) - after.Values.Sum();
        if (reference.Frequent is null)
        {
            var unknown = Math.Max(1, current.Distinct - after.Count);
            var shown = (long)Math.Min(unknown, MostNames);
            var scale = shown / unknown;
            foreach (var name in scale < 1 ? after.Keys.ToList() : [])
                after[name] = (long)(after[name] * scale);
            for (var i = 0L; i < shown && lost > 0; i++)
                after[$"{Rest} {i}"] = Math.Max(1, (long)(lost * scale / shown));
            return (before, after);
        }

        foreach (var name in after.Keys.Where(n => !before.ContainsKey(n)).ToList())
        {
            lost += after[name];
            after.Remove(name);
        }

        before[Rest] = (reference.Total - reference.Missing) - before.Values.Sum();
        after[Rest] = lost;
        return (before, after);
    }
}
