using System.IO.Hashing;
using System.Runtime.InteropServices;
using Holdfast.Contracts;
using Holdfast.Statistics;
using Holdfast.Statistics.Distances;
using Holdfast.Statistics.Quality;
using Holdfast.Statistics.Sketches;
using Holdfast.Statistics.Tests;
using Holdfast.Storage.Tables;
using KolmogorovSmirnov = Holdfast.Statistics.Tests.KolmogorovSmirnov;

namespace Holdfast.Commands.Drift;

/// <summary>The answer of <c>holdfast drift</c>.</summary>
/// <param name="Verdict"><c>no_drift</c>, <c>data_drift</c>, <c>data_fault</c> or <c>insufficient_data</c>.</param>
/// <param name="Cause">Such as <c>scale_change</c>.</param>
/// <param name="Severity">The worst of the features.</param>
/// <param name="Skipped">Columns that are no features (times, keys), and why.</param>
internal sealed record FileDriftReport(
    string Reference, string Current, long ReferenceRows, long CurrentRows, string Verdict, string Cause, string? Feature, double? ScaleFactor, double Confidence, string Severity,
    IReadOnlyList<FeatureReport> Features, IReadOnlyDictionary<string, string> Skipped, IReadOnlyList<string> Evidence);

/// <summary>Compares two tables, feature by feature, and names what happened. Pure: the detectors are those that watch live traffic.</summary>
internal static class FileDrift
{
    private const int MostCategories = 200;

    public static FileDriftReport Compare(string referenceName, Table reference, string currentName, Table current, double warn, double alarm, IReadOnlyList<string>? only = null)
    {
        var skipped = new Dictionary<string, string>();
        var missing = new List<string>();
        var pairs = new List<(Column Reference, Column Current)>();
        foreach (var column in reference.Columns.Where(c => only is null || only.Contains(c.Name)))
        {
            if (current.Find(column.Name) is not { } other)
                missing.Add(column.Name);
            else if (Skip(column, other) is { } why)
                skipped[column.Name] = why;
            else
                pairs.Add((column, other));
        }

        foreach (var added in current.Columns.Where(c => reference.Find(c.Name) is null && only is null))
            skipped[added.Name] = "not in the reference";
        // All features' intervals hold together at 95 % (Bonferroni).
        var level = 1 - 0.05 / Math.Max(1, pairs.Count);
        var measured = pairs.Select(p => Measure(p.Reference, p.Current, level)).ToList();
        var ks = MultipleTesting.BenjaminiHochberg([.. measured.Select(m => m.Ks?.PValue ?? 1)]);
        var chi = MultipleTesting.BenjaminiHochberg([.. measured.Select(m => m.Chi.PValue)]);
        var diagnosis = Diagnosis.Classify(
            new DiagnosisInput([.. measured.Select(m => m.Evidence)])
            {
                ReferenceDuplicates = DuplicateRows.Count(RowHashes(reference)),
                ReferenceRows = reference.Rows,
                CurrentDuplicates = DuplicateRows.Count(RowHashes(current)),
                CurrentRows = current.Rows,
            },
            new DiagnosisOptions { ToleratedPsi = warn });
        var features = measured.Select((m, i) => Report(m, ks[i], chi[i], warn, alarm, diagnosis.Kind == DriftKind.NotEnoughData)).OrderByDescending(f => f.Psi).ToList();
        var evidence = diagnosis.Evidence.Select(e => e.Detail).ToList();
        if (missing.Count > 0)
        {
            evidence.Insert(0, $"Missing in {currentName}: {string.Join(", ", missing)}.");
            return new FileDriftReport(referenceName, currentName, reference.Rows, current.Rows, "data_fault", "missing_column", missing[0], null, 1, "significant", features, skipped, evidence);
        }

        var worst = features.Any(f => f.Severity == "significant") ? "significant" : features.Any(f => f.Severity == "moderate") ? "moderate" : "none";
        var verdict = diagnosis.Kind switch
        {
            DriftKind.DataFault => "data_fault",
            DriftKind.NotEnoughData => "insufficient_data",
            DriftKind.None when worst == "none" => "no_drift",
            _ => "data_drift",
        };
        return new FileDriftReport(
            referenceName, currentName, reference.Rows, current.Rows, verdict, verdict == "data_drift" && diagnosis.Kind == DriftKind.None ? DriftCause.PopulationShift : diagnosis.Cause,
            diagnosis.Feature, diagnosis.ScaleFactor, diagnosis.Confidence, verdict == "data_fault" ? "significant" : worst, features, skipped, evidence);
    }

    private static string? Skip(Column a, Column b)
    {
        if (a.Kind == ColumnKind.Time || b.Kind == ColumnKind.Time)
            return "a time is not a feature";
        if (a.Kind != ColumnKind.Text)
            return null;
        var distinct = a.Texts.Where(t => t is not null).Distinct(StringComparer.Ordinal).Take(MostCategories + 1).Count();
        return distinct > MostCategories ? $"more than {MostCategories} different texts: a key or free text" : null;
    }

    private static Measured Measure(Column reference, Column current, double level)
    {
        if (reference.Kind == ColumnKind.Numeric && current.Kind == ColumnKind.Numeric)
            return Numbers(reference, current, level);
        var before = Counts(reference);
        var bins = ReferenceBins.FromCategories(before);
        var (old, now) = (new FeatureProfile(bins), new FeatureProfile(bins));
        for (var i = 0; i < reference.Count; i++)
            old.Add(Text(reference, i));
        for (var i = 0; i < current.Count; i++)
            now.Add(Text(current, i));
        return Finish(reference.Name, bins, old, now, null, level);
    }

    private static Measured Numbers(Column reference, Column current, double level)
    {
        var bins = ReferenceBins.FromNumeric(reference.Numbers);
        var (old, now) = (new FeatureProfile(bins), new FeatureProfile(bins));
        foreach (var value in reference.Numbers)
            old.Add(value);
        foreach (var value in current.Numbers)
            now.Add(value);
        var ks = KolmogorovSmirnov.TwoSampleSorted(Samples.SortedFinite(reference.Numbers), Samples.SortedFinite(current.Numbers));
        return Finish(reference.Name, bins, old, now, ks, level);
    }

    private static Measured Finish(string name, ReferenceBins bins, FeatureProfile old, FeatureProfile now, TestResult? ks, double level)
    {
        var psi = Psi.Compare(old.Counts, now.Counts, level);
        var evidence = FeatureEvidence.FromProfiles(name, old, now) with { Psi = psi };
        if (ks is { } exact)
            evidence = evidence with { Ks = exact };
        return new Measured(evidence, ks, JensenShannon.Distance(old.Counts, now.Counts), ChiSquared.TwoSample(old.Counts, now.Counts), bins, old, now);
    }

    private static FeatureReport Report(Measured m, double ksP, double chiP, double warn, double alarm, bool insufficient)
    {
        var psi = m.Evidence.Psi;
        // The band applies to the corrected value, and only where the interval excludes the tolerated effect.
        var severity = insufficient ? "insufficient" : psi.Low <= warn ? "none" : psi.Corrected >= alarm ? "significant" : psi.Corrected >= warn ? "moderate" : "none";
        var shares = Enumerable.Range(0, m.Bins.Count).Select(i => new BinShare(m.Bins.Label(i), Share(m.Old, i), Share(m.Now, i))).ToList();
        return new FeatureReport(
            m.Evidence.Name, severity, psi.Corrected, psi.Low, psi.High, psi.Raw, m.Ks?.Statistic, m.Ks is null ? null : ksP, m.JensenShannon, chiP,
            m.Now.MissingShare, m.Old.MissingShare, m.Now.Total, shares);
    }

    private static double Share(FeatureProfile profile, int bin) => profile.Total == profile.Missing ? 0 : (double)profile.Counts[bin] / (profile.Total - profile.Missing);

    private static Dictionary<string, long> Counts(Column column)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < column.Count; i++)
        {
            if (Text(column, i) is { } text)
                counts[text] = counts.GetValueOrDefault(text) + 1;
        }

        return counts;
    }

    private static string? Text(Column column, int row) => column.IsMissing(row) ? null : column.Format(row);

    private static ulong[] RowHashes(Table table)
    {
        var hashes = new ulong[table.Rows];
        foreach (var column in table.Columns)
        {
            for (var i = 0; i < hashes.Length; i++)
                hashes[i] = XxHash3.HashToUInt64(column.Kind == ColumnKind.Text ? MemoryMarshal.AsBytes((column.Texts[i] ?? "\0").AsSpan()) : MemoryMarshal.AsBytes(column.Numbers.AsSpan(i, 1)), (long)hashes[i]);
        }

        return hashes;
    }

    private sealed record Measured(FeatureEvidence Evidence, TestResult? Ks, double JensenShannon, ChiSquaredResult Chi, ReferenceBins Bins, FeatureProfile Old, FeatureProfile Now);
}
