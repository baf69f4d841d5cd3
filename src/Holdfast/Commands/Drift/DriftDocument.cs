using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Contracts;

namespace Holdfast.Commands.Drift;

/// <summary>The JSON document of <c>holdfast drift</c>. Its names and shape are kept stable: scripts read it. Every key is always there; null where a figure is not defined.</summary>
internal sealed record DriftDocument(string Status, DriftDocument.DiagnosisPart Diagnosis, IReadOnlyList<DriftDocument.ColumnPart> Columns)
{
    private static readonly JsonSerializerOptions Written = new(HoldfastJson.Indented) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    /// <summary>Drift over time; absent unless asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<WindowPart>? Windows { get; init; }

    public static DriftDocument Of(DriftFindings findings) => new(findings.Diagnosis.Status, Part(findings.Diagnosis), [.. findings.Features.Select(Part)])
    {
        Windows = findings.Settings.Window is null ? null : [.. findings.Windows.Select(Part)],
    };

    public string ToJson() => JsonSerializer.Serialize(this, Written);

    private static DiagnosisPart Part(FoundDiagnosis d) => new(d.Kind, d.Severity, d.Cause, Finite(d.Factor), d.Confidence, d.Columns, d.Evidence);

    private static ColumnPart Part(MeasuredFeature f)
    {
        var effect = f.IsCompared ? new EffectPart(f.Psi.Corrected, f.Psi.Low, f.Psi.High) : new EffectPart(null, null, null);
        var missing = new MissingPart(Share(f.Evidence.ReferenceMissing, f.Evidence.ReferenceTotal), Share(f.Evidence.CurrentMissing, f.Evidence.CurrentTotal), f.MissingP);
        return new ColumnPart(f.Name, f.Type, effect, f.AdjustedP, f.State, f.Approximation is null, missing, Tests(f)) { Bound = Bound(f) };
    }

    private static BoundPart? Bound(MeasuredFeature f) => f.Approximation is not { } a ? null
        : f.IsCompared ? new BoundPart(a.Psi, a.P, 0, a.Psi, Finite(a.Ks), a.JensenShannon, Finite(a.Wasserstein), a.Hellinger, a.Chi)
        : new BoundPart(null, a.P, 0, null, null, null, null, null, null);

    private static TestsPart Tests(MeasuredFeature f)
    {
        if (!f.IsCompared)
            return new TestsPart(null, null, null, null, null, null);
        return new TestsPart(
            new PsiPart(f.Psi.Raw, f.Psi.Corrected, f.Psi.Low, f.Psi.High),
            f.Ks is { } ks && double.IsFinite(ks.Statistic) ? new KsPart(ks.Statistic, ks.PValue) : null,
            f.JensenShannon, f.Wasserstein, f.Hellinger,
            double.IsFinite(f.Chi.Statistic) ? new Chi2Part(f.Chi.Statistic, f.Chi.PValue, f.Chi.DegreesOfFreedom) : null);
    }

    private static WindowPart Part(FoundWindow w) => new(
        w.Start, w.End, w.Rows, w.Diagnosis.Status, Part(w.Diagnosis), [.. w.Features.Select(f => new WindowColumnPart(f.Name, f.IsCompared ? f.Psi.Corrected : null, f.IsCompared ? f.Psi.Low : null, f.State))]);

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;

    private static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? v : null;

    internal sealed record DiagnosisPart(string Kind, string Severity, string? Cause, double? Factor, double Confidence, IReadOnlyList<string> Columns, IReadOnlyList<string> Evidence);

    internal sealed record ColumnPart(string Name, FeatureType Type, EffectPart Effect, double P, string State, bool Exact, MissingPart Missing, TestsPart Tests)
    {
        /// <summary>How far each figure may be off; absent from an exact comparison.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public BoundPart? Bound { get; init; }
    }

    internal sealed record BoundPart(
        double? Effect, double P, double Missing, double? Psi, double? Ks, double? JensenShannon, double? Wasserstein, double? Hellinger, [property: JsonPropertyName("chi2")] double? Chi2);

    internal sealed record EffectPart(double? Value, double? Low, double? High);

    internal sealed record MissingPart(double Reference, double Current, double P);

    internal sealed record TestsPart(PsiPart? Psi, KsPart? Ks, double? JensenShannon, double? Wasserstein, double? Hellinger, [property: JsonPropertyName("chi2")] Chi2Part? Chi2);

    internal sealed record PsiPart(double Raw, double Corrected, double Low, double High);

    internal sealed record KsPart(double Statistic, double P);

    internal sealed record Chi2Part(double Statistic, double P, int Dof);

    internal sealed record WindowPart(DateTimeOffset Start, DateTimeOffset End, long Rows, string Status, DiagnosisPart Diagnosis, IReadOnlyList<WindowColumnPart> Columns);

    internal sealed record WindowColumnPart(string Name, double? Effect, double? Low, string State);
}
