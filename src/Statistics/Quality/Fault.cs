namespace Holdfast.Statistics.Quality;

/// <summary>A fault found in one feature, with the figure that decided and its strength in [0, 1].</summary>
internal sealed record Fault(string Cause, string? Feature, double Confidence, double Value, string Detail, double? Scale = null, double? Shift = null)
{
    public EvidenceItem Item => new(Cause, Feature, Value, Detail);
}
