using Holdfast.Contracts;
using Holdfast.Statistics.Quality;

namespace Holdfast.Commands.Drift;

/// <summary>Compares two files column by column, both cores at work, and judges the result. The statistics are those that watch live traffic.</summary>
internal static class DriftComparison
{
    public static DriftFindings Compare(DriftTable reference, DriftTable current, DriftSettings settings, Action<double>? onProgress = null)
    {
        var wanted = settings.Columns is null ? null : new HashSet<string>([.. settings.Columns, .. Named(settings)], StringComparer.Ordinal);
        var others = current.Columns.ToDictionary(c => c.Name, StringComparer.Ordinal);
        // The types need the texts of both files counted.
        Parallel.ForEach(reference.Columns.Concat(current.Columns).Where(c => wanted is null || wanted.Contains(c.Name)), c => _ = c.Texts.Count);
        var mine = reference.Columns.Where(c => wanted is null || wanted.Contains(c.Name)).ToList();
        var skipped = new List<(string, string)>();
        var pairs = new List<Pair>();
        foreach (var column in mine.Where(c => others.ContainsKey(c.Name)))
        {
            var (type, why) = FeatureTyping.Decide(column, others[column.Name]);
            if (why is not null && column.Name != settings.Target && column.Name != settings.Prediction)
                skipped.Add((column.Name, why));
            else
                pairs.Add(new Pair(column, others[column.Name], type));
        }

        if (pairs.Count + skipped.Count == 0)
            throw NothingInCommon(reference, current);
        var known = reference.Columns.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        skipped.AddRange(current.Columns.Where(c => wanted is null && !known.Contains(c.Name)).Select(c => (c.Name, "not in the reference")));
        var absent = mine.Where(c => !others.ContainsKey(c.Name)).Select(c => c.Name).ToList();
        return Compare(reference, current, settings, pairs, absent, onProgress) with { Skipped = skipped };
    }

    private static DriftFindings Compare(DriftTable reference, DriftTable current, DriftSettings settings, List<Pair> pairs, List<string> absent, Action<double>? onProgress)
    {
        var level = 1 - (settings.Alpha / Math.Max(1, pairs.Count));
        var windows = settings.Window is null ? null : new TimeWindows(current, settings);
        var references = new ReferenceFeature?[pairs.Count];
        var measured = new MeasuredFeature[pairs.Count];
        var done = 0;
        var allocated = GC.GetTotalAllocatedBytes();
        // A spilled column is as large as the memory allows: then one at a time.
        Parallel.For(0, pairs.Count, new ParallelOptions { MaxDegreeOfParallelism = !settings.Approximate && (reference.Memory is null || current.Memory is null) ? 1 : Environment.ProcessorCount }, i =>
        {
            var (one, other, type) = pairs[i];
            FeatureSide? before = null, after = null;
            Parallel.Invoke(() => before = one.As(type), () => after = other.As(type));
            if (settings.Approximate)
            {
                measured[i] = ApproximateFeature.Measure(one.Name, type, before!, after!, level);
            }
            else
            {
                var prepared = new ReferenceFeature(one.Name, type, before!);
                measured[i] = prepared.Measure(after!, level);
                references[i] = windows is null ? null : prepared;
            }

            // Sorting leaves large arrays behind, which the collector is in no hurry to take back.
            if (GC.GetTotalAllocatedBytes() - Volatile.Read(ref allocated) is var left && left > settings.Memory / 4)
            {
                Interlocked.Add(ref allocated, left);
                GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false);
            }

            onProgress?.Invoke((double)Interlocked.Increment(ref done) / pairs.Count);
        });
        var performance = Performance(reference, current, settings, 1 - settings.Alpha);
        // The more rows, the more of them are equal by chance: both files are looked at to the same depth.
        var rows = Math.Min(reference.Rows, current.Rows);
        var repeated = Repeated(reference, current, rows);
        var joint = JointSample.Of(reference, current, [.. pairs.Select(p => (p.Reference.Name, p.Type))]);
        var (diagnosis, features) = settings.Approximate
            ? ApproximateJudge.Judge(measured, settings, performance, repeated, reference.RepeatedError, current.RepeatedError, absent, joint)
            : DriftJudge.Judge(measured, settings, performance, repeated, absent, joint);
        return new DriftFindings(new ComparedFile(reference.Name, reference.Rows), new ComparedFile(current.Name, current.Rows), settings, diagnosis, features, [])
        {
            Performance = performance,
            Windows = windows?.Judge([.. references.Select(r => r!)], reference, settings) ?? [],
        };
    }

    // The hashes of a spilled file are as large as the memory allows: then one file at a time.
    private static RepeatedRows Repeated(DriftTable reference, DriftTable current, long rows)
    {
        long before = 0, after = 0;
        if (reference.Memory is null || current.Memory is null)
            (before, after) = (reference.Repeated(rows), current.Repeated(rows));
        else
            Parallel.Invoke(() => before = reference.Repeated(rows), () => after = current.Repeated(rows));
        return new RepeatedRows(before, rows, after, rows);
    }

    internal static PerformanceEvidence? Performance(DriftTable reference, DriftTable current, DriftSettings settings, double level)
    {
        if (settings.Target is not { } target || settings.Prediction is not { } prediction)
            return null;
        return LabelTally.Of(reference.Load(target), reference.Load(prediction), current.Load(target), current.Load(prediction)) is var (before, after) ? LabelTally.Evidence(before, after, level) : null;
    }

    private static IEnumerable<string> Named(DriftSettings settings) => new[] { settings.Target, settings.Prediction, settings.Time }.OfType<string>();

    private static HoldfastException NothingInCommon(DriftTable reference, DriftTable current) => new(
        ErrorCode.InvalidArgument,
        $"The files have no column in common. {reference.Name}: {List(reference)}. {current.Name}: {List(current)}.",
        "Check that both files are of the same kind and have a header.");

    private static string List(DriftTable table) => string.Join(", ", table.Columns.Take(8).Select(c => c.Name)) + (table.Columns.Count > 8 ? ", …" : "");

    private sealed record Pair(IColumnData Reference, IColumnData Current, FeatureType Type);
}
