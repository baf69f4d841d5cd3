namespace Holdfast.Statistics.Quality;

/// <summary>A fault found in one feature, with the figure that decided and its strength in [0, 1].</summary>
internal sealed record Fault(string Cause, string? Feature, double Confidence, double Value, string Detail, double? Scale = null, double? Shift = null)
{
    /// <summary>The figure in the reference.</summary>
    public double Before { get; init; }

    /// <summary>The value that carries the mass.</summary>
    public double At { get; init; } = double.NaN;

    /// <summary>Decimals left.</summary>
    public int Decimals { get; init; }

    /// <summary>The other one of two exchanged columns.</summary>
    public string? Other { get; init; }

    /// <summary>No population does this, whatever the other columns say.</summary>
    public bool IsCertain { get; init; }

    public EvidenceItem Item => new(Cause, Feature, Value, Detail);
}
