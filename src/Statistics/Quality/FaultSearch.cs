using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Quality;

/// <summary>
/// Looks for defects of the data, feature by feature. A defect counts only if undoing it makes the drift disappear and the other features, where whole rows
/// are given, do not explain the change: rows of another population carry the change in several columns at once, a broken column is alone.
/// </summary>
internal sealed class FaultSearch(DiagnosisInput input, List<FeatureEvidence> drifted, List<EvidenceItem> evidence)
{
    private const double LeastFactor = 1.2;

    // Looking at the others takes a tenth of a second; whoever has more suspects than this has a broken table, not a broken column.
    private const int MostExplained = 12;

    private readonly JointRows? _rows = input.Rows?.Only(input.Features.Where(f => !f.IsTime).Select(f => f.Name));
    private readonly HashSet<string> _certain = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OtherFeatures?> _others = new(StringComparer.Ordinal);

    /// <summary>Features whose values all look multiplied by one factor without anything to confirm it, after <see cref="Find"/>.</summary>
    public Dictionary<string, AffineFit> Possible { get; } = new(StringComparer.Ordinal);

    /// <summary>The strongest fault, with all of them and what speaks for and against in the evidence; null if there is none.</summary>
    public Fault? Find()
    {
        var faults = new List<Fault>();
        var swap = Swap(input.Features);
        if (swap is not null)
        {
            faults.Add(swap);
            _certain.Add(swap.Feature!);
            _certain.Add(swap.Other!);
        }
        FeatureEvidence[] open = [.. input.Features.Where(f => !_certain.Contains(f.Name))];
        var suspects = new Suspect[open.Length];
        Parallel.For(0, open.Length, i => suspects[i] = new Suspect(open[i]));
        // Defects that need nobody's word first: their columns are no witnesses for the rest.
        foreach (var suspect in suspects.Where(s => s.IsCertain)) _certain.Add(suspect.Feature.Name);
        foreach (var suspect in suspects)
        {
            if (OfFeature(suspect) is { } fault) faults.Add(fault);
        }
        SetKnownGapsAside(faults);
        // Repeated rows shift nothing by themselves, so they count only where no feature has a defect of its own.
        if (faults.Count == 0 && Duplicates() is { } duplicates) faults.Add(duplicates);
        if (faults.Count == 0) return null;
        faults.Sort((x, y) => y.Confidence.CompareTo(x.Confidence));
        for (var i = faults.Count - 1; i >= 0; i--) evidence.Insert(0, faults[i].Item);
        if (CommonSource(faults) is { } common) evidence.Add(common);
        return faults[0] with { Confidence = Confirmed(faults) };
    }

    private Fault? OfFeature(Suspect suspect)
    {
        var feature = suspect.Feature;
        if (NumericFaults.Missing(feature) is { } missing && !Explained(missing, o => o.ExplainsMissing(missing.Before, missing.Value))) return missing;
        if (feature.IsCategorical) return CategoryFaults.Format(feature) ?? CategoryFaults.Explosion(feature);
        if (feature.ReferenceSample.Length == 0 || feature.CurrentSample.Length == 0) return null;
        if (feature.IsTime) return (suspect.Constant ?? NumericFaults.Frozen(feature)) is { } stalled ? stalled with { Cause = DriftCause.StalledTime } : null;
        if (suspect.Constant is { } constant) return Explained(constant, o => o.Explains(constant.Before, constant.Value, x => x == constant.At)) ? null : constant;
        if (NumericFaults.Frozen(feature) is { } frozen) return frozen;
        if (suspect.Moved && Scaled(suspect) is { } scaled) return scaled;
        if (NumericFaults.Precision(feature) is { } precision && !Explained(precision, o => o.Explains(precision.Before, precision.Value, x => Atoms.IsFinerThan(x, precision.Decimals)))) return precision;
        if (suspect.Spike is { } spike && !Explained(spike, o => o.Explains(spike.Before, spike.Value, x => x == spike.At))) return spike;
        if (!suspect.Moved) return null;
        if (NumericFaults.GrownSpike(feature) is { } grown && Others(feature) is { Moved: false }) return grown;
        return NumericFaults.Partial(feature) is { } partial && (partial.IsCertain || Others(feature) is not { Moved: true }) ? partial : null;
    }

    // A column multiplied or converted. The digits say so by themselves. The shape alone is believed only if the other columns do not explain it, and lose nothing
    // by its undoing. Where the digits could speak and do not, it stays a suspicion, common factors
    // excepted: an income that grew by half has the shape of a factor and the digits of an income.
    private Fault? Scaled(Suspect suspect)
    {
        var (feature, fit) = (suspect.Feature, suspect.Fit!);
        var fault = Confirmed(feature, fit);
        if (fault is null && fit is { IsAffine: true, BestShift: 0, BestScale: > 0 } && Math.Abs(Math.Log(fit.BestScale)) >= Math.Log(LeastFactor) && Others(feature)?.ExplainsShape() != true)
            Possible[feature.Name] = fit;
        return fault;
    }

    private Fault? Confirmed(FeatureEvidence feature, AffineFit fit)
    {
        if (!fit.IsCertain && !fit.Agrees && !fit.IsAffine) return null;
        var others = Others(feature);
        if (fit.IsCertain) return NumericFaults.Affine(feature, fit, others is null ? null : Undone(others, feature, fit));
        var silent = fit.Digits == DigitEvidence.Silent;
        var large = fit.IsAffine && fit.Implausible;
        if (!silent && !fit.IsRemote && !fit.IsCommon) return null;
        if (others is null) return large ? NumericFaults.Affine(feature, fit, null) : null;
        var confirmed = silent && fit.BestShift == 0 && Math.Abs(Math.Log(Math.Abs(fit.BestScale))) >= Math.Log(LeastFactor);
        if (!(large || confirmed) || (others.Moved && !(large && silent)) || others.ExplainsShape()) return null;
        var after = Undone(others, feature, fit);
        return (others.Moved ? after.Auc <= others.Auc + (2 * after.StandardError) : !after.IsClear) ? NumericFaults.Affine(feature, fit, after) : null;
    }

    private Separation Undone(OtherFeatures others, FeatureEvidence feature, AffineFit fit) =>
        others.With(Array.ConvertAll(input.Rows!.FindCurrent(feature.Name)!.Numbers!, x => (x - fit.BestShift) / fit.BestScale));

    private bool Explained(Fault fault, Func<OtherFeatures, bool> explains)
    {
        if (input.Features.FirstOrDefault(f => f.Name == fault.Feature) is not { } feature || Others(feature) is not { } others || !explains(others)) return false;
        evidence.Add(new EvidenceItem("explained", fault.Feature, fault.Value, fault.Detail + " The other features moved too, and rows of the reference like the current ones show the same."));
        return true;
    }

    private OtherFeatures? Others(FeatureEvidence feature)
    {
        if (_others.TryGetValue(feature.Name, out var known)) return known;
        return _others[feature.Name] = _others.Count >= MostExplained ? null : OtherFeatures.Of(_rows, feature.Name, _certain);
    }

    // Missing values that the reference also has come with a segment of the population. If their share rises moderately while most of the other features
    // move too, the segment grew: a change of mix, not a broken pipe.
    private void SetKnownGapsAside(List<Fault> faults)
    {
        int moved = 0, others = 0;
        foreach (var feature in input.Features)
        {
            if (faults.Exists(f => f.Feature == feature.Name)) continue;
            others++;
            if (feature.Psi.PValue < 1e-4 && feature.Psi.Corrected >= 0.02) moved++;
        }
        if (others == 0 || 2 * moved <= others) return;
        for (var i = faults.Count - 1; i >= 0; i--)
        {
            var fault = faults[i];
            if (fault.Cause != DriftCause.MissingSpike || fault.Value >= 0.2) continue;
            foreach (var feature in input.Features)
            {
                if (feature.Name != fault.Feature || feature.ReferenceMissing < 5) continue;
                evidence.Add(new EvidenceItem("missing_share", fault.Feature, fault.Value, fault.Detail + " The reference has such rows, and most other features moved too."));
                faults.RemoveAt(i);
            }
        }
    }

    private static Fault? Swap(IReadOnlyList<FeatureEvidence> features)
    {
        var moved = features.Where(f => !f.IsCategorical && f.Ks.PValue < 1e-4 && NumericFaults.MaySwap(f)).ToList();
        for (var i = 0; i < moved.Count; i++)
        {
            for (var j = i + 1; j < moved.Count; j++)
            {
                if (NumericFaults.Swapped(moved[i], moved[j]) is { } swap) return swap;
            }
        }
        return null;
    }

    private Fault? Duplicates()
    {
        if (input.ReferenceRows == 0 || input.CurrentRows == 0) return null;
        double before = (double)input.ReferenceDuplicates / input.ReferenceRows, after = (double)input.CurrentDuplicates / input.CurrentRows;
        var z = TwoProportion.Test(input.ReferenceDuplicates, input.ReferenceRows, input.CurrentDuplicates, input.CurrentRows).Statistic;
        if (after - before < 0.05 || z <= 6) return null;
        return new Fault(DriftCause.DuplicateRows, null, NumericFaults.Strength(z / 6), after, NumericFaults.Text($"Repeated rows went from {before:P1} to {after:P1} (z = {z:F1})."));
    }

    // Several faults of one upstream source are one incident.
    private EvidenceItem? CommonSource(List<Fault> faults)
    {
        string? source = null;
        var hit = 0;
        foreach (var feature in input.Features)
        {
            if (!faults.Exists(f => f.Feature == feature.Name)) continue;
            if (feature.Source is null || (source is not null && source != feature.Source)) return null;
            source = feature.Source;
            hit++;
        }
        return hit < 2 ? null : new EvidenceItem("common_source", null, hit, NumericFaults.Text($"All {hit} faulty features come from {source}."));
    }

    // Features that moved without a defect of their own speak for a changed world; none speaks for the pipe.
    private double Confirmed(List<Fault> faults)
    {
        var unexplained = 0;
        foreach (var feature in drifted)
        {
            if (!faults.Exists(f => f.Feature == feature.Name || f.Other == feature.Name)) unexplained++;
        }
        var others = input.Features.Count - faults.Count;
        if (others > 0)
            evidence.Add(new EvidenceItem("other_features", null, unexplained, NumericFaults.Text($"{unexplained} of {others} other features moved beyond the tolerance.")));
        return others <= 0 ? faults[0].Confidence : faults[0].Confidence * (1 - 0.3 * unexplained / others);
    }

    /// <summary>A feature with what needs only itself.</summary>
    private sealed class Suspect
    {
        public Suspect(FeatureEvidence feature)
        {
            Feature = feature;
            if (feature.IsCategorical || feature.ReferenceSample.Length == 0 || feature.CurrentSample.Length == 0) return;
            Moved = feature.Psi.PValue < 1e-4 || feature.Ks.PValue < 1e-4;
            Constant = NumericFaults.Constant(feature);
            if (feature.IsTime) return;
            Spike = NumericFaults.DefaultValue(feature);
            if (Moved) Fit = AffineTest.Fit(feature.ReferenceSample, feature.CurrentSample);
        }

        public FeatureEvidence Feature { get; }

        /// <summary>Beyond chance, however little.</summary>
        public bool Moved { get; }

        public Fault? Constant { get; }

        public Fault? Spike { get; }

        public AffineFit? Fit { get; }

        public bool IsCertain => Constant is { IsCertain: true } || Spike is { IsCertain: true } || Fit is { IsCertain: true };
    }
}
