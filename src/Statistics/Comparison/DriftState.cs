namespace Holdfast.Statistics.Comparison;

/// <summary>What a comparison allows to say.</summary>
public enum DriftState
{
    /// <summary>No effect above the tolerated one is shown, and the samples are large enough that one would probably have shown.</summary>
    None,

    /// <summary>The interval lies above the tolerated effect; the effect is below the bound for significant drift.</summary>
    Moderate,

    /// <summary>The interval lies above the tolerated effect and the effect reaches the bound for significant drift.</summary>
    Significant,

    /// <summary>Nothing is shown, and the samples are too small for silence to mean anything: power below one half.</summary>
    Insufficient,
}
